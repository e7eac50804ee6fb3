"""The body's midline, for telling right from left."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..core.volume import Volume

_COARSE_MM = 8.0  # for speed; the midline need not be finer
_BODY_HU = -200.0  # between air and fat


@dataclass(frozen=True)
class Midline:
    """R coordinate in mm of the body's middle.

    ``one_sided`` says that the field cuts the body on one side only in most slices, so that the
    middle of what is seen is not the middle of the patient.
    """

    r_mm: float
    one_sided: bool


def find_midline(volume: Volume, heights_s_mm: tuple[float, float]) -> Midline:
    """Find the body's middle between two heights.

    Parameters
    ----------
    volume : Volume
        Canonical, HU.
    heights_s_mm : (float, float)
        Lowest and highest S coordinate in mm to look at (where the kidneys are).

    Returns
    -------
    Midline
        Middle of the body's left and right outline, the median over slices; the field's middle
        where no body is seen.
    """
    from scipy import ndimage

    geometry = volume.geometry
    step = np.maximum(1, np.round(_COARSE_MM / geometry.spacing_mm)).astype(int)
    coarse = volume.array[:: step[0], :: step[1], :: step[2]] > _BODY_HU
    k = np.arange(coarse.shape[0]) * step[0]
    s_mm = geometry.ras_from_kji(np.stack([k, 0 * k, 0 * k], axis=1))[:, 2]
    inside = (s_mm >= min(heights_s_mm)) & (s_mm <= max(heights_s_mm))
    if not inside.any():
        inside[np.abs(s_mm - np.mean(heights_s_mm)).argmin()] = True
    middles, cut = [], []
    for n in np.flatnonzero(inside):
        parts, count = ndimage.label(ndimage.binary_opening(coarse[n]))
        if count:
            largest = 1 + np.bincount(parts.ravel())[1:].argmax()
            columns = np.flatnonzero((parts == largest).any(axis=0))
            middles.append((columns[0] + columns[-1]) / 2 * step[2])
            cut.append((columns[0] == 0) != (columns[-1] == coarse.shape[2] - 1))
    middle_i = float(np.median(middles)) if middles else (coarse.shape[2] - 1) * step[2] / 2
    center = (np.array(volume.array.shape) - 1) / 2
    r_mm = float(geometry.ras_from_kji([center[0], center[1], middle_i])[0, 0])
    return Midline(r_mm, bool(cut) and float(np.mean(cut)) > 0.5)
