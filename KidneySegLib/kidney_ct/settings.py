"""What the user decides about a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..core.errors import InputError
from ..segmenters.base import QUALITIES
from ..segmenters.decision import OPERATING_POINTS, STANDARD
from ..segmenters.places import Hints, Point
from .refine import METHODS


@dataclass(frozen=True)
class Settings:
    """What the user decides.

    Attributes
    ----------
    quality : str
        ``fast``, ``balanced`` or ``best``.
    kidneys_only : bool
        Count tumors and cysts as kidney.
    points : tuple of (R, A, S)
        Points in mm inside kidneys; they replace the locator.
    rois : tuple of pairs of (R, A, S)
        Opposite corners in mm of boxes around kidneys; they replace the locator.
    keep : tuple of int or str
        Numbers or IDs of removals that cleaning must take back (see `Removal`).
    without : tuple of (R, A, S)
        Places in mm of masses that are left out.
    refine : str
        ``off``, ``levelset`` or ``contour`` (see refine.py).
    operating_point : str
        ``sensitive`` finds more tumors, ``specific`` fewer false ones (see `Decision`).
    probabilities : bool
        Keep the probabilities of kidney, tumor and cyst with the result.
    raw_labels : bool
        Keep the model's own label map with the result, before any cleaning.
    """

    quality: str = "balanced"
    kidneys_only: bool = False
    points: tuple[Point, ...] = ()
    rois: tuple[tuple[Point, Point], ...] = ()
    keep: tuple[int | str, ...] = ()
    without: tuple[Point, ...] = ()
    refine: str = "off"
    operating_point: str = STANDARD
    probabilities: bool = False
    raw_labels: bool = False

    def __post_init__(self):
        """Refuse an unknown quality, refinement or operating point."""
        for what, value, known in (
            ("quality", self.quality, QUALITIES),
            ("refinement", self.refine, METHODS),
            ("operating point", self.operating_point, OPERATING_POINTS),
        ):
            if value not in known:
                raise InputError(f"Unknown {what} '{value}'. Expected {', '.join(known)}.")

    @property
    def hints(self) -> Hints:
        """Where the user says that kidneys are."""
        return Hints(self.points, self.rois)

    def as_dict(self) -> dict[str, Any]:
        """Plain dictionary for JSON; what was added later is named where it is not the usual."""
        more: dict[str, Any] = {
            n: True for n in ("probabilities", "raw_labels") if getattr(self, n)
        }
        if self.without:
            more["without_ras_mm"] = [list(map(float, p)) for p in self.without]
        if self.operating_point != STANDARD:
            more["operating_point"] = self.operating_point
        return {
            "quality": self.quality,
            "kidneys_only": self.kidneys_only,
            "points_ras_mm": [list(map(float, p)) for p in self.points],
            "rois_ras_mm": [[list(map(float, c)) for c in roi] for roi in self.rois],
            "keep": list(self.keep),
            "refine": self.refine,
        } | more

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Settings:
        """Settings that `as_dict` wrote."""
        return cls(
            quality=data["quality"],
            kidneys_only=data["kidneys_only"],
            points=tuple(tuple(p) for p in data["points_ras_mm"]),
            rois=tuple((tuple(a), tuple(b)) for a, b in data["rois_ras_mm"]),
            keep=tuple(data["keep"]),
            without=tuple(tuple(p) for p in data.get("without_ras_mm", ())),
            refine=data["refine"],
            operating_point=data.get("operating_point", STANDARD),
            probabilities=data.get("probabilities", False),
            raw_labels=data.get("raw_labels", False),
        )
