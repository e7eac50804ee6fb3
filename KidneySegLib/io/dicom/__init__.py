"""DICOM: one CT volume from the files of a folder; never of two patients, never in silence."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from ...core.errors import InputError
from ...core.findings import Finding, info, warning
from ...core.volume import Volume
from ..folders import files_below
from ..paths import shown
from .choice import Choice, choose
from .headers import BROKEN, EMPTY, NOT_DICOM, SliceInfo, one_key_a_patient, read_headers
from .load import load
from .stacks import Stack, stacks_of

_MOST_TOLD, _MOST_NAMED = 12, 5


@dataclass
class Scan:
    """What files hold.

    Attributes
    ----------
    slices : list of SliceInfo
    passed : Counter
        How many files have none, by reason.
    broken : dict
        Files that should have had some, and why they have none.
    """

    slices: list[SliceInfo] = field(default_factory=list)
    passed: Counter[str] = field(default_factory=Counter)
    broken: dict[Path, str] = field(default_factory=dict)

    def add(self, path: Path) -> None:
        """Look at one more file."""
        found = read_headers(path)
        if not isinstance(found, str):
            self.slices += found
            return
        self.passed[found] += 1
        if found in BROKEN:
            self.broken[path] = found

    def of(self, patient: str, study: str) -> Scan:
        """The part that belongs to one patient's study, with what is broken beside it."""
        slices = [s for s in self.slices if (s.patient, s.study) == (patient, study)]
        return Scan(slices, self.passed, self.broken)


def scan(paths: Iterable[Path]) -> Scan:
    """Slices in files, each patient under one key."""
    found = Scan()
    for path in paths:
        found.add(path)
    found.slices = one_key_a_patient(found.slices)
    return found


def read_folder(folder: Path, *, series: str | None = None) -> Volume:
    """Read the CT series of a folder (and of the folders in it).

    Slices are sorted by position along their normal; rescale slope and intercept are applied.
    A gantry tilt is corrected by resampling.

    Parameters
    ----------
    series : str, optional
        Series instance UID or number; needed where it is not clear which series is meant.

    Raises
    ------
    InputError
        If there are no DICOM images, no clear CT series, or slices are missing.
    """
    found = scan(files_below(folder))
    if not found.slices:
        raise without_slices(folder, found.passed)
    return read_scan(found, series=series)


def read_series_of(path: Path, *, series: str | None = None) -> Volume:
    """Read the series that one DICOM file belongs to, from the file's folder.

    Raises
    ------
    InputError
        As `read_folder`.
    """
    own = scan([path])
    if not own.slices:
        raise without_slices(path, own.passed)
    if own.slices[0].frame is not None:
        return read_scan(own, series=series)
    return read_folder(path.parent, series=series or own.slices[0].series)


def read_scan(found: Scan, *, series: str | None = None) -> Volume:
    """Choose a stack among slices and read it; its findings say what was chosen and left.

    Raises
    ------
    InputError
        As `read_folder`; also where a file beside the chosen slices is broken.
    """
    chosen = choose(all_stacks(found.slices), series=series)
    findings = _check_broken(found, {s.path.parent for s in chosen.stack.slices})
    volume = load(chosen.stack)
    told = tuple(s.described() for s in chosen.others)
    return replace(
        volume,
        findings=(*_told(chosen), *findings, *volume.findings),
        source=replace(volume.source, others=told),
    )


def _check_broken(found: Scan, folders: set[Path]) -> tuple[Finding, ...]:
    """Refuse broken files that may be slices of the series; tell of others."""
    own = {s.path for s in found.slices}
    endings = {p.suffix.lower() for p in own}
    beside = {
        p: why
        for p, why in found.broken.items()
        if p.parent in folders and (why != EMPTY or p.suffix.lower() in endings)
    }
    if beside:
        names = ", ".join(f"'{shown(p.name)}'" for p in list(beside)[:_MOST_NAMED])
        reasons = "; ".join(f"{n} {why}" for why, n in Counter(beside.values()).items())
        raise InputError(
            f"Slices may be missing: beside the series lie {reasons} ({names}). Copy or export the "
            "series again, or remove these files if they are no part of it."
        )
    if not found.broken:
        return ()
    reasons = "; ".join(f"{n} {why}" for why, n in Counter(found.broken.values()).items())
    return (info("broken-files", f"Not used: {reasons}."),)


def all_stacks(slices: Iterable[SliceInfo]) -> list[Stack]:
    """Stacks of all patients, studies and series among slices."""
    groups: dict[tuple[str, ...], list[SliceInfo]] = defaultdict(list)
    for item in slices:
        groups[item.patient, item.study, item.series, item.modality].append(item)
    return [stack for group in groups.values() for stack in stacks_of(group)]


def _told(chosen: Choice) -> list[Finding]:
    """What there is to say of a choice."""
    told = []
    if chosen.others:
        rest = [s.described() for s in chosen.others]
        more = f"; and {len(rest) - _MOST_TOLD} more" if len(rest) > _MOST_TOLD else ""
        text = (
            f"Taken: {chosen.stack.described()}, because {chosen.reason}. Not taken: "
            f"{'; '.join(rest[:_MOST_TOLD])}{more}."
        )
        told.append(info("series-chosen", text))
    if chosen.stack.is_material_map:
        text = (
            "The series is a map of a material or of another quantity, not densities in Hounsfield "
            "units (HU) as a scanner measures them. Contours and densities are not to be trusted. "
            "Choose an ordinary series of the same study."
        )
        told.append(warning("material-map", text))
    if chosen.stack.copies:
        text = (
            f"{chosen.stack.copies} files are copies of slices that are there already; each slice "
            "was taken once."
        )
        told.append(info("copies-dropped", text))
    return told


def without_slices(folder: Path, passed: Counter[str]) -> InputError:
    """Why a folder has nothing to read: nothing there, other files, or DICOM without slices."""
    name = shown(folder)
    if not passed:
        return InputError(f"The folder '{name}' is empty. Expected the DICOM files of a CT.")
    if set(passed) == {NOT_DICOM}:
        return InputError(
            f"The folder '{name}' holds no DICOM images and no CT files (of {passed.total()} files "
            "none is DICOM). Expected the DICOM files of a CT, or give the image file itself."
        )
    found = "; ".join(f"{count} {reason}" for reason, count in passed.most_common())
    return InputError(
        f"'{name}' holds no CT that can be used. Found: {found}. Expected the slices of a CT, or "
        "CT files; export the series again, with its positions."
    )
