"""One kind a mass: decided for it as a whole, by the network's vote and by what it is made of.

Fluid that is joined to a solid part is one cystic tumor; two that only touch, such as a cyst at a
tumor, stay two.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ...core.anatomy import Tissue
from ...core.densities import FLUID_HU
from ...core.masks import components, moved, placed
from ...core.volume import Box
from ...measure.composition import FLUID, SOLID_HU, composition_of, inside_of
from ...measure.phase import NON_CONTRAST_HU
from ..scene import Change, Scene, Where, ring
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
    cyst_ml : float
        A cyst of at least so much (3 cm) that holds solid tissue is a tumor. Smaller ones stay:
        of 18 real cysts of 1.5 to 3 cm on slices 12 seem to hold some (studies/compositions.py).
    sure_lead : float
        Where one kind leads over the other by so many percent, densities do not change it: outlines
        that spill over make a cyst seem solid (one of two kept-out CTs with cysts), and of 122 real
        tumors on slices 5 are homogeneous fluid.
    """

    both_share: float = 0.2
    both_ml: float = 1.0
    own_body_ml: float = 0.5
    own_contact: float = 0.5
    alike_hu: float = 20.0
    cyst_ml: float = 14.0
    sure_lead: float = 30.0


class MassKind(Rule):
    """Relabels parts of masses, and masses, that are of the other kind."""

    code = "mass-kind"

    def __init__(self, limits: MassKindLimits | None = None) -> None:
        self.limits = limits or MassKindLimits()

    def find(self, scene: Scene) -> Iterator[Change]:
        """Masses that hold both kinds, and lesions that are not made of what they are called."""
        kidney_hu = _kidney_hu(scene)
        for where, part in components(scene.tissue >= Tissue.TUMOR):
            tissue = scene.tissue[where]
            tumor = part & (tissue == Tissue.TUMOR)
            cyst = part & (tissue == Tissue.CYST)
            if tumor.any() and cyst.any():
                yield from self._of_mixed(scene, where, tumor, cyst, kidney_hu)
                continue
            kind = Tissue.TUMOR if tumor.any() else Tissue.CYST
            if reason := self._other_kind(scene, where, part, kind, kidney_hu):
                becomes = Tissue.CYST if kind == Tissue.TUMOR else Tissue.TUMOR
                yield Change(where, part, becomes, kind, reason)

    def _of_mixed(
        self, scene: Scene, where: Where, tumor: np.ndarray, cyst: np.ndarray, kidney_hu: float
    ) -> Iterator[Change]:
        """Changes of one mass that holds both kinds."""
        part, limits = tumor | cyst, self.limits
        smaller = min((tumor, cyst), key=np.count_nonzero)
        small_ml = scene.volume_ml(smaller)
        least_ml = max(limits.both_ml, limits.both_share * scene.volume_ml(part))
        if small_ml > least_ml and self._are_two(tumor, cyst, scene):
            if smaller is cyst and self._is_as_dense(cyst, tumor, where, scene):
                reason = "as dense as the tumor that it touches"
                yield Change(where, cyst, Tissue.TUMOR, Tissue.CYST, reason)
            return
        if self._is_solid_part(tumor, part, where, scene, kidney_hu):
            winner, why = Tissue.TUMOR, "its solid part"
        else:
            assert scene.lead is not None
            votes = scene.lead[where][part].mean() >= 0
            winner, why = Tissue.TUMOR if votes else Tissue.CYST, "vote of its mass"
        was = Tissue.CYST if winner == Tissue.TUMOR else Tissue.TUMOR
        lost = cyst if winner == Tissue.TUMOR else tumor
        for spot, loser in components(lost):
            own = placed(loser, spot, tuple(slice(0, n) for n in part.shape))
            if lost is not smaller or not self._are_two(own, part & ~lost, scene):
                reason = f"relabeled {winner.name.lower()} by {why}"
                yield Change(moved(spot, where), loser, winner, was, reason)

    def _is_solid_part(
        self, tumor: np.ndarray, mass: np.ndarray, where: Where, scene: Scene, kidney_hu: float
    ) -> bool:
        """Whether what the network calls tumor in a mass is solid tissue, and not just some rim."""
        least_ml = max(self.limits.both_ml, self.limits.both_share * scene.volume_ml(mass))
        if (
            scene.density is None
            or kidney_hu < NON_CONTRAST_HU
            or scene.volume_ml(tumor) <= least_ml
        ):
            return False
        geometry = scene.geometry.cropped(Box.of_slices(where))
        inner = tumor & inside_of(mass, geometry)
        return bool(inner.any()) and float(np.median(scene.density[where][inner])) > SOLID_HU

    def _other_kind(
        self, scene: Scene, where: Where, part: np.ndarray, kind: Tissue, kidney_hu: float
    ) -> str:
        """Why a lesion is of the other kind; empty where it is not."""
        assert scene.lead is not None
        lead = float(scene.lead[where][part].mean()) * (1 if kind == Tissue.TUMOR else -1)
        large = kind == Tissue.TUMOR or scene.volume_ml(part) >= self.limits.cyst_ml
        if scene.density is None or not large or lead >= self.limits.sure_lead:
            return ""
        geometry = scene.geometry.cropped(Box.of_slices(where))
        made_of = composition_of(part, scene.density[where], kidney_hu, geometry)
        if made_of is None or (made_of.kind == FLUID) != (kind == Tissue.TUMOR):
            return ""
        return "homogeneous fluid" if made_of.kind == FLUID else f"{made_of.kind}, no cyst"

    def _is_as_dense(self, cyst: np.ndarray, tumor: np.ndarray, where: Where, scene: Scene) -> bool:
        """Whether a cyst is denser than fluid, and hardly less dense than a tumor."""
        if scene.density is None:
            return False
        density = scene.density[where]
        cyst_hu, tumor_hu = (float(np.median(density[part])) for part in (cyst, tumor))
        return cyst_hu > FLUID_HU[1] and tumor_hu - cyst_hu < self.limits.alike_hu

    def _are_two(self, one: np.ndarray, other: np.ndarray, scene: Scene) -> bool:
        """Whether both parts of a mass are bodies that touch: neither lies around the other."""
        pairs = ((one, other), (other, one))
        return all(self._is_own_body(part, beside, scene) for part, beside in pairs)

    def _is_own_body(self, part: np.ndarray, other: np.ndarray, scene: Scene) -> bool:
        """Whether a part is large enough, and mostly free of the mass's other tissue."""
        if scene.volume_ml(part) < self.limits.own_body_ml:
            return False
        wide = tuple(slice(0, n + 2) for n in part.shape)
        around = ring(part, tuple(slice(1, n + 1) for n in part.shape), wide)
        touching = around & np.pad(other, 1)
        return bool(touching.sum() < self.limits.own_contact * around.sum())


def _kidney_hu(scene: Scene) -> float:
    """Median density of the parenchyma; -inf where nobody knows it."""
    kidney = scene.tissue == Tissue.KIDNEY
    if scene.density is None or not kidney.any():
        return -np.inf
    return float(np.median(scene.density[kidney]))
