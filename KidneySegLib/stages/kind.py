"""Kind: tumor or cyst, where the network doubts it and the density speaks against a cyst.

A network's odds of the two kinds are multiplied by those that the lesion's density alone gives
(naive Bayes). These come from the lesions of KiTS23's cases 0-399 on real slices, both kinds taken
as equally frequent: ``Testing/figures/densities.py``. Density is a weak witness (on slices of other
patients it names seven of ten tumors and six of ten cysts rightly), so it may only turn a doubted
cyst into a tumor, never the other way: to miss a tumor is the worse mistake.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

EVEN_HU = 38.7  # as likely a tumor as a cyst
STEP_HU = 16.2  # the odds of a tumor grow e-fold
_DOUBTED_SHARE = 0.9
_RIM_MM = 2.0  # blurred with what is around
_LEAST_CORE_ML = 0.2


def is_rather_tumor(cyst_share: float, density_hu: float) -> bool:
    """Whether a lesion that was called cyst is more likely a tumor.

    Parameters
    ----------
    cyst_share : float
        Share of the cyst in the probability that the network gave to either kind, 0..1.
    density_hu : float
        Median density of its core, contrast given.
    """
    if cyst_share >= _DOUBTED_SHARE or density_hu <= EVEN_HU:
        return False
    network = np.log(max(1 - cyst_share, 1e-6) / max(cyst_share, 1e-6))
    return bool(network + (density_hu - EVEN_HU) / STEP_HU > 0)


def core_density(hu: np.ndarray, lesion: np.ndarray, spacing_mm: np.ndarray) -> float | None:
    """Median HU of a lesion without its rim; None where too little is left.

    Parameters
    ----------
    hu, lesion : (k, j, i)
        Densities and mask of a block around it.
    spacing_mm : (k, j, i)
    """
    core = ndimage.distance_transform_edt(np.pad(lesion, 1), sampling=spacing_mm) > _RIM_MM
    values = hu[core[1:-1, 1:-1, 1:-1]]
    values = values[np.isfinite(values)]
    if values.size * np.prod(spacing_mm) / 1000 < _LEAST_CORE_ML:
        return None
    return float(np.median(values))
