"""Findings: what the user must know about an input or a result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
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


class Said(str):
    """A text with the template and the values that it was made of, for whoever translates it."""

    template: str
    values: dict[str, Any]


def said(template: str, **values: Any) -> Said:
    """A message from a template of ``str.format`` and its values."""
    plain = {name: _plain(value) for name, value in values.items()}
    text = Said(template.format(**plain))
    text.template, text.values = template, plain
    return text


def _plain(value: Any) -> Any:
    """A value as JSON keeps it."""
    if isinstance(value, (bool, int, float)) or value is None:
        return value
    if hasattr(value, "__index__"):  # a whole number of numpy's
        return int(value)
    return float(value) if hasattr(value, "__float__") else str(value)


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
    template : str
        The message before its values were filled in: what a translation knows. Empty where the
        message has no values, or was stored by a version before.
    values : mapping
        Values of the template.
    """

    severity: Severity
    code: str
    message: str
    place_ras_mm: Point | None = None
    slice_number: int | None = None
    remedy: str = ""
    template: str = ""
    values: Mapping[str, Any] = field(default_factory=dict, hash=False)

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
            "template": self.template,
            "values": dict(self.values),
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
            data.get("template", ""),
            data.get("values", {}),
        )


def warning(
    code: str, message: str, place_ras_mm: Point | None = None, *, remedy: str = ""
) -> Finding:
    """Shorthand for a warning."""
    return _finding(Severity.WARNING, code, message, place_ras_mm, remedy)


def _finding(
    severity: Severity, code: str, message: str, place_ras_mm: Point | None, remedy: str
) -> Finding:
    """A finding; of a message that was `said` it keeps template and values."""
    template, values = getattr(message, "template", ""), getattr(message, "values", {})
    return Finding(severity, code, str(message), place_ras_mm, None, remedy, template, dict(values))


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
    return _finding(Severity.INFO, code, message, place_ras_mm, remedy)


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
