"""Specks of tumor or cyst, and small lesions of which the network is not sure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ...core.anatomy import Tissue
from ...core.masks import components
from ..scene import Change, Scene, Where, grown, ring
from .base import Rule


@dataclass(frozen=True)
class SpeckLimits:
    """Set on 489 KiTS23 label maps: tumors under 0.1 mL are dust, half of the cysts under 0.5 mL.

    Attributes
    ----------
    tumor_ml, cyst_ml : float
        Less is a speck.
    """

    tumor_ml: float = 0.1
    cyst_ml: float = 0.03


@dataclass(frozen=True)
class UncertainLesionLimits:
    """Brought by the model.

    Attributes
    ----------
    below_ml : float
        Larger lesions stay, with a warning.
    percent : float
        Mean probability of its kind in % below which a lesion is uncertain.
    """

    below_ml: float
    percent: float


class SmallLesion(Rule):
    """Gives small lesions of one kind to the kidney around them, or to the background."""

    code = "small-lesion"

    def __init__(
        self,
        kind: Tissue,
        uncertain: UncertainLesionLimits | None = None,
        specks: SpeckLimits | None = None,
    ) -> None:
        self.kind, self.uncertain = kind, uncertain
        specks = specks or SpeckLimits()
        self.speck_ml = specks.tumor_ml if kind == Tissue.TUMOR else specks.cyst_ml

    def find(self, scene: Scene) -> Iterator[Change]:
        """Lesions of the kind that are not kept."""
        for where, part in components(scene.tissue == self.kind):
            reason = self._reason(scene, where, part)
            if reason:
                wide = grown(where, scene.tissue.shape, (1, 1, 1))
                around = ring(part, where, wide) & (scene.tissue[wide] == Tissue.KIDNEY)
                becomes = Tissue.KIDNEY if around.any() else Tissue.BACKGROUND
                yield Change(where, part, becomes, self.kind, reason)

    def _reason(self, scene: Scene, where: Where, part: np.ndarray) -> str:
        """Why a lesion is not kept; empty where it is."""
        volume_ml, limits = scene.volume_ml(part), self.uncertain
        if volume_ml < self.speck_ml:
            return f"speck under {self.speck_ml:g} mL"
        if scene.percent is None or limits is None or volume_ml >= limits.below_ml:
            return ""
        percent = scene.percent[self.kind - 1][where][part].mean()
        text = f"under {limits.below_ml:g} mL, and the network is not sure of it"
        return text if percent < limits.percent else ""
