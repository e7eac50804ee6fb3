"""DICOM SEG: binary segments as one label map on their own grid, or on that of their CT."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...core.errors import InputError
from ...core.schemes import OVERLAP_ORDER, Role
from ...core.segment_names import role_of_name
from ...core.volume import Geometry, Volume
from ..grids import LPS_TO_RAS, perpendicular
from ..paths import shown
from .headers import lenient

_SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"
_SAME_PLACE_MM = 0.1


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
        frames = _inside(data, data.pixel_array.reshape(-1, int(data.Rows), int(data.Columns)))
        places = _places(data, len(frames))
        names = {int(s.SegmentNumber): _name(s) for s in data.SegmentSequence}
        if ct is not None:
            _require_own_ct(data, ct, path)
        own = _grid(data, places)
    grid = ct.geometry if ct is not None else own
    _require_parallel(own, grid, path)
    out = np.zeros(grid.shape, np.uint8)
    order = {n: OVERLAP_ORDER.index(role_of_name(name)) for n, name in names.items()}
    for frame in sorted(range(len(frames)), key=lambda f: order[places[f].segment]):
        k = _slice_of(grid, places[frame].position, frames[frame].shape, path)
        out[k][frames[frame]] = places[frame].segment
    return perpendicular(Volume(out, grid), labels=True), names


def _inside(data: Any, frames: np.ndarray) -> np.ndarray:
    """Voxels that belong to a segment: of fractions, half and more."""
    if str(data.get("SegmentationType", "BINARY")) != "FRACTIONAL":
        return frames > 0
    return frames.astype(np.uint16) * 2 >= int(data.get("MaximumFractionalValue", 255))


def _require_own_ct(data: Any, ct: Volume, path: Path) -> None:
    """Refuse segments that name slices of another CT than this one."""
    named = {
        str(item.ReferencedSOPInstanceUID)
        for series in data.get("ReferencedSeriesSequence", [])
        for item in series.get("ReferencedInstanceSequence", [])
    }
    own = set(ct.source.instance_uids) if ct.source else set()
    if named and own and not named & own:
        raise InputError(
            f"The segments of '{shown(path.name)}' were drawn on another series than this CT: none "
            "of the slices that they name is in it. Give the CT that they were drawn on."
        )


def _require_parallel(own: Geometry, grid: Geometry, path: Path) -> None:
    """Refuse segments whose rows, columns or pixels are not those of the CT."""
    rows, columns = (own.ijk_to_ras[:3, n] - grid.ijk_to_ras[:3, n] for n in (0, 1))
    reach = max(grid.shape[1:])
    if max(np.abs(rows).max(), np.abs(columns).max()) * reach > _SAME_PLACE_MM * 5:
        raise _other_slices(path)


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


@dataclass(frozen=True)
class _Frame:
    """A frame: its segment, place (LPS mm), orientation, pixel size; slice distance, thickness."""

    segment: int
    position: np.ndarray
    orientation: tuple[float, ...]
    pixel_mm: tuple[float, ...]
    step_mm: float
    thickness_mm: float


def _places(data: Any, count: int) -> list[_Frame]:
    """What each frame is of; what is not said for a frame is said for all."""
    shared = (data.get("SharedFunctionalGroupsSequence") or [None])[0]
    found = []
    for frame in list(data.PerFrameFunctionalGroupsSequence)[:count]:

        def group(name: str, frame: Any = frame) -> Any:
            own = frame.get(name) or (shared.get(name) if shared is not None else None)
            if not own:
                raise InputError(
                    f"The DICOM segmentation lacks the {name} of a frame. Export it again."
                )
            return own[0]

        measures = group("PixelMeasuresSequence")
        found.append(
            _Frame(
                int(group("SegmentIdentificationSequence").ReferencedSegmentNumber),
                np.array(group("PlanePositionSequence").ImagePositionPatient, dtype=float),
                tuple(map(float, group("PlaneOrientationSequence").ImageOrientationPatient)),
                tuple(map(float, measures.PixelSpacing)),
                float(measures.get("SpacingBetweenSlices") or 0),
                float(measures.get("SliceThickness") or 1),
            )
        )
    return found


def _grid(data: Any, frames: Sequence[_Frame]) -> Geometry:
    """Grid that frames span; slices that no segment is on are in it too."""
    first = frames[0]
    row, column = np.array(first.orientation[:3]), np.array(first.orientation[3:])
    normal = np.cross(row, column)
    heights = np.array([normal @ f.position for f in frames])
    gaps = np.diff(np.unique(np.round(heights, 3)))
    step = first.step_mm or float(gaps.min() if gaps.size else first.thickness_mm)
    matrix = np.eye(4)
    matrix[:3, 0], matrix[:3, 1] = row * first.pixel_mm[1], column * first.pixel_mm[0]
    matrix[:3, 2] = normal * step
    matrix[:3, 3] = frames[int(heights.argmin())].position
    count = int(np.rint(np.ptp(heights) / step)) + 1
    return Geometry((count, int(data.Rows), int(data.Columns)), LPS_TO_RAS @ matrix)


def _slice_of(grid: Geometry, position: np.ndarray, size: tuple[int, ...], path: Path) -> int:
    """Slice of a grid that a frame lies on."""
    k, j, i = grid.kji_from_ras((LPS_TO_RAS[:3, :3] @ position)[None])[0]
    off = np.abs([k - np.rint(k), j, i]) * grid.spacing_mm
    if off.max() > _SAME_PLACE_MM or not 0 <= np.rint(k) < grid.shape[0] or size != grid.shape[1:]:
        raise _other_slices(path)
    return int(np.rint(k))


def _other_slices(path: Path) -> InputError:
    """Message for segments that do not lie on a CT."""
    return InputError(
        f"The segments of '{shown(path.name)}' do not lie on the slices of the CT. Expected the CT "
        "that they were drawn on."
    )
