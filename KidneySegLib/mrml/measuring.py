"""Measuring segments as they are now, in world coordinates, whatever transform they lie under."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ..core.anatomy import KIDNEY_OF_SIDE, Label
from ..core.errors import InputError
from ..core.findings import Finding, said, warning
from ..core.masks import components
from ..core.volume import Volume
from ..kidney_ct.measured import Measured, measured, renewed, with_known_doubt
from .placement import voxels_of
from .results import recorded_voxels, stored_record
from .segments import (
    KEPT_TAG,
    TERMINOLOGY_TAG,
    is_measured,
    label_of,
    middle_r,
    names_no_side,
    paint,
    segment_ids,
    tag,
)
from .staleness import MOVED
from .tables import pending_numbers, stored_numbers, why_stale
from .volumes import in_world_ras, volume_from_node
from .warps import warp_of

_SIDE_NOTE = "side-by-place"


def labels_from_segmentation(node: Any, volume_node: Any) -> Volume:
    """Label map (`Label` numbers) of a segmentation on the CT's grid.

    Segments count by their terminology: a tumor that the user adds in the Segment Editor is
    measured too, and a cyst that the user calls a tumor is one. Where segments overlap, tumor wins
    over cyst, cyst over kidney. The parts of a kidney whose terminology names no side count for the
    side that they lie on (see `notes_on_segments`).

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
    for segment_id in (s for s, label in chosen if label is None):
        _paint_by_side(array, node, segment_id, volume_node)
    for label in (Label.RIGHT_KIDNEY, Label.LEFT_KIDNEY, Label.CYST, Label.TUMOR):
        for segment_id in (s for s, found in chosen if found == label):
            paint(array, label, node, segment_id, volume_node)
    return Volume(array, volume.geometry)


def _segments_to_measure(node: Any) -> list[tuple[str, Label | None]]:
    """IDs and labels of the segments that count; None for a kidney without a side."""
    segmentation = node.GetSegmentation()
    rows = []
    for segment_id in segment_ids(node):
        segment = segmentation.GetSegment(segment_id)
        if is_measured(segment):
            kept = tag(segment, KEPT_TAG) is not None
            codes = tag(segment, TERMINOLOGY_TAG)
            rows.append((segment_id, label_of(segment), codes, kept))
    current = {(label, codes) for _, label, codes, kept in rows if not kept}
    return [(s, n) for s, n, codes, kept in rows if not kept or (n, codes) not in current]


def _paint_by_side(array: np.ndarray, node: Any, segment_id: str, volume_node: Any) -> None:
    """Paint every part of a kidney segment as the kidney of the side that it lies on."""
    mask = np.zeros(array.shape, np.uint8)
    paint(mask, 1, node, segment_id, volume_node)
    middle = middle_r(node, volume_node)
    for where, part in components(mask > 0):
        center = np.argwhere(part).mean(axis=0) + [s.start for s in where]
        side = "right" if in_world_ras(volume_node, center)[0] > middle else "left"
        array[where][part] = KIDNEY_OF_SIDE[side]


def notes_on_segments(node: Any) -> list[Finding]:
    """What a user must know about how segments are read."""
    segmentation = node.GetSegmentation()
    segments = map(segmentation.GetSegment, segment_ids(node))
    names = [segment.GetName() for segment in segments if names_no_side(segment)]
    if not names:
        return []
    listed = ", ".join(f"'{name}'" for name in names)
    return [
        warning(
            _SIDE_NOTE,
            said(
                "The terminology of {listed} names no side: its parts count for the side that "
                "they lie on. Set the side in the Segment Editor where that is wrong.",
                listed=listed,
            ),
        )
    ]


def measure_segmentation(node: Any, volume_node: Any) -> Measured:
    """Measure a segmentation in world coordinates, whatever transform it lies under.

    In this process; `app.job.measure_job` does it in another.

    Raises
    ------
    InputError
        If no segment is a kidney, tumor or cyst, or a run made them on another CT.
    """
    require_own_ct(node, volume_node)
    labels = labels_from_segmentation(node, volume_node)
    found = measured(labels, volume_from_node(volume_node), warp_of(volume_node))
    return complete(node, found)


def complete(node: Any, found: Measured) -> Measured:
    """New numbers of a segmentation with what is known besides of it.

    What its run said stays, without the places that were moved since; lesions that nobody has
    touched are as uncertain as they were.
    """
    before = stored_numbers(node) or pending_numbers(node)
    record = map(Finding.from_dict, stored_record(node)["findings"])
    said = before.findings if before is not None and before.findings else record
    notes = notes_on_segments(node)
    moved = MOVED in why_stale(node)
    said = [replace(f, place_ras_mm=None) if moved else f for f in said if f.code != _SIDE_NOTE]
    numbers = found.measurements
    if before is not None:
        numbers = with_known_doubt(numbers, before.measurements)
    return replace(found, measurements=numbers, findings=(*renewed(said, found), *notes))


def require_own_ct(node: Any, volume_node: Any) -> None:
    """Refuse to measure a segmentation on another CT than the one that a run made it on.

    Raises
    ------
    InputError
        If the voxels differ from those that the run's record, or the numbers of its table, name.
    """
    recorded = recorded_voxels(node)
    if recorded and recorded != voxels_of(volume_node):
        raise InputError(
            f"The segments of '{node.GetName()}' were made on another CT than "
            f"'{volume_node.GetName()}': its voxels are others, or were changed. Choose the CT "
            "that they were made on, or segment this one."
        )


def in_world(labels: Volume, volume_node: Any) -> tuple[Volume, Volume]:
    """Labels and CT in world coordinates and canonical orientation, whatever the transform."""
    ct = volume_from_node(volume_node)
    warp = warp_of(volume_node)
    if warp is not None:
        labels, ct, _ends = warp.in_world(labels, ct)
    return labels.canonical(), ct.canonical()
