"""A model of MONAI as its own transforms and sliding window run it, over the whole field.

For comparison, and for structures outside of the kidneys' regions. After Auto3DSeg's SegResNet and
MONAI's bundles: turned, normalized, cut to the body, linearly onto the grid, tiles from the first
corner on, blended in float32, probabilities back by linear interpolation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

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
        """The volume with its axes as the model's own transforms have them."""
        if not self._way.turned:
            return volume.reoriented((2, 1, 0), (1, 1, 1))
        return self.model.spec.input.oriented(volume)

    def probabilities(
        self, image: Volume, places: Sequence[Place], *, quality: Quality, report: Stages
    ) -> list[Region]:
        """What the model sees in the whole field, with its own label map."""
        report.begin("segment")
        spec, classes, way = self.model.spec, self.model.classes, self._way
        images = self._stacked(image)
        part = image.geometry.cropped(field_of(images, spec.input, way))
        require_room(self._needed_bytes(part), len(classes.outputs), self.model.name)
        shown = _shown(images, part, spec.input, way)
        placement = Placement(way.overlap, from_corner=True, flat=not way.weighted)
        logits = predict_at(
            shown.block,
            self._engine.predictor(self.model.networks[0]),
            spec,
            placement.corners(shown.block.shape[1:], spec.patch),
            mirror_axes=mirrored_passes(self.model),
            weight=placement.weight(spec.patch),
            on_tiles=report.on_tiles,
        )
        shares = shown.back(activated(logits, nested=classes.nested), nested=classes.nested)
        tissues, rival = classes.tissues(shares), classes.rival(shares)
        return [Region(shown.part, tissues, classes.numbers(shares), rival=rival)]

    def _needed_bytes(self, part: Geometry) -> float:
        """Of what is kept at once: images, logits and probabilities on both grids."""
        inside = prod(self.model.spec.input.grid_of(part).shape)
        classes, channels = len(self.model.classes.outputs), self.model.spec.input.channels
        return 4.0 * (2 * (classes + channels) * inside + 2 * classes * prod(part.shape))

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

    def back(self, shares: np.ndarray, *, nested: bool) -> np.ndarray:
        """Probabilities of the block on the part's grid; background where it does not reach."""
        if self.inner.shape != self.grid.shape:
            full = np.zeros((len(shares), *self.grid.shape), np.float32)
            full[0] = 0.0 if nested else 1.0
            full[(slice(None), *self.inner.slices)] = shares
            shares = full
        return resample(shares, self.grid, self.part, smooth=False)


def _shown(images: Sequence[Volume], part: Geometry, spec: InputSpec, way: Stepwise) -> _Shown:
    """What the network sees of images on one grid, step by step.

    Parameters
    ----------
    part : Geometry
        What is left of the images where they are cut before they come onto the model's grid.
    """
    start = np.rint(images[0].geometry.kji_from_ras(part.ras_from_kji([[0, 0, 0]]))[0]).astype(int)
    field = Box(tuple(start), tuple(start + part.shape))
    steps = list(way.steps)
    block = np.stack([x.array[field.slices] for x in images]).astype(np.float32)
    if steps.index("normalize") < min(map(steps.index, {"crop", "space"} & set(steps))):
        block = np.stack([_normalized(x.array, spec, field) for x in images])
        steps.remove("normalize")
    grid, inner, is_spaced = part, Box((0, 0, 0), part.shape), False
    for step in steps:
        if step == "normalize":
            block = np.stack([_normalized(x, spec) for x in block])
        elif step == "space":
            target = spec.grid_of(grid)
            block, grid, is_spaced = resample(block, grid, target, smooth=False), target, True
            inner = Box((0, 0, 0), grid.shape)
        elif is_spaced:  # else the images are cut already
            inner = _above(block, way.margin) or inner
            block = block[(slice(None), *inner.slices)]
    return _Shown(block, part, grid, inner)


def _normalized(values: np.ndarray, spec: InputSpec, field: Box | None = None) -> np.ndarray:
    """An image, or a part of it, with what the image as a whole is normalized by."""
    fitted = spec.normalization.fitted(values)
    return fitted(values if field is None else values[field.slices])


def _above(block: np.ndarray, margin: int) -> Box | None:
    """Box of what is above 0 in any channel, with a margin in voxels."""
    found = Box.of_mask(block.max(axis=0) > 0)
    return found and found.grown((margin,) * 3, block.shape[1:])
