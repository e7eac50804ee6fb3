"""DICOM folders: which series, in which order, is it regular. Reads through SimpleITK's GDCM."""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..volume import Geometry, Volume, resample

logger = logging.getLogger(__name__)

_SERIES_UID, _STUDY_UID = "0020|000e", "0020|000d"
_POSITION = "0020|0032"
_ORIENTATION = "0020|0037"
_MODALITY = "0008|0060"
_ROWS, _COLUMNS = "0028|0010", "0028|0011"
_PIXEL_SPACING = "0028|0030"
_IMAGE_TYPE = "0008|0008"
_BITS = "0028|0100"
_SOP_CLASS, _TRANSFER_SYNTAX = 0x02, 0x10
_CT_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
_UNCOMPRESSED = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2")
_CLEAR_RATIO = 1.5
_TILT_DRIFT_MM = 0.3  # shift of the last slice against the first that is worth resampling
_GAP_SHARE = 0.3  # of the usual slice distance; larger deviations are missing slices
_UNEVEN_SHARE = 0.05
_TILT_NOTE = (
    "The gantry was tilted: the slices were shifted onto an upright grid, and the segmentation "
    "lies on that grid, not on the original slices."
)


@dataclass(frozen=True)
class SliceInfo:
    """Place of one DICOM slice. Positions and directions in LPS mm, as DICOM has them.

    ``payload_bytes`` is what its pixels take when they are not compressed, else 0.
    """

    path: Path
    study: str
    series: str
    modality: str
    position: tuple[float, float, float]
    orientation: tuple[float, ...]
    pixel_mm: tuple[float, float]
    size: tuple[int, int]
    localizer: bool
    payload_bytes: int


def is_dicom_file(path: Path) -> bool:
    """True where a file carries DICOM's mark ``DICM`` after its preamble."""
    try:
        with path.open("rb") as stream:
            return stream.read(132)[128:] == b"DICM"
    except OSError:
        return False


def series_of_file(path: Path) -> str | None:
    """Series instance UID of a DICOM file."""
    found = _read_info(path)
    return found.series if found else None


def study_of_folder(folder: Path) -> str | None:
    """Study instance UID of the first DICOM image below a folder."""
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        found = _read_info(path) if is_dicom_file(path) else None
        if found is not None:
            return found.study
    return None


def read_series(folder: Path, *, series: str | None = None) -> Volume:
    """Read the CT series of a folder (and of the folders in it).

    Slices are sorted by position along their normal; rescale slope and intercept are applied.
    A gantry tilt is corrected by resampling.

    Parameters
    ----------
    series : str, optional
        Series instance UID; needed where it is not clear which series is meant.

    Raises
    ------
    InputError
        If there are no DICOM images, no clear CT series, or slices are missing.
    """
    slices = scan_folder(folder)
    chosen = choose_series(slices, series=series)
    ordered = sort_slices(chosen)
    return _load(ordered)


def scan_folder(folder: Path) -> list[SliceInfo]:
    """Places of all DICOM images below a folder; files that are none are passed over."""
    slices = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        if is_dicom_file(path):
            found = _read_info(path)
            if found is not None:
                slices.append(found)
    if not slices:
        raise InputError(
            f"The folder '{folder}' holds no DICOM images. Expected the DICOM files of a CT, or "
            "give the image file itself."
        )
    return slices


def _read_info(path: Path) -> SliceInfo | None:
    """Header of one file; None for objects without an image plane."""
    import SimpleITK as sitk

    reader = sitk.ImageFileReader()
    reader.SetImageIO("GDCMImageIO")
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
    except RuntimeError as error:
        if _meta_uid(path, _SOP_CLASS).startswith(_CT_STORAGE):
            raise InputError(
                f"The DICOM file '{path.name}' is truncated or damaged. Copy or export the series "
                "again."
            ) from error
        logger.debug("passed over a DICOM object without an image")
        return None

    def text(tag: str) -> str:
        return reader.GetMetaData(tag).strip() if reader.HasMetaDataKey(tag) else ""

    def numbers(tag: str) -> tuple[float, ...]:
        return tuple(float(x) for x in text(tag).split("\\") if x.strip())

    position, orientation = numbers(_POSITION), numbers(_ORIENTATION)
    pixel = numbers(_PIXEL_SPACING)
    if len(position) != 3 or len(orientation) != 6 or len(pixel) != 2:
        return None
    return SliceInfo(
        path=path,
        study=text(_STUDY_UID),
        series=text(_SERIES_UID),
        modality=text(_MODALITY),
        position=position,
        orientation=orientation,
        pixel_mm=pixel,
        size=(int(text(_ROWS)), int(text(_COLUMNS))),
        localizer="LOCALIZER" in text(_IMAGE_TYPE).upper(),
        payload_bytes=int(text(_ROWS)) * int(text(_COLUMNS)) * int(text(_BITS)) // 8
        if _meta_uid(path, _TRANSFER_SYNTAX) in _UNCOMPRESSED
        else 0,
    )


def _meta_uid(path: Path, element: int) -> str:
    """UID of a file's meta header (group 0002), which GDCM does not hand on."""
    with path.open("rb") as stream:
        head = stream.read(4096)
    at = head.find(b"\x02\x00" + bytes([element, 0]) + b"UI")
    if at < 0:
        return ""
    length = int.from_bytes(head[at + 6 : at + 8], "little")
    return head[at + 8 : at + 8 + length].decode("ascii", "replace").rstrip("\0 ")


def choose_series(slices: list[SliceInfo], *, series: str | None = None) -> list[SliceInfo]:
    """Slices of the wanted series, or of the CT series with clearly the most slices.

    Raises
    ------
    InputError
        If the wanted one is not there, none is CT, or the choice is not clear; the message lists
        the series by UID and number of slices (no names).
    """
    groups: dict[str, list[SliceInfo]] = defaultdict(list)
    for item in slices:
        groups[item.series].append(item)
    if series is not None:
        if series not in groups:
            raise InputError(f"There is no series '{series}'. Found:\n{_listing(groups)}")
        return groups[series]
    cts = {
        uid: items
        for uid, items in groups.items()
        if items[0].modality == "CT" and not items[0].localizer and len(items) > 1
    }
    if not cts:
        kinds = ", ".join(sorted({s.modality or "unknown" for s in slices}))
        raise InputError(
            f"The folder holds no CT series (found: {kinds}). KidneySeg segments CT only."
        )
    ranked = sorted(cts.values(), key=len, reverse=True)
    if len(ranked) > 1 and len(ranked[0]) < _CLEAR_RATIO * len(ranked[1]):
        raise InputError(
            "The folder holds several CT series of similar length. Choose one with --series "
            f"UID:\n{_listing(cts)}"
        )
    return ranked[0]


def _listing(groups: dict[str, list[SliceInfo]]) -> str:
    """One line a series: UID, modality, slices, plane size."""
    return "\n".join(
        f"  {uid}  {items[0].modality}, {len(items)} slices of "
        f"{items[0].size[1]} x {items[0].size[0]}"
        for uid, items in sorted(groups.items(), key=lambda g: -len(g[1]))
    )


def sort_slices(slices: list[SliceInfo]) -> list[SliceInfo]:
    """Sort by position along the normal; refuse irregular series.

    Raises
    ------
    InputError
        If slices are missing, doubled, or differ in size or direction.
    """
    first = slices[0]
    for item in slices:
        same = np.allclose(item.orientation, first.orientation, atol=1e-3)
        if not same or item.size != first.size or not np.allclose(item.pixel_mm, first.pixel_mm):
            raise InputError(
                "The series mixes slices of different size or direction. Export the axial "
                "slices as a series of their own."
            )
    normal = _normal(first)
    ordered = sorted(slices, key=lambda s: float(normal @ np.array(s.position)))
    heights = np.array([normal @ np.array(s.position) for s in ordered])
    gaps = np.diff(heights)
    if len(ordered) < 2:
        raise InputError("The series has a single slice. Load the whole series.")
    usual = float(np.median(gaps))
    if usual < 1e-3 or (gaps < 0.1 * usual).any():
        raise InputError(
            "The series holds several slices at the same place (several phases or "
            "reconstructions in one). Export one phase as a series of its own."
        )
    wide = np.flatnonzero(gaps > (1 + _GAP_SHARE) * usual)
    if wide.size:
        missing = int(np.rint(gaps[wide] / usual - 1).clip(min=1).sum())
        raise InputError(
            f"About {missing} slices are missing: most are {usual:.2f} mm apart, but there are "
            f"gaps up to {gaps.max():.2f} mm. Load the complete series; volumes would be wrong."
        )
    if np.abs(gaps - usual).max() > _UNEVEN_SHARE * usual:
        raise InputError(
            f"The slices are unevenly spaced ({gaps.min():.2f} to {gaps.max():.2f} mm). "
            "Resample the series to even slices; volumes would be wrong."
        )
    return ordered


def _normal(info: SliceInfo) -> np.ndarray:
    """Unit normal of the slice plane, LPS."""
    row, column = np.array(info.orientation[:3]), np.array(info.orientation[3:])
    normal = np.cross(row, column)
    return normal / np.linalg.norm(normal)


def slice_geometry(ordered: list[SliceInfo]) -> Geometry:
    """Geometry of sorted slices; sheared where the gantry was tilted."""
    first, last = ordered[0], ordered[-1]
    matrix = np.eye(4)
    matrix[:3, 0] = np.array(first.orientation[:3]) * first.pixel_mm[1]
    matrix[:3, 1] = np.array(first.orientation[3:]) * first.pixel_mm[0]
    step = (np.array(last.position) - np.array(first.position)) / (len(ordered) - 1)
    matrix[:3, 2] = step
    matrix[:3, 3] = first.position
    lps_to_ras = np.diag([-1.0, -1.0, 1.0, 1.0])
    return Geometry((len(ordered), *first.size), lps_to_ras @ matrix)


def _load(ordered: list[SliceInfo]) -> Volume:
    """Read sorted slices and correct a gantry tilt."""
    import SimpleITK as sitk

    short = [s for s in ordered if s.path.stat().st_size < s.payload_bytes]
    if short:
        raise InputError(
            f"{len(short)} of {len(ordered)} DICOM files are truncated: they hold fewer pixels "
            "than their headers promise. Copy or export the series again."
        )
    reader = sitk.ImageSeriesReader()
    reader.SetImageIO("GDCMImageIO")
    reader.SetFileNames([str(s.path) for s in ordered])
    try:
        array = sitk.GetArrayFromImage(reader.Execute())
    except RuntimeError as error:
        logger.debug("reading failed: %s", error)
        raise InputError(
            "The DICOM series cannot be read: a file is damaged or its compression is not "
            "supported. Export it again without compression."
        ) from error
    volume = Volume(array, slice_geometry(ordered))
    matrix = volume.geometry.ijk_to_ras.copy()
    across = np.cross(matrix[:3, 0], matrix[:3, 1])
    upright = across * (matrix[:3, 2] @ across) / (across @ across)
    drift_mm = np.linalg.norm(matrix[:3, 2] - upright) * (len(ordered) - 1)
    if drift_mm > _TILT_DRIFT_MM:
        return straighten(volume)
    matrix[:3, 2] = upright  # label maps can only hold perpendicular axes
    return Volume(array, Geometry(volume.geometry.shape, matrix))


def straighten(volume: Volume) -> Volume:
    """Shift the slices of a tilted gantry's volume onto a grid with perpendicular axes.

    Each slice is interpolated in its own plane; outside the field the lowest value is put.
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
        _place_slice(out[k], volume.array[k], drift_ij * k - np.floor(low))
    return Volume(np.rint(out).astype(np.int16), target, (_TILT_NOTE,))


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
