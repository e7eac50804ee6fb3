"""CT volumes and label maps from files of any format; DICOM goes through `io.dicom`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from ..core.errors import GeometryError, InputError
from ..core.volume import Volume
from ..io import metaimage, nifti, nrrd
from .grids import perpendicular
from .paths import shown

_READERS: dict[str, Callable[[Path], Volume]] = {
    **dict.fromkeys(nifti.SUFFIXES, nifti.read_nifti),
    **dict.fromkeys(nrrd.SUFFIXES, nrrd.read_nrrd),
    **dict.fromkeys(metaimage.SUFFIXES, metaimage.read_metaimage),
}
IMAGE_SUFFIXES = tuple(_READERS)


def is_image_file(path: Path) -> bool:
    """True for a file name that a volume reader understands."""
    return path.name.lower().endswith(IMAGE_SUFFIXES)


def case_name(path: Path) -> str:
    """File name without the image suffix."""
    for suffix in IMAGE_SUFFIXES:
        if path.name.lower().endswith(suffix):
            return path.name[: -len(suffix)]
    return path.name


def read_volume(path: Path | str, *, series: str | None = None) -> Volume:
    """Read a CT from a file or a DICOM folder.

    Parameters
    ----------
    path : Path
        NIfTI, NRRD, MHA or MHD file; a folder with DICOM files, one DICOM file (its series is
        read), a DICOMDIR file, or a ZIP file with a DICOM series or one image file.
    series : str, optional
        DICOM series to choose: its instance UID, or its number.

    Returns
    -------
    Volume
        HU as stored (rescale slope and intercept applied), on perpendicular axes. Its findings say
        what had to be decided or changed.

    Raises
    ------
    InputError
        If nothing is there, or it is not a readable 3D image.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"There is no file or folder '{shown(path)}'. Check the path.")
    if path.is_file() and is_image_file(path):
        return _read_image(path)
    from .dicom import read_folder, read_series_of
    from .dicom.headers import is_dicom_file

    if path.is_dir():
        return read_folder(path, series=series)
    if path.suffix.lower() == ".zip":
        from .archive import unpacked

        with unpacked(path) as inside:
            return read_volume(inside, series=series)
    if path.name.upper() == "DICOMDIR":
        return read_folder(path.parent, series=series)
    if is_dicom_file(path):
        return read_series_of(path, series=series)
    raise InputError(
        f"'{shown(path.name)}' is not an image that can be read. Expected a DICOM folder, a ZIP "
        f"file of one, or one of {', '.join(IMAGE_SUFFIXES)}."
    )


def _read_image(path: Path, *, labels: bool = False) -> Volume:
    """Read an image file, on perpendicular axes."""
    reader = next(r for suffix, r in _READERS.items() if path.name.lower().endswith(suffix))
    try:
        return perpendicular(reader(path), labels=labels)
    except GeometryError as error:
        raise InputError(f"'{shown(path.name)}': {error}") from error


def read_labels(path: Path | str) -> Volume:
    """Read a label map with whole-number labels.

    Raises
    ------
    InputError
        If the file is no 3D image or holds values that are not whole numbers in 0..255.
    """
    path = Path(path)
    if not (path.is_file() and is_image_file(path)):
        raise InputError(
            f"There is no label map '{shown(path)}'. Expected one of {', '.join(IMAGE_SUFFIXES)}."
        )
    return as_labels(_read_image(path, labels=True), shown(path.name))


def as_labels(volume: Volume, name: str) -> Volume:
    """A volume as a label map of bytes.

    Raises
    ------
    InputError
        If it holds values that are not whole numbers in 0..255.
    """
    array = volume.array
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise InputError(
            f"'{name}' holds values that are no numbers (NaN), so it is not a label map. Expected "
            "one label number a voxel."
        )
    rounded = np.round(array) if array.dtype.kind == "f" else array
    if array.dtype.kind == "f" and not np.allclose(array, rounded, atol=1e-3):
        raise InputError(
            f"'{name}' holds values that are not whole numbers, so it is not a label map. "
            "Expected one label number a voxel."
        )
    if rounded.min() < 0 or rounded.max() > 255:
        raise InputError(
            f"'{name}' holds numbers from {rounded.min():.0f} to {rounded.max():.0f}, so it "
            "is not a label map (0..255). Did you mean the CT?"
        )
    return volume.with_array(rounded.astype(np.uint8))
