"""Measuring segments as they are now, in world coordinates, whatever transform they lie under."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.anatomy import Label
from ..core.errors import InputError
from ..core.source import voxels_fingerprint
from ..core.volume import Volume
from ..measure.intervals import with_intervals
from ..measure.measurements import Measurements, measure
from .results import stored_record
from .segments import KEPT_TAG, TERMINOLOGY_TAG, fingerprint, label_of, paint, segment_ids, tag
from .volumes import is_linear, volume_from_node
from .warps import warp_of


def labels_from_segmentation(node: Any, volume_node: Any) -> Volume:
    """Label map (`Label` numbers) of a segmentation on the CT's grid.

    Segments count by their terminology: a tumor that the user adds in the Segment Editor is
    measured too, and a cyst that the user calls a tumor is one. Where segments overlap, tumor wins
    over cyst, cyst over kidney. Segments kept from before a run count only where the run found
    nothing of their kind and side.

    Raises
    ------
    InputError
        If no segment is a kidney, tumor or cyst.
    """
    volume = volume_from_node(volume_node)
    array = np.zeros(volume.array.shape, np.uint8)
    chosen = _segments_to_measure(node)
    if not chosen and segment_ids(node):
        raise InputError(
            f"No segment of '{node.GetName()}' is known as kidney, tumor or cyst. Set their "
            "terminology in the Segment Editor (double-click the color)."
        )
    for label in (Label.RIGHT_KIDNEY, Label.LEFT_KIDNEY, Label.CYST, Label.TUMOR):
        for segment_id in (s for s, found in chosen if found == label):
            paint(array, label, node, segment_id, volume_node)
    return Volume(array, volume.geometry)


def _segments_to_measure(node: Any) -> list[tuple[str, Label]]:
    """IDs and labels of the segments that count."""
    segmentation = node.GetSegmentation()
    rows = []
    for segment_id in segment_ids(node):
        segment = segmentation.GetSegment(segment_id)
        label = label_of(segment)
        if label is not None:
            kept = tag(segment, KEPT_TAG) is not None
            rows.append((segment_id, label, tag(segment, TERMINOLOGY_TAG), kept))
    current = {(label, codes) for _, label, codes, kept in rows if not kept}
    return [(s, n) for s, n, codes, kept in rows if not kept or (n, codes) not in current]


def measured_fingerprints(node: Any) -> dict[str, list[str]]:
    """Label and fingerprint of every segment that is measured."""
    return {s: [n.name.lower(), fingerprint(node, s)] for s, n in _segments_to_measure(node)}


def measure_segmentation(node: Any, volume_node: Any) -> Measurements:
    """Measure a segmentation in world coordinates, whatever transform it lies under.

    Raises
    ------
    InputError
        If no segment is a kidney, tumor or cyst.
    """
    labels, ct = in_world(labels_from_segmentation(node, volume_node), volume_node)
    return with_intervals(measure(labels, ct), labels)


def require_own_ct(node: Any, volume_node: Any) -> None:
    """Refuse to measure a segmentation on another CT than the one that a run made it on.

    Raises
    ------
    InputError
        If the voxels differ from those that the run's record names.
    """
    recorded = (stored_record(node)["record"] or {}).get("input", {}).get("voxels_sha256")
    if recorded and recorded != voxels_fingerprint(volume_from_node(volume_node)):
        raise InputError(
            f"The segments of '{node.GetName()}' were made on another CT than "
            f"'{volume_node.GetName()}': its voxels are others, or were changed. Choose the CT "
            "that they were made on, or segment this one."
        )


def in_world(labels: Volume, volume_node: Any) -> tuple[Volume, Volume]:
    """Labels and CT in world coordinates and canonical orientation, whatever the transform."""
    ct = volume_from_node(volume_node)
    if not is_linear(volume_node):
        labels, ct = warp_of(volume_node).in_world(labels, ct)
    return labels.canonical(), ct.canonical()
