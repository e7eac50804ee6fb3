"""Regions around places: what a network sees in them, grown where a kidney meets a wall."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from ..core.progress import OnTiles
from ..core.volume import Box, Geometry
from .base import Region
from .places import Place

_MARGIN_MM = 20.0  # around a place: masses grow out of kidneys
_GROW_MM = 40.0  # a step outward where a kidney meets the wall
_MOST_ROUNDS = 5  # then 20 cm more on each side
_WALL_VOXELS = 4  # foreground voxels on a wall that count as touching it
_FOREGROUND = 0.5  # kidney or mass rather than not

Look = Callable[[Box, "OnTiles | None"], np.ndarray]


def explore(
    places: Sequence[Place], grid: Geometry, look: Look, *, on_tiles: OnTiles | None = None
) -> list[Region]:
    """Look around each place.

    Regions that overlap are joined. Where the found mask touches a wall inside the field, that
    wall moves outward and the region is looked at again.

    Parameters
    ----------
    places : sequence of Place
    grid : Geometry
        The network's, over the whole field.
    look : callable
        Gives probabilities ``(classes, k, j, i)`` of a box of the grid; the first class is what is
        neither kidney nor mass.

    Returns
    -------
    list of Region
    """
    waiting = [p.box(grid, margin_mm=_MARGIN_MM) for p in places]
    waiting = _join([b for b in waiting if not b.is_empty])
    done: dict[Box, np.ndarray] = {}
    for round_ in range(_MOST_ROUNDS):
        todo = [b for b in waiting if b not in done]
        for n, box in enumerate(todo):
            told = on_tiles and partial(count_tiles, on_tiles, n, len(todo))
            done[box] = look(box, told)
        grown = _join([_grow_at_walls(b, done[b], grid) for b in waiting])
        if grown == waiting or round_ == _MOST_ROUNDS - 1:
            break
        waiting = grown
    return [Region(grid.cropped(b), done[b]) for b in waiting]


def count_tiles(on_tiles: OnTiles, box: int, boxes: int, done: int, total: int) -> None:
    """Tiles of one of several boxes as tiles of them all."""
    on_tiles(box * total + done, boxes * total)


def with_context(box: Box, tile: Sequence[int], shape: Sequence[int], context: float) -> Box:
    """Widen a box to at least ``context`` tiles an axis, moved to stay inside the field."""
    start, stop = [], []
    for a, b, t, n in zip(box.start, box.stop, tile, shape, strict=True):
        want = min(n, max(b - a, round(t * context)))
        first = min(max(0, (a + b - want) // 2), n - want)
        start.append(min(first, a))
        stop.append(max(first + want, b))
    return Box(tuple(start), tuple(stop))


def _grow_at_walls(box: Box, shares: np.ndarray, grid: Geometry) -> Box:
    """Move the walls that foreground touches outward; the field's own walls stay."""
    mask = shares[0] < 1 - _FOREGROUND
    step = np.round(_GROW_MM / grid.spacing_mm).astype(int)
    start, stop = list(box.start), list(box.stop)
    for axis in range(3):
        if np.take(mask, 0, axis).sum() >= _WALL_VOXELS:
            start[axis] = max(0, start[axis] - step[axis])
        if np.take(mask, -1, axis).sum() >= _WALL_VOXELS:
            stop[axis] = min(grid.shape[axis], stop[axis] + step[axis])
    return Box(tuple(start), tuple(map(int, stop)))


def _join(boxes: list[Box]) -> list[Box]:
    """Replace boxes that overlap by their union, until none do."""
    joined: list[Box] = []
    for box in boxes:
        while True:
            hit = next((b for b in joined if b.overlaps(box)), None)
            if hit is None:
                break
            joined.remove(hit)
            box = box.union(hit)
        joined.append(box)
    return joined
