"""A label map as segments in the scene, beside its CT, with the user's edits kept."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import slicer
from slicer.util import arrayFromVolume

from ..core.anatomy import KIDNEY_OF_SIDE, Label, sided_style
from ..core.errors import InputError
from ..core.volume import Box, Geometry, Volume
from ..measure.lesions import find_lesions
from .segments import (
    KEPT_TAG,
    LABEL_TAG,
    PRINT_TAG,
    TERMINOLOGY_TAG,
    fingerprint,
    is_edited,
    label_of,
    segment_ids,
    tag,
)
from .volumes import ijk_to_ras, volume_from_node

RECORD = "KidneySeg.Record"
RECORDED = ("record", "findings", "contrast_phase", "removed_components")
TABLE_ROLE = "KidneySeg.Segmentation"
_PARTS = tuple((KIDNEY_OF_SIDE[side], side) for side in KIDNEY_OF_SIDE) + tuple(
    (kind, side) for kind in (Label.TUMOR, Label.CYST) for side in ("right", "left", "unknown")
)
_SURFACE_SMOOTHING = "0.5"


@dataclass(frozen=True)
class SceneUpdate:
    """What a run changed: the segmentation node, and names of segments kept for the user."""

    segmentation: Any
    kept: tuple[str, ...]


def add_to_scene(
    labels: np.ndarray, volume_node: Any, segmentation_node: Any = None, *, record: dict | None
) -> SceneUpdate:
    """Put a label map into a segmentation node beside the CT, in one undo step.

    Segments of an earlier run are replaced, but for those that the user has edited: they stay, by
    the name "... (edited)".

    Parameters
    ----------
    labels : (k, j, i) uint8
        `Label` numbers on the volume node's grid.
    segmentation_node : vtkMRMLSegmentationNode, optional
        Made where there is none.
    record : dict, optional
        Model, versions and settings of the run, stored as an attribute of the node.

    Raises
    ------
    InputError
        If the label map does not fit the volume, or the segmentation holds segments under another
        transform.
    """
    if labels.shape != arrayFromVolume(volume_node).shape:
        raise InputError(
            f"The result has {labels.shape} voxels, the volume "
            f"{arrayFromVolume(volume_node).shape}: the volume was changed during the run. "
            "Run again."
        )
    scene = volume_node.GetScene()
    _require_same_transform(segmentation_node, volume_node)
    if scene.GetUndoFlag():
        scene.SaveStateForUndo()
    node = segmentation_node or _new_segmentation(volume_node)
    with slicer.util.NodeModify(node):
        node.SetAndObserveTransformNodeID(volume_node.GetTransformNodeID())
        node.SetReferenceImageGeometryParameterFromVolumeNode(volume_node)
        kept = _make_room(node)
        _import_parts(node, volume_node, labels)
        node.SetAttribute(RECORD, json.dumps(record) if record else None)
    node.CreateDefaultDisplayNodes()
    place_beside(node, volume_node)
    return SceneUpdate(node, kept)


def _require_same_transform(node: Any, volume_node: Any) -> None:
    """Refuse to move the user's own segments under another transform."""
    if node is None or node.GetTransformNodeID() == volume_node.GetTransformNodeID():
        return
    if node.GetSegmentation().GetNumberOfSegments():
        raise InputError(
            f"The segmentation '{node.GetName()}' lies under another transform than the CT "
            f"'{volume_node.GetName()}'. Put both under the same transform, or choose a new "
            "segmentation."
        )


def _new_segmentation(volume_node: Any) -> Any:
    """Empty segmentation beside the CT in the subject hierarchy."""
    scene = volume_node.GetScene()
    name = scene.GenerateUniqueName(f"{volume_node.GetName()} kidneys")
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", name)
    node.CreateDefaultDisplayNodes()
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


def reference_volume(segmentation_node: Any) -> Any:
    """CT that a segmentation was made on, None where that is not known."""
    role = slicer.vtkMRMLSegmentationNode.GetReferenceImageGeometryReferenceRole()
    return segmentation_node.GetNodeReference(role)


def fitting_outputs(volume_node: Any, segmentation_node: Any, table_node: Any) -> tuple[Any, Any]:
    """Segmentation and table that a run on a CT may fill: None for those of another CT.

    Another CT's segments would be replaced, and its table overwritten, under its own name.
    """
    scene = volume_node.GetScene()
    if segmentation_node is not None:
        made_on = reference_volume(segmentation_node)
        filled = segmentation_node.GetSegmentation().GetNumberOfSegments() > 0
        gone = segmentation_node.GetScene() is not scene
        if gone or (filled and made_on is not None and made_on is not volume_node):
            segmentation_node = None
    if table_node is not None:
        measured = table_node.GetNodeReference(TABLE_ROLE)
        foreign = measured is not None and measured is not segmentation_node
        if table_node.GetScene() is not scene or foreign:
            table_node = None
    return segmentation_node, table_node


def _make_room(node: Any) -> tuple[str, ...]:
    """Remove segments of an earlier run; keep and rename those that the user has edited."""
    segmentation, kept = node.GetSegmentation(), []
    for segment_id in segment_ids(node):
        segment = segmentation.GetSegment(segment_id)
        if tag(segment, PRINT_TAG) is None or tag(segment, KEPT_TAG):
            continue
        relabeled = label_of(segment) is not Label[(tag(segment, LABEL_TAG) or "").upper()]
        if relabeled or is_edited(node, segment_id):
            segment.SetTag(KEPT_TAG, "1")
            segment.SetName(f"{segment.GetName()} (edited)")
            kept.append(segment.GetName())
        else:
            segmentation.RemoveSegment(segment_id)
    return tuple(kept)


def _import_parts(node: Any, volume_node: Any, labels: np.ndarray) -> None:
    """Add every part of a label map as a segment, by one import."""
    parts, present = _numbered_parts(labels, volume_node)
    if not present:
        return
    styles = [sided_style(label, side) for label, side in present]
    new = import_parts(node, volume_node, parts, [(s.name, s.color) for s in styles])
    for segment_id, (label, _side), style in zip(new, present, styles, strict=True):
        segment = node.GetSegmentation().GetSegment(segment_id)
        segment.SetTag(TERMINOLOGY_TAG, style.terminology())
        segment.SetTag(LABEL_TAG, label.name.lower())
        segment.SetTag(PRINT_TAG, fingerprint(node, segment_id))


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


def remove_with_display(node: Any) -> None:
    """Remove a node and what shows it: the scene alone would keep the display node."""
    scene, display = node.GetScene(), node.GetDisplayNode()
    scene.RemoveNode(node)
    if display is not None:
        scene.RemoveNode(display)


def place_beside(node: Any, neighbor: Any) -> None:
    """Put a node into the folder (patient, study) of another in the subject hierarchy."""
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(node.GetScene())
    item = hierarchy.GetItemByDataNode(neighbor) if hierarchy is not None else 0
    if not item:
        return
    folder = hierarchy.GetItemParent(item)
    own = hierarchy.GetItemByDataNode(node)
    if own:
        hierarchy.SetItemParent(own, folder)
    else:
        hierarchy.CreateItem(folder, node)
