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

from ..errors import InputError
from ..volume import Volume
from .dicom import read_slices, scan
from .dicom.headers import DAMAGED, DIRECTORY, NOT_DICOM, SliceInfo, read_headers
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
        slices, _ = scan(self.files)
        return read_slices([s for s in slices if (s.patient, s.study) == self.study])


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
    slices : tuple of SliceInfo
        DICOM slices, where the folder is one CT.
    damaged : tuple of Path
        DICOM files beside them that cannot be read.
    """

    inputs: tuple[Input, ...]
    is_batch: bool
    passed: Counter[str] = field(default_factory=Counter)
    slices: tuple[SliceInfo, ...] = ()
    damaged: tuple[Path, ...] = ()

    def read(self, folder: Path, *, series: str | None = None) -> Volume:
        """Read the one CT of a folder that is no batch.

        Raises
        ------
        InputError
            If there is none, or it is not clear which one is meant.
        """
        if self.slices:
            scan(self.damaged)
            return read_slices(self.slices, series=series)
        return read_volume(self.inputs[0].path if self.inputs else folder, series=series)


@dataclass
class _Found:
    """What a walk through a folder collects."""

    images: list[Path] = field(default_factory=list)
    slices: list[SliceInfo] = field(default_factory=list)
    damaged: dict[Path, list[Path]] = field(default_factory=lambda: defaultdict(list))
    passed: Counter[str] = field(default_factory=Counter)


def look_into(folder: Path, *, leave_out: Collection[Path] = ()) -> Contents:
    """Find out what a folder holds.

    DICOM files directly in it, or of one study only, are one CT; so is a case of KiTS. Everything
    else is a batch.

    Parameters
    ----------
    leave_out : collection of Path
        Folders not to go into, such as the one for the results.
    """
    found = _Found()
    for path in files_below(folder, leave_out=leave_out, macos=True):
        _sort_in(path, folder, found)
    studies = _studies(found)
    one = bool(found.slices) and not found.images and len(studies) == 1
    flat = any(s.path.parent == folder for s in found.slices)
    kits = [p for p in found.images if p.parent == folder and case_name(p) == KITS_IMAGE]
    if one or flat:
        damaged = tuple(p for files in found.damaged.values() for p in files)
        return Contents((), False, found.passed, tuple(found.slices), damaged)
    if len(kits) == 1 and len(found.images) == 1 and not studies:
        return Contents((Input(KITS_IMAGE, kits[0]),), False, found.passed)
    inputs = [Input(_name_of(p, folder), p) for p in found.images]
    inputs += [_study_input(key, files, folder) for key, files in studies.items()]
    return Contents(_with_own_names(inputs, folder), bool(inputs), found.passed)


def _sort_in(path: Path, folder: Path, found: _Found) -> None:
    """Put one file where it belongs, or count why it is not taken."""
    if is_left_by_macos(path):
        found.passed[MACOS] += 1
    elif is_image_file(path) or path.suffix.lower() == ".zip":
        reason = _why_no_ct(path, folder)
        if reason:
            found.passed[reason] += 1
        else:
            found.images.append(path)
    else:
        try:
            slices = read_headers(path)
        except InputError:
            found.damaged[path.parent].append(path)
            found.passed[DAMAGED] += 1
            return
        if isinstance(slices, str):
            found.passed["other files" if slices in (NOT_DICOM, DIRECTORY) else slices] += 1
        else:
            found.slices += slices


def _why_no_ct(path: Path, folder: Path) -> str:
    """Why an image file is not taken for a CT, by its name and place; empty where it is taken."""
    if (path.parent / _OWN_RECORD).is_file():
        return OWN_RESULTS
    folders = path.relative_to(folder).parts[:-1]
    name = case_name(path).lower()
    if _LABEL_NAME.search(name) or any(_LABEL_FOLDER.fullmatch(part.lower()) for part in folders):
        return LABEL_MAPS
    channel = _CHANNEL.search(case_name(path))
    if channel and _NNUNET_FOLDER.match(path.parent.name) and int(channel[1]) > 0:
        return CHANNELS
    return ""


def _studies(found: _Found) -> dict[tuple[str, str], list[Path]]:
    """Files of each patient's studies; damaged ones beside them too, so that reading names them."""
    studies: dict[tuple[str, str], dict[Path, None]] = defaultdict(dict)
    for item in found.slices:
        studies[item.patient, item.study][item.path] = None
    for files in studies.values():
        for parent in {p.parent for p in files}:
            files |= dict.fromkeys(found.damaged.get(parent, []))
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
        parts = [_CHANNEL.sub("", parts[-1])]
    return file_name("_".join(parts))


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
