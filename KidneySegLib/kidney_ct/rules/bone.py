"""Bone that was taken for a kidney: denser at its rim than in its core."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ...core.anatomy import Tissue
from ...core.findings import Finding, place_text, said, warning
from ...core.masks import components, placed
from ..removals import Removal
from ..scene import Change, Scene, Where, grown
from .base import Rule, dropped

_RIM_MM, _CORE_MM = 2.5, 5.0  # the rim is less deep than the one, the core deeper than the other
_MASS_SHARE = 0.2  # with larger masses it may be a kidney with a tumor
_REASON = "looks like bone, and the network is not sure"


@dataclass(frozen=True)
class BoneLimits:
    """What looks like bone; brought by the model.

    Attributes
    ----------
    percent : float
        Mean probability of kidney or mass in %: surer ones stay.
    rim_hu : float
        Median density of the rim in HU: denser than contrast makes kidneys.
    core_below_hu : float
        So much less dense in HU is the core.
    """

    percent: float
    rim_hu: float
    core_below_hu: float


class Bone(Rule):
    """Removes kidneys that look like bone where the network is not sure."""

    code = "bone"
    needs = frozenset({"probabilities", "density", "not guided"})

    def __init__(self, limits: BoneLimits) -> None:
        self.limits = limits

    def find(self, scene: Scene) -> Iterator[Change]:
        """Kidneys, with small masses on them."""
        for where, part in components(scene.tissue > 0):
            kidney = part & (scene.tissue[where] == Tissue.KIDNEY)
            if not kidney.any() or kidney.sum() < (1 - _MASS_SHARE) * part.sum():
                continue
            unsure = scene.organ_percent(kidney, where).mean() < self.limits.percent
            if unsure and self.looks_like_bone(part, where, scene):
                yield from dropped(scene, _REASON, part, where)

    def looks_like_bone(self, part: np.ndarray, where: Where, scene: Scene) -> bool:
        """Whether a kidney has a rim denser than contrast makes kidneys, and than its core."""
        assert scene.density is not None
        wide = grown(where, scene.tissue.shape, (1, 1, 1))
        own = placed(part, where, wide)
        depth_mm = ndimage.distance_transform_edt(own, scene.geometry.spacing_mm)
        kidney, hu = own & (scene.tissue[wide] == Tissue.KIDNEY), scene.density[wide]
        rim, core = hu[kidney & (depth_mm <= _RIM_MM)], hu[kidney & (depth_mm > _CORE_MM)]
        if not rim.size or not core.size:
            return False
        rim_hu = float(np.median(rim))
        denser_hu = rim_hu - float(np.median(core))
        return rim_hu > self.limits.rim_hu and denser_hu > self.limits.core_below_hu

    def tell(self, scene: Scene, removed: Sequence[Removal]) -> list[Finding]:
        """Name what was left out: it may be a kidney."""
        return [
            warning(
                "bone-left-out",
                said(
                    "A structure of {volume_ml:.0f} mL around {place_text} looks like bone, and the"
                    " network is not sure of it: it was left out (ID {id}). If it is a kidney, take"
                    " it back, or click into every kidney.",
                    volume_ml=bone.volume_ml,
                    place_text=place_text(bone.center_ras),
                    id=bone.id,
                ),
                bone.center_ras,
                remedy="take-back-or-click",
            )
            for bone in removed
            if bone.tissue == "kidney"
        ]
