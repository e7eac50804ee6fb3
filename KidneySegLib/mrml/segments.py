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


def paint(array: np.ndarray, value: int, node: Any, segment_id: str, volume_node: Any) -> None:
    """Set an array on the CT's grid to a value where a segment is.

    Where the segment lies on the same grid its voxels are taken as they are: the way over
    `slicer.util` adds nodes to the scene and loses 7 MB a call (measured, slicer-core 5.12).
    """
    found = _segment_box(node, segment_id)
    if found is None:
        return
    mask, first = found
    start = _voxel_of(node, segment_id, first, volume_node)
    if start is None:
        whole = slicer.util.arrayFromSegmentBinaryLabelmap(node, segment_id, volume_node)
        array[whole > 0] = value
        return
    low = np.maximum(start, 0)
    high = np.minimum(start + mask.shape, array.shape)
    if (high > low).all():
        inside = tuple(slice(a, b) for a, b in zip(low - start, high - start, strict=True))
        where = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
        array[where][mask[inside]] = value


def _voxel_of(
    node: Any, segment_id: str, first_ras: np.ndarray, volume_node: Any
) -> np.ndarray | None:
    """CT voxel ``(k, j, i)`` of a segment's first voxel; None where the grids differ."""
    if node.GetTransformNodeID() != volume_node.GetTransformNodeID():
        return None
    image = node.GetSegmentation().GetSegment(segment_id).GetRepresentation("Binary labelmap")
    own, ct = vtk.vtkMatrix4x4(), vtk.vtkMatrix4x4()
    image.GetImageToWorldMatrix(own)
    volume_node.GetIJKToRASMatrix(ct)
    own, ct = (slicer.util.arrayFromVTKMatrix(m) for m in (own, ct))
    ijk = np.linalg.solve(ct, [*first_ras, 1.0])[:3]
    if not np.allclose(own[:3, :3], ct[:3, :3], atol=1e-4):
        return None
    if np.abs(ijk - ijk.round()).max() > 0.01:
        return None
    return ijk.round().astype(int)[::-1]


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
