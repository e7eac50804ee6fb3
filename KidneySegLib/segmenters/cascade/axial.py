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

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from ...core.progress import OnTiles
from ...core.volume import Box, Volume
from ...engine.base import Predictor
from ...engine.tiling import predict_block
from ...models.info import Limits, limits_of
from ...models.network_source import StageSpec
from ..base import Quality, Region
from ..regions import count_tiles, with_context

_LEAST_SHARE = 1e-6
_OVERLAP = (0.0, 0.25, 0.25)  # slices do not see each other


@dataclass(frozen=True)
class Fusion:
    """How much the axial networks count; the defaults are those of the model that ships.

    One share for both of 0.6 made a tumor of 133 mL beside the kidney of a kept-out CT; one of 0.4
    found 16 of 33 real tumors instead of 22 (docs/reviewers/history.md).

    Attributes
    ----------
    organ_share, tissue_share : float
        0..1: for whether a voxel belongs to a kidney with its masses, and for what it is then.
    """

    organ_share: float = 0.5
    tissue_share: float = 0.7

    @classmethod
    def of(cls, limits: Limits) -> Fusion:
        """What a model brings."""
        return limits_of(cls, limits.get("fusion", {}))


def look_at_slices(
    volume: Volume,
    regions: Sequence[Region],
    networks: Sequence[tuple[Predictor, StageSpec]],
    fusion: Fusion | None = None,
    *,
    quality: Quality,
    on_tiles: OnTiles | None = None,
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
    fusion : Fusion, optional
    quality : Quality
        Says whether slices are mirrored as well.

    Returns
    -------
    list of Region
    """
    looked: list[Region] = []
    passes = len(regions) * len(networks)
    for region in regions:
        seen: list[np.ndarray] = []
        for predictor, spec in networks:
            done = len(looked) * len(networks) + len(seen)
            told = on_tiles and partial(count_tiles, on_tiles, done, passes)
            seen.append(_axial_shares(volume, region, predictor, spec, quality, told))
        shares = fused(region.shares, np.asarray(sum(seen)) / len(seen), fusion or Fusion())
        looked.append(replace(region, shares=shares))
    return looked


def fused(fine: np.ndarray, axial: np.ndarray, fusion: Fusion) -> np.ndarray:
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
    tissues = (1 - fusion.tissue_share) * fine[1:] + fusion.tissue_share * axial[1:]
    background = (1 - fusion.organ_share) * fine[:1] + fusion.organ_share * axial[:1]
    tissues *= (1 - background) / np.maximum(tissues.sum(axis=0, keepdims=True), _LEAST_SHARE)
    return np.concatenate([background, tissues])


def _axial_shares(
    volume: Volume,
    region: Region,
    predictor: Predictor,
    spec: StageSpec,
    quality: Quality,
    on_tiles: OnTiles | None,
) -> np.ndarray:
    """The axial network's probabilities on a region's voxels."""
    grid = volume.geometry.with_spacing(region.geometry.spacing_mm)
    start = np.rint(grid.kji_from_ras(region.geometry.ras_from_kji([0, 0, 0])))[0].astype(int)
    box = Box(tuple(start), tuple(start + region.geometry.shape))
    pixel_mm = spec.input.spacing_mm[1] or region.geometry.spacing_mm[1]
    pixels = round(region.geometry.spacing_mm[1] / pixel_mm)  # along a voxel's edge
    _, height, width = spec.patch
    wide = with_context(box, (1, -(-height // pixels), -(-width // pixels)), grid.shape, 1.0)
    finer = grid.cropped(wide).with_spacing(grid.spacing_mm / (1, pixels, pixels))
    shares = predict_block(
        spec.input.seen(volume, finer),
        predictor,
        spec,
        overlap=_OVERLAP,
        mirror_axes=quality.mirror_axes,
        on_tiles=on_tiles,
    )
    k, j, i = wide.shape
    pooled = shares.reshape(-1, k, j, pixels, i, pixels).mean((3, 5))
    return pooled[(slice(None), *box.inside(wide))]
