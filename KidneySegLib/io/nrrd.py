"""NRRD, attached and detached: voxels, place, and the header's own words (Slicer's segments).

https://teem.sourceforge.net/nrrd/format.html
"""

from __future__ import annotations

import math
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from ..core.errors import InputError
from ..core.findings import Finding, warning
from ..core.source import Source
from ..core.volume import Geometry, Volume
from .checks import damaged, require_3d, require_sane_size
from .grids import LPS_TO_RAS, compare_sizes, sides_unknown, size_unknown
from .paths import shown

SUFFIXES = (".nrrd", ".nhdr")
_PATIENT_SPACES = {
    "left-posterior-superior": LPS_TO_RAS,
    "lps": LPS_TO_RAS,
    "right-anterior-superior": np.eye(4),
    "ras": np.eye(4),
    "left-anterior-superior": np.diag([-1.0, 1.0, 1.0, 1.0]),
    "las": np.diag([-1.0, 1.0, 1.0, 1.0]),
}
_UNIT_MM = {"mm": 1.0, "millimeter": 1.0, "millimeters": 1.0, "cm": 10.0, "m": 1000.0, "um": 1e-3}
_COMPONENTS = ("vector", "color", "point", "normal", "matrix", "quaternion", "complex", "gradient")


def read_nrrd(path: Path) -> Volume:
    """Read an NRRD file with one 3D image.

    Returns
    -------
    Volume
        As stored, not yet on perpendicular axes; findings say what the header leaves open.

    Raises
    ------
    InputError
        If it is damaged, truncated, or not one 3D image.
    """
    header = read_header(path)
    sizes = tuple(int(n) for n in header["sizes"])
    kinds = [str(k).lower() for k in header.get("kinds", [])]
    lead = sizes[0] if kinds and any(word in kinds[0] for word in _COMPONENTS) else 1
    require_3d(path, sizes[1:] if lead > 1 else sizes, lead)
    array = _read_array(path, header)
    array = array.reshape([n for n in array.shape if n > 1])
    matrix, known, findings = _position(header, _spatial_axes(header))
    source = Source("NRRD", sides_known=known)
    return Volume(array, Geometry(array.shape, matrix), findings, source)


def read_header(path: Path) -> dict[str, Any]:
    """Fields of an NRRD header, names as the format spells them.

    Raises
    ------
    InputError
        If it is not an NRRD header.
    """
    import nrrd

    try:
        header = dict(nrrd.read_header(str(path)))
        math.prod(int(n) for n in header["sizes"])
    except (nrrd.NRRDError, ValueError, KeyError, IndexError, TypeError, OSError) as error:
        raise damaged(path) from error
    return header


def read_layers(path: Path, header: dict[str, Any]) -> np.ndarray:
    """All layers of a Slicer segmentation as stored.

    Returns
    -------
    (layers, k, j, i) array
        One layer where the file has no axis of layers.
    """
    array = _read_array(path, header)
    if array.ndim == 3:
        return array[None]
    return np.moveaxis(array, -1, 0)


def _read_array(path: Path, header: dict[str, Any]) -> np.ndarray:
    """Voxels, last axis of the header first; native byte order."""
    import nrrd

    sizes = [int(n) for n in header["sizes"]]
    require_sane_size(path, math.prod(sizes))
    missing = _missing_data_file(path, header)
    if missing:
        raise InputError(
            f"'{shown(path.name)}' is a header alone: its voxels are in '{shown(missing)}', which "
            "is not there. Copy both files."
        )
    try:
        array, _ = nrrd.read(str(path), index_order="C")
    except (nrrd.NRRDError, ValueError, KeyError, EOFError, OSError, zlib.error) as error:
        raise damaged(path) from error
    if array.shape != tuple(sizes[::-1]):
        raise damaged(path)
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def _missing_data_file(path: Path, header: dict[str, Any]) -> str:
    """Name of a detached data file that is not there; empty where all is well."""
    name = str(header.get("data file", header.get("datafile", "")))
    if not name or name.startswith("LIST") or "%" in name:
        return ""
    return "" if (path.parent / name).is_file() else name


def _spatial_axes(header: dict[str, Any]) -> list[int]:
    """The three axes of the header (fastest first) that are space."""
    return [n for n, size in enumerate(header["sizes"]) if int(size) > 1]


def position_of(header: dict[str, Any], axes: list[int]) -> tuple[np.ndarray, bool]:
    """Matrix to RAS in mm of three axes, and whether the header says where the patient lies."""
    matrix, known, _ = _position(header, axes)
    return matrix, known


def _position(
    header: dict[str, Any], axes: list[int]
) -> tuple[np.ndarray, bool, tuple[Finding, ...]]:
    """Matrix to RAS in mm, whether it says where right and left are, and what is in doubt."""
    spacings = np.asarray(header.get("spacings", [np.nan] * len(header["sizes"])), float)[axes]
    directions = header.get("space directions")
    space = str(header.get("space", "")).lower().removesuffix("-time")
    to_ras = _PATIENT_SPACES.get(space)
    matrix = np.eye(4)
    if directions is None:
        matrix[:3, :3] = np.diag(np.where(np.isfinite(spacings), spacings, 1.0))
        lack = sides_unknown("its NRRD header has no 'space directions'")
        findings = (lack,) if np.isfinite(spacings).all() else (lack, size_unknown())
        return LPS_TO_RAS @ matrix, False, findings
    rows = [directions[n] for n in axes]
    if any(row is None or not np.isfinite(np.asarray(row, float)).all() for row in rows):
        raise InputError(
            "An axis of the image has no direction in its NRRD header. Expected three axes of "
            "space; export the CT again."
        )
    scale, unit_findings = _unit(header)
    matrix[:3, :3] = np.array(rows, float).T[:3] * scale
    origin = np.asarray(header.get("space origin", [0, 0, 0]), float)[:3]
    matrix[:3, 3] = np.nan_to_num(origin) * scale
    size = np.linalg.norm(matrix[:3, :3], axis=0)
    findings = compare_sizes(size, spacings * scale, names=("space directions", "spacings"))
    if to_ras is None:
        what = f"its NRRD header names the space '{space}'" if space else "it names no space"
        return LPS_TO_RAS @ matrix, False, (sides_unknown(what), *findings, *unit_findings)
    return to_ras @ matrix, True, (*findings, *unit_findings)


def _unit(header: dict[str, Any]) -> tuple[float, tuple[Finding, ...]]:
    """What turns the header's lengths into mm, and a warning for a unit that is not known."""
    units = {str(u).strip('" ').lower() for u in header.get("space units", [])} - {""}
    if not units:
        return 1.0, ()
    unit = units.pop()
    if units or unit not in _UNIT_MM:
        text = (
            f"The file gives lengths in '{unit}', which is not known here; they were taken as mm. "
            "Check the voxel size."
        )
        return 1.0, (warning("two-sizes", text),)
    return _UNIT_MM[unit], ()
