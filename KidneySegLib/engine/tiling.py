"""Overlapping tiles over a block of voxels, blended by a Gaussian weight."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from ..core.progress import OnTiles
from ..models.network_source import StageSpec
from .base import Predictor

SIGMA_SHARE = 0.125  # of the tile, as in nnU-Net (Isensee et al. 2021)


def tile_starts(size: int, tile: int, overlap: float) -> list[int]:
    """First voxels of evenly spread tiles along an axis; the first and last touch the ends."""
    if size <= tile:
        return [0]
    count = int(np.ceil((size - tile) / (tile * (1 - overlap)))) + 1
    return [round(n * (size - tile) / (count - 1)) for n in range(count)]


def blend_weight(tile: Sequence[int]) -> np.ndarray:
    """Gaussian weight of a tile, ``(k, j, i)`` float32, at least 1e-3."""
    weight = np.ones((1, 1, 1))
    for axis, n in enumerate(tile):
        x = (np.arange(n) - (n - 1) / 2) / (n * SIGMA_SHARE)
        weight = weight * np.exp(-0.5 * x**2).reshape([-1 if a == axis else 1 for a in range(3)])
    return np.maximum(weight, 1e-3).astype(np.float32)


def predict_block(
    image: np.ndarray,
    predictor: Predictor,
    spec: StageSpec,
    *,
    overlap: float | tuple[float, float, float],
    mirror_axes: Sequence[tuple[int, ...]] = ((),),
    on_tiles: OnTiles | None = None,
) -> np.ndarray:
    """Class probabilities of a block.

    Parameters
    ----------
    image : (channels, k, j, i) float32
        Normalized (see `InputSpec`); smaller than a tile it is padded with the input's own value.
    spec : StageSpec
        Tile, classes and input of the network.
    overlap : float or (float, float, float)
        Share of a tile that its neighbor covers too, 0..0.9; along all axes or k, j, i.
    mirror_axes : sequence of tuples
        Axes to mirror for each pass; ``((),)`` is one pass as it is.
    on_tiles : callable, optional

    Returns
    -------
    (classes, k, j, i) float32
    """
    sizes = [max(n, t) for n, t in zip(image.shape[1:], spec.patch, strict=True)]
    starts = map(tile_starts, sizes, spec.patch, np.broadcast_to(overlap, 3))
    return predict_at(
        image, predictor, spec, list(product(*starts)), mirror_axes=mirror_axes, on_tiles=on_tiles
    )


def predict_at(
    image: np.ndarray,
    predictor: Predictor,
    spec: StageSpec,
    corners: Sequence[tuple[int, ...]],
    *,
    mirror_axes: Sequence[tuple[int, ...]] = ((),),
    weight: np.ndarray | None = None,
    on_tiles: OnTiles | None = None,
) -> np.ndarray:
    """Class probabilities of a block, from tiles at given places that cover it.

    Parameters
    ----------
    image : (channels, k, j, i) float32
        Normalized; smaller than a tile it is padded on both sides.
    corners : sequence of (k, j, i)
        First voxels of the tiles.
    weight : (k, j, i) float32, optional
        Of a tile's voxels; without it `blend_weight`.

    Returns
    -------
    (classes, k, j, i) float32
    """
    tile, classes = spec.patch, len(spec.classes)
    padded, inner = pad_to(image, tile, spec.input.pad)
    shape = padded.shape[1:]
    weight = blend_weight(tile) if weight is None else weight
    total = np.zeros((classes, *shape), np.float32)
    norm = np.zeros(shape, np.float32)
    total_tiles, done = len(corners), 0
    while done < total_tiles:
        batch = corners[done : done + predictor.batch]
        boxes = [tuple(slice(a, a + t) for a, t in zip(c, tile, strict=True)) for c in batch]
        tiles = [padded[(slice(None), *b)] for b in boxes]
        shares = predict_tiles(tiles, predictor, spec, mirror_axes)
        for box, share in zip(boxes, shares, strict=True):
            total[(slice(None), *box)] += share * weight
            norm[box] += weight
        done += len(batch)
        if on_tiles:
            on_tiles(done, total_tiles)
    total /= norm
    return total[(slice(None), *inner)]


def predict_tiles(
    tiles: list[np.ndarray],
    predictor: Predictor,
    spec: StageSpec,
    mirror_axes: Sequence[tuple[int, ...]],
) -> list[np.ndarray]:
    """Mean probabilities over the mirrored passes; tiles of one density are background."""
    shares = [np.zeros((len(spec.classes), *t.shape[1:]), np.float32) for t in tiles]
    for share in shares:
        share[0] = 1.0
    busy = [n for n, t in enumerate(tiles) if np.ptp(t[:, ::4, ::4, ::4]) > spec.input.flat]
    if not busy:
        return shares
    stack = np.stack([tiles[n] for n in busy])
    mean: np.ndarray | float = 0.0
    for axes in mirror_axes:
        turned = tuple(a + 2 for a in axes)
        result = predictor(np.ascontiguousarray(np.flip(stack, turned)))
        mean = mean + np.flip(result, turned) / len(mirror_axes)
    for n, share in zip(busy, np.asarray(mean), strict=True):
        shares[n] = share
    return shares


def pad_to(
    image: np.ndarray, tile: tuple[int, ...], value: float
) -> tuple[np.ndarray, tuple[slice, ...]]:
    """Pad to at least one tile; also the slices of the original in the result."""
    short = [max(0, t - n) for n, t in zip(image.shape[1:], tile, strict=True)]
    before = [s // 2 for s in short]
    pads = [(0, 0), *((b, s - b) for b, s in zip(before, short, strict=True))]
    inner = tuple(slice(b, b + n) for b, n in zip(before, image.shape[1:], strict=True))
    return np.pad(image, pads, constant_values=value), inner
