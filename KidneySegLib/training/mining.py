"""Hard negatives: places in the training CTs that a trained locator takes for kidneys.

A locator trained on patches around kidneys and anywhere in the body still fired in the iliac fossa
of CTs that it was trained on (over 100 mL); training on such places cures it.
"""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
from scipy import ndimage

from ..engine.base import Predictor
from ..engine.tiling import predict_block
from ..models.network_source import StageSpec
from .pack import PackedCase

logger = logging.getLogger(__name__)

MISTAKES = "mistakes.npz"
_SHARE = 0.3
_AWAY_MM = 12.0
_MOST = 2000


def find_mistakes(
    cases: list[PackedCase], predictor: Predictor, spec: StageSpec, *, seed: int = 0
) -> dict[str, np.ndarray]:
    """Places away from the kidneys where the locator says kidney.

    Parameters
    ----------
    cases : list of PackedCase
        On the locator's grid.

    Returns
    -------
    dict
        Case name to ``(n, 3)`` float32 places, as shares of the field along k, j, i.
    """
    rng = np.random.default_rng(seed)
    mistakes = {}
    for case in cases:
        image = case.image.astype(np.float32) * np.float32(2 / 255) - 1
        shares = predict_block(image[None], predictor, spec, overlap=0.3)
        away = ndimage.distance_transform_edt(case.label == 0, spec.input.spacing_mm) > _AWAY_MM
        wrong = np.argwhere((1 - shares[0] > _SHARE) & away)
        if len(wrong):
            chosen = wrong[rng.permutation(len(wrong))[:_MOST]]
            mistakes[case.name] = ((chosen + 0.5) / case.label.shape).astype(np.float32)
        logger.info("%s: %d voxels taken for kidney", case.name, len(wrong))
    return mistakes


def write_mistakes(mistakes: dict[str, np.ndarray], out: Path) -> None:
    """Save places into a training folder, where every later leg reads them."""
    np.savez_compressed(out / MISTAKES, **mistakes)


def read_mistakes(out: Path) -> dict[str, np.ndarray]:
    """Places saved in a training folder; none where there are none."""
    if not (out / MISTAKES).is_file():
        return {}
    with np.load(out / MISTAKES) as stored:
        return {name: stored[name] for name in stored.files}
