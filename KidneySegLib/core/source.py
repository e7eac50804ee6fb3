"""What a volume was before it was read: enough to tie a result to its scan, no patient's name."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .volume import Geometry, Volume

_GRID_MM = 0.1  # formats round positions differently, by up to 0.001 mm
_OFF_ROUND_MM = 0.0317  # so that round positions, the usual ones, lie far from where it steps


@dataclass(frozen=True)
class Source:
    """Where a volume comes from.

    Attributes
    ----------
    kind : str
        Such as ``NIfTI`` or ``DICOM series``.
    sides_known : bool
        False where the file does not say how the patient lies: right and left are a guess.
    series_uid, study_uid : str
        DICOM identity; only their hashes are written anywhere.
    study_date : str
        ``2020-01-31``, empty where it is not known.
    series_number : int, optional
    description, kernel, phase : str
        Of the series: words of a fixed vocabulary (see ``io.dicom.text``), so that no name is
        among them.
    instance_numbers : tuple of int
        DICOM instance number of each slice ``k`` as stored; empty where there are none.
    instance_uids : tuple of str
        SOP instance UID of each slice ``k``, for DICOM objects that refer to them.
    slice_positions_mm : tuple of (float, float, float)
        Image Position (Patient) of each slice ``k`` as DICOM stores it (LPS), before slices of a
        tilted gantry were moved.
    nifti : mapping
        Header fields by which a NIfTI file says where it lies, to be written again as they were.
    others : tuple of str
        What else was there and was not taken, a line each.
    """

    kind: str
    sides_known: bool = True
    series_uid: str = ""
    study_uid: str = ""
    study_date: str = ""
    series_number: int | None = None
    description: str = ""
    kernel: str = ""
    phase: str = ""
    instance_numbers: tuple[int, ...] = ()
    instance_uids: tuple[str, ...] = ()
    slice_positions_mm: tuple[tuple[float, ...], ...] = ()
    nifti: Mapping[str, Any] = field(default_factory=dict)
    others: tuple[str, ...] = ()


def fingerprint(volume: Volume) -> str:
    """SHA-256 of a CT's voxels and place, the same whatever format and axis order it comes in.

    Densities count as whole HU in canonical order, the corners of the grid to 0.1 mm.
    """
    return _joined(volume, voxels_fingerprint(volume))


def _joined(volume: Volume, voxels: str) -> str:
    """Hash of a grid and of the voxels' hash."""
    text = _grid_text(volume.canonical().geometry) + voxels
    return hashlib.sha256(text.encode()).hexdigest()


def voxels_fingerprint(volume: Volume) -> str:
    """SHA-256 of a CT's voxels in canonical order, wherever they lie."""
    canonical = volume.canonical()
    digest = hashlib.sha256(str(canonical.array.shape).encode())
    for plane in canonical.array:
        digest.update(np.ascontiguousarray(_whole_hu(plane)).data)
    return digest.hexdigest()


def _whole_hu(plane: np.ndarray) -> np.ndarray:
    """Densities as int16, whole HU."""
    if plane.dtype == np.int16:
        return plane
    if plane.dtype.kind == "f":
        plane = np.rint(np.nan_to_num(plane))
    return np.clip(plane, -32768, 32767).astype(np.int16)


def _grid_text(geometry: Geometry) -> str:
    """Shape and corners of a grid as text."""
    ends = geometry.ras_from_kji([[0, 0, 0], [n - 1 for n in geometry.shape]])
    corners = np.floor((ends + _OFF_ROUND_MM) / _GRID_MM).astype(int)
    return f"{geometry.shape} {corners.tolist()}"


def without_date(volume: Volume) -> Volume:
    """The volume without its study's date."""
    if volume.source is None:
        return volume
    return replace(volume, source=replace(volume.source, study_date=""))


def describe_input(volume: Volume) -> dict[str, Any]:
    """What a result's record keeps of its CT (as it was read), for JSON: no name, path or UID."""
    source = volume.source or Source("unknown")
    spacing = volume.geometry.spacing_mm[::-1]
    voxels = voxels_fingerprint(volume)
    return {
        "sha256": _joined(volume, voxels),
        "voxels_sha256": voxels,
        "kind": source.kind,
        "sides_known": source.sides_known,
        "grid": {
            "size": list(volume.geometry.shape[::-1]),
            "spacing_mm": [round(float(s), 4) for s in spacing],
            "ijk_to_ras": [[round(float(x), 4) for x in row] for row in volume.geometry.ijk_to_ras],
        },
        "series_uid_sha256": _hashed(source.series_uid),
        "study_date": source.study_date,
        "series_number": source.series_number,
        "description": source.description,
        "kernel": source.kernel,
        "phase": source.phase,
        "slices": _slice_range(source),
        "not_taken": list(source.others),
    }


def _slice_range(source: Source) -> list[int]:
    """First and last instance number; empty where there are none."""
    numbers = source.instance_numbers
    return [min(numbers), max(numbers)] if numbers else []


def _hashed(uid: str) -> str:
    """SHA-256 of a UID; empty for none."""
    return hashlib.sha256(uid.encode()).hexdigest() if uid else ""
