"""Where nodes lie and what a CT holds, as numbers that tell whether either has changed."""

from __future__ import annotations

import base64
import zlib
from typing import Any

import numpy as np
import slicer

from ..core.source import voxels_fingerprint
from .volumes import ijk_to_ras, is_linear, transformed, volume_from_node, world_transform

_LATTICE = 5  # points an axis: a matrix is known by less
_BENT_MM, _BENT_MOST = 20.0, 25  # a bend may be a local one
_UNIT_MM = 0.05
_SAME_UNITS = 2  # files round positions
_MOST_KNOWN = 50
_known: dict[str, tuple[int, str]] = {}  # voxels of an image, by its address and modified time


def placement_of(node: Any, volume_node: Any) -> str:
    """Where a node's transforms put a lattice over a CT's box, as text to be compared.

    Parameters
    ----------
    node : vtkMRMLTransformableNode
        The CT itself, or a segmentation on its grid. Its own and all parent transforms count,
        linear or bent.
    volume_node : vtkMRMLScalarVolumeNode
    """
    size = np.array(volume_node.GetImageData().GetDimensions())
    counts = np.full(3, _LATTICE)
    if not is_linear(node):
        extent = size * np.array(volume_node.GetSpacing())
        counts = np.clip(np.ceil(extent / _BENT_MM).astype(int) + 1, _LATTICE, _BENT_MOST)
    ends = [np.linspace(0, n - 1, count) for n, count in zip(size, counts, strict=True)]
    ijk = np.stack(np.meshgrid(*ends, indexing="ij"), axis=-1).reshape(-1, 3)
    ras = ijk @ ijk_to_ras(volume_node)[:3, :3].T + ijk_to_ras(volume_node)[:3, 3]
    if node.GetParentTransformNode() is not None:
        ras = transformed(ras, world_transform(node))
    units = np.rint(ras / _UNIT_MM).astype("<i4")
    return base64.b64encode(zlib.compress(units.tobytes())).decode("ascii")


def same_placement(one: Any, other: Any) -> bool:
    """Whether two placements are the same but for rounding; what cannot be read is another."""
    if one == other:
        return True
    try:
        a, b = (np.frombuffer(zlib.decompress(base64.b64decode(x)), "<i4") for x in (one, other))
    except (ValueError, TypeError, zlib.error):
        return False
    return len(a) == len(b) and bool(np.abs(a - b).max() <= _SAME_UNITS)


def holds_image(volume_node: Any) -> bool:
    """Whether a volume node is there and holds voxels."""
    image = volume_node.GetImageData() if volume_node is not None else None
    return image is not None and image.GetNumberOfPoints() > 0


def voxels_of(volume_node: Any) -> str:
    """Hash of a CT's voxels; taken again only when the image says that it was modified."""
    image = volume_node.GetImageData()
    key, now = image.GetAddressAsString(""), image.GetMTime()
    if _known.get(key, (None,))[0] != now:
        if len(_known) > _MOST_KNOWN:
            _known.clear()
        _known[key] = (now, voxels_fingerprint(volume_from_node(volume_node)))
    return _known[key][1]


def reference_volume(segmentation_node: Any) -> Any:
    """CT that a segmentation was made on, None where that is not known or the CT is gone."""
    role = slicer.vtkMRMLSegmentationNode.GetReferenceImageGeometryReferenceRole()
    node = segmentation_node.GetNodeReference(role)
    if node is None or node.IsA("vtkMRMLLabelMapVolumeNode"):  # of a segmentation that was imported
        return None
    return node if node.IsA("vtkMRMLScalarVolumeNode") and holds_image(node) else None


class Sent:
    """A CT as it was sent to a run; tells whether it still is that."""

    def __init__(self, volume_node: Any) -> None:
        self.node = volume_node
        self._placement = placement_of(volume_node, volume_node)
        self._voxels = voxels_of(volume_node)

    def change(self) -> str:
        """``removed``, ``moved`` or ``changed``; empty where it is as it was."""
        if self.node.GetScene() is None or not holds_image(self.node):
            return "removed"
        if not same_placement(placement_of(self.node, self.node), self._placement):
            return "moved"
        return "" if voxels_of(self.node) == self._voxels else "changed"
