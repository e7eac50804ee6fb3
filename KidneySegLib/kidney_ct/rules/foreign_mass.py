"""Masses of bowel, liver or stomach: called with less certainty than what is a kidney's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ...core.anatomy import Tissue
from ...core.findings import Finding, place_text, said, warning
from ...core.masks import components, placed
from ..removals import Removal
from ..scene import Change, Scene, Where, grown, majority
from ..sides import SURE_ML
from .base import Rule

_REASON = "the network is not sure that it belongs to a kidney"
_INSIDE = "inside a kidney, and the network is not sure of it: counted as kidney"


@dataclass(frozen=True)
class ForeignMassLimits:
    """Which masses are in doubt; brought by the model.

    Attributes
    ----------
    least_ml : float
        Smaller masses are mostly rim, which is less sure in true ones, too.
    percent : float
        Probability of kidney or mass in % that a kidney's own mass reaches.
    percentile : float
        In so many % of its voxels it may be less.
    """

    least_ml: float
    percent: float
    percentile: float


class ForeignMass(Rule):
    """Removes masses that nowhere are surely a kidney's, but for those that the user points at."""

    code = "foreign-mass"
    needs = frozenset({"probabilities"})

    def __init__(self, limits: ForeignMassLimits) -> None:
        self.limits = limits

    def find(self, scene: Scene) -> Iterator[Change]:
        """Masses of a certain size."""
        points = [np.rint(scene.geometry.kji_from_ras(p))[0].astype(int) for p in scene.points]
        for where, part in components(scene.tissue >= Tissue.TUMOR):
            if scene.volume_ml(part) < self.limits.least_ml:
                continue
            surest = np.percentile(scene.organ_percent(part, where), self.limits.percentile)
            if surest < self.limits.percent and not any(_holds(part, where, p) for p in points):
                kind = Tissue(majority(scene.tissue[where][part]))
                inside = _lies_inside_kidney(scene, part, where)
                becomes = Tissue.KIDNEY if inside else Tissue.BACKGROUND
                yield Change(where, part, becomes, kind, _INSIDE if inside else _REASON)

    def tell(self, scene: Scene, removed: Sequence[Removal]) -> list[Finding]:
        """Name what was left out, or counted as kidney: it may be a tumor."""
        return [_inside(m) if m.reason == _INSIDE else _left_out(m) for m in removed]


def _left_out(mass: Removal) -> Finding:
    """Warn about a mass that is gone."""
    return warning(
        "mass-left-out",
        said(
            "A {tissue} of {volume_ml:.1f} mL around {place_text} was left out (ID {id}): "
            "the network is not sure that any of it belongs to a kidney. It may be bowel, "
            "another organ, or a tumor of a kind that the network does not know. Look at "
            "it. If it is a kidney's, take it back, or click into it and into every kidney.",
            tissue=mass.tissue,
            volume_ml=mass.volume_ml,
            place_text=place_text(mass.center_ras),
            id=mass.id,
        ),
        mass.center_ras,
        remedy="take-back-or-click",
    )


def _inside(mass: Removal) -> Finding:
    """Warn about a mass that became kidney."""
    return warning(
        "mass-counted-as-kidney",
        said(
            "A {tissue} of {volume_ml:.1f} mL inside a kidney, around {place_text}, was "
            "counted as kidney (ID {id}): the network is not sure of any of it. It may be a"
            " tumor of a kind that the network does not know. Look at it, and take it back "
            "if it is a lesion.",
            tissue=mass.tissue,
            volume_ml=mass.volume_ml,
            place_text=place_text(mass.center_ras),
            id=mass.id,
        ),
        mass.center_ras,
        remedy="take-back-or-click",
    )


def _lies_inside_kidney(scene: Scene, part: np.ndarray, where: Where) -> bool:
    """Whether kidney encloses a small mass, so that taking it out would leave a hole."""
    wide = grown(where, scene.tissue.shape, (1, 1, 1))
    if scene.volume_ml(part) >= SURE_ML:
        return False  # as large as a kidney: it is left out, not counted as parenchyma
    closed = ndimage.binary_fill_holes(scene.tissue[wide] == Tissue.KIDNEY)
    return bool(closed[placed(part, where, wide)].all())


def _holds(part: np.ndarray, where: Where, kji: np.ndarray) -> bool:
    """Whether a voxel of the whole lies in a component inside the slices where."""
    inside = all(s.start <= n < s.stop for s, n in zip(where, kji, strict=True))
    return inside and bool(part[tuple(n - s.start for s, n in zip(where, kji, strict=True))])
