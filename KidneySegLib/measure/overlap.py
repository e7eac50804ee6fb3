"""Overlap of two masks: Dice and its relatives, voxel by voxel."""

from __future__ import annotations

import numpy as np


def voxel_metrics(found: np.ndarray, real: np.ndarray) -> dict[str, float]:
    """Dice, accuracy, precision, recall, Jaccard and F1 of two masks.

    Where a ratio is 0/0: 1 if both masks are empty, else 0.
    """
    both = int(np.count_nonzero(found & real))
    n_found, n_real = int(np.count_nonzero(found)), int(np.count_nonzero(real))
    empty = 1.0 if n_found == n_real == 0 else 0.0

    def ratio(a: float, b: float) -> float:
        return a / b if b else empty

    dice = ratio(2 * both, n_found + n_real)
    return {
        "dice": dice,
        "accuracy": 1 - (n_found + n_real - 2 * both) / found.size,
        "precision": ratio(both, n_found),
        "recall": ratio(both, n_real),
        "jaccard": ratio(both, n_found + n_real - both),
        "f1": dice,
    }
