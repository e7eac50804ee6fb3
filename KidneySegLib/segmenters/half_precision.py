"""Tiles blended as nnU-Net does it: in 16 bits, so that also its rounding is the same.

At the corners of a field a tile's weight is next to nothing, and 16 bits leave of a logit what is
left of it there. Whoever compares with nnU-Net's own labels finds those voxels too.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from ..core.progress import OnTiles
from ..engine.base import Predictor
from ..engine.tiling import SIGMA_SHARE, pad_to, predict_tiles, tile_starts
from ..models.network_source import StageSpec

_PEAK = 10.0  # nnU-Net's weight in the middle, for 16 bits reach less far down than up


def blended(
    image: np.ndarray,
    predictor: Predictor,
    spec: StageSpec,
    overlap: tuple[float, float, float],
    passes: Sequence[tuple[int, ...]],
    on_tiles: OnTiles | None,
) -> np.ndarray:
    """Logits of a block, one tile after the other.

    Parameters
    ----------
    image : (channels, k, j, i) float32
        Normalized.
    overlap : (float, float, float)
        Share of a tile that its neighbor covers too, along k, j, i.
    passes : sequence of tuples
        Axes to mirror for each pass.

    Returns
    -------
    (classes, k, j, i) float16
    """
    padded, inner = pad_to(image, spec.patch, spec.input.pad)
    shape = padded.shape[1:]
    starts = map(tile_starts, shape, spec.patch, overlap)
    corners = list(product(*starts))
    weight = tile_weight(spec.patch)
    total = np.zeros((len(spec.classes), *shape), np.float16)
    norm = np.zeros(shape, np.float16)
    for done, corner in enumerate(corners, start=1):
        box = tuple(slice(a, a + n) for a, n in zip(corner, spec.patch, strict=True))
        logits = predict_tiles([padded[(slice(None), *box)]], predictor, spec, passes)[0]
        part = total[(slice(None), *box)]
        part[...] = part + logits * weight.astype(np.float32)
        norm[box] = norm[box] + weight
        if on_tiles:
            on_tiles(done, len(corners))
    total /= norm
    return total[(slice(None), *inner)]


def tile_weight(tile: Sequence[int]) -> np.ndarray:
    """Gaussian weight ``(k, j, i)`` float16 around the voxel past the middle, never 0."""
    from scipy.ndimage import gaussian_filter1d

    weight = np.ones((1, 1, 1))
    for axis, n in enumerate(tile):
        spot = np.zeros(n)
        spot[n // 2] = 1
        own = gaussian_filter1d(spot, n * SIGMA_SHARE, mode="constant")
        weight = weight * own.reshape([-1 if a == axis else 1 for a in range(3)])
    half = (weight / (weight.max() / _PEAK)).astype(np.float16)
    half[half == 0] = half[half > 0].min()
    return half
