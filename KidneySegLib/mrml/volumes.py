"""CT nodes and markups as the library's volumes and points.

A CT may lie under a parent transform: a linear one is part of the geometry that is segmented and
measured; under any other one the CT is segmented on its own grid (and measured in world
coordinates, see measuring.py).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import slicer
import vtk
from slicer.util import arrayFromVolume

from ..core.errors import InputError
from ..core.source import Source
from ..core.volume import Geometry, Volume

Point = tuple[float, float, float]
_STRAIGHT = 0.999  # cosine: 2.5 degrees


def volume_from_node(node: Any) -> Volume:
    """CT of a volume node, in world coordinates where its parent transforms are linear.

    Parameters
    ----------
    node : vtkMRMLScalarVolumeNode

    Returns
    -------
    Volume
        The array is the node's own, not a copy.

    Raises
    ------
    InputError
        If there is no node, it is no scalar volume, or it holds no image.
    """
    if node is None:
        raise InputError("No CT is chosen. Choose a volume that is loaded.")
    if not node.IsA("vtkMRMLScalarVolumeNode") or node.IsA("vtkMRMLLabelMapVolumeNode"):
        raise InputError(f"'{node.GetName()}' is no scalar volume. Choose a CT.")
    image = node.GetImageData()
    if image is None or image.GetNumberOfPoints() == 0:
        raise InputError(
            f"The volume '{node.GetName()}' holds no image; its file may be gone. Load it again."
        )
    if image.GetNumberOfScalarComponents() != 1:
        raise InputError(
            f"'{node.GetName()}' has {image.GetNumberOfScalarComponents()} values a voxel. "
            "Expected a CT with one. Choose the CT itself, not a color picture made from it."
        )
    array = arrayFromVolume(node)
    if array.ndim != 3:
        raise InputError(f"'{node.GetName()}' is not 3D. Choose a CT with slices.")
    matrix = ijk_to_ras(node)
    if is_linear(node):
        matrix = _matrix_to_world(node) @ matrix
    return Volume(array, Geometry(array.shape, matrix), source=Source("volume of 3D Slicer"))


def is_linear(node: Any) -> bool:
    """Whether all parent transforms of a node are linear (or there are none)."""
    parent = node.GetParentTransformNode()
    return parent is None or bool(parent.IsTransformToWorldLinear())


def ijk_to_ras(node: Any) -> np.ndarray:
    """Matrix of a volume node, without its parent transforms."""
    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    return slicer.util.arrayFromVTKMatrix(matrix)


def _matrix_to_world(node: Any) -> np.ndarray:
    """Linear parent transforms of a node as a matrix."""
    parent = node.GetParentTransformNode()
    if parent is None:
        return np.eye(4)
    matrix = vtk.vtkMatrix4x4()
    parent.GetMatrixTransformToWorld(matrix)
    return slicer.util.arrayFromVTKMatrix(matrix)


def points_from_node(markups_node: Any, volume_node: Any) -> tuple[Point, ...]:
    """Placed control points of a markups node, in mm in the coordinates of `volume_from_node`."""
    placed = [
        n
        for n in range(markups_node.GetNumberOfControlPoints())
        if markups_node.GetNthControlPointPositionStatus(n) == markups_node.PositionDefined
    ]
    world = [markups_node.GetNthControlPointPositionWorld(n) for n in placed]
    return tuple(tuple(map(float, p)) for p in from_world(np.array(world), volume_node))


def roi_from_node(roi_node: Any, volume_node: Any) -> tuple[Point, Point] | None:
    """Opposite corners of a markups ROI's box, in the coordinates of `volume_from_node`.

    None where the box was not drawn, or has no extent.
    """
    bounds = [0.0] * 6
    roi_node.GetRASBounds(bounds)
    ends = np.array(bounds).reshape(3, 2)
    if roi_node.GetNumberOfControlPoints() == 0 or not (ends[:, 1] > ends[:, 0]).all():
        return None
    corners = np.stack(np.meshgrid(*ends, indexing="ij"), axis=-1).reshape(-1, 3)
    placed = from_world(corners, volume_node)
    low, high = placed.min(axis=0), placed.max(axis=0)
    return tuple(map(float, low)), tuple(map(float, high))


def is_turned(roi_node: Any) -> bool:
    """Whether a markups ROI is not along R, A and S: `roi_from_node` takes the box around it."""
    axes = np.zeros((3, 3))
    for n in range(3):
        axis = [0.0] * 3
        (roi_node.GetXAxisWorld, roi_node.GetYAxisWorld, roi_node.GetZAxisWorld)[n](axis)
        axes[n] = np.abs(axis)
    return bool((axes.max(axis=1) < _STRAIGHT).any())


def from_world(points: np.ndarray, volume_node: Any) -> np.ndarray:
    """World points ``(n, 3)`` where a volume lies under a bent transform: on its own grid."""
    if is_linear(volume_node) or not len(points):
        return points
    return transformed(points, world_transform(volume_node).GetInverse())


def in_world_ras(volume_node: Any, kji: np.ndarray) -> np.ndarray:
    """World coordinates (R, A, S) of a place in a CT's grid, whatever transform it lies under."""
    ras = volume_from_node(volume_node).geometry.ras_from_kji(kji)
    if not is_linear(volume_node):
        ras = transformed(ras, world_transform(volume_node))
    return ras[0]


def world_transform(volume_node: Any) -> Any:
    """All parent transforms of a node as one VTK transform."""
    transform = vtk.vtkGeneralTransform()
    volume_node.GetParentTransformNode().GetTransformToWorld(transform)
    return transform


def transformed(points: np.ndarray, transform: Any) -> np.ndarray:
    """Points ``(n, 3)`` after a VTK transform."""
    from vtk.util.numpy_support import numpy_to_vtk, vtk_to_numpy

    before, after = vtk.vtkPoints(), vtk.vtkPoints()
    before.SetData(numpy_to_vtk(np.ascontiguousarray(points, dtype=np.float64), deep=True))
    transform.TransformPoints(before, after)
    return vtk_to_numpy(after.GetData()).astype(np.float64)
