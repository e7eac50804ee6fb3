"""The cascade as one segmenter: a coarse locator, a fine 3-D network, axial 2-D networks."""

from __future__ import annotations

from collections.abc import Sequence

from ...core.progress import Stages
from ...core.volume import Volume
from ...engine.base import Engine, Predictor
from ...models.class_roles import OutputClass
from ...models.manifest import AXIAL_STAGES, ModelPackage
from ...models.network_source import StageSpec
from ..base import OnEngine, Quality, Region
from ..places import Found, Hints, Place
from .axial import Fusion, look_at_slices
from .fine import segment_regions
from .locate import LocatorLimits, likely_kidneys, locate_kidneys

_SHARES = {"load model": 0.12, "locate": 0.30, "segment": 0.35, "second look": 0.30}


class Cascade(OnEngine):
    """The networks of a model package, one after the other (see `base.Segmenter`)."""

    def __init__(self, package: ModelPackage, engine: Engine) -> None:
        self.model, self._package, self._engine = package, package, engine
        self.classes = package.stages["fine"].classes
        self.extras: tuple[OutputClass, ...] = ()
        self._axial_stages = [stage for stage in AXIAL_STAGES if stage in package.stages]

    def stages(self, hints: Hints) -> dict[str, float]:
        """Stages of a run: no search where the user says where kidneys are."""
        skipped = {"locate": bool(hints), "second look": not self._axial_stages}
        return {name: share for name, share in _SHARES.items() if not skipped.get(name)}

    def oriented(self, volume: Volume) -> Volume:
        """The volume in our own order of axes."""
        return volume.canonical()

    def locate(self, image: Volume, hints: Hints, report: Stages) -> Found:
        """Places that the user gave, else what the locator takes for kidneys."""
        places = hints.places(image.geometry)
        report.begin("load model")
        for stage in ("fine", *self._axial_stages):
            self._network(stage)
        if places:
            return Found(places, [])
        locator, spec = self._network("locator")
        report.begin("locate")
        limits = LocatorLimits.of(self._package.limits)
        found = locate_kidneys(image, locator, spec, limits, on_tiles=report.on_tiles)
        return likely_kidneys(found, limits)

    def probabilities(
        self, image: Volume, places: Sequence[Place], *, quality: Quality, report: Stages
    ) -> list[Region]:
        """What the fine network sees around places, fused with the axial networks'."""
        report.begin("segment")
        fine, spec = self._network("fine")
        regions = segment_regions(
            image, places, fine, spec, quality=quality, on_tiles=report.on_tiles
        )
        if not self._axial_stages:
            return regions
        report.begin("second look")
        return look_at_slices(
            image,
            regions,
            [self._network(stage) for stage in self._axial_stages],
            Fusion.of(self._package.limits),
            quality=quality,
            on_tiles=report.on_tiles,
        )

    def _network(self, stage: str) -> tuple[Predictor, StageSpec]:
        """A network that is ready to run, and its input; the engine keeps it."""
        return self._engine.predictor(self._package.network(stage)), self._package.stages[stage]
