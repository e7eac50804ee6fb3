"""Small holes inside what was found; larger ones (the fat of the sinus) stay."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from scipy import ndimage

from ...core.masks import components, moved
from ..scene import Change, Scene, grown, majority, ring
from .base import Rule


@dataclass(frozen=True)
class HoleLimits:
    """A limit of our own: experts' masks have next to no holes, the sinus is larger.

    Attributes
    ----------
    below_ml : float
    """

    below_ml: float = 0.5


class Holes(Rule):
    """Gives holes to the tissue that most of their neighbors have."""

    code = "hole"

    def __init__(self, limits: HoleLimits | None = None) -> None:
        self.limits = limits or HoleLimits()

    def find(self, scene: Scene) -> Iterator[Change]:
        """Background that a component encloses."""
        for where, part in components(scene.tissue > 0):
            holes = ndimage.binary_fill_holes(part) & ~part
            if not holes.any():
                continue
            for spot, hole in components(holes):
                if scene.volume_ml(hole) < self.limits.below_ml:
                    wide = grown(spot, part.shape, (1, 1, 1))
                    around = scene.tissue[where][wide][ring(hole, spot, wide)]
                    yield Change(moved(spot, where), hole, majority(around))
