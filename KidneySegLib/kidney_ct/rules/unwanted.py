"""Masses that the user says are none of a kidney's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ...core.anatomy import Tissue
from ...core.errors import InputError
from ...core.findings import place_text, point_of
from ...core.masks import Component, components
from ...core.volume import Box
from ..scene import Change, Scene
from .base import Rule, dropped

_REASON = "left out at the user's word"
_NEAR_MM = 10.0


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
        for place in scene.unwanted:
            where, part = _mass_at(place, scene)
            yield from dropped(scene, _REASON, part, where)


def _mass_at(place: Sequence[float], scene: Scene) -> Component:
    """The mass nearest to a place: the list of lesions names centers, which may lie beside it."""
    nearest: tuple[float, Component] | None = None
    for where, part in components(scene.tissue >= Tissue.TUMOR):
        own = scene.geometry.cropped(Box.of_slices(where))
        away = np.linalg.norm(own.ras_from_kji(np.argwhere(part)) - np.asarray(place), axis=1).min()
        if nearest is None or away < nearest[0]:
            nearest = (float(away), (where, part))
    if nearest is None or nearest[0] > _NEAR_MM:
        raise nothing_at(place)
    return nearest[1]


def nothing_at(place: Sequence[float]) -> InputError:
    """The error where there is no mass at a place."""
    return InputError(
        f"There is no tumor or cyst around {place_text(point_of(place))} to leave out. Take a "
        "place from the list of lesions of this CT's result."
    )
