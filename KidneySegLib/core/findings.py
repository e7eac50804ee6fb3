"""Findings: what the user must know about an input or a result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from .errors import InputError

Point = tuple[float, float, float]
_MOST_SLICES = 6


class Severity(Enum):
    """How much a finding matters: an error stops the run."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class Finding:
    """One thing found.

    Attributes
    ----------
    severity : Severity
    code : str
        Short stable name, for programs.
    message : str
        What was found, what was expected, what to do.
    place_ras_mm : (R, A, S), optional
        Where to look, where it speaks of a place.
    slice_number : int, optional
        The slice of that place (see `places.slice_number`).
    remedy : str
        Code of what helps, for whoever can word it with an option or a button; empty without one.
    """

    severity: Severity
    code: str
    message: str
    place_ras_mm: Point | None = None
    slice_number: int | None = None
    remedy: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain dictionary for JSON."""
        place = None if self.place_ras_mm is None else [round(x, 1) for x in self.place_ras_mm]
        return {
            "severity": self.severity.value,
            "code": self.code,
            "message": self.message,
            "place_ras_mm": place,
            "slice": self.slice_number,
            "remedy": self.remedy,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Finding:
        """Finding that `as_dict` wrote, by this version or one before."""
        place = data.get("place_ras_mm")
        return cls(
            Severity(data["severity"]),
            data["code"],
            data["message"],
            None if place is None else tuple(place),
            data.get("slice"),
            data.get("remedy", ""),
        )


def warning(
    code: str, message: str, place_ras_mm: Point | None = None, *, remedy: str = ""
) -> Finding:
    """Shorthand for a warning."""
    return Finding(Severity.WARNING, code, message, place_ras_mm, remedy=remedy)


def point_of(values: Iterable[float]) -> Point:
    """Three numbers as a point."""
    r, a, s = (float(x) for x in values)
    return r, a, s


def place_text(place_ras_mm: Point) -> str:
    """A place as messages name it, to be typed where a point is asked for."""
    r, a, s = place_ras_mm
    return f"R,A,S = {r:.0f},{a:.0f},{s:.0f} mm"


def slices_text(numbers: Sequence[object]) -> str:
    """Slices as messages name them: ``slice 4``, or ``slices 4, 5`` and how many more."""
    rest = len(numbers) - _MOST_SLICES
    more = f" and {rest} more" if rest > 0 else ""
    listed = ", ".join(map(str, numbers[:_MOST_SLICES]))
    return f"{'slice' if len(numbers) == 1 else 'slices'} {listed}{more}"


def info(
    code: str, message: str, place_ras_mm: Point | None = None, *, remedy: str = ""
) -> Finding:
    """Shorthand for a remark."""
    return Finding(Severity.INFO, code, message, place_ras_mm, remedy=remedy)


def error(code: str, message: str) -> Finding:
    """Shorthand for an error."""
    return Finding(Severity.ERROR, code, message)


def raise_errors(findings: list[Finding]) -> None:
    """Stop at the first error, with its message.

    Raises
    ------
    InputError
        If a finding is an error.
    """
    for finding in findings:
        if finding.severity is Severity.ERROR:
            raise InputError(finding.message)
