"""Whether numbers in the scene are still those of the segments and the CT as they are now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .placement import placement_of, reference_volume, same_placement, voxels_of
from .segments import fingerprint, is_measured, label_text, same_print, segment_ids, segment_ml

CT_GONE, CT_CHANGED, MOVED, SEGMENTS, EARLIER = (
    "ct-gone",
    "ct-changed",
    "moved",
    "segments",
    "earlier-version",
)
"""Reasons why numbers are no longer true."""


def state_of(segmentation_node: Any, volume_node: Any) -> dict[str, Any]:
    """All that numbers of a segmentation depend on, for JSON: segments, CT, and where both lie."""
    return {
        "ct": {
            "name": volume_node.GetName(),
            "voxels": voxels_of(volume_node),
            "placement": placement_of(volume_node, volume_node),
        },
        "placement": placement_of(segmentation_node, volume_node),
        "segments": measured_segments(segmentation_node),
    }


def measured_segments(segmentation_node: Any) -> dict[str, dict[str, Any]]:
    """What each segment that is measured is, its fingerprint and its volume."""
    rows = {}
    for segment_id in segment_ids(segmentation_node):
        segment = segmentation_node.GetSegmentation().GetSegment(segment_id)
        if is_measured(segment):
            rows[segment_id] = {
                "name": segment.GetName(),
                "label": label_text(segment),
                "print": fingerprint(segmentation_node, segment_id),
                "ml": round(segment_ml(segmentation_node, segment_id), 3),
            }
    return rows


def stale_reasons(stored: Mapping[str, Any], segmentation_node: Any) -> tuple[str, ...]:
    """Why numbers of a stored state are not those of now; empty where they are.

    Parameters
    ----------
    stored : mapping
        What `state_of` said when the numbers were taken; empty for those of versions that did not
        keep it.
    """
    if not stored or not all(key in stored for key in ("ct", "placement", "segments")):
        return (EARLIER,)
    reasons = []
    ct = reference_volume(segmentation_node)
    if ct is None:
        reasons.append(CT_GONE)
    else:
        own, seg = placement_of(ct, ct), placement_of(segmentation_node, ct)
        if voxels_of(ct) != stored["ct"]["voxels"]:
            reasons.append(CT_CHANGED)
        still = same_placement(own, stored["ct"]["placement"])
        if not (still and same_placement(seg, stored["placement"])):
            reasons.append(MOVED)
    if not _same_segments(stored["segments"], measured_segments(segmentation_node)):
        reasons.append(SEGMENTS)
    return tuple(reasons)


def _same_segments(stored: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether the same segments hold the same voxels and are the same things."""
    return set(stored) == set(now) and all(
        row["label"] == now[key]["label"] and same_print(row["print"], now[key]["print"])
        for key, row in stored.items()
    )
