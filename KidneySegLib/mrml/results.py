"""A label map as segments in the scene, beside its CT, with the user's edits kept."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import slicer
from slicer.util import arrayFromVolume

from ..core.anatomy import KIDNEY_OF_SIDE, Label, sided_style
from ..core.errors import InputError
from ..core.volume import Box, Geometry, Volume
from ..measure.lesions import find_lesions
from .belongings import (
    RECORD,
    folder_of,
    new_folder,
    place_beside,
    put_into,
    remove_with_display,
    table_of,
)
from .corrections import KEEP, make_room, part_name, remember_made
from .journal import note_edits
from .lines import hide_diameters
from .placement import reference_volume, voxels_of
from .segments import TERMINOLOGY_TAG, segment_ids
from .staleness import measured_segments
from .tables import forget_numbers, stored_state
from .volumes import ijk_to_ras, volume_from_node

RECORDED = ("record", "findings", "contrast_phase", "removed_components")
_PARTS = tuple((KIDNEY_OF_SIDE[side], side) for side in KIDNEY_OF_SIDE) + tuple(
    (kind, side) for kind in (Label.TUMOR, Label.CYST) for side in ("right", "left", "unknown")
)
_SURFACE_SMOOTHING = "0.5"


@dataclass(frozen=True)
class SceneUpdate:
    """What a run changed: the segmentation node, and what was kept of the user's corrections."""

    segmentation: Any
    kept: tuple[str, ...]


def add_to_scene(
    labels: np.ndarray,
    volume_node: Any,
    segmentation_node: Any = None,
    *,
    record: dict | None,
    policy: str = KEEP,
    tools: Mapping[str, str] | None = None,
) -> SceneUpdate:
    """Put a label map into a segmentation node beside the CT.

    Segments of an earlier run are replaced, and the numbers of its table go; what becomes of the
    user's corrections says the policy.

    Parameters
    ----------
    labels : (k, j, i) uint8
        `Label` numbers on the volume node's grid.
    segmentation_node : vtkMRMLSegmentationNode, optional
        Made where there is none.
    record : dict, optional
        Model, versions and settings of the run, stored as an attribute of the node.
    policy : str
        `corrections.KEEP` or `corrections.REPLACE`.
    tools : mapping, optional
        Segment ID: what the user changed it with, where that is known.

    Raises
    ------
    InputError
        If the label map does not fit the volume, or the segmentation cannot take it (see
        `require_output`).
    """
    if labels.shape != arrayFromVolume(volume_node).shape:
        raise InputError(
            f"The result has {labels.shape} voxels, the volume "
            f"{arrayFromVolume(volume_node).shape}: the volume was changed during the run. "
            "Run again."
        )
    require_output(segmentation_node, volume_node)
    node = segmentation_node or _new_segmentation(volume_node)
    _forget_numbers_of(node, tools or {})
    with slicer.util.NodeModify(node):
        node.SetAndObserveTransformNodeID(volume_node.GetTransformNodeID())
        node.SetReferenceImageGeometryParameterFromVolumeNode(volume_node)
        parts, kept = make_room(node, policy)
        _import_parts(node, volume_node, labels, without=parts)
        node.SetAttribute(RECORD, json.dumps(record) if record else None)
    node.CreateDefaultDisplayNodes()
    if not folder_of(node):
        place_beside(node, volume_node)
    return SceneUpdate(node, kept)


def require_output(node: Any, volume_node: Any) -> None:
    """Refuse a segmentation that cannot take the result of a run on a CT.

    Raises
    ------
    InputError
        If it was made on another CT, or holds segments under another transform than the CT.
    """
    if node is None or not node.GetSegmentation().GetNumberOfSegments():
        return
    made_on = reference_volume(node)
    known = recorded_voxels(node)
    another = made_on is not None and made_on is not volume_node
    if another or (made_on is None and known and known != voxels_of(volume_node)):
        name = f", '{made_on.GetName()}'" if made_on is not None else ""
        raise InputError(
            f"The segmentation '{node.GetName()}' was made on another CT{name}. Choose a new "
            "segmentation."
        )
    if node.GetTransformNodeID() != volume_node.GetTransformNodeID():
        raise InputError(
            f"The segmentation '{node.GetName()}' lies under another transform than the CT "
            f"'{volume_node.GetName()}'. Put both under the same transform, or choose a new "
            "segmentation."
        )


def recorded_voxels(node: Any) -> str:
    """Hash of the voxels of the CT that a segmentation was made on; empty where unknown.

    The run says it; of what was drawn by hand its numbers do, once its CT is gone.
    """
    record = (stored_record(node)["record"] or {}).get("input", {}).get("voxels_sha256")
    table = table_of(node)
    if record or table is None or reference_volume(node) is not None:
        return record or ""
    return str(stored_state(table).get("ct", {}).get("voxels", ""))


def _forget_numbers_of(node: Any, tools: Mapping[str, str]) -> None:
    """Note what the reader has changed since the last numbers, and take those away."""
    table = table_of(node)
    if table is not None:
        note_edits(node, stored_state(table), {"segments": measured_segments(node)}, tools)
        forget_numbers(table)
    hide_diameters(node)


def _new_segmentation(volume_node: Any) -> Any:
    """Empty segmentation beside the CT in the subject hierarchy."""
    scene = volume_node.GetScene()
    name = scene.GenerateUniqueName(f"{volume_node.GetName()} kidneys")
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", name)
    node.CreateDefaultDisplayNodes()
    put_into(new_folder(name, volume_node), node)
    node.SetNodeReferenceID(
        slicer.vtkMRMLSegmentationNode.GetReferenceImageGeometryReferenceRole(),
        volume_node.GetID(),
    )
    node.GetSegmentation().SetConversionParameter("Smoothing factor", _SURFACE_SMOOTHING)
    return node


def stored_record(segmentation_node: Any) -> dict[str, Any]:
    """What the run that made a segmentation said; empty entries where no run made it."""
    stored = json.loads(segmentation_node.GetAttribute(RECORD) or "{}")
    empty = {"record": None, "findings": [], "contrast_phase": None, "removed_components": []}
    return empty | stored


def _import_parts(
    node: Any, volume_node: Any, labels: np.ndarray, *, without: frozenset[str]
) -> None:
    """Add the parts of a label map as segments, by one import, but for some."""
    parts, present = _numbered_parts(labels, volume_node)
    wanted = [
        n for n, (label, side) in enumerate(present, 1) if part_name(label, side) not in without
    ]
    if len(wanted) < len(present):
        number = np.zeros(len(present) + 1, np.uint8)
        number[wanted] = np.arange(1, len(wanted) + 1)
        parts, present = number[parts], [present[n - 1] for n in wanted]
    styles = [sided_style(label, side) for label, side in present]
    new = []
    if styles:
        new = import_parts(node, volume_node, parts, [(s.name, s.color) for s in styles])
    for segment_id, style in zip(new, styles, strict=True):
        segment = node.GetSegmentation().GetSegment(segment_id)
        segment.SetTag(TERMINOLOGY_TAG, style.terminology())
    remember_made(node, new)


def import_parts(
    node: Any, volume_node: Any, parts: np.ndarray, styles: list[tuple[str, tuple]]
) -> list[str]:
    """Add the numbers of an array as segments, by one import; returns their IDs.

    Parameters
    ----------
    parts : (k, j, i) uint8
        1, 2 and so on; each occurs.
    styles : list of (str, (int, int, int))
        Name and color (RGB, 0-255) of each.
    """
    before = set(segment_ids(node))
    with _label_map_node(parts, volume_node, styles) as label_map:
        logic = slicer.vtkSlicerSegmentationsModuleLogic
        if not logic.ImportLabelmapToSegmentationNode(label_map, node):
            raise InputError("Slicer could not import the label map. Try a new segmentation.")
    new = [s for s in segment_ids(node) if s not in before]
    for segment_id, (name, color) in zip(new, styles, strict=True):
        segment = node.GetSegmentation().GetSegment(segment_id)
        segment.SetName(name)
        segment.SetColor(*(c / 255 for c in color))
    return new


def _numbered_parts(
    labels: np.ndarray, volume_node: Any
) -> tuple[np.ndarray, list[tuple[Label, str]]]:
    """Label map with one number a segment, and what each number (from 1) is."""
    parts = np.zeros(labels.shape, np.uint8)
    box = Box.of_mask(labels)
    if box is None:
        return parts, []
    inside = Volume(labels, volume_from_node(volume_node).geometry).cropped(box)
    painted, lesions = parts[box.slices], find_lesions(inside)
    found = {(c.kind, c.side) for c in lesions}
    found |= {(n, s) for s, n in KIDNEY_OF_SIDE.items() if (inside.array == n).any()}
    present = [part for part in _PARTS if part in found]
    for number, (label, _side) in enumerate(present, start=1):
        if label in KIDNEY_OF_SIDE.values():
            painted[inside.array == label] = number
    for lesion in lesions:
        painted[lesion.where][lesion.part] = present.index((lesion.kind, lesion.side)) + 1
    return parts, present


@contextlib.contextmanager
def _label_map_node(
    array: np.ndarray, volume_node: Any, styles: list[tuple[str, tuple]]
) -> Iterator[Any]:
    """Label map node on the CT's grid and under its transform, gone afterwards."""
    scene = volume_node.GetScene()
    colors = scene.AddNewNodeByClass("vtkMRMLColorTableNode", "KidneySeg parts")
    label_map = scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "KidneySeg labels")
    try:
        for node in (colors, label_map):
            node.SetHideFromEditors(True)
            node.SetSaveWithScene(False)
        colors.SetTypeToUser()
        colors.SetNumberOfColors(len(styles) + 1)
        for number, (name, color) in enumerate(styles, start=1):
            colors.SetColor(number, name, *(c / 255 for c in color), 1.0)
        label_map.CreateDefaultDisplayNodes()
        label_map.GetDisplayNode().SetAndObserveColorNodeID(colors.GetID())
        box = Box.of_mask(array)  # what is empty need not be imported
        own = Geometry(array.shape, ijk_to_ras(volume_node)).cropped(box)
        slicer.util.updateVolumeFromArray(label_map, np.ascontiguousarray(array[box.slices]))
        label_map.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(own.ijk_to_ras))
        label_map.SetAndObserveTransformNodeID(volume_node.GetTransformNodeID())
        yield label_map
    finally:
        remove_with_display(label_map)
        scene.RemoveNode(colors)
