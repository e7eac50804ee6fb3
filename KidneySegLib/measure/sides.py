"""Sides: a kidney with its tumors and cysts, and what is measured of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..core.anatomy import KIDNEY_OF_SIDE
from ..core.findings import point_of
from ..core.volume import Volume
from .densities import finite
from .diameters import Point
from .lesions import Interval, LesionMeasurement


@dataclass(frozen=True)
class SideMeasurement:
    """One side: volumes in mL, density of the parenchyma in HU.

    ``parenchyma_share`` is that of both sides' parenchyma (the estimate of split function); None
    where a kidney is incomplete.
    ``incomplete`` says that the kidney touches the end of the scan: volumes are lower bounds;
    ``center_ras_mm`` is that of the parenchyma.
    Intervals (see intervals.py) are None where none were asked for. ``more`` holds the quantities
    that have a function (see quantities.py).
    """

    side: str
    parenchyma_ml: float
    tumor_ml: float
    cyst_ml: float
    density_mean_hu: float | None
    density_sd_hu: float | None
    incomplete: bool
    parenchyma_share: float | None
    center_ras_mm: Point | None = None
    parenchyma_interval_ml: Interval | None = None
    tumor_interval_ml: Interval | None = None
    cyst_interval_ml: Interval | None = None
    more: Mapping[str, float | None] = field(default_factory=dict)

    @property
    def kidney_ml(self) -> float:
        """The kidney with its tumors and cysts."""
        return self.parenchyma_ml + self.tumor_ml + self.cyst_ml

    @property
    def kidney_interval_ml(self) -> Interval | None:
        """Intervals of its parts added up (wider than needed); None where one is not known."""
        parts = (self.parenchyma_interval_ml, self.tumor_interval_ml, self.cyst_interval_ml)
        known = [part for part in parts if part is not None]
        if len(known) < len(parts):
            return None
        return sum(low for low, _ in known), sum(high for _, high in known)


def measure_side(
    side: str,
    labels: Volume,
    density: np.ndarray | None,
    lesions: Sequence[LesionMeasurement],
    ends: np.ndarray,
) -> SideMeasurement:
    """Measure one side of a label map; ``ends`` marks the voxels at the end of the scan."""
    kidney = labels.array == KIDNEY_OF_SIDE[side]
    both = np.isin(labels.array, list(KIDNEY_OF_SIDE.values())).sum()
    values = finite(density, (), kidney)
    own = [x for x in lesions if x.side == side]
    return SideMeasurement(
        side=side,
        parenchyma_ml=float(kidney.sum()) * labels.geometry.voxel_volume_ml,
        tumor_ml=sum(x.volume_ml for x in own if x.kind == "tumor"),
        cyst_ml=sum(x.volume_ml for x in own if x.kind == "cyst"),
        density_mean_hu=None if values is None else float(values.mean()),
        density_sd_hu=None if values is None else float(values.std()),
        incomplete=bool((ends & kidney).any()) or any(x.incomplete for x in own),
        parenchyma_share=float(kidney.sum()) / both if both else 0.0,
        center_ras_mm=_center_ras(kidney, labels),
    )


def _center_ras(mask: np.ndarray, volume: Volume) -> Point | None:
    """Center of a mask in RAS mm; None where it is empty."""
    count = mask.sum()
    if not count:
        return None
    center = []
    for axis, n in enumerate(mask.shape):
        along = mask.sum(axis=tuple(a for a in range(3) if a != axis))
        center.append(float(along @ np.arange(n)) / count)
    return point_of(volume.geometry.ras_from_kji(center)[0])
