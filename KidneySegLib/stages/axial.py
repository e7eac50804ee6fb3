"""A second look: a 2-D network reads the axial slices of each region on finer pixels.

It learns from single slices, and so from real tumors as they are (see `models.planar`). Its
probabilities and the fine network's are averaged, after its pixels are brought to the region's
voxels: what one of two networks doubts is doubted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from ..engine.base import Predictor
from ..engine.tiling import predict_block
from ..models.package import StageSpec
from ..volume import Box, Volume
from .locate import network_input
from .segment import Quality, Region, count_tiles, with_context

AXIAL_SHARE = 0.4  # 0.5 lost more of inserted tumors, and found no more real ones
_OVERLAP = (0.0, 0.25, 0.25)  # slices do not see each other


def look_at_slices(
    volume: Volume,
    regions: Sequence[Region],
    predictor: Predictor,
    spec: StageSpec,
    *,
    quality: Quality,
    on_tiles: Callable[[int, int], None] | None = None,
) -> list[Region]:
    """Average the probabilities of regions with those of the axial network.

    Parameters
    ----------
    volume : Volume
        Canonical, HU.
    regions : sequence of Region
        What the fine network saw, on its grid over the volume.
    spec : StageSpec
        Input of the axial network; its pixels are a whole fraction of the regions' voxels.
    quality : Quality
        Says whether slices are mirrored as well.

    Returns
    -------
    list of Region
    """
    looked = []
    for n, region in enumerate(regions):
        told = on_tiles and partial(count_tiles, on_tiles, n, len(regions))
        axial = _axial_shares(volume, region, predictor, spec, quality, told)
        mean = (1 - AXIAL_SHARE) * region.shares + AXIAL_SHARE * axial
        looked.append(replace(region, shares=mean))
    return looked


def _axial_shares(
    volume: Volume,
    region: Region,
    predictor: Predictor,
    spec: StageSpec,
    quality: Quality,
    on_tiles: Callable[[int, int], None] | None,
) -> np.ndarray:
    """The axial network's probabilities on a region's voxels."""
    grid = volume.geometry.with_spacing(region.geometry.spacing_mm)
    start = np.rint(grid.kji_from_ras(region.geometry.ras_from_kji([0, 0, 0])))[0].astype(int)
    box = Box(tuple(start), tuple(start + region.geometry.shape))
    pixels = round(region.geometry.spacing_mm[1] / spec.spacing_mm)  # along a voxel's edge
    _, height, width = spec.patch
    wide = with_context(box, (1, -(-height // pixels), -(-width // pixels)), grid.shape, 1.0)
    finer = grid.cropped(wide).with_spacing(grid.spacing_mm / (1, pixels, pixels))
    shares = predict_block(
        network_input(volume, finer, spec.window_hu),
        predictor,
        tile=spec.patch,
        classes=len(spec.classes),
        overlap=_OVERLAP,
        mirror_axes=quality.mirror_axes,
        on_tiles=on_tiles,
    )
    k, j, i = wide.shape
    pooled = shares.reshape(-1, k, j, pixels, i, pixels).mean((3, 5))
    return pooled[(slice(None), *box.inside(wide))]
