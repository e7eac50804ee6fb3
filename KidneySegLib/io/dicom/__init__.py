"""DICOM: one CT volume from the files of a folder; never of two patients, never in silence."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from ...errors import InputError
from ...findings import info
from ...volume import Volume
from ..folders import files_below
from ..paths import shown
from .choice import Choice, choose
from .headers import NOT_DICOM, SliceInfo, read_headers
from .load import load
from .stacks import Stack, stacks_of

_MOST_TOLD = 12


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
    slices, passed = scan(files_below(folder))
    if not slices:
        raise _without_slices(folder, passed)
    return read_slices(slices, series=series)


def read_series_of(path: Path, *, series: str | None = None) -> Volume:
    """Read the series that one DICOM file belongs to, from the file's folder.

    Raises
    ------
    InputError
        As `read_folder`.
    """
    own = read_headers(path)
    if isinstance(own, str):
        raise _without_slices(path, Counter([own]))
    if own[0].frame is not None:
        return read_slices(own, series=series)
    return read_folder(path.parent, series=series or own[0].series)


def read_slices(slices: Sequence[SliceInfo], *, series: str | None = None) -> Volume:
    """Choose a stack among slices and read it; its findings say what was chosen and left.

    Raises
    ------
    InputError
        As `read_folder`.
    """
    chosen = choose(all_stacks(slices), series=series)
    volume = load(chosen.stack)
    told = tuple(s.described() for s in chosen.others)
    findings = tuple(info(code, text) for code, text in _told(chosen))
    return replace(
        volume,
        findings=(*findings, *volume.findings),
        source=replace(volume.source, others=told),
    )


def all_stacks(slices: Iterable[SliceInfo]) -> list[Stack]:
    """Stacks of all patients, studies and series among slices."""
    groups: dict[tuple[str, ...], list[SliceInfo]] = defaultdict(list)
    for item in slices:
        groups[item.patient, item.study, item.series, item.modality].append(item)
    return [stack for group in groups.values() for stack in stacks_of(group)]


def _told(chosen: Choice) -> list[tuple[str, str]]:
    """What there is to say of a choice: code and text."""
    told = []
    if chosen.others:
        rest = [s.described() for s in chosen.others]
        more = f"; and {len(rest) - _MOST_TOLD} more" if len(rest) > _MOST_TOLD else ""
        told.append(
            (
                "series-chosen",
                f"Taken: {chosen.stack.described()}, because {chosen.reason}. Not taken: "
                f"{'; '.join(rest[:_MOST_TOLD])}{more}.",
            )
        )
    if chosen.stack.copies:
        told.append(
            (
                "copies-dropped",
                f"{chosen.stack.copies} files are copies of slices that are there already; each "
                "slice was taken once.",
            )
        )
    return told


def scan(paths: Iterable[Path]) -> tuple[list[SliceInfo], Counter[str]]:
    """Slices in files, and how many files were passed over for which reason.

    Raises
    ------
    InputError
        If a CT image is damaged.
    """
    slices: list[SliceInfo] = []
    passed: Counter[str] = Counter()
    for path in paths:
        found = read_headers(path)
        if isinstance(found, str):
            passed[found] += 1
        else:
            slices += found
    return slices, passed


def _without_slices(folder: Path, passed: Counter[str]) -> InputError:
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
        f"'{name}' holds no DICOM images that can be used. Found: {found}. Expected the slices of "
        "a CT; export the series again, with its positions."
    )
