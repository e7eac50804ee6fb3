"""Tiles around a region, at the places that they would have over the whole field.

What a network with instance norm sees of a voxel depends on where its tile lies. So the tiles of a
region are those of the whole field whose middle lies near it: the result there is the one that the
model's own predictor gives, for a part of its time (studies/foreign_speed.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from ..core.volume import Box
from ..engine.tiling import tile_starts


def aligned_tiles(
    box: Box,
    shape: Sequence[int],
    patch: Sequence[int],
    overlap: Sequence[float],
    reach: float,
) -> tuple[Box, list[tuple[int, ...]]]:
    """Tiles that cover a box.

    Parameters
    ----------
    box : Box
        Of the network's grid.
    shape, patch : (k, j, i)
        Voxels of the grid over the whole field, and of a tile.
    overlap : (float, float, float)
        Share of a tile that its neighbor covers too, along k, j, i.
    reach : float
        Tiles count whose middle lies in the box or at most so many steps beside it.

    Returns
    -------
    wide : Box
        What the tiles cover of the grid.
    corners : list of (k, j, i)
        First voxels of the tiles, counted from the beginning of ``wide``.
    """
    chosen = [
        _along_axis(a, b, tile_starts(max(n, t), t, share), t, reach)
        for a, b, n, t, share in zip(box.start, box.stop, shape, patch, overlap, strict=True)
    ]
    start = tuple(own[0] for own in chosen)
    ends = zip(chosen, patch, shape, strict=True)
    wide = Box(start, tuple(min(own[-1] + t, n) for own, t, n in ends))
    inside = [[first - own[0] for first in own] for own in chosen]
    return wide, list(product(*inside))


def _along_axis(start: int, stop: int, starts: Sequence[int], tile: int, reach: float) -> list[int]:
    """First voxels along an axis of the tiles near a range that they must cover."""
    step = starts[1] - starts[0] if len(starts) > 1 else tile
    near = [
        n
        for n, first in enumerate(starts)
        if start - reach * step <= first + tile / 2 <= stop + reach * step
    ]
    middle = (start + stop) / 2
    low = (
        near[0]
        if near
        else min(range(len(starts)), key=lambda n: abs(starts[n] + tile / 2 - middle))
    )
    high = near[-1] if near else low
    while starts[low] > start and low > 0:
        low -= 1
    while starts[high] + tile < stop and high < len(starts) - 1:
        high += 1
    return list(starts[low : high + 1])
