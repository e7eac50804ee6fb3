"""One segment of a segmentation node: its tags, what it is, and whether the user has edited it."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import slicer
import vtk
from slicer.util import arrayFromSegmentInternalBinaryLabelmap

from ..core.anatomy import SEGMENTS, Label
from ..core.volume import Box, Geometry
from .volumes import ijk_to_ras, transformed, world_transform

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
            any_modifier = style.type_modifier is None
            if kind == str(style.type) and (any_modifier or modifier == str(style.type_modifier)):
                return label
    name = tag(segment, LABEL_TAG)
    return Label[name.upper()] if name is not None else None


def fingerprint(node: Any, segment_id: str) -> str:
    """Short text that changes when a segment's voxels change: hash, place and size of its box."""
    found = _segment_box(node, segment_id)
    if found is None:
        return "empty"
    mask, own = found
    digest = hashlib.sha256(np.packbits(mask).tobytes()).hexdigest()[:16]
    place = ",".join(f"{x:.1f}" for x in own.ras_from_kji([0, 0, 0])[0])
    return f"{digest};{place};{'x'.join(map(str, mask.shape))}"


def _segment_box(node: Any, segment_id: str) -> tuple[np.ndarray, Geometry] | None:
    """Mask of a segment cropped to its voxels, and where it lies (without parent transforms)."""
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
    start = np.array(image.GetExtent()[::2])[::-1] + box.start
    own = Geometry(array.shape, slicer.util.arrayFromVTKMatrix(matrix))
    return mask[box.slices], own.cropped(Box(tuple(start), tuple(start + box.shape)))


def segment_center(node: Any, segment_id: str) -> tuple[float, float, float] | None:
    """Middle of a segment's voxels in RAS mm in world coordinates; None where it is empty."""
    found = _segment_box(node, segment_id)
    if found is None:
        return None
    mask, own = found
    center = own.ras_from_kji(np.argwhere(mask).mean(axis=0))
    if node.GetParentTransformNode() is not None:
        center = transformed(center, world_transform(node))
    return tuple(float(x) for x in center[0])


def paint(array: np.ndarray, value: int, node: Any, segment_id: str, volume_node: Any) -> None:
    """Set an array on the CT's grid to a value where a segment is.

    Where the segment lies on the same grid its voxels are taken as they are: the way over
    `slicer.util` adds nodes to the scene and loses 7 MB a call (measured, slicer-core 5.12).
    """
    found = _segment_box(node, segment_id)
    if found is None:
        return
    mask, own = found
    ct = Geometry(array.shape, ijk_to_ras(volume_node))
    start = ct.kji_from_ras(own.ras_from_kji([0, 0, 0]))[0]
    same_transform = node.GetTransformNodeID() == volume_node.GetTransformNodeID()
    same_axes = np.allclose(own.ijk_to_ras[:3, :3], ct.ijk_to_ras[:3, :3], atol=1e-4)
    if not (same_transform and same_axes and np.abs(start - start.round()).max() <= 0.01):
        whole = slicer.util.arrayFromSegmentBinaryLabelmap(node, segment_id, volume_node)
        array[whole > 0] = value
        return
    start = start.round().astype(int)
    low = np.maximum(start, 0)
    high = np.minimum(start + mask.shape, array.shape)
    if (high > low).all():
        inside = tuple(slice(a, b) for a, b in zip(low - start, high - start, strict=True))
        where = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
        array[where][mask[inside]] = value


def is_edited(node: Any, segment_id: str) -> bool:
    """Whether a segment that KidneySeg made has other voxels than when it was made."""
    stored = tag(node.GetSegmentation().GetSegment(segment_id), PRINT_TAG)
    return stored is not None and not same_print(stored, fingerprint(node, segment_id))


def any_edited(node: Any) -> bool:
    """Whether a segment of KidneySeg's was changed, or the user has added one."""
    segmentation = node.GetSegmentation()
    return any(
        tag(segmentation.GetSegment(s), PRINT_TAG) is None or is_edited(node, s)
        for s in segment_ids(node)
    )


def same_print(one: str, other: str) -> bool:
    """Compare fingerprints; places may differ by rounding when a file was saved and loaded."""
    a, b = one.split(";"), other.split(";")
    if len(a) != 3 or len(b) != 3:
        return one == other
    places = [np.array([float(x) for x in p[1].split(",")]) for p in (a, b)]
    return a[0] == b[0] and a[2] == b[2] and bool(np.abs(places[0] - places[1]).max() < 0.25)
