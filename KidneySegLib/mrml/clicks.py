"""Lesions that a reader adds or removes by a click, as changes of the segments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import slicer

from ..core.anatomy import KIDNEY_OF_SIDE, Label, sided_style
from ..core.errors import InputError
from ..core.findings import Point
from ..core.volume import Geometry, Volume, restore_orientation
from ..kidney_ct.click import false_lesion_at, lesion_at
from .measuring import labels_from_segmentation
from .results import import_parts
from .segments import LABEL_TAG, TERMINOLOGY_TAG, label_of, paint, segment_ids
from .volumes import from_world, volume_from_node

Percent = tuple[np.ndarray, Geometry]


def add_lesion(
    node: Any,
    volume_node: Any,
    click_world: Point,
    *,
    kind: Label = Label.TUMOR,
    percent: Percent | None = None,
) -> str:
    """Add what a click points at as a segment of its own; returns the segment's ID.

    Parameters
    ----------
    click_world : (R, A, S)
        mm, in world coordinates.
    kind : Label
        Tumor or cyst.
    percent : ((3, k, j, i) uint8, Geometry), optional
        Probabilities of the run, in the coordinates of `volume_from_node`.

    Raises
    ------
    InputError
        If the click points at nothing (see `kidney_ct.click.lesion_at`).
    """
    ct, labels, click = _ready(node, volume_node, click_world)
    mask = lesion_at(click, ct.canonical(), labels.canonical(), percent)
    own = _stored(mask, ct)
    style = sided_style(kind, nearest_side(own, labels))
    (segment_id,) = import_parts(
        node, volume_node, own.astype(np.uint8), [(f"{style.name} (added)", style.color)]
    )
    segment = node.GetSegmentation().GetSegment(segment_id)
    segment.SetTag(TERMINOLOGY_TAG, style.terminology())
    segment.SetTag(LABEL_TAG, kind.name.lower())
    return segment_id


def remove_lesion(node: Any, volume_node: Any, click_world: Point) -> list[str]:
    """Take the lesion that a click points at out of its segments; returns the segments changed.

    What fills a dent of the kidney becomes kidney, the rest nothing.

    Raises
    ------
    InputError
        If there is no lesion.
    """
    ct, labels, click = _ready(node, volume_node, click_world)
    lesion, filled = (_stored(m, ct) for m in false_lesion_at(click, labels.canonical()))
    changed = [
        segment_id
        for segment_id in segment_ids(node)
        if label_of(node.GetSegmentation().GetSegment(segment_id)) in (Label.TUMOR, Label.CYST)
        and _change(node, segment_id, volume_node, lambda array: array & ~lesion)
    ]
    if filled.any():
        changed += _give_to_kidney(node, volume_node, filled, labels)
    return changed


def _ready(node: Any, volume_node: Any, click_world: Point) -> tuple[Volume, Volume, Point]:
    """CT, labels, and the click in their coordinates."""
    ct = volume_from_node(volume_node)
    labels = labels_from_segmentation(node, volume_node)
    r, a, s = from_world(np.array([click_world]), volume_node)[0]
    return ct, labels, (float(r), float(a), float(s))


def _stored(mask: np.ndarray, ct: Volume) -> np.ndarray:
    """A canonical mask on the CT's grid as it is stored."""
    turned = restore_orientation(mask, *ct.geometry.to_canonical())
    return np.ascontiguousarray(turned)


def nearest_side(mask: np.ndarray, labels: Volume) -> str:
    """Side of the kidney that lies nearest to a mask; ``unknown`` without any."""
    center = labels.geometry.ras_from_kji(np.argwhere(mask).mean(axis=0))[0]
    gaps = {}
    for side, number in KIDNEY_OF_SIDE.items():
        kidney = np.argwhere(labels.array == number)
        if len(kidney):
            away = labels.geometry.ras_from_kji(kidney) - center
            gaps[side] = float(np.linalg.norm(away, axis=1).min())
    return min(gaps, key=lambda side: gaps[side]) if gaps else "unknown"


def _give_to_kidney(node: Any, volume_node: Any, filled: np.ndarray, labels: Volume) -> list[str]:
    """Add voxels to the kidney that lies nearest; returns the segment changed."""
    side = nearest_side(filled, labels)
    for segment_id in segment_ids(node):
        segment = node.GetSegmentation().GetSegment(segment_id)
        if side in KIDNEY_OF_SIDE and label_of(segment) is KIDNEY_OF_SIDE[side]:
            _change(node, segment_id, volume_node, lambda array: array | filled)
            return [segment_id]
    return []


def _change(
    node: Any,
    segment_id: str,
    volume_node: Any,
    change: Callable[[np.ndarray], np.ndarray],
) -> bool:
    """Change a segment's voxels on the CT's grid; returns whether they differ."""
    before = np.zeros(volume_from_node(volume_node).array.shape, np.uint8)
    paint(before, 1, node, segment_id, volume_node)
    after = change(before > 0)
    if (after == (before > 0)).all():
        return False
    done = slicer.util.updateSegmentBinaryLabelmapFromArray(
        after.astype(np.uint8), node, segment_id, volume_node
    )
    if done is False:
        raise InputError("The application could not change the segment. Correct it by hand.")
    return True
