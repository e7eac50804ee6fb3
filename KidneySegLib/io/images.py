"""CT volumes and label maps from NIfTI, NRRD, MHA/MHD; DICOM folders go through `dicom`."""

from __future__ import annotations

import logging
import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InputError
from ..volume import Geometry, Volume
from .integrity import require_whole

if TYPE_CHECKING:
    import SimpleITK as sitk

logger = logging.getLogger(__name__)

IMAGE_SUFFIXES = (".nii.gz", ".nii", ".nrrd", ".nhdr", ".mha", ".mhd")
_MOST_BYTES = 16 * 2**30
_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


def is_image_file(path: Path) -> bool:
    """True for a file name that a volume reader understands."""
    return path.name.lower().endswith(IMAGE_SUFFIXES)


def case_name(path: Path) -> str:
    """File name without the image suffix."""
    for suffix in IMAGE_SUFFIXES:
        if path.name.lower().endswith(suffix):
            return path.name[: -len(suffix)]
    return path.name


def geometry_from_sitk(image: sitk.Image) -> Geometry:
    """Geometry of a 3D SimpleITK image (LPS there, RAS here)."""
    matrix = np.eye(4)
    direction = np.array(image.GetDirection()).reshape(3, 3)
    matrix[:3, :3] = direction * np.array(image.GetSpacing())
    matrix[:3, 3] = image.GetOrigin()
    return Geometry(tuple(image.GetSize()[::-1]), _LPS_TO_RAS @ matrix)


def volume_from_sitk(image: sitk.Image) -> Volume:
    """Volume of a 3D SimpleITK image."""
    import SimpleITK as sitk

    return Volume(sitk.GetArrayFromImage(image), geometry_from_sitk(image))


def sitk_from_volume(volume: Volume) -> sitk.Image:
    """SimpleITK image of a volume; its axes must be perpendicular."""
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(np.ascontiguousarray(volume.array))
    lps = _LPS_TO_RAS @ volume.geometry.ijk_to_ras
    spacing = volume.geometry.spacing_mm[::-1]
    image.SetSpacing([float(s) for s in spacing])
    image.SetOrigin([float(x) for x in lps[:3, 3]])
    image.SetDirection([float(x) for x in (lps[:3, :3] / spacing).ravel()])
    return image


def read_volume(path: Path | str, *, series: str | None = None) -> Volume:
    """Read a CT from a file or a DICOM folder.

    Parameters
    ----------
    path : Path
        NIfTI, NRRD, MHA or MHD file, a folder with DICOM files, or one DICOM file (its series is
        read).
    series : str, optional
        DICOM series instance UID to choose.

    Returns
    -------
    Volume
        HU as stored (rescale slope and intercept applied).

    Raises
    ------
    InputError
        If nothing is there, or it is not a readable 3D image.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"There is no file or folder '{path}'. Check the path.")
    if path.is_dir():
        from .dicom import read_series

        return read_series(path, series=series)
    if is_image_file(path):
        return volume_from_sitk(_read_checked(path))
    from .dicom import is_dicom_file, read_series, series_of_file

    if is_dicom_file(path):
        return read_series(path.parent, series=series or series_of_file(path))
    raise InputError(
        f"'{path.name}' is not an image that can be read. "
        f"Expected a DICOM folder or one of {', '.join(IMAGE_SUFFIXES)}."
    )


def _read_checked(path: Path) -> sitk.Image:
    """Read an image file; refuse what is not one 3D channel."""
    import SimpleITK as sitk

    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
    except RuntimeError as error:
        raise _unreadable(path, error) from error
    _require_3d(path, reader.GetSize(), reader.GetNumberOfComponents())
    expected = _payload_bytes(reader)
    if expected > _MOST_BYTES:
        raise InputError(
            f"'{path.name}' promises {expected / 2**30:.0f} GB of voxels. Expected at most "
            f"{_MOST_BYTES / 2**30:.0f} GB; its header may be wrong. Crop it or export it again."
        )
    require_whole(path, expected)
    size = reader.GetSize()
    reader.SetExtractSize([*size[:3], *[0] * (len(size) - 3)])  # axes of length 1 are dropped
    try:
        return reader.Execute()
    except (RuntimeError, MemoryError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> InputError:
    """One clear message for a file that ITK refuses; the details go to the log."""
    logger.debug("reading failed: %s", error)
    text = str(error).lower()
    if "orthonormal" in text or "direction" in text or "scales" in text:
        return InputError(
            f"'{path.name}' has axes that are not perpendicular (a sheared or scaled position "
            "matrix). Resample it to a regular grid, or load the original DICOM folder."
        )
    return InputError(
        f"'{path.name}' cannot be read: it is truncated, damaged, or not the format its name "
        "says. Copy or export it again."
    )


def _require_3d(path: Path, size: tuple[int, ...], components: int) -> None:
    """Refuse 2D, 4D and color images."""
    if components != 1:
        raise InputError(
            f"'{path.name}' has {components} values a voxel (a color picture or a vector field). "
            "Expected a CT with one density value a voxel."
        )
    extent = [n for n in size if n > 1]
    if len(size) > 3 and any(n > 1 for n in size[3:]):
        raise InputError(
            f"'{path.name}' is {len(size)}D ({' x '.join(map(str, size))}). "
            "Expected one 3D CT; export a single time point or phase."
        )
    if len(extent) < 3:
        raise InputError(
            f"'{path.name}' is {'x'.join(map(str, size))}: a single slice or a 2D picture. "
            "Expected a 3D CT volume; load the whole series."
        )


def _payload_bytes(reader: sitk.ImageFileReader) -> int:
    """Bytes of voxels that a header promises."""
    import SimpleITK as sitk

    sizes = {"8-bit": 1, "16-bit": 2, "32-bit": 4, "64-bit": 8}
    text = sitk.GetPixelIDValueAsString(reader.GetPixelID())
    width = next((n for key, n in sizes.items() if text.startswith(key)), 1)
    stored = reader.GetMetaData("bitpix") if reader.HasMetaDataKey("bitpix") else ""
    if stored.isdigit():  # NIfTI: a scaled file is read as float and stored in fewer bytes
        width = int(stored) // 8
    return math.prod(reader.GetSize()) * width


def read_labels(path: Path | str) -> Volume:
    """Read a label map with whole-number labels.

    Raises
    ------
    InputError
        If the file is no 3D image or holds values that are not whole numbers in 0..255.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"There is no label map '{path}'. Check the path.")
    volume = volume_from_sitk(_read_checked(path))
    array = volume.array
    rounded = np.round(array) if array.dtype.kind == "f" else array
    if array.dtype.kind == "f" and not np.allclose(array, rounded, atol=1e-3):
        raise InputError(
            f"'{path.name}' holds values that are not whole numbers, so it is not a label map. "
            "Expected one label number a voxel."
        )
    if rounded.min() < 0 or rounded.max() > 255:
        raise InputError(
            f"'{path.name}' holds numbers from {rounded.min():.0f} to {rounded.max():.0f}, so it "
            "is not a label map (0..255). Did you mean the CT?"
        )
    return volume.with_array(rounded.astype(np.uint8))
