"""Kidney far from where the network is sure: bowel, liver, spleen or stomach beside one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ...core.anatomy import Tissue
from ...core.findings import Finding, Point, place_text, said, warning
from ...core.masks import components
from ..removals import Removal
from ..scene import Scene, Where
from .base import Rule
from .uncertain_kidney import UncertainKidneyLimits

_COARSE_MM = 2.0  # a coarse grid, for speed


@dataclass(frozen=True)
class UncertainPartLimits:
    """Brought by the model.

    Attributes
    ----------
    percent : float
        Probability of kidney or mass in % at which the network is sure.
    reach_mm : float
        What is kidney lies within this distance of where it is sure; what hangs on it reaches
        further.
    least_ml : float
        Smaller parts are not worth a warning.
    """

    percent: float
    reach_mm: float
    least_ml: float


class UncertainPart(Rule):
    """Warns, once, after all other rules."""

    code = "doubted-part"
    needs = frozenset({"probabilities"})

    def __init__(
        self, limits: UncertainPartLimits, kidneys: UncertainKidneyLimits | None = None
    ) -> None:
        self.limits, self.kidneys = limits, kidneys

    def tell(self, scene: Scene, removed: Sequence[Removal]) -> list[Finding]:
        """Volume and place of all parts in one warning."""
        parts = self._parts(scene)
        if not parts:
            return []
        ml, place = max(parts)
        largest = f", the largest part ({ml:.0f} mL)" if len(parts) > 1 else ""
        text = said(
            "At least {sum:.0f} mL that are called kidney are uncertain: they lie more than"
            " {reach_mm:g} mm from where the network is sure of kidney or mass{largest} "
            "around {place_text}. Check whether it is bowel, liver, spleen or stomach; what"
            " is nearer may be, too.",
            sum=sum((ml for ml, _ in parts)),
            reach_mm=self.limits.reach_mm,
            largest=largest,
            place_text=place_text(place),
        )
        return [warning(self.code, text, place)]

    def _parts(self, scene: Scene) -> list[tuple[float, Point]]:
        """Volume in mL, and a place in RAS mm, of kidney far from where the network is sure.

        Where it is nowhere sure that is a whole component, but for kidneys uncertain as a whole.
        """
        steps = [max(1, round(_COARSE_MM / mm)) for mm in scene.geometry.spacing_mm]
        voxel_ml = scene.geometry.voxel_volume_ml * float(np.prod(steps))
        parts = []
        for where, part in components(scene.tissue > 0):
            far = part & (scene.tissue[where] == Tissue.KIDNEY)
            near = self._near_sure(scene, part, where, steps)
            if not near.any() and self._is_uncertain_kidney(scene, far, where):
                continue
            far = far[_every(steps)]
            for inner, spots in components(far & ~near):
                volume_ml = np.count_nonzero(spots) * voxel_ml
                if volume_ml >= self.limits.least_ml:
                    inside = np.argwhere(spots)[np.count_nonzero(spots) // 2]
                    kji = (inside + [s.start for s in inner]) * steps + [s.start for s in where]
                    r, a, s = map(float, scene.geometry.ras_from_kji(kji)[0])
                    parts.append((volume_ml, (r, a, s)))
        return parts

    def _is_uncertain_kidney(self, scene: Scene, kidney: np.ndarray, where: Where) -> bool:
        """Whether a kidney has a warning as a whole."""
        limits = self.kidneys
        return limits is not None and limits.uncertain_percent(scene, kidney, where) is not None

    def _near_sure(
        self, scene: Scene, part: np.ndarray, where: Where, steps: Sequence[int]
    ) -> np.ndarray:
        """Where a component's sure voxels are near, on every n-th voxel of its slices."""
        coarse = tuple(slice(s.start, s.stop, n) for s, n in zip(where, steps, strict=True))
        percent = scene.organ_percent(slice(None), coarse)
        sure = part[_every(steps)] & (percent >= self.limits.percent)
        if not sure.any():
            return sure
        away_mm = ndimage.distance_transform_edt(~sure, steps * scene.geometry.spacing_mm)
        return away_mm <= self.limits.reach_mm


def _every(steps: Sequence[int]) -> tuple[slice, ...]:
    """Every n-th voxel of each axis."""
    return tuple(slice(None, None, n) for n in steps)
