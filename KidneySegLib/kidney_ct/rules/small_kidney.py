"""Kidneys larger than fragments and smaller than kidneys are: kept, with a warning."""

from __future__ import annotations

from collections.abc import Iterator

from ...core.anatomy import Tissue
from ...core.findings import said, warning
from ...core.masks import components
from ..scene import Change, Scene
from ..sides import SURE_ML
from .base import Rule


class SmallKidney(Rule):
    """Warns; the limit is the one of `sides`."""

    code = "small-kidney"

    def find(self, scene: Scene) -> Iterator[Change]:
        """Components with kidney under 10 mL."""
        for where, part in components(scene.tissue > 0):
            total_ml = scene.volume_ml(part)
            if total_ml < SURE_ML and (part & (scene.tissue[where] == Tissue.KIDNEY)).any():
                text = said(
                    "A kidney component of only {total_ml:.1f} mL was kept. Check whether it is a "
                    "shrunken kidney or a mistake.",
                    total_ml=total_ml,
                )
                place = scene.center_ras(part, where)
                yield Change(where, part, finding=warning(self.code, text, place))
