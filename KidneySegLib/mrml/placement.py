"""Where nodes lie and what a CT holds, as numbers that tell whether either has changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import slicer

from ..core.source import voxels_fingerprint
from .volumes import ijk_to_ras, transformed, volume_from_node, world_transform

_LATTICE = 5  # points an axis: a bend that leaves all of them in place is none that matters
_SAME_MM = 0.05  # files round positions
_known: dict[str, tuple[int, str]] = {}  # voxels of an image, by its address and modified time


def placement(node: Any, volume_node: Any) -> list[float]:
    """World coordinates (mm) of a lattice over a CT's box, where a node's transforms put it.

    Parameters
    ----------
    node : vtkMRMLTransformableNode
        The CT itself, or a segmentation on its grid. Its own and all parent transforms count,
        linear or bent.
    volume_node : vtkMRMLScalarVolumeNode

    Returns
    -------
    list of float
        Three for each point.
    """
    size = np.array(volume_node.GetImageData().GetDimensions())
    ends = [np.linspace(0, n - 1, _LATTICE) for n in size]
    ijk = np.stack(np.meshgrid(*ends, indexing="ij"), axis=-1).reshape(-1, 3)
    ras = ijk @ ijk_to_ras(volume_node)[:3, :3].T + ijk_to_ras(volume_node)[:3, 3]
    if node.GetParentTransformNode() is not None:
        ras = transformed(ras, world_transform(node))
    return [round(float(x), 2) for x in ras.ravel()]


def same_placement(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether two placements are the same but for rounding."""
    if len(one) != len(other):
        return False
    return bool(np.abs(np.subtract(one, other)).max() <= _SAME_MM)


def holds_image(volume_node: Any) -> bool:
    """Whether a volume node is there and holds voxels."""
    image = volume_node.GetImageData() if volume_node is not None else None
    return image is not None and image.GetNumberOfPoints() > 0


def voxels_of(volume_node: Any) -> str:
    """Hash of a CT's voxels; taken again only when the image says that it was modified."""
    image = volume_node.GetImageData()
    key, now = image.GetAddressAsString(""), image.GetMTime()
    if _known.get(key, (None,))[0] != now:
        _known[key] = (now, voxels_fingerprint(volume_from_node(volume_node)))
    return _known[key][1]


def reference_volume(segmentation_node: Any) -> Any:
    """CT that a segmentation was made on, None where that is not known or the CT is gone."""
    role = slicer.vtkMRMLSegmentationNode.GetReferenceImageGeometryReferenceRole()
    node = segmentation_node.GetNodeReference(role)
    return node if holds_image(node) else None


class Sent:
    """A CT as it was sent to a run; tells whether it still is that."""

    def __init__(self, volume_node: Any) -> None:
        self.node = volume_node
        self._placement = placement(volume_node, volume_node)
        self._voxels = voxels_of(volume_node)

    def change(self) -> str:
        """``removed``, ``moved`` or ``changed``; empty where it is as it was."""
        if self.node.GetScene() is None or not holds_image(self.node):
            return "removed"
        if not same_placement(placement(self.node, self.node), self._placement):
            return "moved"
        return "" if voxels_of(self.node) == self._voxels else "changed"
