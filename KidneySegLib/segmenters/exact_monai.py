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
from ..engine.tiling import predict_at
from ..models.foreign import ForeignModel, Stepwise
from ..models.inputs import InputSpec
from .aligned import Placement
from .base import Quality, Region
from .foreign import activated, field_of, mirrored_passes, require_channels, require_cover
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
        placement = Placement(way.overlap, from_corner=True, flat=not way.weighted)
        logits = predict_at(
            shown.block,
            self._engine.predictor(self.model.networks[0]),
            spec,
            list(product(*placement.starts(shown.block.shape[1:], spec.patch))),
            mirror_axes=mirrored_passes(self.model),
            weight=placement.weight(spec.patch),
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
    field = field_of(images, spec, way)
    part = grid = images[0].geometry.cropped(field)
    is_cut = field.shape != images[0].geometry.shape
    cut_first = is_cut and way.steps.index("crop") < way.steps.index("normalize")
    fitted = [
        spec.normalization.fitted(x.cropped(field).array if cut_first else x.array) for x in images
    ]
    raw = block = np.stack([x.array[field.slices] for x in images]).astype(np.float32)
    inner = Box((0, 0, 0), grid.shape)
    is_spaced = False
    for step in way.steps:
        if step == "normalize":
            block = np.stack([values(x) for values, x in zip(fitted, block, strict=True)])
        elif step == "space":
            target = spec.grid_of(grid)
            block, grid, is_spaced = resample(block, grid, target, smooth=False), target, True
            inner = Box((0, 0, 0), grid.shape)
        elif is_spaced:  # else `field_of` has done it
            inner = _above(raw if way.crops_by_image else block, way.margin) or inner
            block = block[(slice(None), *inner.slices)]
    return _Shown(block, part, grid, inner)


def _above(block: np.ndarray, margin: int) -> Box | None:
    """Box of what is above 0 in any channel, with a margin in voxels."""
    found = Box.of_mask(block.max(axis=0) > 0)
    return found and found.grown((margin,) * 3, block.shape[1:])
