"""A second look: 2-D networks read the axial slices of each region on finer pixels.

Such a network learns from single slices, and so from real tumors as they are (see `models.planar`).
Its pixels are brought to the region's voxels. Where there are several such networks, their mean
counts (deep ensembles: Lakshminarayanan et al., NeurIPS 2017); it and the fine network's
probabilities are averaged in two steps. Whether a voxel belongs to a kidney with its masses: the
fine network, which sees in 3-D, has as much say, for an axial one alone takes bowel beside a kidney
for a large tumor. What it is then, kidney, tumor or cyst: the axial ones, which have seen real
tumors on finer pixels, have more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from ...core.volume import Box, Volume
from ...engine.base import Predictor
from ...engine.tiling import predict_block
from ...models.manifest import StageSpec
from .fine import Quality, Region, count_tiles, with_context
from .locate import network_input

# How much the axial network counts. One share for both of 0.6 made a tumor of 133 mL beside the
# kidney of a kept-out CT; one of 0.4 found 16 of 33 real tumors instead of 22 (see the model card).
ORGAN_SHARE, TISSUE_SHARE = 0.5, 0.7
_LEAST_SHARE = 1e-6
_OVERLAP = (0.0, 0.25, 0.25)  # slices do not see each other


def look_at_slices(
    volume: Volume,
    regions: Sequence[Region],
    networks: Sequence[tuple[Predictor, StageSpec]],
    *,
    quality: Quality,
    on_tiles: Callable[[int, int], None] | None = None,
) -> list[Region]:
    """Fuse the probabilities of regions with the mean of axial networks (see `fused`).

    Parameters
    ----------
    volume : Volume
        Canonical, HU.
    regions : sequence of Region
        What the fine network saw, on its grid over the volume.
    networks : sequence of (Predictor, StageSpec)
        Axial networks, at least one, with the same classes; the pixels of each are a whole fraction
        of the regions' voxels.
    quality : Quality
        Says whether slices are mirrored as well.

    Returns
    -------
    list of Region
    """
    looked, passes = [], len(regions) * len(networks)
    for region in regions:
        seen = []
        for predictor, spec in networks:
            done = len(looked) * len(networks) + len(seen)
            told = on_tiles and partial(count_tiles, on_tiles, done, passes)
            seen.append(_axial_shares(volume, region, predictor, spec, quality, told))
        looked.append(replace(region, shares=fused(region.shares, sum(seen) / len(seen))))
    return looked


def fused(fine: np.ndarray, axial: np.ndarray) -> np.ndarray:
    """Mean of two networks' probabilities, of the organ and of its tissues with own shares.

    Parameters
    ----------
    fine, axial : (classes, k, j, i) float32
        The first class is background, the others are the kidney's and its masses' tissues.

    Returns
    -------
    (classes, k, j, i) float32
        Sums to 1.
    """
    tissues = (1 - TISSUE_SHARE) * fine[1:] + TISSUE_SHARE * axial[1:]
    background = (1 - ORGAN_SHARE) * fine[:1] + ORGAN_SHARE * axial[:1]
    tissues *= (1 - background) / np.maximum(tissues.sum(axis=0, keepdims=True), _LEAST_SHARE)
    return np.concatenate([background, tissues])


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
