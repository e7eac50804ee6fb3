"""What a segmenter is: the one interface between a model of any kind and the rest of the chain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..core.progress import Stages
from ..core.volume import Geometry, Volume
from ..engine.base import Engine
from ..models.class_roles import OutputClass
from ..models.info import ModelInfo
from .places import Found, Hints, Place


@dataclass(frozen=True)
class Quality:
    """How much work a run does.

    Attributes
    ----------
    overlap : float
        Share of a tile that its neighbor covers too.
    context : float
        A region is at least this many tiles long, so that its voxels are seen from several
        tiles.
    mirror_axes : tuple of tuples
        Passes, each mirrored along these axes.
    """

    overlap: float
    context: float
    mirror_axes: tuple[tuple[int, ...], ...]


# Right and left may change places, front and back may not: passes with the spine in front made
# `best` worse than `fast` (kept-out kidney Dice 0.917 instead of 0.935).
QUALITIES = {
    "fast": Quality(0.25, 1.0, ((),)),
    "balanced": Quality(0.5, 1.3, ((),)),
    "best": Quality(0.5, 1.3, ((), (2,))),
}


TISSUES = ("background", "kidney", "tumor", "cyst")
"""Classes that every segmenter of kidneys gives first, in this order."""


@dataclass(frozen=True, eq=False)
class Region:
    """Class probabilities on a piece of a segmenter's grid.

    Attributes
    ----------
    geometry : Geometry
    shares : (classes, k, j, i) float32
        The first four sum to 1: what is neither kidney nor mass counts as background there, also
        where it is one of the extra classes that follow.
    numbers : (k, j, i), optional
        The model's own label map, where it was asked for.
    votes : (models, k, j, i) float32, optional
        Probability of a lesion by each of several models.
    rival : (k, j, i) float32, optional
        The highest probability of any other class: what is below it is not a tissue. Without, a
        voxel's tissue is decided step by step (see `decision.decide`).
    as_logits : bool
        With ``rival``, what is interpolated: logits, as nnU-Net has it, or probabilities (MONAI).
    """

    geometry: Geometry
    shares: np.ndarray
    numbers: np.ndarray | None = None
    votes: np.ndarray | None = None
    rival: np.ndarray | None = None
    as_logits: bool = True

    def canonical(self) -> Region:
        """The same with its axes in our order (a view)."""
        order, flips = self.geometry.to_canonical()
        turn = tuple(slice(None, None, f) for f in flips)
        own = None if self.numbers is None else self.numbers.transpose(order)[turn]
        shares = self.shares.transpose(0, *(n + 1 for n in order))[(slice(None), *turn)]
        votes = self.votes  # only of regions that lie that way already
        rival = None if self.rival is None else self.rival.transpose(order)[turn]
        turned = self.geometry.reoriented(order, flips)
        return Region(turned, shares, own, votes, rival, self.as_logits)


class Segmenter(Protocol):
    """Turns an image into class probabilities on pieces of a grid."""

    @property
    def model(self) -> ModelInfo:
        """Name, license, texts and limits of the model."""
        ...

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes; the first is background."""
        ...

    @property
    def extras(self) -> tuple[OutputClass, ...]:
        """Classes beyond those that the task looks for, which are kept as they are."""
        ...

    @property
    def device(self) -> str:
        """Device and number format, for the record of a run."""
        ...

    @property
    def notices(self) -> Sequence[str]:
        """What the user should know, such as a fall-back to the CPU; grows during a run."""
        ...

    def stages(self, hints: Hints) -> Mapping[str, float]:
        """Stages that a run has here, and about how much of the time each takes."""
        ...

    def oriented(self, volume: Volume) -> Volume:
        """A volume (a view) with its axes as the segmenter wants them."""
        ...

    def locate(self, image: Volume, hints: Hints, report: Stages) -> Found:
        """Places to look at: the user's where there are hints, else the segmenter's own.

        Parameters
        ----------
        image : Volume
            Oriented, HU.

        Raises
        ------
        InputError
            If a hint lies outside the image.
        """
        ...

    def probabilities(
        self, image: Volume, places: Sequence[Place], *, quality: Quality, report: Stages
    ) -> list[Region]:
        """Class probabilities around places, on a grid of the segmenter's own.

        Parameters
        ----------
        image : Volume
            Oriented, HU.
        """
        ...


class OnEngine:
    """What segmenters that run networks on one engine tell of it."""

    _engine: Engine

    @property
    def device(self) -> str:
        """Device and number format."""
        return self._engine.description

    @property
    def notices(self) -> Sequence[str]:
        """What the engine said, such as a fall-back to the CPU, and where tiles are smaller."""
        return self._engine.notices
