"""Kidneys that reach into none of the places looked at: seen by chance in a region's margin."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...core.anatomy import Tissue
from ...core.masks import components
from ..scene import Change, Scene
from .base import Rule, dropped

_REASON = "outside the places looked at"


class BesidePlaces(Rule):
    """Removes kidneys, with the masses on them, that reach into no place; it has no limits."""

    code = "beside-places"
    needs = frozenset({"places"})

    def find(self, scene: Scene) -> Iterator[Change]:
        """Components with kidney that lie in no place."""
        inside = np.zeros(scene.tissue.shape, bool)
        for box in scene.anchors or ():
            inside[box.grown((0, 0, 0), inside.shape).slices] = True
        for where, part in components(scene.tissue > 0):
            kidney = part & (scene.tissue[where] == Tissue.KIDNEY)
            if kidney.any() and not (part & inside[where]).any():
                yield from dropped(scene, _REASON, part, where)
