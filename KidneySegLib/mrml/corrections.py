"""What a user changed of a run's segments, and what the next run may replace of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from ..core.anatomy import Label
from .journal import note_change
from .segments import (
    LABEL_TAG,
    PRINT_TAG,
    TERMINOLOGY_TAG,
    fingerprint,
    label_text,
    same_print,
    segment_ids,
    segment_ml,
    tag,
)

KEEP, REPLACE, BESIDE = "keep", "replace", "beside"
POLICIES = (KEEP, REPLACE, BESIDE)
"""What a new run does with corrections: keep them, replace them, or make a new segmentation."""
MADE = "KidneySeg.Made"
LOCK_TAG = "KidneySeg.Locked"
_SAME_COLOR = 0.01
_SIDES = {"24028007": "right", "7771000": "left"}  # as the terminology codes them


@dataclass(frozen=True)
class Correction:
    """A segment that a user changed, added, deleted or locked.

    Attributes
    ----------
    segment_id : str
    name : str
        As it is called now; of a deleted one, as it was called.
    what : str
        ``edited``, ``relabeled``, ``renamed``, ``recolored``, ``deleted``, ``added`` or ``locked``.
    parts : frozenset of str
        What it stands for, such as ``tumor of the left``: as the run made it, and as it is now. A
        new run that keeps corrections adds nothing for these.
    """

    segment_id: str
    name: str
    what: str
    parts: frozenset[str]


def remember_made(node: Any, segment_ids_made: list[str]) -> None:
    """Note how a run made segments, beside what is still noted of corrected ones."""
    rows = {c.segment_id: row for c, row in _corrected_rows(node)}
    for segment_id in segment_ids_made:
        segment = node.GetSegmentation().GetSegment(segment_id)
        segment.SetTag(LABEL_TAG, label_text(segment))
        segment.SetTag(PRINT_TAG, fingerprint(node, segment_id))
        rows[segment_id] = {
            "name": segment.GetName(),
            "color": list(segment.GetColor()),
            "part": part_of(segment),
        }
    node.SetAttribute(MADE, json.dumps(rows))


def corrections(node: Any) -> tuple[Correction, ...]:
    """What a user changed of the segments of runs, or added to them."""
    made = _made(node)
    found = [c for c in (_of_segment(node, s, made.get(s)) for s in segment_ids(node)) if c]
    there = set(segment_ids(node))
    gone = [
        Correction(s, row["name"], "deleted", frozenset({row["part"]}))
        for s, row in made.items()
        if s not in there
    ]
    return (*found, *gone)


def is_locked(node: Any, segment_id: str) -> bool:
    """Whether no run may change a segment, whatever its policy."""
    return tag(node.GetSegmentation().GetSegment(segment_id), LOCK_TAG) is not None


def set_locked(node: Any, segment_id: str, locked: bool) -> None:
    """Lock a segment, or unlock it."""
    segment = node.GetSegmentation().GetSegment(segment_id)
    if locked:
        segment.SetTag(LOCK_TAG, "1")
    else:
        segment.RemoveTag(LOCK_TAG)


def segments_now(node: Any) -> dict[str, tuple[str, ...]]:
    """Name, kind, voxels' fingerprint and lock of every segment, to be compared later."""
    found = {}
    for segment_id in segment_ids(node):
        segment = node.GetSegmentation().GetSegment(segment_id)
        locked = tag(segment, LOCK_TAG) or ""
        print_ = fingerprint(node, segment_id)
        found[segment_id] = (segment.GetName(), part_of(segment), print_, locked)
    return found


def part_of(segment: Any) -> str:
    """What a segment stands for: its label, and the side that its terminology names."""
    codes = (tag(segment, TERMINOLOGY_TAG) or "").split("~")
    modifiers = "~".join(codes[3:4] + codes[6:7])
    side = next((name for code, name in _SIDES.items() if code in modifiers), "unknown")
    return f"{label_text(segment)} of the {side}"


def part_name(label: Label, side: str) -> str:
    """What the segment of a label and side will stand for (see `part_of`)."""
    return f"{label.name.lower()} of the {side}"


def make_room(node: Any, policy: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """Remove the segments of earlier runs that a new run replaces.

    Parameters
    ----------
    policy : str
        `KEEP` or `REPLACE`. Segments that a user added, and locked ones, stay in any case.

    Returns
    -------
    tuple
        Parts that the new run must not add, and the names of what was kept.
    """
    found = {c.segment_id: c for c in corrections(node)}
    kept = {
        s: c for s, c in found.items() if c.what != "added" and (policy == KEEP or _stays(node, c))
    }
    segmentation = node.GetSegmentation()
    before = {segment_id: segment_ml(node, segment_id) for segment_id in segment_ids(node)}
    for segment_id in segment_ids(node):
        run_made = tag(segmentation.GetSegment(segment_id), PRINT_TAG) is not None
        if run_made and segment_id not in kept:
            segmentation.RemoveSegment(segment_id)
    for correction in found.values():
        if correction.segment_id not in kept and correction.what != "added":
            note_change(
                node,
                tool="KidneySeg",
                segment=correction.name,
                what=f"{correction.what}, replaced by a new run",
                before_ml=before.get(correction.segment_id, 0.0),
                after_ml=0.0,
            )
    made = {s: row for s, row in _made(node).items() if s in kept}
    node.SetAttribute(MADE, json.dumps(made))
    parts = frozenset().union(*(c.parts for c in kept.values()))
    return parts, tuple(f"{c.name} ({c.what})" for c in kept.values())


def _stays(node: Any, correction: Correction) -> bool:
    """Whether a correction is locked."""
    return correction.what != "deleted" and is_locked(node, correction.segment_id)


def _made(node: Any) -> dict[str, dict[str, Any]]:
    """How runs made the segments: name, color and part by segment ID."""
    return json.loads(node.GetAttribute(MADE) or "{}")


def _corrected_rows(node: Any) -> list[tuple[Correction, dict[str, Any]]]:
    """Corrections of segments that a run made, and how it made them."""
    made = _made(node)
    return [(c, made[c.segment_id]) for c in corrections(node) if c.segment_id in made]


def _of_segment(node: Any, segment_id: str, made: dict[str, Any] | None) -> Correction | None:
    """How a segment that is there was changed; None where it was not."""
    segment = node.GetSegmentation().GetSegment(segment_id)
    stored = tag(segment, PRINT_TAG)
    now = part_of(segment)
    if stored is None:
        return Correction(segment_id, segment.GetName(), "added", frozenset({now}))
    before = made["part"] if made else now
    what = ""
    if label_text(segment) != tag(segment, LABEL_TAG) or before != now:
        what = "relabeled"
    elif not same_print(stored, fingerprint(node, segment_id)):
        what = "edited"
    elif made and segment.GetName() != made["name"]:
        what = "renamed"
    elif made and max(
        abs(a - b) for a, b in zip(segment.GetColor(), made["color"], strict=True)
    ) > (_SAME_COLOR):
        what = "recolored"
    elif is_locked(node, segment_id):
        what = "locked"
    if not what:
        return None
    return Correction(segment_id, segment.GetName(), what, frozenset({before, now}))
