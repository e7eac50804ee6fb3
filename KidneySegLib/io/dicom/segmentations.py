"""DICOM SEG: binary segments as one label map on their own grid, or on that of their CT."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import InputError
from ...labels import Role, role_of_name
from ...volume import Geometry, Volume
from ..grids import LPS_TO_RAS, perpendicular
from ..paths import shown
from .headers import lenient

_SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"
_SAME_PLACE_MM = 0.1
_ORDER = (Role.OTHER, Role.KIDNEY, Role.RIGHT_KIDNEY, Role.LEFT_KIDNEY, Role.CYST, Role.TUMOR)


def read_dicom_seg(path: Path, ct: Volume | None = None) -> tuple[Volume, dict[int, str]]:
    """Read a DICOM SEG file.

    Parameters
    ----------
    ct : Volume, optional
        Its grid is used; without it the grid that the segments' frames span.

    Returns
    -------
    volume : Volume
        One number a segment; where they overlap, tumor wins over cyst, cyst over kidney.
    names : dict
        Names of the numbers.

    Raises
    ------
    InputError
        If it is another DICOM object, or its frames do not lie on the CT's slices.
    """
    import pydicom

    with lenient(), path.open("rb") as stream:
        data = pydicom.dcmread(stream, force=True)
        if str(data.get("SOPClassUID", "")) != _SEGMENTATION:
            raise InputError(
                f"'{shown(path.name)}' is no DICOM segmentation (SEG). Expected a SEG object or a "
                "label map file."
            )
        frames = data.pixel_array.reshape(-1, int(data.Rows), int(data.Columns))
        places = _places(data, len(frames))
        names = {int(s.SegmentNumber): _name(s) for s in data.SegmentSequence}
    grid = ct.geometry if ct is not None else _grid(data, [p for _, p in places])
    out = np.zeros(grid.shape, np.uint8)
    order = {n: _ORDER.index(role_of_name(name)) for n, name in names.items()}
    for frame in sorted(range(len(frames)), key=lambda f: order[places[f][0]]):
        number, position = places[frame]
        k = _slice_of(grid, position, frames[frame].shape, path)
        out[k][frames[frame] > 0] = number
    return perpendicular(Volume(out, grid)), names


def _name(segment: Any) -> str:
    """A segment's name from its codes and label: type, region and their sides."""
    words = [str(segment.get("SegmentLabel", ""))]
    coded = role_of_name(_coded(segment))
    if coded is Role.OTHER or coded.fits(role_of_name(words[0])):
        return words[0] if role_of_name(words[0]) is not Role.OTHER else _coded(segment)
    if role_of_name(words[0]) is Role.OTHER:
        return coded.value
    raise InputError(
        f"The segment '{shown(words[0])}' has the codes of another structure "
        f"({coded.value.replace('_', ' ')}). Correct its label or its codes."
    )


def _coded(segment: Any) -> str:
    """Meanings of a segment's type and region with their modifiers."""
    words = []
    for item in (
        *segment.get("SegmentedPropertyTypeCodeSequence", []),
        *segment.get("AnatomicRegionSequence", []),
    ):
        words.append(str(item.get("CodeMeaning", "")))
        for name in (
            "SegmentedPropertyTypeModifierCodeSequence",
            "AnatomicRegionModifierSequence",
        ):
            words += [str(m.get("CodeMeaning", "")) for m in item.get(name, [])]
    return " ".join(words)


def _places(data: Any, count: int) -> list[tuple[int, np.ndarray]]:
    """Segment number and position (LPS mm) of each frame."""
    shared = data.SharedFunctionalGroupsSequence[0]
    found = []
    for frame in list(data.PerFrameFunctionalGroupsSequence)[:count]:
        identified = frame.get("SegmentIdentificationSequence") or shared.get(
            "SegmentIdentificationSequence"
        )
        plane = frame.get("PlanePositionSequence") or shared.get("PlanePositionSequence")
        position = np.array([float(x) for x in plane[0].ImagePositionPatient])
        found.append((int(identified[0].ReferencedSegmentNumber), position))
    return found


def _grid(data: Any, positions: Sequence[np.ndarray]) -> Geometry:
    """Grid that frames span; slices that no segment is on are in it too."""
    shared = data.SharedFunctionalGroupsSequence[0]
    measures = shared.PixelMeasuresSequence[0]
    orientation = [float(x) for x in shared.PlaneOrientationSequence[0].ImageOrientationPatient]
    row, column = np.array(orientation[:3]), np.array(orientation[3:])
    normal = np.cross(row, column)
    heights = np.array([normal @ p for p in positions])
    gaps = np.diff(np.unique(np.round(heights, 3)))
    step = float(measures.get("SpacingBetweenSlices") or 0) or float(
        gaps.min() if gaps.size else measures.SliceThickness
    )
    pixel = [float(x) for x in measures.PixelSpacing]
    matrix = np.eye(4)
    matrix[:3, 0], matrix[:3, 1] = row * pixel[1], column * pixel[0]
    matrix[:3, 2] = normal * step
    matrix[:3, 3] = positions[int(heights.argmin())]
    count = int(np.rint(np.ptp(heights) / step)) + 1
    return Geometry((count, int(data.Rows), int(data.Columns)), LPS_TO_RAS @ matrix)


def _slice_of(grid: Geometry, position: np.ndarray, size: tuple[int, ...], path: Path) -> int:
    """Slice of a grid that a frame lies on."""
    k, j, i = grid.kji_from_ras((LPS_TO_RAS[:3, :3] @ position)[None])[0]
    off = np.abs([k - np.rint(k), j, i]) * grid.spacing_mm
    if off.max() > _SAME_PLACE_MM or not 0 <= np.rint(k) < grid.shape[0] or size != grid.shape[1:]:
        raise InputError(
            f"The segments of '{shown(path.name)}' do not lie on the slices of the CT. Expected "
            "the CT that they were drawn on."
        )
    return int(np.rint(k))
