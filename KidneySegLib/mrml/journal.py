"""What a reader changed: which segment, when, with which tool, and its volume before and after."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from .segments import same_print

CHANGES = "KidneySeg.Changes"
_UNKNOWN_TOOL = "in the scene"


def stored_changes(segmentation_node: Any) -> list[dict[str, Any]]:
    """Changes by a reader, the oldest first.

    Each has ``when`` (local time, to the second), ``tool``, ``segment``, ``what`` (``added``,
    ``deleted``, ``edited`` or ``relabeled``), ``before_ml`` and ``after_ml``.
    """
    return json.loads(segmentation_node.GetAttribute(CHANGES) or "[]")


def note_change(segmentation_node: Any, **change: Any) -> None:
    """Add a change of now."""
    row = {"when": datetime.now().isoformat(sep=" ", timespec="seconds"), **change}
    changes = [*stored_changes(segmentation_node), row]
    segmentation_node.SetAttribute(CHANGES, json.dumps(changes))


def note_edits(
    segmentation_node: Any,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    tools: Mapping[str, str],
) -> None:
    """Note how segments differ between two states (see `staleness.state_of`).

    A run is no reader: its segments are new ones, and it forgets the state before (see `results`).
    """
    old, new = before.get("segments"), after["segments"]
    if old is None:
        return
    for key in {**old, **new}:
        one, other = old.get(key), new.get(key)
        what = _difference(one, other)
        if what:
            note_change(
                segmentation_node,
                tool=tools.get(key, _UNKNOWN_TOOL),
                segment=(other or one)["name"],
                what=what,
                before_ml=one["ml"] if one else 0.0,
                after_ml=other["ml"] if other else 0.0,
            )


def _difference(one: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> str:
    """How a segment differs; empty where it does not."""
    if one is None or other is None:
        return "added" if one is None else "deleted"
    if one["label"] != other["label"]:
        return f"relabeled from {one['label'].replace('_', ' ')}"
    return "" if same_print(one["print"], other["print"]) else "edited"
