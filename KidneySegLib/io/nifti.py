"""NIfTI-1 and NIfTI-2: where the voxels lie when a file says it twice, and voxels read once.

A NIfTI file may hold three statements about its place: sform, qform and pixdim. The field's tools
(nibabel, FSL, MONAI) take the sform where its code is not 0, else the qform; ITK takes them in
another order for some codes. Where the others would change sides or sizes, a finding says so.
https://nifti.nimh.nih.gov/nifti-1/documentation/nifti1fields/nifti1fields_pages/qsform.html
"""

from __future__ import annotations

import itertools
import math
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..core.errors import InputError
from ..core.findings import Finding, warning
from ..core.source import Source
from ..core.volume import Geometry, Volume
from .checks import damaged, require_3d, require_bytes, require_sane_size
from .grids import compare_directions, compare_sizes, sides_unknown
from .paths import shown

SUFFIXES = (".nii.gz", ".nii", ".hdr")
_PLACE_FIELDS = (
    "qform_code", "sform_code", "quatern_b", "quatern_c", "quatern_d", "qoffset_x", "qoffset_y",
    "qoffset_z", "srow_x", "srow_y", "srow_z",
)  # fmt: skip
_BLOCK = 1 << 22
_HEADER_BYTES = 544  # NIfTI-2 with its extension flag
_GZIP = b"\x1f\x8b"
_UNIT_MM = {1: 1000.0, 2: 1.0, 3: 0.001}  # meter, mm, micrometer (xyzt_units, lowest 3 bits)
_PLAUSIBLE_MM = (0.05, 30.0)


def read_nifti(path: Path) -> Volume:
    """Read a NIfTI file, or the pair of an ``.hdr`` and an ``.img`` file.

    Returns
    -------
    Volume
        Values with the header's slope and intercept applied (float32 then), not yet on
        perpendicular axes; findings say what the header leaves open.

    Raises
    ------
    InputError
        If it is damaged, truncated, or not one 3D image.
    """
    header, blocks = _open(path)
    shape = tuple(int(n) for n in header.get_data_shape())
    dtype = header.get_data_dtype()
    require_3d(path, shape, 1 if dtype.fields is None else len(dtype.fields))
    if dtype.kind not in "iuf":
        raise InputError(
            f"'{shown(path.name)}' holds numbers of the kind {dtype}. Expected a CT with one "
            "density a voxel."
        )
    expected = math.prod(shape) * dtype.itemsize
    require_sane_size(path, expected)
    start = int(header.get_data_offset()) if _is_single(header) else 0
    try:
        payload, found = _payload(blocks, start, expected)
    except (EOFError, zlib.error, OSError) as error:
        raise damaged(path) from error
    require_bytes(path, found, expected)
    array = payload.view(dtype).reshape(shape[2::-1])
    if not dtype.isnative:
        array = array.astype(dtype.newbyteorder("="))
    matrix, known, findings = _position(header)
    source = Source("NIfTI", sides_known=known, nifti=_place_of(header))
    return Volume(_scaled(array, header), Geometry(array.shape, matrix), findings, source)


def _open(path: Path) -> tuple[Any, Iterator[bytes]]:
    """Header, and the bytes of the file that holds the voxels."""
    from nibabel import Nifti1Header, Nifti2Header
    from nibabel.spatialimages import HeaderDataError

    blocks = _blocks(path)
    try:
        head = b""
        while len(head) < _HEADER_BYTES and (block := next(blocks, b"")):
            head += block
    except (EOFError, zlib.error, OSError) as error:
        raise damaged(path) from error
    for kind in (Nifti1Header, Nifti2Header):
        size = kind.sizeof_hdr
        little, big = (size.to_bytes(4, order) for order in ("little", "big"))
        if head[:4] not in (little, big) or len(head) < size:
            continue
        header = kind(head[:size], "<" if head[:4] == little else ">", check=False)
        if bytes(header["magic"])[:2] not in (b"n+", b"ni"):
            raise InputError(
                f"'{shown(path.name)}' is an Analyze file, which does not say where right and left "
                "are. Expected NIfTI; convert the original DICOM series."
            )
        try:
            header.get_data_dtype(), header.get_data_shape()
        except (HeaderDataError, ValueError, KeyError) as error:
            raise damaged(path) from error
        if _is_single(header):
            return header, itertools.chain([head], blocks)
        return header, _blocks(_image_of(path))
    raise damaged(path)


def _is_single(header: Any) -> bool:
    """Whether header and voxels are in one file."""
    return bytes(header["magic"])[:2] == b"n+"


def _image_of(path: Path) -> Path:
    """The file with the voxels that belongs to an ``.hdr`` file."""
    for ending in (".img", ".img.gz", ".IMG"):
        image = path.with_name(path.name[: -len(".hdr")] + ending)
        if image.is_file():
            return image
    raise InputError(
        f"'{shown(path.name)}' is the header of a NIfTI pair, and its .img file is not beside it. "
        "Copy both files."
    )


def _blocks(path: Path) -> Iterator[bytes]:
    """A file's bytes, decompressed where it is gzip; checksums are checked on the way.

    Raises
    ------
    EOFError, zlib.error, OSError
        If the data ends too early or is damaged.
    """
    with path.open("rb") as stream:
        data = stream.read(_BLOCK)
        if not data.startswith(_GZIP):
            while data:
                yield data
                data = stream.read(_BLOCK)
            return
        inflate = zlib.decompressobj(31)
        while data:
            yield inflate.decompress(data, _BLOCK)
            data = inflate.unconsumed_tail
            if inflate.eof:
                rest = inflate.unused_data or stream.read(_BLOCK)
                if not rest.startswith(_GZIP):
                    return  # padding after the last member
                inflate, data = zlib.decompressobj(31), rest
            elif not data:
                data = stream.read(_BLOCK)
        yield inflate.flush()
        if not inflate.eof:
            raise EOFError("the compressed data ends too early")


def _payload(blocks: Iterator[bytes], start: int, count: int) -> tuple[np.ndarray, int]:
    """``count`` bytes from ``start`` on, and how many there really are; reads to the end."""
    out, at = np.empty(count, np.uint8), 0
    for block in blocks:
        part = memoryview(block)[start:]
        start = max(0, start - len(block))
        take = min(len(part), count - at)
        out[at : at + take] = np.frombuffer(part[:take], np.uint8)
        at += take
    return out, at


def _scaled(array: np.ndarray, header: Any) -> np.ndarray:
    """Values with slope and intercept applied, float32 as ITK has them; as stored without any."""
    slope, intercept = (float(header[name]) for name in ("scl_slope", "scl_inter"))
    if slope == 0 or not math.isfinite(slope) or not math.isfinite(intercept):
        return array
    if (slope, intercept) == (1, 0):
        return array
    out = np.empty(array.shape, np.float32)
    for plane, stored in zip(out, array, strict=True):
        plane[:] = stored.astype(np.float64) * slope + intercept
    return out


def _place_of(header: Any) -> dict[str, Any]:
    """The fields by which a header says where the image lies."""
    place = {name: header[name].copy() for name in _PLACE_FIELDS}
    return place | {"pixdim": header["pixdim"][:4].copy(), "xyzt_units": int(header["xyzt_units"])}


def _position(header: Any) -> tuple[np.ndarray, bool, tuple[Finding, ...]]:
    """Matrix to RAS in mm, whether it says where right and left are, and what is in doubt."""
    sform, qform = _form(header, "sform"), _form(header, "qform")
    size = np.abs(header["pixdim"][1:4].astype(np.float64))
    scale, findings = _unit(header, sform if sform is not None else np.diag([*size, 1.0]))
    broken = [n for n, m in (("sform", sform), ("qform", qform)) if m is None and _code(header, n)]
    if broken and (sform is not None or qform is not None):
        used = "sform" if sform is not None else "qform"
        findings += (
            warning(
                "position-invalid",
                f"The file states its position twice, and one of them ({broken[0]}) is no position "
                f"at all. The other one ({used}) was used. Check the sides.",
            ),
        )
    if sform is not None:
        if qform is not None:
            findings += compare_directions(sform, qform, names=("sform", "qform"))
        findings += compare_sizes(
            _sizes(sform, like=size) * scale, size * scale, names=("sform", "pixdim")
        )
    elif qform is not None:
        findings += _uncoded(header, qform)
    matrix = sform if sform is not None else qform
    if matrix is not None:
        return np.diag([scale] * 3 + [1.0]) @ matrix, True, findings
    # What nibabel and FSL assume: the first axis runs to the patient's left.
    matrix = np.diag([*(size * (-1, 1, 1)), 1.0])
    matrix[:3, 3] = -matrix[:3, :3] @ ((np.array(header.get_data_shape()[:3]) - 1) / 2)
    unknown = sides_unknown("its NIfTI header has neither a valid sform nor a valid qform")
    return np.diag([scale] * 3 + [1.0]) @ matrix, False, (unknown, *findings)


def _uncoded(header: Any, qform: np.ndarray) -> tuple[Finding, ...]:
    """What an sform says that is filled in but whose code is 0, where it contradicts the qform."""
    if _code(header, "sform"):
        return ()
    rows = np.array([header[f"srow_{axis}"] for axis in "xyz"], dtype=np.float64)
    matrix = np.vstack([rows, [0, 0, 0, 1]])
    default = np.array_equal(np.abs(matrix[:3, :3]), np.eye(3))
    if default or not np.isfinite(matrix).all() or abs(np.linalg.det(matrix[:3, :3])) < 1e-12:
        return ()
    names = ("qform", "sform with code 0")
    sizes = [np.linalg.norm(m[:3, :3], axis=0) for m in (qform, matrix)]
    return (*compare_directions(qform, matrix, names=names), *compare_sizes(*sizes, names=names))


def _sizes(matrix: np.ndarray, *, like: np.ndarray) -> np.ndarray:
    """Voxel sizes of a matrix; of tilted slices their distance, where that is what pixdim holds."""
    steps = np.linalg.norm(matrix[:3, :3], axis=0)
    heights = 1 / np.linalg.norm(np.linalg.inv(matrix[:3, :3]), axis=1)
    return np.where(np.abs(heights - like) < np.abs(steps - like), heights, steps)


def _code(header: Any, form: str) -> bool:
    """Whether a form claims to be valid."""
    return int(header[f"{form}_code"]) > 0


def _form(header: Any, form: str) -> np.ndarray | None:
    """Matrix of a form; None where its code is 0 or it is no position."""
    from nibabel.spatialimages import HeaderDataError

    if not _code(header, form):
        return None
    try:
        matrix = np.array(getattr(header, f"get_{form}")(), dtype=np.float64)
    except (HeaderDataError, ValueError):  # a quaternion longer than 1
        return None
    valid = np.isfinite(matrix).all() and abs(np.linalg.det(matrix[:3, :3])) > 1e-12
    return matrix if valid else None


def _unit(header: Any, matrix: np.ndarray) -> tuple[float, tuple[Finding, ...]]:
    """What turns a header's lengths into mm, and a warning where its unit cannot be right."""
    scale = _UNIT_MM.get(int(header["xyzt_units"]) & 7, 1.0)
    size = np.linalg.norm(matrix[:3, :3], axis=0)
    low, high = _PLAUSIBLE_MM
    if scale == 1 or ((size * scale > low) & (size * scale < high)).all():
        return scale, ()
    text = (
        f"The file's header gives lengths in units of {scale:g} mm, so that a voxel would measure "
        f"{size.max() * scale:.3g} mm. They were taken as mm. Check the voxel size."
    )
    return 1.0, (warning("two-sizes", text),)
