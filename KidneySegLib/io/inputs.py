"""What a folder holds: one CT, or the CTs of a batch at any depth, and what was passed over.

Known layouts: one CT a file, one a folder, studies of several patients in nested folders, KiTS
(``case_00000/imaging.nii.gz``) and nnU-Net (``imagesTr/case_0000.nii.gz``). Label maps are told by
their names, since they cannot be told by their voxels before they are read.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..core.findings import Finding, warning
from ..core.volume import Volume
from .dicom import Scan, read_scan, scan, without_slices
from .dicom.headers import one_key_a_patient
from .folders import files_below, is_left_by_macos
from .images import case_name, is_image_file, read_volume
from .paths import file_name

KITS_IMAGE = "imaging"
_LABEL_NAME = re.compile(
    r"(?:^|[^a-z])(?:seg|segmentations?|labels?|labelmap|masks?|gt|truth|rejected|annotations?)"
    r"(?:[^a-z]|$)"
)
_LABEL_FOLDER = re.compile(r"labels?(?:tr|ts|val)?|segmentations?|masks?|annotations?|gt|truth")
_CHANNEL = re.compile(r"_(\d{4})$")
_NNUNET_FOLDER = re.compile(r"images(?:Tr|Ts|Val)$")
_OWN_RECORD = "measurements.json"
LABEL_MAPS = "label maps (by their names)"
OWN_RESULTS = "results of KidneySeg"
CHANNELS = "further channels of nnU-Net cases"
MACOS = "files of macOS"
CLOSED = "folders that cannot be opened"
_LONGEST_NAME = 150  # bytes; file systems take 255, and what is written is named after it


@dataclass(frozen=True)
class Input:
    """One CT to segment: a file, or the slices of one study of one patient.

    Attributes
    ----------
    name : str
        For its folder of results; differs from all others of the batch.
    path : Path
        The file, or the folder that all slices are below.
    study : (str, str), optional
        Patient (hash) and study UID, where it is DICOM.
    files : tuple of Path
        DICOM files among which the study's are.
    """

    name: str
    path: Path
    study: tuple[str, str] | None = None
    files: tuple[Path, ...] = ()

    def read(self) -> Volume:
        """Read it.

        Raises
        ------
        InputError
            If it cannot be read, or it is not clear which series is meant.
        """
        if self.study is None:
            return read_volume(self.path)
        return read_scan(scan(self.files).of(*self.study))


@dataclass(frozen=True)
class Contents:
    """What was found in a folder.

    Attributes
    ----------
    inputs : tuple of Input
    is_batch : bool
        False where all of it is one CT.
    passed : mapping of str to int
        How many files were not taken, by reason.
    scan : Scan, optional
        DICOM slices, where the folder is one CT.
    beside : int
        Image files that lie beside a DICOM series, and are not taken.
    """

    inputs: tuple[Input, ...]
    is_batch: bool
    passed: Counter[str] = field(default_factory=Counter)
    scan: Scan | None = None
    beside: int = 0

    def read(self, folder: Path, *, series: str | None = None) -> Volume:
        """Read the one CT of a folder that is no batch.

        Raises
        ------
        InputError
            If there is none, or it is not clear which one is meant.
        """
        if self.scan is not None:
            volume = read_scan(self.scan, series=series)
        elif self.inputs:
            volume = self.inputs[0].read()
        else:
            raise without_slices(folder, self.passed)
        return replace(volume, findings=(*self._unseen(), *volume.findings))

    def _unseen(self) -> tuple[Finding, ...]:
        """Warning of what lies beside a CT and was not looked at."""
        parts = [f"{self.beside} CT files beside the DICOM series"] if self.beside else []
        closed = self.passed[CLOSED]
        parts += [f"{closed} {CLOSED}"] if closed else []
        if not parts:
            return ()
        return (warning("not-taken", f"Not taken: {'; '.join(parts)}. Only one CT is segmented."),)


def look_into(folder: Path, *, leave_out: Collection[Path] = ()) -> Contents:
    """Find out what a folder holds.

    DICOM files directly in it, or of one study only, are one CT; so is a case of KiTS. Everything
    else is a batch.

    Parameters
    ----------
    leave_out : collection of Path
        Folders not to go into, such as the one for the results.
    """
    images: list[Path] = []
    found = Scan()
    for path in files_below(
        folder, leave_out=leave_out, macos=True, on_closed=lambda _: found.passed.update([CLOSED])
    ):
        _sort_in(path, folder, images, found)
    found.slices = one_key_a_patient(found.slices)
    studies = _studies(found)
    one = bool(found.slices) and not images and len(studies) == 1
    if one or any(s.path.parent == folder for s in found.slices):
        return Contents((), False, found.passed, found, len(images))
    kits = [p for p in images if p.parent == folder and case_name(p) == KITS_IMAGE]
    if len(kits) == 1 and len(images) == 1 and not studies:
        return Contents((Input(KITS_IMAGE, kits[0]),), False, found.passed)
    inputs = [Input(_name_of(p, folder), p) for p in images]
    inputs += [_study_input(key, files, folder) for key, files in studies.items()]
    return Contents(_with_own_names(inputs, folder), bool(inputs), found.passed)


def _sort_in(path: Path, folder: Path, images: list[Path], found: Scan) -> None:
    """Put one file where it belongs, or count why it is not taken."""
    if is_left_by_macos(path):
        found.passed[MACOS] += 1
    elif is_image_file(path) or path.suffix.lower() == ".zip":
        reason = _why_no_ct(path, folder)
        if reason:
            found.passed[reason] += 1
        else:
            images.append(path)
    else:
        found.add(path)


def _why_no_ct(path: Path, folder: Path) -> str:
    """Why an image file is not taken for a CT, by its name and place; empty where it is taken."""
    if (path.parent / _OWN_RECORD).is_file():
        return OWN_RESULTS
    folders = path.relative_to(folder).parts[:-1]
    name = case_name(path).lower()
    if _LABEL_NAME.search(name) or any(_LABEL_FOLDER.fullmatch(part.lower()) for part in folders):
        return LABEL_MAPS
    channel = _CHANNEL.search(case_name(path))
    if channel and int(channel[1]) > 0 and _NNUNET_FOLDER.match(path.parent.name):
        stem, ending = case_name(path)[: channel.start()], path.name[len(case_name(path)) :]
        if path.with_name(f"{stem}_0000{ending}").is_file():
            return CHANNELS
    return ""


def _studies(found: Scan) -> dict[tuple[str, str], list[Path]]:
    """Files of each patient's studies; damaged ones beside them too, so that reading names them."""
    studies: dict[tuple[str, str], dict[Path, None]] = defaultdict(dict)
    for item in found.slices:
        studies[item.patient, item.study][item.path] = None
    for files in studies.values():
        folders = {p.parent for p in files}
        files |= dict.fromkeys(p for p in found.broken if p.parent in folders)
    return {key: list(files) for key, files in studies.items()}


def _study_input(key: tuple[str, str], files: Sequence[Path], folder: Path) -> Input:
    """Input of one study, named after the folder that holds all its files."""
    home = Path(os.path.commonpath([str(p.parent) for p in files]))
    return Input(_name_of(home, folder), home, key, tuple(files))


def _name_of(path: Path, folder: Path) -> str:
    """Name of a case by its place below the batch's folder."""
    parts = list(path.relative_to(folder).parts) or [path.name]
    parts[-1] = case_name(Path(parts[-1]))
    if len(parts) > 1 and parts[-1] == KITS_IMAGE:
        parts = parts[:-1]
    elif len(parts) > 1 and _NNUNET_FOLDER.match(parts[-2]):
        parts = [re.sub(r"_0000$", "", parts[-1])]
    return _short(file_name("_".join(parts)))


def _short(name: str) -> str:
    """A name that file systems take: too long a one ends in a hash of itself."""
    if len(name.encode("utf-8")) <= _LONGEST_NAME:
        return name
    digest = hashlib.sha256(name.encode("utf-8")).hexdigest()[:8]
    return name.encode("utf-8")[: _LONGEST_NAME - 9].decode("utf-8", "ignore") + f"_{digest}"


def _with_own_names(inputs: Sequence[Input], folder: Path) -> tuple[Input, ...]:
    """Inputs whose names all differ, on file systems that do not tell case too."""
    named = list(inputs)
    for tell_apart in (_by_format, _by_hash):
        counts = Counter(x.name.casefold() for x in named)
        named = [
            replace(x, name=file_name(f"{x.name}{tell_apart(x, folder)}"))
            if counts[x.name.casefold()] > 1
            else x
            for x in named
        ]
    return tuple(named)


def _by_format(item: Input, folder: Path) -> str:
    """The format, for files that differ in nothing else: ``_nii.gz``."""
    suffix = item.path.name[len(case_name(item.path)) :]
    return f"_{suffix.lstrip('.')}" if item.study is None and suffix else ""


def _by_hash(item: Input, folder: Path) -> str:
    """A short hash of the study, or of the path, the same in each run."""
    raw = item.study[1].encode() if item.study else os.fsencode(item.path.relative_to(folder))
    return f"_{hashlib.sha256(raw).hexdigest()[:6]}"
