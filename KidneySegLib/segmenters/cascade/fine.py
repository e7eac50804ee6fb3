"""Segment: the fine network on tiles inside regions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...core.progress import OnTiles
from ...core.volume import Box, Volume
from ...engine.base import Predictor
from ...engine.tiling import predict_block
from ...models.network_source import StageSpec
from ..base import Quality, Region
from ..places import Place
from ..regions import explore, with_context


def segment_regions(
    volume: Volume,
    places: Sequence[Place],
    predictor: Predictor,
    spec: StageSpec,
    *,
    quality: Quality,
    on_tiles: OnTiles | None = None,
) -> list[Region]:
    """Run the fine network around each place (see `regions.explore`).

    Parameters
    ----------
    volume : Volume
        Canonical, HU.
    places : sequence of Place
    spec : StageSpec
        Input of the fine network.
    quality : Quality
    """
    grid = spec.input.grid_of(volume.geometry)

    def look(box: Box, told: OnTiles | None) -> np.ndarray:
        """Probabilities of one box, computed with context around it."""
        wide = with_context(box, spec.patch, grid.shape, quality.context)
        shares = predict_block(
            spec.input.seen(volume, grid.cropped(wide)),
            predictor,
            spec,
            overlap=quality.overlap,
            mirror_axes=quality.mirror_axes,
            on_tiles=told,
        )
        return shares[(slice(None), *box.inside(wide))]

    return explore(places, grid, look, on_tiles=on_tiles)
