"""Calibration: whether probabilities mean what they say, and the temperature they ask for.

Temperature scaling and the expected calibration error: Guo et al., ICML 2017.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

BINS = 10
_FLOOR = 0.005  # probabilities are kept in whole percent
_LEAST_VOXELS = 50  # of a bin
_LEAST_SAID = 0.05  # below, nearly all voxels are background, and right


@dataclass(frozen=True)
class Bin:
    """Voxels to which about the same probability was given: it, their true share, their number."""

    said: float
    true: float
    count: int


def probabilities(percent: np.ndarray) -> np.ndarray:
    """Probabilities ``(4, n)`` of background and three tissues from these ``(3, n)`` in percent."""
    tissue = np.maximum(percent / 100, _FLOOR)
    background = np.maximum(1 - percent.sum(axis=0) / 100, _FLOOR)
    shares = np.concatenate([background[None], tissue])
    return (shares / shares.sum(axis=0)).astype(np.float32)


def cooled(shares: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities ``(classes, n)`` at another temperature; 1 changes nothing."""
    sharp = shares ** (1 / temperature)
    return sharp / sharp.sum(axis=0)


def log_loss(shares: np.ndarray, truth: np.ndarray) -> float:
    """Mean negative logarithm of the probability of what is there.

    Parameters
    ----------
    shares : (classes, n)
    truth : (n,) int
    """
    return float(-np.log(shares[truth, np.arange(truth.size)]).mean())


def best_temperature(shares: np.ndarray, truth: np.ndarray, temperatures: Sequence[float]) -> float:
    """The temperature with the least loss."""
    losses = [log_loss(cooled(shares, t), truth) for t in temperatures]
    return temperatures[int(np.argmin(losses))]


def reliability(shares: np.ndarray, truth: np.ndarray) -> list[Bin]:
    """Bins of a class's probabilities that hold enough voxels.

    Parameters
    ----------
    shares : (n,) float
    truth : (n,) bool
    """
    rows = []
    edges = np.linspace(0, 1, BINS + 1)
    for low, high in zip(edges[:-1], edges[1:], strict=True):
        own = (shares >= low) & ((shares < high) | (high == 1.0))
        if own.sum() >= _LEAST_VOXELS:
            said, true = float(shares[own].mean()), float(truth[own].mean())
            rows.append(Bin(said, true, int(own.sum())))
    return rows


def expected_error(rows: Sequence[Bin]) -> float:
    """Mean difference between said and true, weighted by voxels; nan where no bin counts."""
    own = [r for r in rows if r.said >= _LEAST_SAID]
    total = sum(r.count for r in own)
    return sum(r.count * abs(r.said - r.true) for r in own) / total if total else float("nan")
