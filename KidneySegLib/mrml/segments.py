"""One segment of a segmentation node: its tags, what it is, and whether the user has edited it."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import slicer
import vtk
from slicer.util import arrayFromSegmentInternalBinaryLabelmap

from ..core.anatomy import KIDNEY_OF_SIDE, SEGMENTS, Label
from ..core.volume import Box, Geometry
from .volumes import ijk_to_ras, transformed, world_transform

LABEL_TAG = "KidneySeg.Label"
PRINT_TAG = "KidneySeg.Fingerprint"
KEPT_TAG = "KidneySeg.Kept"  # of earlier versions: counts only where a run found nothing
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


def names_no_side(segment: Any) -> bool:
    """Whether a segment is a kidney by its terminology that says neither right nor left."""
    codes = (tag(segment, TERMINOLOGY_TAG) or "").split("~")
    kidney = str(SEGMENTS[Label.RIGHT_KIDNEY].type)
    return len(codes) >= 4 and codes[2] == kidney and label_of(segment) is None


def is_measured(segment: Any) -> bool:
    """Whether a segment is a kidney, tumor or cyst."""
    return label_of(segment) is not None or names_no_side(segment)


def label_text(segment: Any) -> str:
    """What a segment is, as tags and records spell it; empty where it is something else."""
    label = label_of(segment)
    if label is not None:
        return label.name.lower()
    return "kidney" if names_no_side(segment) else ""


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


def segment_ml(node: Any, segment_id: str) -> float:
    """Volume of a segment in mL, parent transforms counted where they are linear."""
    found = _segment_box(node, segment_id)
    if found is None:
        return 0.0
    mask, own = found
    parent, matrix = node.GetParentTransformNode(), vtk.vtkMatrix4x4()
    if parent is not None and parent.IsTransformToWorldLinear():
        parent.GetMatrixTransformToWorld(matrix)
    return float(mask.sum()) * own.voxel_volume_ml * abs(matrix.Determinant())


def middle_r(node: Any, volume_node: Any) -> float:
    """R in world coordinates half way between both kidneys, else in the middle of the CT."""
    centers = {}
    for segment_id in segment_ids(node):
        label = label_of(node.GetSegmentation().GetSegment(segment_id))
        center = segment_center(node, segment_id)
        if label in KIDNEY_OF_SIDE.values() and center is not None:
            centers[label] = center[0]
    if len(centers) == 2:
        return sum(centers.values()) / 2
    bounds = [0.0] * 6
    volume_node.GetRASBounds(bounds)
    return (bounds[0] + bounds[1]) / 2


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


def same_print(one: str, other: str) -> bool:
    """Compare fingerprints; places may differ by rounding when a file was saved and loaded."""
    a, b = one.split(";"), other.split(";")
    if len(a) != 3 or len(b) != 3:
        return one == other
    places = [np.array([float(x) for x in p[1].split(",")]) for p in (a, b)]
    return a[0] == b[0] and a[2] == b[2] and bool(np.abs(places[0] - places[1]).max() < 0.25)
