"""Contrast phase from the density of the kidneys and the aorta."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from scipy import ndimage

from ..core.anatomy import Label
from ..core.volume import Box, Volume

PHASES = ("non-contrast", "corticomedullary", "nephrographic", "excretory")
NON_CONTRAST_HU = 60.0  # kidneys below have no contrast
_ARTERIAL_HU = 180.0  # rule of thumb: an aorta so bright is arterial
_EXCRETED_HU = 260.0  # denser than any parenchyma: contrast in the pelvis
_EXCRETED_ML = 3.0  # ribs and early calyces on real portal CTs: up to 2.7
_PELVIS_REACH_MM = 6.0  # from the parenchyma into the pelvis
_GRID_MM = 3.0  # for speed
_AORTA_RADIUS_MM = 6.0  # inside any adult aorta
_BESIDE = 16  # voxels of that grid: 48 mm
_AORTA_LENGTH_MM = 45.0  # a tube, not a spot


@dataclass(frozen=True)
class PhaseEstimate:
    """Contrast phase by rules of thumb.

    Attributes
    ----------
    phase : str
        One of `PHASES`, or ``unknown``.
    kidney_hu, aorta_hu : float or None
        Median density of the parenchyma; density of the tube before the spine that is most
        likely the aorta.
    """

    phase: str
    kidney_hu: float | None
    aorta_hu: float | None

    def as_dict(self) -> dict[str, object]:
        """Plain dictionary for JSON."""
        return asdict(self)


def estimate_phase(ct: Volume, labels: Volume) -> PhaseEstimate:
    """Estimate the contrast phase.

    Parameters
    ----------
    ct, labels : Volume
        Canonical, on the same grid.
    """
    box = Box.of_mask(labels.array)
    part = labels.array if box is None else labels.array[box.slices]
    kidney = (part == Label.RIGHT_KIDNEY) | (part == Label.LEFT_KIDNEY)
    if box is None or not kidney.any():
        return PhaseEstimate("unknown", None, None)
    rows = box.start[0] + np.flatnonzero(kidney.any(axis=(1, 2)))
    near = ct.cropped(box)
    kidney_hu = float(np.median(near.array[kidney]))
    aorta_hu = _aorta_hu(ct, rows)
    return PhaseEstimate(_phase(near, kidney, kidney_hu, aorta_hu), kidney_hu, aorta_hu)


def _phase(ct: Volume, kidney: np.ndarray, kidney_hu: float, aorta_hu: float | None) -> str:
    """Phase from densities: enhanced at all, aorta far brighter, contrast in the pelvis."""
    if kidney_hu < NON_CONTRAST_HU:
        return "non-contrast"
    if aorta_hu is not None and aorta_hu > _ARTERIAL_HU and aorta_hu > kidney_hu + 15:
        return "corticomedullary"
    if kidney_hu < 0.75 * _EXCRETED_HU and _excreted_ml(ct, kidney) > _EXCRETED_ML:
        return "excretory"
    return "nephrographic"


def _excreted_ml(ct: Volume, kidney: np.ndarray) -> float:
    """Volume in mL of very bright spots between the walls of the kidneys (collecting system)."""
    steps = int(np.ceil(_PELVIS_REACH_MM / ct.geometry.spacing_mm.min()))
    total = 0.0
    labels, _ = ndimage.label(kidney)
    for n, where in enumerate(ndimage.find_objects(labels), start=1):
        bright = ndimage.binary_opening(ct.array[where] > _EXCRETED_HU)
        box = Box.of_mask(bright)
        if box is not None:  # only what lies within the steps of a bright spot can reach it
            around = box.grown((steps,) * 3, bright.shape)
            own = labels[where][around.slices] == n
            near = ndimage.binary_dilation(own, iterations=steps)[box.inside(around)]
            total += float((bright[box.slices] & near).sum()) * ct.geometry.voxel_volume_ml
    return total


def _aorta_hu(ct: Volume, rows: np.ndarray) -> float | None:
    """Density of the most homogeneous bright tube before the spine, None where there is none.

    Parameters
    ----------
    rows : (n,) int
        Slices with a kidney.
    """
    low, high = ct.geometry.ras_from_kji([[rows[0], 0, 0], [rows[-1], 0, 0]])[:, 2]
    grid = ct.geometry.with_spacing((_GRID_MM,) * 3)
    k = np.arange(grid.shape[0])
    s_mm = grid.ras_from_kji(np.stack([k, 0 * k, 0 * k], axis=1))[:, 2]
    own = np.flatnonzero((s_mm >= low) & (s_mm <= high))
    if not own.size:
        return None
    n = grid.shape[2]  # the spine lies near the middle; beside it, what the tube can reach
    first, last = max(0, n // 4 - _BESIDE), min(n, n - n // 4 + _BESIDE)
    box = Box((int(own[0]), 0, first), (int(own[-1]) + 1, grid.shape[1], last))
    image = ct.resampled_to(grid.cropped(box), limits=(-200.0, 700.0)).array
    spine = _spine_center(image[:, :, n // 4 - first : n - n // 4 - first])
    if spine is None:
        return None
    j0, i0 = spine[0], spine[1] + n // 4 - first
    window = image[
        :,
        max(0, j0 + round(24 / _GRID_MM)) : j0 + round(66 / _GRID_MM),
        max(0, i0 - round(36 / _GRID_MM)) : i0 + round(12 / _GRID_MM),
    ]
    if min(window.shape) < 6:
        return None
    size = (
        min(window.shape[0], round(_AORTA_LENGTH_MM / _GRID_MM)),
        *(2 * round(_AORTA_RADIUS_MM / _GRID_MM) + 1,) * 2,
    )
    mean = ndimage.uniform_filter(window, size)
    spread = np.sqrt(np.maximum(ndimage.uniform_filter(window**2, size) - mean**2, 0))
    score = np.where((mean > 20) & (mean < 600), mean - 4 * spread, -np.inf)
    best = np.unravel_index(score.argmax(), score.shape)
    return float(mean[best]) if np.isfinite(score[best]) and spread[best] < 40 else None


def _spine_center(image: np.ndarray) -> tuple[int, int] | None:
    """Row and column of the vertebral bodies: bone near the middle, over all slices.

    Parameters
    ----------
    image : (k, j, i)
        The middle half of the field.
    """
    bone = (image > 160).sum(axis=0).astype(np.float32)
    smooth = ndimage.gaussian_filter(bone, 12 / _GRID_MM)
    if image.shape[0] == 0 or smooth.max() < 0.05 * image.shape[0]:
        return None
    j, i = np.unravel_index(smooth.argmax(), smooth.shape)
    return int(j), int(i)
