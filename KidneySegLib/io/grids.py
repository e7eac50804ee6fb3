"""Grids as files state them: made perpendicular, and compared where a file states two."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..core.errors import InputError
from ..core.findings import Finding, warning
from ..core.volume import Geometry, Volume, resample

LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
NEGLIGIBLE_DRIFT_MM = 0.3  # a third of a usual pixel, at the far end of the scan
_SAME_SIZE = 0.01  # sizes may differ by this share: a volume's error is then under 3 %
_IN_PLANE_DEGREES = 0.05
_TILT = (
    "The slices were shifted against each other (a tilted gantry, or a sheared position matrix). "
    "They were moved onto an upright grid, and the segmentation lies on that grid, not on the "
    "original slices."
)


def perpendicular(volume: Volume, *, labels: bool = False) -> Volume:
    """The volume on perpendicular axes, which label maps and networks need.

    What moves no voxel by more than `NEGLIGIBLE_DRIFT_MM` is put right in the matrix alone (the
    rounding of a converter); slices that are shifted against each other are moved back.

    Parameters
    ----------
    labels : bool
        The values are numbers of labels: they are moved, never mixed.

    Raises
    ------
    InputError
        If the rows and columns of a slice are not perpendicular.
    """
    geometry = volume.geometry
    squared = _squared(geometry.ijk_to_ras)
    if _drift_mm(geometry, squared) <= NEGLIGIBLE_DRIFT_MM:
        return replace(volume, geometry=Geometry(geometry.shape, squared))
    rows, columns = (geometry.ijk_to_ras[:3, n] for n in (0, 1))
    cosine = abs(rows @ columns) / np.linalg.norm(rows) / np.linalg.norm(columns)
    if np.degrees(np.arcsin(min(1.0, cosine))) > _IN_PLANE_DEGREES:
        raise InputError(
            "The rows and columns of the slices are not perpendicular (a sheared position "
            "matrix). Expected a regular grid: resample the image to one, or load the original "
            "DICOM series."
        )
    return straighten(volume, labels=labels)


def _squared(matrix: np.ndarray) -> np.ndarray:
    """The matrix with perpendicular axes: rows stay, slices are as far apart as their planes."""
    squared = matrix.copy()
    rows, columns, step = (matrix[:3, n] for n in range(3))
    size = np.linalg.norm(columns)
    columns = columns - rows * (columns @ rows) / (rows @ rows)
    squared[:3, 1] = columns * size / np.linalg.norm(columns)
    normal = np.cross(rows, columns)
    normal /= np.linalg.norm(normal)
    squared[:3, 2] = normal * (step @ normal)
    return squared


def _drift_mm(geometry: Geometry, matrix: np.ndarray) -> float:
    """How far another matrix moves the corner that it moves most, both centers in one place."""
    half = (np.array(geometry.shape[::-1]) - 1) / 2
    signs = np.array([(a, b, c) for a in (-1, 1) for b in (-1, 1) for c in (-1, 1)])
    change = matrix[:3, :3] - geometry.ijk_to_ras[:3, :3]
    return float(np.linalg.norm((signs * half) @ change.T, axis=1).max())


def straighten(volume: Volume, *, labels: bool = False) -> Volume:
    """Shift the slices of a tilted gantry's volume onto a grid with perpendicular axes.

    Each slice is interpolated in its own plane (labels are moved by whole voxels); outside the
    field the lowest value is put.
    """
    geometry = volume.geometry
    matrix = geometry.ijk_to_ras.copy()
    normal = np.cross(matrix[:3, 0], matrix[:3, 1])
    normal /= np.linalg.norm(normal)
    step = matrix[:3, 2]
    shift = step - normal * (step @ normal)
    plane = matrix[:3, :2]
    drift_ij = np.linalg.lstsq(plane, shift, rcond=None)[0]
    last = drift_ij * (geometry.shape[0] - 1)
    low, high = np.minimum(0, last), np.maximum(0, last)
    size = np.ceil(np.array(geometry.shape[:0:-1]) + high - low).astype(int)
    straight = matrix.copy()
    straight[:3, 2] = normal * (step @ normal)
    straight[:3, 3] = matrix[:3, 3] + plane @ np.floor(low)
    target = Geometry((geometry.shape[0], int(size[1]) + 1, int(size[0]) + 1), straight)
    out = np.full(target.shape, float(volume.array.min()), np.float32)
    for k in range(geometry.shape[0]):
        offset = drift_ij * k - np.floor(low)
        _place_slice(out[k], volume.array[k], np.round(offset) if labels else offset)
    source = replace(volume.source, nifti={}) if volume.source else None
    findings = (*volume.findings, warning("input-changed", _TILT))
    return Volume(np.rint(out).astype(np.int16), target, findings, source)


def _place_slice(out: np.ndarray, picture: np.ndarray, offset_ij: np.ndarray) -> None:
    """Draw a slice into a larger one at a fractional offset, linearly interpolated."""
    whole = np.floor(offset_ij).astype(int)
    grid = Geometry((1, *picture.shape), np.eye(4))
    moved = np.eye(4)
    moved[:2, 3] = whole - offset_ij
    target = Geometry((1, picture.shape[0] + 1, picture.shape[1] + 1), moved)
    part = resample(picture[None], grid, target)[0]
    rows = slice(whole[1], min(whole[1] + part.shape[0], out.shape[0]))
    columns = slice(whole[0], min(whole[0] + part.shape[1], out.shape[1]))
    out[rows, columns] = part[: rows.stop - rows.start, : columns.stop - columns.start]


def sides_unknown(what: str) -> Finding:
    """Warning that a file does not say how the patient lies.

    Parameters
    ----------
    what : str
        What the file lacks, such as "neither a qform nor an sform".
    """
    return warning(
        "sides-unknown",
        f"The file does not say how the patient lies ({what}): right and left are a guess, and so "
        "is what is up. Check the sides against what you know of the patient, or load the "
        "original DICOM series.",
    )


def size_unknown() -> Finding:
    """Warning that a file does not say how large its voxels are."""
    return warning(
        "size-unknown",
        "The file does not say how large its voxels are; 1 mm was taken. Volumes and diameters are "
        "worth nothing until the size is known: load the original DICOM series.",
    )


def compare_sizes(
    used: np.ndarray, other: np.ndarray, *, names: tuple[str, str]
) -> tuple[Finding, ...]:
    """Warn where a file states two voxel sizes that differ by more than 1 %.

    Parameters
    ----------
    used, other : (3,) float
        Voxel sizes in mm, ``(i, j, k)``.
    names : (str, str)
        What states each of them.
    """
    used, other = np.abs(used), np.abs(other)
    if not (np.isfinite(other).all() and (other > 0).all()):
        return ()
    if np.abs(other / used - 1).max() <= _SAME_SIZE:
        return ()
    change = 100 * (float(np.prod(other) / np.prod(used)) - 1)
    return (
        warning(
            "two-sizes",
            f"The file states two voxel sizes: {_size_text(used)} mm ({names[0]}), which was used, "
            f"and {_size_text(other)} mm ({names[1]}), by which every volume would change by "
            f"{change:+.0f} %. Find out which one is right, or load the original DICOM series.",
        ),
    )


def compare_directions(
    used: np.ndarray, other: np.ndarray, *, names: tuple[str, str]
) -> tuple[Finding, ...]:
    """Warn where a file states two positions of which one turns or mirrors the patient.

    Parameters
    ----------
    used, other : (4, 4) float
        Voxel index to RAS in mm.
    names : (str, str)
        What states each of them.
    """
    shape = (2, 2, 2)
    first, second = Geometry(shape, used).to_canonical(), Geometry(shape, other).to_canonical()
    if first == second:
        return ()
    mirrored = np.linalg.det(used[:3, :3]) * np.linalg.det(other[:3, :3]) < 0
    effect = "mirror the patient: right and left change places" if mirrored else "turn the patient"
    return (
        warning(
            "two-positions",
            f"The file states two positions: the one that was used ({names[0]}) and another "
            f"({names[1]}), which would {effect}. Check the sides against what you know of the "
            "patient, or load the original DICOM series.",
        ),
    )


def _size_text(size_mm: np.ndarray) -> str:
    """A voxel size as messages name it."""
    return " x ".join(f"{s:.3g}" for s in size_mm)
