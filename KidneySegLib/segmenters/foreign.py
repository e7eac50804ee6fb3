"""A model of another project in our chain: located first, tiled inside regions only.

Its own predictor runs over the whole field and interpolates every class onto every voxel. Here our
locator says where to look, and what is found is interpolated by the rest of the chain.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, combinations

import numpy as np

from ..core.progress import OnTiles, Stages
from ..core.volume import Box, Volume
from ..engine.base import Engine
from ..engine.tiling import predict_block
from ..models.class_roles import ClassMap, OutputClass
from ..models.foreign import ForeignModel
from ..models.manifest import ModelPackage
from .base import TISSUES, Quality, Region
from .cascade.locate import LocatorLimits, likely_kidneys, locate_kidneys
from .places import Found, Hints, Place
from .regions import explore, with_context

_SHARES = {"load model": 0.12, "locate": 0.2, "segment": 0.9}


class Foreign:
    """A foreign model with a borrowed locator (see `base.Segmenter`).

    Parameters
    ----------
    model : ForeignModel
    engine : Engine
    locator : ModelPackage
        Whose locator says where kidneys are.
    """

    def __init__(self, model: ForeignModel, engine: Engine, locator: ModelPackage) -> None:
        self.model, self._engine, self._locator = model, engine, locator
        self.extras: tuple[OutputClass, ...] = model.classes.extras
        self.classes = (*TISSUES, *(c.name for c in self.extras))

    @property
    def device(self) -> str:
        """Device and number format."""
        return self._engine.description

    @property
    def notices(self) -> Sequence[str]:
        """What the engine said, such as a fall-back to the CPU."""
        return self._engine.notices

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
        own = self.model.spec
        fitted = own.input.fitted(image)
        grid = fitted.grid_of(image.geometry)

        def look(box: Box, told: OnTiles | None) -> np.ndarray:
            """Probabilities of our classes in one box, with context around it."""
            wide = with_context(box, own.patch, grid.shape, quality.context)
            block = fitted.seen(image, grid.cropped(wide))
            logits = self._logits(block, quality.overlap, told)
            return tissue_shares(logits[(slice(None), *box.inside(wide))], self.model.classes)

        return explore(places, grid, look, on_tiles=report.on_tiles)

    def _logits(self, block: np.ndarray, overlap: float, told: OnTiles | None) -> np.ndarray:
        """Mean logits of the model's networks."""
        total: np.ndarray | float = 0.0
        members = self.model.networks
        for n, network in enumerate(members):
            predictor = self._engine.predictor(network)

            def count(done: int, tiles: int, member: int = n) -> None:
                if told:
                    told(member * tiles + done, len(members) * tiles)

            total = total + predict_block(
                block,
                predictor,
                network.spec,
                overlap=(0.0, overlap, overlap) if self._is_planar else overlap,
                mirror_axes=mirrored_passes(self.model),
                on_tiles=count,
            )
        return np.asarray(total) / len(members)

    @property
    def _is_planar(self) -> bool:
        """Whether the model sees slices, one by one."""
        return self.model.spec.input.spacing_mm[0] is None


def mirrored_passes(model: ForeignModel) -> tuple[tuple[int, ...], ...]:
    """Axes of each pass: as it is, and where mirroring is wanted each combination of its axes."""
    if not model.choice.mirror:
        return ((),)
    axes = model.mirror_axes
    return tuple(chain.from_iterable(combinations(axes, n) for n in range(len(axes) + 1)))


def tissue_shares(logits: np.ndarray, classes: ClassMap) -> np.ndarray:
    """Probabilities of our classes, then of extra ones, of a model's logits (see `ClassMap`).

    Parameters
    ----------
    logits : (channels, k, j, i) float32
    """
    return classes.tissues(activated(logits, nested=classes.nested))


def activated(logits: np.ndarray, *, nested: bool) -> np.ndarray:
    """Probabilities of logits: sigmoid of nested regions, softmax of classes."""
    import torch

    x = torch.from_numpy(np.ascontiguousarray(logits))
    return (torch.sigmoid(x) if nested else torch.softmax(x, dim=0)).numpy()
