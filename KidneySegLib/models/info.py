"""What the rest of the library must know about a model, whatever its format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

Limits = Mapping[str, Mapping[str, Any]]
Kind = TypeVar("Kind")


@dataclass(frozen=True)
class ModelInfo:
    """Name, license and texts of a model, and the limits that were set on its weights.

    Attributes
    ----------
    name, version, license : str
    sha256 : str
        Of the weights.
    weak_phases : tuple of str
        Contrast phases in which a result gets a warning.
    lesion_warnings : tuple of str
        Said wherever lesions were looked for, also where none was found.
    interval_factors : mapping, optional
        How much the network's doubt about kidney, tumor and cyst counts in the interval of a
        volume (see measure/intervals.py); None where nobody has fitted them.
    limits : mapping
        For each rule that depends on how sure these weights are: its numbers, and their
        ``source``. A rule whose limits are not there does not run: those of one model say nothing
        of another. A cascade without limits for ``locator`` and ``fusion`` takes the usual ones.
    remarks : tuple of str
        What was assumed when it was opened.
    voters : tuple of str
        Names of the models that look for lesions, where there are several.
    """

    name: str
    version: str
    license: str
    sha256: str
    weak_phases: tuple[str, ...] = ()
    lesion_warnings: tuple[str, ...] = ()
    interval_factors: Mapping[str, float] | None = None
    limits: Limits = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    voters: tuple[str, ...] = ()

    def as_record(self) -> dict[str, Any]:
        """What the record of a run keeps of it."""
        return {
            "name": self.name,
            "version": self.version,
            "sha256": self.sha256,
            "license": self.license,
        }


def choice_in(record: Mapping[str, Any]) -> list[Any]:
    """What was chosen about the models of a record (see `ModelInfo.as_record`), each in turn."""
    return [part.get("choice") or {} for part in record.get("parts") or [record]]


def limits_of(kind: type[Kind], values: Mapping[str, Any]) -> Kind:
    """A dataclass of limits from a model's values; what they do not name keeps its default."""
    names = {f.name for f in fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: value for name, value in values.items() if name in names})
