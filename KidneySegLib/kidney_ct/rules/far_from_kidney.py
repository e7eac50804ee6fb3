"""Masses that neither touch a kidney nor lie close to one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ...core.anatomy import Tissue
from ...core.findings import said, warning
from ...core.masks import components, gap_mm, placed
from ..scene import Change, Scene, grown
from .base import Rule, dropped


@dataclass(frozen=True)
class FarLimits:
    """Set on 489 KiTS23 label maps: every tumor touches a kidney.

    Attributes
    ----------
    near_mm : float
        Between faces; as much as an empty thick slice leaves.
    large_ml : float
        Such a mass may have replaced its kidney: it is kept, with a warning.
    """

    near_mm: float = 4.0
    large_ml: float = 50.0


class FarFromKidney(Rule):
    """Removes far masses; keeps large ones and warns."""

    code = "far-from-kidney"

    def __init__(self, limits: FarLimits | None = None) -> None:
        self.limits = limits or FarLimits()

    def find(self, scene: Scene) -> Iterator[Change]:
        """Masses with no kidney near them."""
        near_mm = self.limits.near_mm
        reach = scene.geometry.voxels_covering(near_mm) + 1
        for where, part in components(scene.tissue >= Tissue.TUMOR):
            wide = grown(where, scene.tissue.shape, reach)
            kidney = scene.tissue[wide] == Tissue.KIDNEY
            if gap_mm(placed(part, where, wide), kidney, scene.geometry.spacing_mm) <= near_mm:
                continue
            volume_ml = scene.volume_ml(part)
            if volume_ml < self.limits.large_ml:
                yield from dropped(scene, f"more than {near_mm:g} mm from any kidney", part, where)
                continue
            text = said(
                "A mass of {volume_ml:.0f} mL was kept although it touches no kidney: it may "
                "have replaced one, or belong to another organ. Check it.",
                volume_ml=volume_ml,
            )
            place = scene.center_ras(part, where)
            yield Change(where, part, finding=warning("unattached-mass", text, place))
