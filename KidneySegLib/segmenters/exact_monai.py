"""A model of MONAI as its own transforms and sliding window run it, over the whole field.

For comparison, and for structures outside of the kidneys' regions. After Auto3DSeg's SegResNet and
MONAI's bundles: turned, normalized, cut to the body, linearly onto the grid, tiles from the first
corner on, blended in float32, probabilities back by linear interpolation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from ..core.progress import Stages
from ..core.volume import Box, Geometry, Volume, resample
from ..engine.base import Engine
from ..engine.tiling import blend_weight, predict_at
from ..models.foreign import ForeignModel, Stepwise
from ..models.inputs import InputSpec
from .base import Quality, Region
from .foreign import activated, mirrored_passes, require_channels, require_cover
from .places import Place
from .whole_field import WholeField, require_room


class ExactMonai(WholeField):
    """A model of MONAI, the way its own transforms and inferer do it (see `base.Segmenter`)."""

    def __init__(
        self,
        model: ForeignModel,
        engine: Engine,
        way: Stepwise,
        channels: Sequence[Volume] = (),
    ) -> None:
        require_channels(model, channels)
        super().__init__(model, engine)
        self._way, self._channels = way, tuple(channels)

    def oriented(self, volume: Volume) -> Volume:
        """The volume with its axes as the model's training had them."""
        return self.model.spec.input.oriented(volume)

    def probabilities(
        self, image: Volume, places: Sequence[Place], *, quality: Quality, report: Stages
    ) -> list[Region]:
        """What the model sees in the whole field, with its own label map."""
        report.begin("segment")
        spec, classes, way = self.model.spec, self.model.classes, self._way
        require_room(image.geometry.shape, len(classes.outputs), self.model.name)
        shown = _shown(self._stacked(image), spec.input, way)
        sizes = [max(n, t) for n, t in zip(shown.block.shape[1:], spec.patch, strict=True)]
        starts = map(scan_starts, sizes, spec.patch, way.overlap)
        weight = blend_weight(spec.patch) if way.weighted else np.ones(spec.patch, np.float32)
        logits = predict_at(
            shown.block,
            self._engine.predictor(self.model.networks[0]),
            spec,
            list(product(*starts)),
            mirror_axes=mirrored_passes(self.model),
            weight=weight,
            on_tiles=report.on_tiles,
        )
        shares = shown.back(activated(logits, nested=classes.nested))
        tissues, rival = classes.tissues(shares), classes.rival(shares)
        return [Region(shown.part, tissues, classes.numbers(shares), rival=rival)]

    def _stacked(self, image: Volume) -> list[Volume]:
        """The CT and the images beside it, on the CT's grid."""
        found = [image]
        for channel in map(self.oriented, self._channels):
            require_cover(channel, image)
            same = channel.geometry.matches(image.geometry)
            found.append(channel if same else _on_grid(channel, image))
        return found


def _on_grid(channel: Volume, image: Volume) -> Volume:
    """An image on the CT's grid."""
    own = resample(channel.array, channel.geometry, image.geometry, smooth=False)
    return image.with_array(own)


@dataclass(frozen=True, eq=False)
class _Shown:
    """What a network sees of images.

    Attributes
    ----------
    block : (channels, k, j, i) float32
    part : Geometry
        Of what is left of the images, on their own grid.
    grid : Geometry
        That they were brought onto.
    inner : Box
        Of the grid, what the block is.
    """

    block: np.ndarray
    part: Geometry
    grid: Geometry
    inner: Box

    def back(self, shares: np.ndarray) -> np.ndarray:
        """Probabilities of the block on the part's grid; 0 where the block does not reach."""
        if self.inner.shape != self.grid.shape:
            full = np.zeros((len(shares), *self.grid.shape), np.float32)
            full[(slice(None), *self.inner.slices)] = shares
            shares = full
        return resample(shares, self.grid, self.part, smooth=False)


def _shown(images: Sequence[Volume], spec: InputSpec, way: Stepwise) -> _Shown:
    """What the network sees of images on one grid, step by step."""
    part = grid = images[0].geometry
    block = raw = np.stack([each.array for each in images])
    inner = Box((0, 0, 0), grid.shape)
    is_spaced = False
    for step in way.steps:
        if step == "normalize":
            block = np.stack([spec.normalization.fitted(x)(x) for x in block])
        elif step == "space":
            target = spec.grid_of(grid)
            block, grid, is_spaced = resample(block, grid, target, smooth=False), target, True
            inner = Box((0, 0, 0), grid.shape)
        else:
            found = Box.of_mask((raw if way.crops_by_image else block).max(axis=0) > 0)
            if found is None:
                continue
            found = found.grown((way.margin,) * 3, grid.shape)
            block = block[(slice(None), *found.slices)]
            if is_spaced:
                inner = found
            else:
                part = grid = grid.cropped(found)
    return _Shown(block.astype(np.float32), part, grid, inner)


def scan_starts(size: int, tile: int, overlap: float) -> list[int]:
    """First voxels of tiles along an axis as MONAI's sliding window has them.

    From the first voxel on, in equal steps; the last tile is moved back to the end.
    """
    if size <= tile:
        return [0]
    step = max(1, int(tile * (1 - overlap)))
    starts = list(range(0, size - tile, step))
    return [*starts, size - tile]
