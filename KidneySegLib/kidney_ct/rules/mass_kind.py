"""One kind a mass: connected tumor and cyst become one of them, unless both are large."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ...core.anatomy import Tissue
from ...core.densities import FLUID_HU
from ...core.masks import components, moved
from ..scene import Change, Scene, Where, grown, ring
from .base import Rule


@dataclass(frozen=True)
class MassKindLimits:
    """Limits of our own, set on four CTs and on inserted lesions; no cohort stands behind them.

    Attributes
    ----------
    both_share, both_ml : float
        Both kinds stay where the smaller one is more than this share of the mass and this much.
    own_body_ml, own_contact : float
        What is smaller stays where it is at least so large, and less than this share of its surface
        touches the other kind.
    alike_hu : float
        A smaller difference in HU does not tell two parts of a mass apart.
    """

    both_share: float = 0.2
    both_ml: float = 1.0
    own_body_ml: float = 0.5
    own_contact: float = 0.5
    alike_hu: float = 20.0


class MassKind(Rule):
    """Relabels by mean probability; a large cyst as dense as its tumor becomes tumor."""

    code = "mass-kind"

    def __init__(self, limits: MassKindLimits | None = None) -> None:
        self.limits = limits or MassKindLimits()

    def find(self, scene: Scene) -> Iterator[Change]:
        """Masses that hold both kinds."""
        for where, part in components(scene.tissue >= Tissue.TUMOR):
            tissue = scene.tissue[where]
            tumor = part & (tissue == Tissue.TUMOR)
            cyst = part & (tissue == Tissue.CYST)
            if tumor.any() and cyst.any():
                yield from self._of_mixed(scene, where, part, tumor, cyst)

    def _of_mixed(
        self, scene: Scene, where: Where, part: np.ndarray, tumor: np.ndarray, cyst: np.ndarray
    ) -> Iterator[Change]:
        """Changes of one mass that holds both kinds."""
        smaller = min((tumor, cyst), key=np.count_nonzero)
        small_ml = scene.volume_ml(smaller)
        limits = self.limits
        if small_ml > limits.both_ml and small_ml > limits.both_share * scene.volume_ml(part):
            if smaller is cyst and self._is_as_dense(cyst, tumor, where, scene):
                reason = "as dense as the tumor that it touches"
                yield Change(where, cyst, Tissue.TUMOR, Tissue.CYST, reason)
            return
        assert scene.lead is not None
        wins = scene.lead[where][part].mean() >= 0
        winner, was = (Tissue.TUMOR, Tissue.CYST) if wins else (Tissue.CYST, Tissue.TUMOR)
        lost = cyst if wins else tumor
        for spot, loser in components(lost):
            if lost is not smaller or not self._is_own_body(loser, spot, part & ~lost, scene):
                reason = f"relabeled {winner.name.lower()} by vote of its mass"
                yield Change(moved(spot, where), loser, winner, was, reason)

    def _is_as_dense(self, cyst: np.ndarray, tumor: np.ndarray, where: Where, scene: Scene) -> bool:
        """Whether a cyst is denser than fluid, and hardly less dense than a tumor."""
        if scene.density is None:
            return False
        density = scene.density[where]
        cyst_hu, tumor_hu = (float(np.median(density[part])) for part in (cyst, tumor))
        return cyst_hu > FLUID_HU[1] and tumor_hu - cyst_hu < self.limits.alike_hu

    def _is_own_body(self, part: np.ndarray, where: Where, other: np.ndarray, scene: Scene) -> bool:
        """Whether a part is large enough, and mostly free of the mass's other tissue."""
        if scene.volume_ml(part) < self.limits.own_body_ml:
            return False
        wide = grown(where, other.shape, (1, 1, 1))
        around = ring(part, where, wide)
        return bool((around & other[wide]).sum() < self.limits.own_contact * around.sum())
