"""What cleaning removed, as hidden segments that the user can look at and restore."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import slicer

from ..core.anatomy import KIDNEY_OF_SIDE, Label, sided_style
from ..core.errors import InputError
from ..core.volume import Box
from ..kidney_ct.removals import number_of
from .belongings import (
    CANDIDATES_ROLE,
    candidates_of,
    own_candidates,
    place_beside,
    remove_with_display,
)
from .results import RECORD, import_parts, stored_record
from .segments import LABEL_TAG, TERMINOLOGY_TAG, middle_r, segment_center, segment_ids, tag

TISSUE_TAG = "KidneySeg.CandidateTissue"
ID_TAG = "KidneySeg.CandidateId"
_MOST = 30
_LEAST_ML = 0.05
_COLOR = (150, 150, 150)


def add_candidates(
    labels: np.ndarray,
    rejected: np.ndarray,
    removals: Sequence[Mapping[str, Any]],
    volume_node: Any,
    segmentation_node: Any,
) -> Any:
    """Put removed components into a hidden segmentation of their own, one segment each.

    Those of an earlier run are replaced. Lesions that became kidney are among them; what became
    another lesion, and specks under 0.05 mL, are left to the record.

    Parameters
    ----------
    labels, rejected : (k, j, i)
        Result and numbers of removals on the volume node's grid.
    removals : sequence of mapping
        ``number``, ``tissue``, ``reason`` and ``volume_ml`` of each.

    Returns
    -------
    vtkMRMLSegmentationNode or None
        None where nothing was removed.
    """
    scene = segmentation_node.GetScene()
    for before in own_candidates(segmentation_node):
        remove_with_display(before)
    segmentation_node.RemoveNodeReferenceIDs(CANDIDATES_ROLE)
    box = Box.of_mask(rejected)
    if box is None:
        return None
    gone = _gone(labels[box.slices], rejected[box.slices], removals)
    there = set(np.unique(gone).tolist())
    chosen = [r for r in removals if number_of(r) in there and r["volume_ml"] >= _LEAST_ML]
    chosen = sorted(chosen, key=lambda r: -r["volume_ml"])[:_MOST]
    if not chosen:
        return None
    name = scene.GenerateUniqueName(f"{segmentation_node.GetName()} rejected candidates")
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", name)
    node.CreateDefaultDisplayNodes()
    node.SetAndObserveTransformNodeID(volume_node.GetTransformNodeID())
    node.SetReferenceImageGeometryParameterFromVolumeNode(volume_node)
    segment_of = np.zeros(max(there) + 1, np.uint8)
    for number, removal in enumerate(chosen, start=1):
        segment_of[number_of(removal)] = number
    parts = np.zeros(labels.shape, np.uint8)
    parts[box.slices] = segment_of[gone]
    titles = [f"{r['tissue']} {r['volume_ml']:.1f} mL, {r['reason']} ({r['id']})" for r in chosen]
    new = import_parts(node, volume_node, parts, [(title, _COLOR) for title in titles])
    for segment_id, removal in zip(new, chosen, strict=True):
        segment = node.GetSegmentation().GetSegment(segment_id)
        segment.SetTag(TISSUE_TAG, removal["tissue"])
        segment.SetTag(ID_TAG, str(number_of(removal)))
    node.GetDisplayNode().SetVisibility(False)
    segmentation_node.SetNodeReferenceID(CANDIDATES_ROLE, node.GetID())
    place_beside(node, segmentation_node)
    return node


def _gone(
    labels: np.ndarray, rejected: np.ndarray, removals: Sequence[Mapping[str, Any]]
) -> np.ndarray:
    """Numbers of removals where nothing is left, or where a lesion has become kidney."""
    lesions = [number_of(r) for r in removals if r["tissue"] != "kidney"]
    in_kidney = np.isin(labels, list(KIDNEY_OF_SIDE.values())) & np.isin(rejected, lesions)
    return np.where((labels == 0) | in_kidney, rejected, 0)


def candidate_list(segmentation_node: Any) -> list[tuple[str, str, tuple[float, float, float]]]:
    """Segment ID, name and place (RAS mm, in world coordinates) of each candidate."""
    node = candidates_of(segmentation_node) if segmentation_node is not None else None
    if node is None:
        return []
    rows = []
    for segment_id in segment_ids(node):
        name = node.GetSegmentation().GetSegment(segment_id).GetName()
        center = segment_center(node, segment_id)
        if center is not None:  # else the user has erased it
            rows.append((segment_id, name, center))
    return rows


def restore_candidate(segmentation_node: Any, segment_id: str, volume_node: Any) -> str:
    """Move a candidate into the segmentation, where it is shown and measured; returns its ID.

    The segment is the user's own from then on: a later run keeps it. A kidney gets the side that it
    lies on; a mass is measured with the kidney that is nearest.

    Raises
    ------
    InputError
        If the candidate is not there any more.
    """
    source = candidates_of(segmentation_node)
    segment = source.GetSegmentation().GetSegment(segment_id) if source is not None else None
    center = segment_center(source, segment_id) if segment is not None else None
    if center is None:
        raise InputError("That structure is not there any more. Choose another one.")
    label, side = _label_of(tag(segment, TISSUE_TAG), center, segmentation_node, volume_node)
    number = tag(segment, ID_TAG)
    style = sided_style(label, side)
    name = f"{style.name} (restored)"
    with slicer.util.NodeModify(segmentation_node):
        target = segmentation_node.GetSegmentation()
        present = set(segment_ids(segmentation_node))
        target.CopySegmentFromSegmentation(source.GetSegmentation(), segment_id, True)
        (new,) = set(segment_ids(segmentation_node)) - present
        copied = target.GetSegment(new)
        copied.SetName(name)
        copied.SetColor(*(c / 255 for c in style.color))
        copied.SetTag(TERMINOLOGY_TAG, style.terminology())
        copied.SetTag(LABEL_TAG, label.name.lower())
        _record_restored(segmentation_node, int(number))
    return str(new)


def _record_restored(segmentation_node: Any, number: int) -> None:
    """Note in the record of the run that a removed component was restored."""
    record = stored_record(segmentation_node)
    for removal in record["removed_components"]:
        if number_of(removal) == number:
            removal["restored"] = True
    segmentation_node.SetAttribute(RECORD, json.dumps(record))


def _label_of(
    tissue: str, center: tuple[float, float, float], segmentation_node: Any, volume_node: Any
) -> tuple[Label, str]:
    """Label of a candidate, and its side where the label has one."""
    if tissue != "kidney":
        return Label[tissue.upper()], "unknown"
    side = "right" if center[0] > middle_r(segmentation_node, volume_node) else "left"
    return KIDNEY_OF_SIDE[side], side
