"""What cleaning removed, as hidden segments that the user can look at and take back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import slicer

from ..anatomy import KIDNEY_OF_SIDE, Label, sided_style
from ..volume import Box, Geometry
from .results import import_parts, place_beside
from .segments import LABEL_TAG, TERMINOLOGY_TAG, segment_center, segment_ids, tag
from .volumes import ijk_to_ras

CANDIDATES_ROLE = "KidneySeg.Candidates"
TISSUE_TAG = "KidneySeg.CandidateTissue"
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

    Those of an earlier run are replaced. What was only relabeled, and specks under 0.05 mL, are
    left to the record.

    Parameters
    ----------
    labels, rejected : (k, j, i)
        Result and numbers of removals on the volume node's grid.
    removals : sequence of mapping
        ``id``, ``tissue``, ``reason`` and ``volume_ml`` of each.

    Returns
    -------
    vtkMRMLSegmentationNode or None
        None where nothing was removed.
    """
    scene = segmentation_node.GetScene()
    before = candidates_of(segmentation_node)
    if before is not None:
        scene.RemoveNode(before)
    box = Box.of_mask(rejected)
    if box is None:
        return None
    gone = np.where(labels[box.slices] == 0, rejected[box.slices], 0)
    there = set(np.unique(gone).tolist())
    chosen = [r for r in removals if r["id"] in there and r["volume_ml"] >= _LEAST_ML]
    chosen = sorted(chosen, key=lambda r: -r["volume_ml"])[:_MOST]
    if not chosen:
        return None
    name = scene.GenerateUniqueName(f"{segmentation_node.GetName()} rejected candidates")
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", name)
    node.CreateDefaultDisplayNodes()
    node.SetAndObserveTransformNodeID(volume_node.GetTransformNodeID())
    node.SetReferenceImageGeometryParameterFromVolumeNode(volume_node)
    number_of = np.zeros(max(there) + 1, np.uint8)
    for number, removal in enumerate(chosen, start=1):
        number_of[removal["id"]] = number
    parts = np.zeros(labels.shape, np.uint8)
    parts[box.slices] = number_of[gone]
    titles = [f"{r['tissue']} {r['volume_ml']:.1f} mL, {r['reason']}" for r in chosen]
    new = import_parts(node, volume_node, parts, [(title, _COLOR) for title in titles])
    for segment_id, removal in zip(new, chosen, strict=True):
        node.GetSegmentation().GetSegment(segment_id).SetTag(TISSUE_TAG, removal["tissue"])
    node.GetDisplayNode().SetVisibility(False)
    segmentation_node.SetNodeReferenceID(CANDIDATES_ROLE, node.GetID())
    place_beside(node, volume_node)
    return node


def candidates_of(segmentation_node: Any) -> Any:
    """Node with the candidates that belong to a segmentation; None where there is none."""
    return segmentation_node.GetNodeReference(CANDIDATES_ROLE)


def candidate_list(segmentation_node: Any) -> list[tuple[str, str, tuple[float, float, float]]]:
    """Segment ID, name and place (RAS mm, in world coordinates) of each candidate."""
    node = candidates_of(segmentation_node) if segmentation_node is not None else None
    if node is None:
        return []
    rows = []
    for segment_id in segment_ids(node):
        name = node.GetSegmentation().GetSegment(segment_id).GetName()
        rows.append((segment_id, name, segment_center(node, segment_id)))
    return rows


def restore_candidate(segmentation_node: Any, segment_id: str, volume_node: Any) -> str:
    """Move a candidate into the segmentation, where it is shown and measured; returns its name.

    One undo step. The segment is the user's own from then on: a later run keeps it. A kidney gets
    the side of the CT's field that it lies in; a mass is measured with the kidney that is nearest.
    """
    scene = segmentation_node.GetScene()
    if scene.GetUndoFlag():
        scene.SaveStateForUndo()
    source = candidates_of(segmentation_node)
    segment = source.GetSegmentation().GetSegment(segment_id)
    label, side = _label_of(tag(segment, TISSUE_TAG), source, segment_id, volume_node)
    style = sided_style(label, side)
    name = f"{style.name} (taken back)"
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
    return name


def _label_of(tissue: str, node: Any, segment_id: str, volume_node: Any) -> tuple[Label, str]:
    """Label of a candidate, and its side where the label has one."""
    if tissue != "kidney":
        return Label[tissue.upper()], "unknown"
    shape = volume_node.GetImageData().GetDimensions()[::-1]
    middle = Geometry(shape, ijk_to_ras(volume_node)).ras_from_kji((np.array(shape) - 1) / 2)[0]
    right = segment_center(node, segment_id, world=False)[0] > middle[0]
    side = "right" if right else "left"
    return KIDNEY_OF_SIDE[side], side
