"""A bent parent transform of a CT as numbers that need no MRML."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.volume import Geometry
from ..core.warp import Warp
from .volumes import is_linear, transformed, volume_from_node, world_transform

_LATTICE_MM = 6.0
_EDGE_POINTS = 12


def warp_of(volume_node: Any) -> Warp | None:
    """Transform to world of a CT, asked on a lattice of 6 mm; None where a matrix describes it."""
    if is_linear(volume_node):
        return None
    source = volume_from_node(volume_node).geometry
    transform = world_transform(volume_node)
    grid = _lattice(source, transform)
    points = np.indices(grid.shape).reshape(3, -1).T
    own = transformed(grid.ras_from_kji(points), transform.GetInverse())
    kji = source.kji_from_ras(own).T.reshape(3, *grid.shape)
    return Warp(grid, kji.astype(np.float32))


def _lattice(source: Geometry, transform: Any) -> Geometry:
    """Regular grid along R, A, S that holds a volume after a transform, and a cell around it."""
    ends = [np.linspace(-0.5, n - 0.5, _EDGE_POINTS) for n in source.shape]
    shell = np.stack(np.meshgrid(*ends, indexing="ij"), axis=-1).reshape(-1, 3)
    world = transformed(source.ras_from_kji(shell), transform)
    low, high = world.min(axis=0) - _LATTICE_MM, world.max(axis=0) + _LATTICE_MM
    matrix = np.diag([_LATTICE_MM] * 3 + [1.0])
    matrix[:3, 3] = low
    shape = np.ceil((high - low) / _LATTICE_MM).astype(int)[::-1] + 1
    return Geometry(tuple(int(n) for n in shape), matrix)
