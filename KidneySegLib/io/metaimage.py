"""MetaImage (MHA, MHD with its data file), read by ITK after its checksum and place are checked.

Measured with SimpleITK 2.5.7: a ``.mha`` with one flipped byte is read as if it were whole, with
wrong voxels in the rest, so the checksum that the format carries is checked first.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..core.errors import InputError
from ..core.findings import Finding, warning
from ..core.source import Source
from ..core.volume import Volume
from .checks import damaged, require_3d, require_bytes, require_sane_size
from .grids import compare_sizes, sides_unknown, size_unknown
from .itk import geometry_from_sitk, simpleitk
from .paths import safe_files, safe_folder, shown

if TYPE_CHECKING:
    import SimpleITK as sitk

SUFFIXES = (".mha", ".mhd")
_BLOCK = 1 << 22
_HEADER_LIMIT = 1 << 16
_MATRIX_FIELDS = ("transformmatrix", "orientation", "rotation")
_AGAINST = dict(zip("RLAPIS", "LRPASI", strict=True))


def read_metaimage(path: Path) -> Volume:
    """Read a MetaImage with one 3D image.

    Returns
    -------
    Volume
        As stored, not yet on perpendicular axes; findings say what the header leaves open.

    Raises
    ------
    InputError
        If it is damaged, truncated, or not one 3D image.
    """
    sitk = simpleitk()
    fields = _require_whole(path)
    with _named(path) as name:
        reader = sitk.ImageFileReader()
        reader.SetFileName(name)
        try:
            reader.ReadImageInformation()
            size = reader.GetSize()
            require_3d(path, size, reader.GetNumberOfComponents())
            require_sane_size(path, math.prod(size))
            reader.SetExtractSize([*size[:3], *[0] * (len(size) - 3)])
            image = reader.Execute()
        except RuntimeError as error:
            raise damaged(path) from error
    known, findings = _position(fields, image)
    array = sitk.GetArrayFromImage(image)
    source = Source("MetaImage", sides_known=known)
    return Volume(array, geometry_from_sitk(image), findings, source)


@contextmanager
def _named(path: Path) -> Iterator[str]:
    """A name by which ITK can open the file, its data file beside it."""
    try:
        str(path.name).encode("utf-8")
    except UnicodeEncodeError:
        if path.suffix.lower() == ".mhd":
            raise InputError(
                f"The name '{shown(path.name)}' cannot be read here. Rename the file."
            ) from None
        with safe_files([path]) as (link,):
            yield str(link)
        return
    with safe_folder(path.parent) as folder:
        yield str(folder / path.name)


def _position(fields: dict[str, str], image: sitk.Image) -> tuple[bool, tuple[Finding, ...]]:
    """Whether a header says where right and left are, and what is in doubt."""
    findings: tuple[Finding, ...] = ()
    size = np.array(image.GetSpacing())
    for name in ("elementspacing", "elementsize"):
        stated = _numbers(fields.get(name, ""))
        if len(stated) >= 3:
            findings += compare_sizes(
                size, stated[:3], names=("what ITK reads", f"the field {name} of the header")
            )
    if "elementspacing" not in fields and "elementsize" not in fields:
        findings += (size_unknown(),)
    if not any(name in fields for name in _MATRIX_FIELDS):
        return False, (sides_unknown("its header has no TransformMatrix"), *findings)
    return True, findings + _named_orientation(fields, image)


def _named_orientation(fields: dict[str, str], image: sitk.Image) -> tuple[Finding, ...]:
    """Warn where the letters of AnatomicalOrientation say another thing than the matrix.

    ITK writes for each axis where it comes from: RAI is the identity in LPS.
    """
    letters = fields.get("anatomicalorientation", "").upper()
    if len(letters) != 3 or any(c not in _AGAINST for c in letters):
        return ()
    direction = np.array(image.GetDirection()).reshape(3, 3)
    own = ""
    for axis in range(3):
        row = int(np.abs(direction[:, axis]).argmax())
        own += ("RL", "AP", "IS")[row][0 if direction[row, axis] > 0 else 1]
    if own == letters:
        return ()
    return (
        warning(
            "two-positions",
            f"The file states two positions: its TransformMatrix ({own}) was used; the letters "
            f"of AnatomicalOrientation ({letters}) would turn or mirror the patient. Check the "
            "sides, or load the original DICOM series.",
        ),
    )


def _numbers(text: str) -> np.ndarray:
    """Numbers of a header field; empty where it holds none."""
    try:
        return np.array([float(x) for x in text.split()])
    except ValueError:
        return np.array([])


def _require_whole(path: Path) -> dict[str, str]:
    """Fields of the header (lower case names), once data and checksum are known to be whole."""
    try:
        with path.open("rb") as stream:
            fields, end = _header(stream.read(_HEADER_LIMIT))
        found = _data_bytes(path, fields, end)
    except (EOFError, OSError, zlib.error) as error:
        raise damaged(path) from error
    sizes, kind = _numbers(fields.get("dimsize", "")), fields.get("elementtype", "").upper()
    width = {"CHAR": 1, "SHORT": 2, "LONG_LONG": 8, "DOUBLE": 8}.get(
        kind.removeprefix("MET_").removeprefix("U"), 4
    )
    if found is not None and sizes.size:
        require_bytes(path, found, int(np.prod(sizes)) * width)
    return fields


def _data_bytes(path: Path, fields: dict[str, str], end: int) -> int | None:
    """Voxel bytes of a MetaImage; None where they are spread over several files."""
    data_file = fields.get("elementdatafile", "")
    if data_file.upper() == "LOCAL":
        source, start = path, end
    elif data_file and (path.parent / data_file).is_file():
        source, start = path.parent / data_file, 0
    elif data_file and " " not in data_file and "%" not in data_file:
        raise InputError(
            f"'{shown(path.name)}' is a header alone: its voxels are in '{shown(data_file)}', "
            "which is not there. Copy both files."
        )
    else:
        return None
    with source.open("rb") as stream:
        stream.seek(start)
        if fields.get("compresseddata", "").lower() != "true":
            return source.stat().st_size - start
        return _zlib_bytes(stream)


def _header(head: bytes) -> tuple[dict[str, str], int]:
    """Fields of a MetaImage header (lower case names), and where it ends."""
    fields, position = {}, 0
    while (line_end := head.find(b"\n", position)) >= 0:
        key, _, value = head[position:line_end].decode("latin-1").partition("=")
        fields[key.strip().lower()] = value.strip()
        position = line_end + 1
        if key.strip().lower() == "elementdatafile":
            break
    return fields, position


def _zlib_bytes(stream) -> int:
    """Bytes of a zlib stream; its checksum is checked on the way."""
    inflate, total = zlib.decompressobj(), 0
    while block := stream.read(_BLOCK):
        total += len(inflate.decompress(block))
    if not inflate.eof:
        raise EOFError("the compressed data ends too early")
    return total
