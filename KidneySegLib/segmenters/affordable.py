"""Memory before a foreign model runs: smaller tiles where there is too little, or a refusal.

A network's need is estimated from its first features, which have the tile's own resolution.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod

from ..environment.memory import LackOfMemory, available_bytes
from ..models.network_source import StageSpec

_MAPS = 6.0  # feature maps of the first stage, with what the others add (see Testing/segmenters)
_COPIES = 3.0  # of the block's logits: blended, averaged over members, as probabilities
_LEAST_TILE, _LEAST_HALVED = 64, 2  # voxels, and at the coarsest level of the network
_KEPT = 0.9  # of what is free


def needed_bytes(spec: StageSpec, block: Sequence[int]) -> tuple[float, float]:
    """About what a tile, and what a block's probabilities need, in bytes.

    Parameters
    ----------
    spec : StageSpec
        With ``features`` of the first stage among its options; without, 32.
    block : (k, j, i)
        Voxels of what is looked at.
    """
    features = spec.options.get("features", 32)
    tile = 4.0 * _MAPS * features * prod(spec.patch)
    return tile, 4.0 * _COPIES * len(spec.classes) * prod(block)


def affordable(spec: StageSpec, block: Sequence[int], name: str) -> StageSpec:
    """A stage whose tiles fit into memory: its own, or smaller ones.

    Raises
    ------
    LackOfMemory
        If even small tiles do not fit, or the block's probabilities.
    """
    free = available_bytes()
    if free is None:
        return spec
    free *= _KEPT
    small = spec
    while True:
        tile, shares = needed_bytes(small, block)
        if tile + shares <= free:
            return small
        smaller = _halved(small)
        if smaller is None:
            break
        small = smaller
    tile, shares = needed_bytes(spec, block)
    raise LackOfMemory(
        f"The model '{name}' needs about {(tile + shares) / 1e9:.1f} GB for this CT, and "
        f"{free / 1e9:.1f} GB are free. Close other programs, draw a box around one kidney, or use "
        "a computer with more memory."
    )


def _halved(spec: StageSpec) -> StageSpec | None:
    """A stage with half the tile along its longest axis; None where it is small already."""
    divisors = spec.options.get("divisors", (32,) * 3)
    axis = max(range(3), key=lambda n: spec.patch[n])
    half = spec.patch[axis] // 2 // divisors[axis] * divisors[axis]
    if half < max(_LEAST_TILE, _LEAST_HALVED * divisors[axis]):
        return None
    patch = tuple(half if n == axis else size for n, size in enumerate(spec.patch))
    return replace(spec, patch=patch)
