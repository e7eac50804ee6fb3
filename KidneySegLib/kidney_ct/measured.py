"""A label map measured anew, with all that follows from the numbers: warnings and resections."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..core.anatomy import SIDES
from ..core.findings import Finding, point_of
from ..core.progress import Progress
from ..core.volume import Box, Volume
from ..core.warp import Warp
from ..measure.intervals import with_intervals
from ..measure.lesions import LesionMeasurement
from ..measure.measurements import Measurements, measure
from ..measure.resection import MARGINS_MM, Resection, resection_planner
from .warnings import FIRST_CODES, MEASURED_CODES, measurement_warnings

_FILE = "measured.json"
_MISSING = ("no-kidney", "one-kidney")
_SAME_MM, _SAME_SHARE = 2.0, 0.05  # of a lesion that nobody has touched: only rounding differs
_SAME_WARPED_MM = 4.0  # a center moves within a lesion that is bent
_SAME_SHAPE = 0.02  # of one that was moved with its CT: volume and length stay


@dataclass(frozen=True)
class Measured:
    """Numbers of a label map, and what follows from them.

    Attributes
    ----------
    measurements : Measurements
    findings : tuple of Finding
        Warnings and remarks.
    resections : tuple of Resection
        Every whole margin of every kidney that has a tumor.
    """

    measurements: Measurements
    findings: tuple[Finding, ...] = ()
    resections: tuple[Resection, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain dictionary for JSON."""
        return {
            "measurements": self.measurements.as_dict(),
            "findings": [f.as_dict() for f in self.findings],
            "resections": [r.as_dict() for r in self.resections],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Measured:
        """What `as_dict` wrote."""
        return cls(
            Measurements.from_dict(data["measurements"]),
            tuple(map(Finding.from_dict, data["findings"])),
            tuple(Resection(**row) for row in data["resections"]),
        )

    def save(self, folder: Path) -> None:
        """Write it into a folder that is there, for another process.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        (folder / _FILE).write_text(json.dumps(self.as_dict()), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Measured:
        """What `save` wrote.

        Raises
        ------
        OSError, ValueError, KeyError, TypeError
            If the file is missing or damaged.
        """
        return cls.from_dict(json.loads((folder / _FILE).read_text(encoding="utf-8")))


def measured(
    labels: Volume, ct: Volume, warp: Warp | None = None, *, progress: Progress | None = None
) -> Measured:
    """Measure a label map in world coordinates.

    Parameters
    ----------
    labels, ct : Volume
        `Label` numbers and HU on the CT's grid.
    warp : Warp, optional
        The transform over both, where a matrix does not describe it.
    """
    tell = progress or (lambda *_: None)
    tell("measure", 0.05, None)
    ends = None
    if warp is not None:
        labels, ct, ends = warp.in_world(labels, ct)
        tell("measure", 0.4, None)
    labels, ct = labels.canonical(), ct.canonical()
    found = with_intervals(measure(labels, ct, ends=ends), labels)
    tell("measure", 0.8, None)
    return Measured(found, tuple(measurement_warnings(found)), resections(labels, found))


def of_result(
    labels: Volume,
    ct: Volume,
    found: Measurements,
    findings: Iterable[Finding],
    warp: Warp | None = None,
) -> Measured:
    """Numbers of a run in world coordinates: its own where no bent transform lies over the CT.

    Parameters
    ----------
    labels, ct : Volume
    found : Measurements
        Of the run, on the CT's grid.
    findings : iterable of Finding
        Of the run.
    warp : Warp, optional
    """
    if warp is None:
        return Measured(found, tuple(findings), resections(labels.canonical(), found))
    now = measured(labels, ct, warp)
    there = [_in_world(finding, ct, warp) for finding in findings]
    known = [(old, _world(old.center_ras_mm, ct, warp)) for old in found.lesions]
    lesions = tuple(_with_doubt_of(lesion, known) for lesion in now.measurements.lesions)
    numbers = replace(now.measurements, lesions=lesions)
    return replace(now, measurements=numbers, findings=renewed(there, now))


def _with_doubt_of(
    lesion: LesionMeasurement, known: Sequence[tuple[LesionMeasurement, np.ndarray]]
) -> LesionMeasurement:
    """A lesion in world coordinates, as uncertain as its run found it on the CT's grid."""
    for old, center in known:
        gap = np.linalg.norm(center - lesion.center_ras_mm)
        if old.kind == lesion.kind and gap <= _SAME_WARPED_MM:
            return _as_uncertain(lesion, [old])
    return lesion


def _in_world(finding: Finding, ct: Volume, warp: Warp) -> Finding:
    """A finding of a run on the CT's own grid, with its place in world coordinates."""
    if finding.place_ras_mm is None:
        return finding
    return replace(finding, place_ras_mm=point_of(_world(finding.place_ras_mm, ct, warp)))


def _world(place_ras_mm: Sequence[float], ct: Volume, warp: Warp) -> np.ndarray:
    """A place on the CT's own grid, mm, where the bent transform takes it."""
    return warp.to_world(ct.geometry.kji_from_ras(place_ras_mm)[0])


def resections(labels: Volume, found: Measurements) -> tuple[Resection, ...]:
    """Every whole margin of every kidney that has a tumor.

    Parameters
    ----------
    labels : Volume
        Canonical.
    found : Measurements
        Knows which kidneys the scan cuts.
    """
    box = Box.of_mask(labels.array)
    if box is None or all(lesion.kind != "tumor" for lesion in found.lesions):
        return ()
    part = labels.cropped(box)
    cut = [side.side for side in found.sides if side.incomplete]
    planners = [resection_planner(part, side, cut_sides=cut) for side in SIDES]
    margins = np.arange(MARGINS_MM[0], MARGINS_MM[1] + 1)
    return tuple(p.plan(float(mm)) for p in planners if p is not None for mm in margins)


def renewed(before: Iterable[Finding], now: Measured) -> tuple[Finding, ...]:
    """Findings of a run, with those about numbers as they follow from new numbers.

    What the network or cleaning said stays: measuring again does not make it untrue.
    """
    kidneys = sum(side.parenchyma_ml > 0 for side in now.measurements.sides)
    gone = {*MEASURED_CODES, *(_MISSING if kidneys == len(SIDES) else ())}
    findings = (*(f for f in before if f.code not in gone), *now.findings)
    return tuple(sorted(findings, key=lambda f: f.code not in FIRST_CODES))


def with_known_doubt(now: Measurements, before: Measurements) -> Measurements:
    """Measurements whose lesions are as doubtful as they were, where nobody has touched them."""

    def known(lesion: LesionMeasurement) -> LesionMeasurement:
        alike = [old for old in before.lesions if _is_there(old, lesion)]
        alike = alike or [old for old in before.lesions if _is_moved(old, lesion)]
        return _as_uncertain(lesion, alike) if alike else lesion

    return replace(now, lesions=tuple(map(known, now.lesions)))


def _as_uncertain(
    lesion: LesionMeasurement, known: Sequence[LesionMeasurement]
) -> LesionMeasurement:
    """A lesion as uncertain as what it may be: the new interval knows nothing of the network's."""
    doubtful = any(old.uncertain for old in known)
    return replace(lesion, probability=known[0].probability, doubtful=doubtful)


def _is_there(old: LesionMeasurement, new: LesionMeasurement) -> bool:
    """Whether two are the same lesion where it was."""
    gap = np.linalg.norm(np.subtract(old.center_ras_mm, new.center_ras_mm))
    same_size = _near(old.volume_ml, new.volume_ml, _SAME_SHARE)
    return old.kind == new.kind and bool(gap <= _SAME_MM) and same_size


def _is_moved(old: LesionMeasurement, new: LesionMeasurement) -> bool:
    """Whether two are the same lesion after its CT was moved."""
    return (
        (old.kind, old.side) == (new.kind, new.side)
        and _near(old.volume_ml, new.volume_ml, _SAME_SHAPE)
        and _near(old.feret_3d_mm, new.feret_3d_mm, _SAME_SHAPE)
    )


def _near(one: float, other: float, share: float) -> bool:
    """Whether two numbers differ by no more than a share of the first."""
    return abs(one - other) <= share * abs(one)
