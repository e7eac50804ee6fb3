"""Densities under a mask."""

from __future__ import annotations

import numpy as np


def finite(density: np.ndarray | None, where: tuple, mask: np.ndarray) -> np.ndarray | None:
    """Densities under a mask that are numbers; None without any."""
    if density is None:
        return None
    values = density[where][mask]
    values = values[np.isfinite(values)]
    return values if values.size else None
