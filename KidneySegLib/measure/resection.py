"""Resection planning: parenchyma that goes with a tumor and its margin, and what stays."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import ndimage

from ..anatomy import KIDNEY_OF_SIDE, SIDES, Label
from ..errors import InputError
from ..volume import Box, Volume

MARGINS_MM = (0.0, 30.0)
DEFAULT_MARGIN_MM = 5.0
_FINEST_MM = 1.25
_BORDER = 0.2  # voxels from the nearest tumor voxel's center to the border: unbiased on balls


@dataclass(frozen=True)
class Resection:
    """Removing the tumors of a side with a margin. Volumes in mL, shares 0..1.

    ``preserved_share`` is that of this kidney's parenchyma, ``preserved_share_of_both`` what is
    left of both kidneys' together.
    """

    side: str
    margin_mm: float
    removed_ml: float
    preserved_ml: float
    preserved_share: float
    preserved_share_of_both: float

    def as_dict(self) -> dict[str, Any]:
        """Plain dictionary for JSON."""
        return asdict(self)


def plan_resection(
    labels: Volume, side: str, *, margin_mm: float = DEFAULT_MARGIN_MM
) -> Resection | None:
    """Parenchyma of a side that lies within a margin of a tumor; None without a tumor there.

    Every tumor within the margin counts, whichever kidney it grew from.

    Parameters
    ----------
    labels : Volume
        `Label` numbers.
    margin_mm : float
        0 to 30.

    Raises
    ------
    InputError
        If the margin is out of range.
    """
    low, high = MARGINS_MM
    if not low <= margin_mm <= high:
        raise InputError(
            f"A margin of {margin_mm:g} mm was given. Expected {low:g} to {high:g} mm."
        )
    kidney = labels.array == KIDNEY_OF_SIDE[side]
    box = Box.of_mask(kidney)
    if box is None:
        return None
    reach = np.ceil(margin_mm / labels.geometry.spacing_mm).astype(int) + 1
    around = box.grown(tuple(int(r) for r in reach), labels.array.shape).slices
    tumor = labels.array[around] == Label.TUMOR
    if not tumor.any():
        return None
    share = _share_within(kidney[around], tumor, labels.geometry.spacing_mm, margin_mm)
    removed = share * int(kidney[around].sum())
    own = int(kidney.sum())
    both = sum(int((labels.array == KIDNEY_OF_SIDE[s]).sum()) for s in SIDES)
    voxel_ml = labels.geometry.voxel_volume_ml
    return Resection(
        side=side,
        margin_mm=float(margin_mm),
        removed_ml=removed * voxel_ml,
        preserved_ml=(own - removed) * voxel_ml,
        preserved_share=(own - removed) / own,
        preserved_share_of_both=(both - removed) / both,
    )


def _share_within(
    kidney: np.ndarray, tumor: np.ndarray, spacing_mm: np.ndarray, margin_mm: float
) -> float:
    """Share of a kidney's voxels within a margin of a tumor, on a grid without thick slices."""
    if not margin_mm:
        return 0.0
    parts = np.ceil(spacing_mm / _FINEST_MM - 1e-6).astype(int)
    fine = ndimage.zoom(tumor.astype(np.float32), parts, order=1, mode="nearest", grid_mode=True)
    spacing = spacing_mm / parts
    away = ndimage.distance_transform_edt(fine < 0.5, sampling=spacing) - _BORDER * spacing.min()
    within = kidney
    for axis, count in enumerate(parts):
        within = within.repeat(count, axis=axis)
    return float((within & (away <= margin_mm)).sum() / within.sum())
