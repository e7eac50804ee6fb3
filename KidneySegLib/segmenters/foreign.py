"""A model of another project in our chain: located first, tiled inside regions only.

Its own predictor runs over the whole field and interpolates every class onto every voxel. Here our
locator says where to look, and what is found is interpolated by the rest of the chain.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, combinations

import numpy as np

from ..core.errors import InputError, ModelError
from ..core.progress import OnTiles, Stages
from ..core.volume import Box, Volume
from ..engine.base import Engine
from ..engine.tiling import predict_at
from ..models.class_roles import ClassMap, OutputClass
from ..models.foreign import Exactly, ForeignModel, Stepwise
from ..models.inputs import InputSpec
from ..models.manifest import ModelPackage
from ..models.network_source import StageSpec
from .affordable import affordable
from .aligned import aligned_tiles, own_placement
from .base import TISSUES, OnEngine, Quality, Region
from .cascade.locate import LocatorLimits, likely_kidneys, locate_kidneys
from .places import Found, Hints, Place, field_corners
from .regions import explore

_COVER_MM = 10.0
_SHARES = {"load model": 0.12, "locate": 0.2, "segment": 0.9}


class Foreign(OnEngine):
    """A foreign model with a borrowed locator (see `base.Segmenter`).

    Parameters
    ----------
    model : ForeignModel
    engine : Engine
    locator : ModelPackage
        Whose locator says where kidneys are.
    channels : sequence of Volume
        What a model of several images reads beside the CT, in HU and registered to it.

    Raises
    ------
    ModelError
        If the model reads more or fewer images.
    """

    def __init__(
        self,
        model: ForeignModel,
        engine: Engine,
        locator: ModelPackage,
        channels: Sequence[Volume] = (),
    ) -> None:
        require_channels(model, channels)
        self.model, self._engine, self._locator = model, engine, locator
        self._channels = tuple(channels)
        self._said_small = False
        self.extras: tuple[OutputClass, ...] = model.classes.extras
        self.classes = (*TISSUES, *(c.name for c in self.extras))

    def stages(self, hints: Hints) -> dict[str, float]:
        """Stages of a run: no search where the user says where kidneys are."""
        return {name: share for name, share in _SHARES.items() if name != "locate" or not hints}

    def oriented(self, volume: Volume) -> Volume:
        """The volume with its axes as the model's training had them."""
        return self.model.spec.input.oriented(volume)

    def locate(self, image: Volume, hints: Hints, report: Stages) -> Found:
        """Places that the user gave, else what the locator takes for kidneys."""
        places = hints.places(image.geometry)
        report.begin("load model")
        for network in self.model.networks:
            self._engine.predictor(network)
        if places:
            return Found(places, [])
        locator = self._engine.predictor(self._locator.network("locator"))
        report.begin("locate")
        limits = LocatorLimits.of(self._locator.limits)
        spec = self._locator.stages["locator"]
        found = locate_kidneys(image.canonical(), locator, spec, limits, on_tiles=report.on_tiles)
        return likely_kidneys(found, limits)

    def probabilities(
        self, image: Volume, places: Sequence[Place], *, quality: Quality, report: Stages
    ) -> list[Region]:
        """What the model sees around places."""
        report.begin("segment")
        self._said_small = False
        own = self.model.spec
        images = [image, *(own.input.oriented(channel) for channel in self._channels)]
        for channel in images[1:]:
            require_cover(channel, image)
        way = self.model.exactly
        field = field_of(images, own.input, way)
        fitted = [own.input.fitted(each.cropped(cut)) for each, cut in _fields(images, field, way)]
        grid = own.input.grid_of(image.geometry.cropped(field))
        placement = own_placement(self.model, quality.overlap)

        def look(box: Box, told: OnTiles | None) -> np.ndarray:
            """Probabilities of our classes in one box, with context around it."""
            whole, _ = aligned_tiles(box, grid.shape, own.patch, placement)
            spec = self._affordable(whole.shape)
            wide, corners = aligned_tiles(box, grid.shape, spec.patch, placement)
            seen = [f.seen(i, grid.cropped(wide)) for f, i in zip(fitted, images, strict=True)]
            weight = placement.weight(spec.patch)
            logits = self._logits(np.concatenate(seen), spec, corners, weight, told)
            return tissue_shares(logits[(slice(None), *box.inside(wide))], self.model.classes)

        regions = explore(places, grid, look, on_tiles=report.on_tiles)
        if self.model.classes.nested:
            return regions
        as_logits = not isinstance(self.model.exactly, Stepwise)
        return [
            replace(r, shares=r.shares[:-1], rival=r.shares[-1], as_logits=as_logits)
            for r in regions
        ]

    def _affordable(self, block: Sequence[int]) -> StageSpec:
        """The model's tile, or a smaller one where memory is too short for a block of tiles."""
        own = self.model.spec
        spec = affordable(own, block, self.model.name)
        if spec.patch != own.patch and not self._said_small:
            self._said_small = True
            self._engine.notices.append(
                f"Memory is short: the model runs on tiles of {' x '.join(map(str, spec.patch))} "
                "voxels instead of its own, which changes its result a little."
            )
        return spec

    def _logits(
        self,
        block: np.ndarray,
        spec: StageSpec,
        corners: Sequence[tuple[int, ...]],
        weight: np.ndarray,
        told: OnTiles | None,
    ) -> np.ndarray:
        """Mean logits of the model's networks."""
        total: np.ndarray | float = 0.0
        members = self.model.networks
        for n, network in enumerate(members):
            predictor = self._engine.predictor(network)

            def count(done: int, tiles: int, member: int = n) -> None:
                if told:
                    told(member * tiles + done, len(members) * tiles)

            total = total + predict_at(
                block,
                predictor,
                spec,
                corners,
                mirror_axes=mirrored_passes(self.model),
                weight=weight,
                on_tiles=count,
            )
        return np.asarray(total) / len(members)


def field_of(images: Sequence[Volume], spec: InputSpec, way: Exactly | Stepwise | None) -> Box:
    """What is left of images, of which the first is the CT, before they come onto the grid.

    MONAI's transforms may cut them to what is above 0, which decides where tiles lie.
    """
    whole = Box((0, 0, 0), images[0].geometry.shape)
    if not isinstance(way, Stepwise) or "crop" not in way.steps:
        return whole
    at = {step: way.steps.index(step) for step in way.steps}
    if at["crop"] > at["space"]:
        return whole
    by_image = way.crops_by_image or at["crop"] < at["normalize"]
    above = np.zeros(whole.shape, bool)
    for image in images:
        if image.geometry.matches(images[0].geometry):
            fitted = spec.normalization.fitted
            above |= (image.array if by_image else fitted(image.array)(image.array)) > 0
    found = Box.of_mask(above)
    return whole if found is None else found.grown((way.margin,) * 3, whole.shape)


def _fields(
    images: Sequence[Volume], field: Box, way: Exactly | Stepwise | None
) -> Iterator[tuple[Volume, Box]]:
    """Each image with what of it is left when it is normalized."""
    cuts_first = (
        isinstance(way, Stepwise)
        and "crop" in way.steps
        and way.steps.index("crop") < way.steps.index("normalize")
    )
    for image in images:
        same = cuts_first and image.geometry.matches(images[0].geometry)
        yield image, field if same else Box((0, 0, 0), image.geometry.shape)


def require_channels(model: ForeignModel, channels: Sequence[Volume]) -> None:
    """Refuse another number of images than a model reads.

    Raises
    ------
    ModelError
        Saying how many it reads.
    """
    wanted, given = model.spec.input.channels, 1 + len(channels)
    if wanted != given:
        raise ModelError(
            f"The model '{model.name}' reads {wanted} registered images at once, and {given} "
            f"{'was' if given == 1 else 'were'} given. Give them in the order that its card says.",
            remedy="channel",
        )


def require_cover(channel: Volume, image: Volume) -> None:
    """Refuse an image that does not lie where the CT lies."""
    (low, high), (first, last) = (field_corners(v.geometry) for v in (channel, image))
    if (low - _COVER_MM > first).any() or (high + _COVER_MM < last).any():
        raise InputError(
            "One of the images does not cover the CT. Expected images that are registered to it, "
            "over the same field."
        )


def mirrored_passes(model: ForeignModel) -> tuple[tuple[int, ...], ...]:
    """Axes of each pass: as it is, and where mirroring is wanted each combination of its axes."""
    if not model.choice.mirror:
        return ((),)
    axes = model.mirror_axes
    return tuple(chain.from_iterable(combinations(axes, n) for n in range(len(axes) + 1)))


def tissue_shares(logits: np.ndarray, classes: ClassMap) -> np.ndarray:
    """Probabilities of our classes, then of extra ones, of a model's logits (see `ClassMap`).

    Of a softmax the highest of all other classes comes last.

    Parameters
    ----------
    logits : (channels, k, j, i) float32
    """
    shares = activated(logits, nested=classes.nested)
    rival, found = classes.rival(shares), classes.tissues(shares)
    return found if rival is None else np.concatenate([found, rival[None]])


def activated(logits: np.ndarray, *, nested: bool) -> np.ndarray:
    """Probabilities of logits: sigmoid of nested regions, softmax of classes."""
    import torch

    x = torch.from_numpy(np.ascontiguousarray(logits))
    return (torch.sigmoid(x) if nested else torch.softmax(x, dim=0)).numpy()
