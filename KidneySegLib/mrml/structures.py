"""What a model tells beside kidneys, tumors and cysts, as a segmentation of its own."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..measure.structures import StructureMeasurement
from .belongings import STRUCTURES_ROLE, place_beside, remove_with_display, structures_of
from .results import import_parts

_HUE_STEP = 0.618034  # neighbors get colors far apart
_MOST = 255  # what 8 bits number


def add_structures(
    numbers: np.ndarray | None,
    found: Sequence[StructureMeasurement],
    volume_node: Any,
    segmentation_node: Any,
) -> Any:
    """Put structures into a segmentation beside a result's, with their volumes in their names.

    Those of an earlier run are replaced. They are shown and kept, not measured again.

    Parameters
    ----------
    numbers : (k, j, i), optional
        Number in the label map of the structure in each voxel (see `Result.structures`).
    found : sequence of StructureMeasurement

    Returns
    -------
    vtkMRMLSegmentationNode or None
        None where there is none.
    """
    for before in structures_of(segmentation_node):
        remove_with_display(before)
    shown = sorted((s for s in found if s.label is not None), key=lambda s: -s.volume_ml)[:_MOST]
    if numbers is None or not shown:
        return None
    parts = np.zeros(numbers.shape, np.uint8)
    for n, structure in enumerate(shown, start=1):
        parts[numbers == structure.label] = n
    scene = segmentation_node.GetScene()
    name = scene.GenerateUniqueName(f"{segmentation_node.GetName()} other structures")
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", name)
    node.CreateDefaultDisplayNodes()
    node.SetAndObserveTransformNodeID(volume_node.GetTransformNodeID())
    node.SetReferenceImageGeometryParameterFromVolumeNode(volume_node)
    titles = [f"{s.name}, {_volume(s)}" for s in shown]
    colors = [_color(n) for n in range(len(shown))]
    import_parts(node, volume_node, parts, list(zip(titles, colors, strict=True)))
    node.SetNodeReferenceID(STRUCTURES_ROLE, segmentation_node.GetID())
    place_beside(node, segmentation_node)
    return node


def _volume(structure: StructureMeasurement) -> str:
    """Volume as text; of what goes on outside of what was looked at, the least."""
    text = f"{structure.volume_ml:.1f} mL"
    return f"at least {text}" if structure.incomplete else text


def _color(number: int) -> tuple[int, ...]:
    """Color of a structure (RGB, 0-255)."""
    return tuple(round(255 * c) for c in colorsys.hsv_to_rgb(number * _HUE_STEP % 1.0, 0.5, 0.8))
