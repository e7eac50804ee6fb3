"""Fragments of kidney, and rims of kidney around a mass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ...core.anatomy import Tissue
from ...core.masks import components
from ..scene import Change, Scene, majority
from .base import Rule, dropped


@dataclass(frozen=True)
class FragmentLimits:
    """Set on 489 KiTS23 label maps: kidneys are over 10 mL, fragments of them under 0.4 mL.

    Attributes
    ----------
    least_ml : float
        Less is no kidney.
    """

    least_ml: float = 1.0


class Fragment(Rule):
    """Removes fragments; a mass whose only kidney is a thin rim is a mass, rim and all."""

    code = "fragment"

    def __init__(self, limits: FragmentLimits | None = None) -> None:
        self.limits = limits or FragmentLimits()

    def find(self, scene: Scene) -> Iterator[Change]:
        """Components with some kidney, but not enough; the rim must not vouch for a far mass."""
        least_ml = self.limits.least_ml
        for where, part in components(scene.tissue > 0):
            tissue = scene.tissue[where]
            rim = part & (tissue == Tissue.KIDNEY)
            kidney_ml = scene.volume_ml(rim)
            if kidney_ml == 0:
                continue  # a mass without kidney: judged by its distance to one
            if scene.volume_ml(part) < least_ml:
                yield from dropped(scene, f"fragment under {least_ml:g} mL", part, where)
            elif kidney_ml < least_ml:
                reason = f"rim under {least_ml:g} mL on a mass"
                yield Change(where, rim, majority(tissue[part & ~rim]), Tissue.KIDNEY, reason)
