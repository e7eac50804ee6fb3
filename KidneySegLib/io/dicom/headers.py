"""Headers of DICOM files: where each slice lies, and which patient, study and series it is of.

Names are read to tell patients apart, and kept as a hash only.
"""

from __future__ import annotations

import hashlib
import logging
import math
import re
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .text import cleaned

logger = logging.getLogger(__name__)

# Enhanced CT and Legacy Converted Enhanced CT: all slices in one file.
_ENHANCED = ("1.2.840.10008.5.1.4.1.1.2.1", "1.2.840.10008.5.1.4.1.1.2.2")
_CT_CLASSES = ("1.2.840.10008.5.1.4.1.1.2", *_ENHANCED)
_DIRECTORY = "1.2.840.10008.1.3.10"
_UNCOMPRESSED = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2")
_TAGS = [
    "SOPClassUID",
    "SOPInstanceUID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "FrameOfReferenceUID",
    "Modality",
    "PatientID",
    "PatientName",
    "PatientBirthDate",
    "StudyDate",
    "SeriesNumber",
    "SeriesDescription",
    "ConvolutionKernel",
    "AcquisitionNumber",
    "AcquisitionTime",
    "TemporalPositionIdentifier",
    "ImageType",
    "InstanceNumber",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "PixelSpacing",
    "Rows",
    "Columns",
    "BitsAllocated",
    "PixelRepresentation",
    "RescaleSlope",
    "RescaleIntercept",
    "RescaleType",
    "NumberOfFrames",
    "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
]
_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})")

NO_IMAGE = "DICOM objects without slices (such as reports, structures or screen pictures)"
NO_POSITION = "CT images that do not say where they lie (no ImagePositionPatient)"
DIRECTORY = "DICOMDIR"
NOT_DICOM = "files that are not DICOM"
DAMAGED = "truncated or damaged DICOM files"
EMPTY = "empty files (no bytes, or zeros only)"
UNREADABLE = "files that cannot be opened"
NO_NUMBERS = "DICOM images whose position or pixel size is not a number"
# Endings of files that are no slices, whatever they hold; a file without ending may be one.
_NO_SLICES = (".raw", ".zraw", ".img", ".lock", ".log", ".txt", ".ini", ".inf", ".db", ".tmp")
BROKEN = (DAMAGED, EMPTY, UNREADABLE, NO_NUMBERS, NO_POSITION)  # beside slices: they may be missing


@dataclass(frozen=True)
class SliceInfo:
    """One slice: its place (LPS mm, as DICOM has it) and what it belongs to.

    Attributes
    ----------
    path, frame : Path, int or None
        Its file, and its number in it where the file holds many.
    patient : str
        Hashes of identifier, name and birth date (see `one_key_a_patient`).
    slope, intercept : float or None
        Rescale to HU; None where the header lacks it.
    payload_bytes : int
        What its pixels take when they are not compressed, else 0.
    """

    path: Path
    frame: int | None
    patient: str
    study: str
    series: str
    frame_of_reference: str
    instance: str
    modality: str
    study_date: str
    series_number: int | None
    description: str
    kernel: str
    acquisition: str
    acquisition_time: str
    temporal: str
    image_type: tuple[str, ...]
    number: int | None
    position: tuple[float, ...]
    orientation: tuple[float, ...]
    pixel_mm: tuple[float, ...]
    size: tuple[int, int]
    rescale_type: str
    slope: float | None
    intercept: float | None
    stored_as: tuple[int, int]
    payload_bytes: int


def is_dicom_file(path: Path) -> bool:
    """True where a file has DICOM's mark ``DICM``, or begins as a data set without it.

    Old archives and some exports leave out the 128 bytes before the mark, and the mark.
    """
    try:
        return _begins_as_dicom(_head(path))
    except OSError:
        return False


def _head(path: Path) -> bytes:
    """The first bytes of a file."""
    with path.open("rb") as stream:
        return stream.read(132)


def _is_all_zeros(path: Path) -> bool:
    """Whether a file holds no bytes, or zeros only, as a copy that was cut short leaves."""
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            if block.strip(b"\0"):
                return False
    return True


def _begins_as_dicom(head: bytes) -> bool:
    """Whether bytes are the beginning of a DICOM file."""
    if head[128:] == b"DICM":
        return True
    group, element = head[:2], int.from_bytes(head[2:4], "little")
    if group not in (b"\x02\x00", b"\x08\x00") or element > 0x20 or len(head) < 132:
        return False
    explicit = head[4:6].isalpha() and head[4:6].isupper()
    return explicit or int.from_bytes(head[4:8], "little") < 128


def read_headers(path: Path) -> list[SliceInfo] | str:
    """Slices of one file, or why it has none (one of this module's reasons)."""
    try:
        head = _head(path)
    except OSError:
        return UNREADABLE
    if not head.strip(b"\0") and path.suffix.lower() not in _NO_SLICES:
        return EMPTY if _is_all_zeros(path) else NOT_DICOM
    if not _begins_as_dicom(head):
        return NOT_DICOM
    try:
        with lenient():  # values are converted when they are looked at
            return _read_slices(path)
    except Exception as error:  # pydicom raises whatever a damaged header leads it to
        logger.debug("a DICOM header cannot be parsed: %s", type(error).__name__)
        return DAMAGED


def _read_slices(path: Path) -> list[SliceInfo] | str:
    """Slices of a DICOM file, or why it has none."""
    data = _read(path)
    kind = str(data.get("SOPClassUID", ""))
    if "Rows" not in data or "Columns" not in data:
        marked = str(data.file_meta.get("MediaStorageSOPClassUID", "")) if data.file_meta else ""
        if kind in _CT_CLASSES or marked in _CT_CLASSES or not (kind or marked):
            return DAMAGED
        return DIRECTORY if _DIRECTORY in (kind, marked) else NO_IMAGE
    if "PerFrameFunctionalGroupsSequence" in data:
        return _frames(path, data) or (NO_POSITION if kind in _CT_CLASSES else NO_IMAGE)
    found = _slice(path, data, None, data, {})
    if found is not None:
        return [found]
    kinds = [str(x).upper() for x in data.get("ImageType") or ()]
    if kind not in _CT_CLASSES or kinds[:1] == ["DERIVED"]:  # protocol pages are CT images too
        return NO_IMAGE
    return NO_NUMBERS if "ImagePositionPatient" in data else NO_POSITION


def _read(path: Path) -> Any:
    """A file's data set without its pixels."""
    import pydicom

    with path.open("rb") as stream:
        return pydicom.dcmread(stream, stop_before_pixels=True, force=True, specific_tags=_TAGS)


@contextmanager
def lenient() -> Iterator[None]:
    """Let pydicom read values that break the standard's rules, without a word on the terminal."""
    from pydicom import config

    own_log = logging.getLogger("pydicom")
    before, level = config.settings.reading_validation_mode, own_log.level
    config.settings.reading_validation_mode = config.IGNORE
    own_log.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        config.settings.reading_validation_mode = before
        own_log.setLevel(level)


def _frames(path: Path, data: Any) -> list[SliceInfo]:
    """Slices of an enhanced multi-frame file."""
    shared = _groups(data.get("SharedFunctionalGroupsSequence", []))
    found = []
    for n, frame in enumerate(data.PerFrameFunctionalGroupsSequence):
        groups = shared | _groups([frame])
        info = _slice(path, data, n, data, groups)
        if info is not None:
            found.append(info)
    return found


def _groups(sequence: Any) -> dict[str, Any]:
    """Attributes of all functional groups of a frame, by keyword."""
    found: dict[str, Any] = {}
    for item in sequence:
        for element in item:
            if element.VR == "SQ" and element.value:
                found |= {inner.keyword: inner.value for inner in element.value[0]}
    return found


def _slice(
    path: Path, data: Any, frame: int | None, header: Any, groups: dict[str, Any]
) -> SliceInfo | None:
    """One slice from a header, or from a frame's functional groups; None without a place."""

    def value(name: str) -> Any:
        return groups[name] if name in groups else header.get(name)

    def text(name: str) -> str:
        found = value(name)
        many = isinstance(found, (list, tuple)) or type(found).__name__ == "MultiValue"
        return "\\".join(map(str, found)) if many else "" if found is None else str(found).strip()

    position = _numbers(value("ImagePositionPatient"))
    orientation = _numbers(value("ImageOrientationPatient"))
    pixel = _numbers(value("PixelSpacing"))
    if len(position) != 3 or len(orientation) != 6 or len(pixel) != 2 or min(pixel) <= 0:
        return None
    name, size = text("PatientName"), (int(data.Rows), int(data.Columns))
    bits = int(data.get("BitsAllocated", 16))
    syntax = str(data.file_meta.get("TransferSyntaxUID", "")) if data.file_meta else ""
    kind = groups.get("FrameType") if frame is not None else None
    return SliceInfo(
        path=path,
        frame=frame,
        patient=_patient(text("PatientID"), name, text("PatientBirthDate")),
        study=text("StudyInstanceUID"),
        series=text("SeriesInstanceUID"),
        frame_of_reference=text("FrameOfReferenceUID"),
        instance=text("SOPInstanceUID"),
        modality=text("Modality"),
        study_date="-".join(m.groups()) if (m := _DATE.match(text("StudyDate"))) else "",
        series_number=_whole(value("SeriesNumber")),
        description=cleaned(text("SeriesDescription"), patient=name),
        kernel=cleaned(text("ConvolutionKernel"), patient=name),
        acquisition=text("FrameAcquisitionNumber") or text("AcquisitionNumber"),
        acquisition_time=text("FrameAcquisitionDateTime") or text("AcquisitionTime"),
        temporal=text("TemporalPositionIndex") or text("TemporalPositionIdentifier"),
        image_type=tuple(str(x).upper() for x in (kind or value("ImageType") or ())),
        number=frame + 1 if frame is not None else _whole(value("InstanceNumber")),
        position=position,
        orientation=orientation,
        pixel_mm=pixel,
        size=size,
        rescale_type=text("RescaleType").upper(),
        slope=_number(value("RescaleSlope")),
        intercept=_number(value("RescaleIntercept")),
        stored_as=(bits, int(data.get("PixelRepresentation", 0))),
        payload_bytes=size[0] * size[1] * bits // 8 * (_whole(data.get("NumberOfFrames")) or 1)
        if syntax in _UNCOMPRESSED
        else 0,
    )


def _patient(identifier: str, name: str, birth_date: str) -> str:
    """Hashes of what tells patients apart; the same for a name written in another way."""
    letters = "".join(sorted(re.findall(r"[^\W\d_]+", name.upper())))
    parts = (identifier.strip(), letters, birth_date.strip())
    return "|".join(hashlib.sha256(p.encode()).hexdigest()[:24] if p else "" for p in parts)


def one_key_a_patient(slices: Iterable[SliceInfo]) -> list[SliceInfo]:
    """Slices whose patient key is the same where only a name or a birth date is left out.

    Within one study and identifier, an empty name or date fits any other; two different ones are
    two patients.
    """
    groups: dict[tuple[str, str], list[SliceInfo]] = defaultdict(list)
    for item in slices:
        groups[item.patient.split("|")[0], item.study].append(item)
    found = []
    for group in groups.values():
        keys = [
            set(column) - {""}
            for column in zip(*(s.patient.split("|") for s in group), strict=True)
        ]
        if all(len(values) <= 1 for values in keys):
            whole = "|".join(next(iter(values), "") for values in keys)
            group = [replace(s, patient=whole) for s in group]
        found += group
    return found


def _numbers(value: Any) -> tuple[float, ...]:
    """Numbers of a value; empty where it is none."""
    try:
        return tuple(float(x) for x in value or ())
    except (TypeError, ValueError):
        return ()


def _number(value: Any) -> float | None:
    """A number, None where it is none."""
    try:
        return None if value is None or value == "" else float(value)
    except (TypeError, ValueError):
        return None


def _whole(value: Any) -> int | None:
    """A whole number, None where it is none."""
    number = _number(value)
    return None if number is None or not math.isfinite(number) else int(number)
