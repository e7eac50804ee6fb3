"""Kidneys of which the network is not sure as a whole: kept, with a warning."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ...core.anatomy import Tissue
from ...core.findings import said, warning
from ...core.masks import components
from ..scene import Change, Scene, Where
from ..sides import SURE_ML
from .base import Rule


@dataclass(frozen=True)
class UncertainKidneyLimits:
    """Brought by the model.

    Attributes
    ----------
    percent : float
        Mean probability in % below which a kidney is uncertain.
    """

    percent: float

    def uncertain_percent(self, scene: Scene, kidney: np.ndarray, where: Where) -> float | None:
        """Mean probability of an uncertain kidney; None of others, and of small ones."""
        if scene.volume_ml(kidney) < SURE_ML:
            return None
        percent = float(scene.organ_percent(kidney, where).mean())
        return percent if percent < self.percent else None


class UncertainKidney(Rule):
    """Warns about kidneys of 10 mL and more."""

    code = "doubted-kidney"
    needs = frozenset({"probabilities"})

    def __init__(self, limits: UncertainKidneyLimits) -> None:
        self.limits = limits

    def find(self, scene: Scene) -> Iterator[Change]:
        """Kidneys with a low mean probability."""
        for where, part in components(scene.tissue > 0):
            kidney = part & (scene.tissue[where] == Tissue.KIDNEY)
            percent = self.limits.uncertain_percent(scene, kidney, where)
            if percent is not None:
                text = said(
                    "The network is not sure of a kidney of {value:.0f} mL (mean probability "
                    "{percent:.0f} %). Check whether it is one.",
                    value=scene.volume_ml(kidney),
                    percent=percent,
                )
                place = scene.center_ras(kidney, where)
                yield Change(where, kidney, finding=warning(self.code, text, place))
