"""Tiles around a region, at the places that they would have over the whole field.

What a network with instance norm sees of a voxel depends on where its tile lies. So the tiles of a
region are those of the whole field whose middle lies near it: the result there is the one that the
model's own predictor gives, for a part of its time (studies/foreign_speed.py, monai_speed.py). Only
a model of MONAI that cuts images after it has brought them onto its grid has its tiles elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

import numpy as np

from ..core.errors import ModelError
from ..core.volume import Box
from ..engine.tiling import blend_weight, tile_starts
from ..models.foreign import ForeignModel, Stepwise
from .half_precision import tile_weight

_LITTLE = 0.4  # overlap of tiles where quality is fast
_MOST_TILES = 20_000  # a whole body in tiles of 64 voxels at half overlap has some 6,000
_HALF = 0.5  # what nnU-Net's tiles share
_REACH = 0.125  # tiles beside a region; 0, 0.125, 0.25: Dice 0.998, 0.998, 1.000 (nnU-Net)


@dataclass(frozen=True)
class Placement:
    """Where tiles lie over a field, and what their voxels count.

    Attributes
    ----------
    overlap : (float, float, float)
        Share of a tile that its neighbor covers too, along k, j, i.
    from_corner : bool
        In equal steps from the first voxel on, as MONAI's sliding window has them; else spread
        evenly, as nnU-Net has them.
    reach : float
        Tiles count whose middle lies in a region or at most so many tiles beside it.
    flat : bool
        Whether all voxels of a tile count the same.
    """

    overlap: tuple[float, float, float]
    from_corner: bool = False
    reach: float = 0.0
    flat: bool = False

    def starts(self, shape: Sequence[int], tile: Sequence[int]) -> list[list[int]]:
        """First voxels of the tiles over a field, along k, j, i."""
        place = scan_starts if self.from_corner else tile_starts
        sizes = [max(n, t) for n, t in zip(shape, tile, strict=True)]
        return [place(*own) for own in zip(sizes, tile, self.overlap, strict=True)]

    def corners(self, shape: Sequence[int], tile: Sequence[int]) -> list[tuple[int, ...]]:
        """First voxels of all tiles over a field.

        Raises
        ------
        ModelError
            If they are more than a model in its right mind asks for.
        """
        starts = self.starts(shape, tile)
        require_few(starts, tile)
        return list(product(*starts))

    def weight(self, tile: Sequence[int]) -> np.ndarray:
        """What a tile's voxels count, ``(k, j, i)`` float32."""
        if self.flat:
            return np.ones(tuple(tile), np.float32)
        return blend_weight(tile) if self.from_corner else tile_weight(tile).astype(np.float32)


def own_placement(model: ForeignModel, overlap: float) -> Placement:
    """A model's own tiles; where little overlap is wanted, as few as that.

    Slices that do not see each other do not overlap.
    """
    if model.spec.input.spacing_mm[0] is None:
        return Placement((0.0, overlap, overlap), reach=0.0 if overlap < _LITTLE else _REACH)
    if overlap < _LITTLE:
        return Placement((overlap,) * 3)
    way = model.exactly
    if not isinstance(way, Stepwise):
        return Placement((_HALF,) * 3, reach=_REACH)
    return Placement(way.overlap, True, _REACH if way.weighted else _HALF, not way.weighted)


def require_few(starts: Sequence[Sequence[int]], tile: Sequence[int]) -> None:
    """Refuse so many tiles that they would never end.

    Raises
    ------
    ModelError
    """
    if prod(map(len, starts)) > _MOST_TILES:
        raise ModelError(
            f"The model's tiles of {' x '.join(map(str, tile))} voxels are so small, or overlap so "
            f"much, that this CT would take more than {_MOST_TILES} of them."
        )


def scan_starts(size: int, tile: int, overlap: float) -> list[int]:
    """First voxels of tiles along an axis as MONAI's sliding window has them.

    From the first voxel on, in equal steps; the last tile is moved back to the end.
    """
    if size <= tile:
        return [0]
    step = max(1, int(tile * (1 - overlap)))
    return [*range(0, size - tile, step), size - tile]


def aligned_tiles(
    box: Box, shape: Sequence[int], patch: Sequence[int], placement: Placement
) -> tuple[Box, list[tuple[int, ...]]]:
    """Tiles that cover a box.

    Parameters
    ----------
    box : Box
        Of the network's grid.
    shape, patch : (k, j, i)
        Voxels of the grid over the whole field, and of a tile.
    placement : Placement

    Returns
    -------
    wide : Box
        What the tiles cover of the grid.
    corners : list of (k, j, i)
        First voxels of the tiles, counted from the beginning of ``wide``.

    Raises
    ------
    ModelError
        If the tiles are too many.
    """
    everywhere = placement.starts(shape, patch)
    chosen = [
        _along_axis(a, b, starts, t, placement.reach * t)
        for a, b, starts, t in zip(box.start, box.stop, everywhere, patch, strict=True)
    ]
    require_few(chosen, patch)
    start = tuple(own[0] for own in chosen)
    ends = zip(chosen, patch, shape, strict=True)
    wide = Box(start, tuple(min(own[-1] + t, n) for own, t, n in ends))
    inside = [[first - own[0] for first in own] for own in chosen]
    return wide, list(product(*inside))


def _along_axis(start: int, stop: int, starts: Sequence[int], tile: int, reach: float) -> list[int]:
    """First voxels along an axis of the tiles near a range that they must cover."""
    near = [
        n for n, first in enumerate(starts) if start - reach <= first + tile / 2 <= stop + reach
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
