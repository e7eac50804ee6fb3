"""One segment of a segmentation node: its tags, what it is, and whether the user has edited it."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import slicer
import vtk
from slicer.util import arrayFromSegmentInternalBinaryLabelmap

from ..anatomy import SEGMENTS, Code, Label
from ..volume import Box

LABEL_TAG = "KidneySeg.Label"
PRINT_TAG = "KidneySeg.Fingerprint"
KEPT_TAG = "KidneySeg.Kept"
TERMINOLOGY_TAG = "TerminologyEntry"


def segment_ids(node: Any) -> list[str]:
    """IDs of all segments, in order."""
    segmentation = node.GetSegmentation()
    return [segmentation.GetNthSegmentID(n) for n in range(segmentation.GetNumberOfSegments())]


def tag(segment: Any, name: str) -> str | None:
    """Value of a segment's tag, None where it has none."""
    value = vtk.reference("")
    return str(value) if segment.GetTag(name, value) else None


def label_of(segment: Any) -> Label | None:
    """Label of a segment by its terminology (the user may correct it), else by KidneySeg's tag."""
    codes = (tag(segment, TERMINOLOGY_TAG) or "").split("~")
    if len(codes) >= 4:
        kind, modifier = codes[2:4]
        for label, style in SEGMENTS.items():
            if kind == str(style.type) and style.type_modifier in (None, *_codes(modifier)):
                return label
    name = tag(segment, LABEL_TAG)
    return Label[name.upper()] if name is not None else None


def _codes(text: str) -> tuple[Code, ...]:
    """The code that a part of a terminology tag spells, if any."""
    parts = text.split("^")
    return (Code(*parts),) if len(parts) == 3 else ()


def fingerprint(node: Any, segment_id: str) -> str:
    """Short text that changes when a segment's voxels change: hash, place and size of its box."""
    found = _segment_box(node, segment_id)
    if found is None:
        return "empty"
    mask, start_ras = found
    digest = hashlib.sha256(np.packbits(mask).tobytes()).hexdigest()[:16]
    place = ",".join(f"{x:.1f}" for x in start_ras)
    return f"{digest};{place};{'x'.join(map(str, mask.shape))}"


def _segment_box(node: Any, segment_id: str) -> tuple[np.ndarray, np.ndarray] | None:
    """Mask of a segment cropped to its voxels, and the RAS place of the first (no transforms)."""
    segment = node.GetSegmentation().GetSegment(segment_id)
    image = segment.GetRepresentation("Binary labelmap")
    if image is None or image.GetNumberOfPoints() == 0:
        return None
    array = arrayFromSegmentInternalBinaryLabelmap(node, segment_id)
    mask = array == segment.GetLabelValue()
    box = Box.of_mask(mask)
    if box is None:
        return None
    matrix = vtk.vtkMatrix4x4()
    image.GetImageToWorldMatrix(matrix)
    i0, _, j0, _, k0, _ = image.GetExtent()
    first = np.array([i0, j0, k0, 1.0]) + np.array([*box.start[::-1], 0.0])
    return mask[box.slices], (slicer.util.arrayFromVTKMatrix(matrix) @ first)[:3]


def is_edited(node: Any, segment_id: str) -> bool:
    """Whether a segment that KidneySeg made has other voxels than when it was made."""
    stored = tag(node.GetSegmentation().GetSegment(segment_id), PRINT_TAG)
    return stored is not None and not same_print(stored, fingerprint(node, segment_id))


def same_print(one: str, other: str) -> bool:
    """Compare fingerprints; places may differ by rounding when a file was saved and loaded."""
    a, b = one.split(";"), other.split(";")
    if len(a) != 3 or len(b) != 3:
        return one == other
    places = [np.array([float(x) for x in p[1].split(",")]) for p in (a, b)]
    return a[0] == b[0] and a[2] == b[2] and bool(np.abs(places[0] - places[1]).max() < 0.25)
