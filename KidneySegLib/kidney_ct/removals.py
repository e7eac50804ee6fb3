"""Removals: what cleaning took out or relabeled, with a number in the mask and an ID to name it."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..core.errors import InputError
from ..core.findings import Point

_ID_DIGITS = 5


@dataclass(frozen=True)
class Removal:
    """A component that cleaning took out or relabeled, and why.

    Attributes
    ----------
    number : int
        Its voxels in ``rejected.nii.gz``; numbers change when rules change.
    id : str
        Short hash of code, tissue and place, which stays when another rule is added.
    code : str
        Of the rule.
    tissue : str
        What it was.
    reason : str
    volume_ml : float
    center_ras : (R, A, S)
        mm.
    restored : bool
        Whether the user took it back.
    """

    number: int
    id: str
    code: str
    tissue: str
    reason: str
    volume_ml: float
    center_ras: Point
    restored: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Plain dictionary for JSON."""
        return {
            "number": self.number,
            "id": self.id,
            "code": self.code,
            "tissue": self.tissue,
            "reason": self.reason,
            "volume_ml": round(self.volume_ml, 3),
            "center_ras_mm": [round(x, 1) for x in self.center_ras],
            "restored": self.restored,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Removal:
        """Removal that `as_dict` wrote, by this version or one before."""
        return cls(
            number=number_of(data),
            id=str(data["id"]),
            code=data.get("code", ""),
            tissue=data["tissue"],
            reason=data["reason"],
            volume_ml=data["volume_ml"],
            center_ras=tuple(data["center_ras_mm"]),
            restored=data["restored"],
        )


def number_of(data: Mapping[str, Any]) -> int:
    """Number of a stored removal in the mask; up to format 4 it was called ``id``."""
    return int(data.get("number", data["id"]))


def short_id(code: str, tissue: str, center_ras: Point, taken: Collection[str]) -> str:
    """ID of a removal: a letter of its tissue, and a hash of code, tissue and place in whole mm.

    Parameters
    ----------
    taken : collection of str
        IDs that others have: two of one kind in one place are told apart by their order.
    """
    place = ",".join(str(round(x)) for x in center_ras)
    for attempt in range(len(taken) + 1):
        text = f"{code}|{tissue}|{place}|{attempt}"
        digest = hashlib.sha256(text.encode()).hexdigest()[:_ID_DIGITS]
        if (found := f"{tissue[0]}{digest}") not in taken:
            break
    return found


def chosen(keep: Collection[int | str], removals: Sequence[Removal]) -> set[int]:
    """Numbers of the removals that a user names by number or by ID.

    Raises
    ------
    InputError
        If one is neither.
    """
    numbers = {r.id: r.number for r in removals} | {str(r.number): r.number for r in removals}
    unknown = sorted(str(k) for k in keep if str(k) not in numbers)
    if unknown:
        last = len(removals)
        known = f"has the numbers 1 to {last}" if removals else "removed nothing"
        raise InputError(
            f"There is no removed component {unknown[0]}: this run {known} (the record lists them "
            "with their IDs). Quality, model and points must be the same as in the run that was "
            "looked at.",
            remedy="removed-components",
        )
    return {numbers[str(k)] for k in keep}
