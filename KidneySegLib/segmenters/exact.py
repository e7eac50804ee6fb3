"""A model of nnU-Net as its own predictor runs it: the whole field, on its own grid and back.

For comparison, and for structures outside of the kidneys' regions. After nnU-Net v2 (Isensee et
al., Nature Methods 2021): axes as they are stored, the box of voxels that are not 0, normalized,
cubic splines onto the model's grid, tiles with half an overlap, logits back by linear
interpolation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod

import numpy as np

from ..core.progress import Stages
from ..core.volume import Box, Geometry, Volume
from ..engine.base import Engine
from ..models.foreign import Exactly, ForeignModel
from ..models.inputs import coarse_axis
from .base import Quality, Region
from .foreign import activated, mirrored_passes, require_channels
from .half_precision import blended
from .places import Place
from .whole_field import WholeField, require_room

_OVERLAP = 0.5
_BYTES_A_VALUE = 2 + 2 + 4 + 4 + 4  # logits on both grids, as floats, probabilities, tissues


class Exact(WholeField):
    """A model of nnU-Net, the way its own predictor does it (see `base.Segmenter`)."""

    def __init__(self, model: ForeignModel, engine: Engine, way: Exactly) -> None:
        require_channels(model, ())
        super().__init__(model, engine)
        self._way = way

    def oriented(self, volume: Volume) -> Volume:
        """The volume as it is stored, or turned as the model's reader does, in its axes' order."""
        own = volume.canonical() if self._way.canonical else volume
        return own.reoriented(self._way.transpose, (1, 1, 1))

    def probabilities(
        self, image: Volume, places: Sequence[Place], *, quality: Quality, report: Stages
    ) -> list[Region]:
        """What the model sees in the whole field, with its own label map."""
        report.begin("segment")
        spec, classes = self.model.spec, self.model.classes
        box = Box.of_mask(image.array != 0)
        if box is None:
            return []
        part = image.cropped(box)
        needed = _BYTES_A_VALUE * len(classes.outputs) * prod(part.geometry.shape)
        require_room(needed, len(classes.outputs), self.model.name)
        block = spec.input.normalization.fitted(part.array)(part.array)
        steps = _Steps(part.geometry, spec.input.spacing_mm, self._way)
        block = steps.to_model(block)
        overlap = (_OVERLAP,) * 3
        if spec.input.spacing_mm[0] is None:  # slices, one by one
            spec, overlap = replace(spec, patch=(1, *spec.patch[1:])), (0.0, _OVERLAP, _OVERLAP)
        total: np.ndarray | None = None
        for network in self.model.networks:
            predictor = self._engine.predictor(network)
            passes = mirrored_passes(self.model)
            own = blended(block[None], predictor, spec, overlap, passes, report.on_tiles)
            total = own if total is None else total + own
        assert total is not None
        logits = steps.back(total / np.float16(len(self.model.networks)))
        shares = activated(logits.astype(np.float32), nested=classes.nested)
        raw = classes.numbers(shares if classes.nested else logits)
        tissues, rival = classes.tissues(shares), classes.rival(shares)
        return [Region(part.geometry, tissues, raw, rival=rival)]


class _Steps:
    """Resampling of an array onto the model's grid, and of logits back."""

    def __init__(
        self, geometry: Geometry, spacing_mm: Sequence[float | None], way: Exactly
    ) -> None:
        own = [float(mm) for mm in geometry.spacing_mm]
        wanted = [own[n] if mm is None else mm for n, mm in enumerate(spacing_mm)]
        self._way, self._shape = way, geometry.shape
        self._new = tuple(
            int(round(a / b * n)) for a, b, n in zip(own, wanted, geometry.shape, strict=True)
        )
        self._axis = coarse_axis(own, wanted, way.apart)
        self._axis_back = coarse_axis(wanted, own, way.apart)

    def to_model(self, image: np.ndarray) -> np.ndarray:
        """A normalized image ``(k, j, i)`` on the model's grid."""
        way = self._way
        found = _resized(image, self._new, way.order, self._axis, way.order_apart)
        return found.astype(np.float32)

    def back(self, logits: np.ndarray) -> np.ndarray:
        """Logits ``(channels, k, j, i)`` on the image's grid, in their own number format."""
        way = self._way
        back = np.empty((len(logits), *self._shape), logits.dtype)
        for x, own in zip(logits, back, strict=True):
            own[...] = _resized(
                x, self._shape, way.logit_order, self._axis_back, way.logit_order_apart
            )
        return back


def _resized(
    image: np.ndarray, shape: Sequence[int], order: int, axis: int | None, order_apart: int
) -> np.ndarray:
    """An array with another shape over the same field."""
    from skimage.transform import resize

    if tuple(image.shape) == tuple(shape):
        return image
    image = image.astype(np.float64)
    same = {"mode": "edge", "anti_aliasing": False}
    if axis is None:
        return resize(image, shape, order, **same)
    in_plane = [n for a, n in enumerate(shape) if a != axis]
    planes = [resize(p, in_plane, order, **same) for p in np.moveaxis(image, axis, 0)]
    stack = np.moveaxis(np.stack(planes), 0, axis)
    return _along(stack, axis, shape[axis], order_apart)


def _along(stack: np.ndarray, axis: int, count: int, order: int) -> np.ndarray:
    """An array with another number of planes along an axis, over the same field."""
    from scipy.ndimage import map_coordinates

    if stack.shape[axis] == count:
        return stack
    at = (np.arange(count) + 0.5) * stack.shape[axis] / count - 0.5
    moved = np.moveaxis(stack, axis, 0)
    if order == 0:
        index = map_coordinates(np.arange(float(len(moved))), [at], order=0, mode="nearest")
        return np.moveaxis(moved[np.rint(index).astype(int)], 0, axis)
    places = np.meshgrid(at, *(np.arange(n) for n in moved.shape[1:]), indexing="ij")
    return np.moveaxis(map_coordinates(moved, places, order=order, mode="nearest"), 0, axis)
