"""Masses that the user says are none of a kidney's."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...core.anatomy import Tissue
from ...core.errors import InputError
from ...core.findings import place_text, point_of
from ...core.masks import components
from ..scene import Change, Scene
from .base import Rule, dropped

_REASON = "left out at the user's word"


class Unwanted(Rule):
    """Removes the masses at the user's points; it has no limits."""

    code = "unwanted"

    def find(self, scene: Scene) -> Iterator[Change]:
        """Masses at the points.

        Raises
        ------
        InputError
            If there is no mass at one of them.
        """
        masses = components(scene.tissue >= Tissue.TUMOR) if len(scene.unwanted) else []
        for ras in scene.unwanted:
            spot = np.rint(scene.geometry.kji_from_ras(ras)[0]).astype(int)
            there = [
                (where, part)
                for where, part in masses
                if all(s.start <= n < s.stop for n, s in zip(spot, where, strict=True))
                and part[tuple(n - s.start for n, s in zip(spot, where, strict=True))]
            ]
            if not there:
                raise InputError(
                    f"There is no tumor or cyst around {place_text(point_of(ras))} to leave out. "
                    "Take a place from the list of lesions of this CT's result."
                )
            where, part = there[0]
            yield from dropped(scene, _REASON, part, where)
