"""What cleaning rules look at: tissues, probabilities, densities, and where kidneys were sought."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from ..core.anatomy import MASSES, Tissue
from ..core.findings import Finding, Point
from ..core.masks import ALL_NEIGHBORS, placed
from ..core.volume import Box, Geometry

Where = tuple[slice, ...]


@dataclass(frozen=True, eq=False)
class Change:
    """One change that a rule makes, or a warning about what it keeps.

    Attributes
    ----------
    where : slices
    part : (k, j, i) bool
        The voxels inside the slices.
    becomes : int, optional
        `Tissue` that they become; None where they are kept.
    was : Tissue
        What they, or most of them, are; background where a hole is filled, which nobody misses.
    reason : str
        For whoever looks at what was removed.
    finding : Finding, optional
    """

    where: Where
    part: np.ndarray
    becomes: int | None = None
    was: Tissue = Tissue.BACKGROUND
    reason: str = ""
    finding: Finding | None = None


@dataclass(eq=False)
class Scene:
    """Tissues, and what is known about them. Rules read it; `clean` alone changes it.

    Attributes
    ----------
    tissue : (k, j, i) uint8
        `Tissue` numbers on a canonical grid, as the rules before have left them.
    geometry : Geometry
    percent : (3, k, j, i) uint8, optional
        Probability of kidney, tumor and cyst; None where nobody knows it.
    density : (k, j, i), optional
        HU.
    anchors : list of Box, optional
        Places where kidneys were looked for.
    guided : bool
        Whether the user said where kidneys are.
    points : sequence of (R, A, S)
        The user's points in mm.
    unwanted : sequence of (R, A, S)
        Places in mm of masses that the user does not want.
    """

    tissue: np.ndarray
    geometry: Geometry
    percent: np.ndarray | None = None
    density: np.ndarray | None = None
    anchors: list[Box] | None = None
    guided: bool = False
    points: Sequence[Sequence[float]] = ()
    unwanted: Sequence[Sequence[float]] = ()
    lead: np.ndarray | None = None
    """Where tumor leads over cyst, in percent (int8); set by `cropped`."""

    def cropped(self, box: Box) -> Scene:
        """A copy of the part inside a box; without probabilities each tissue is sure."""
        part = self.tissue[box.slices].copy()
        percent = None if self.percent is None else self.percent[(slice(None), *box.slices)]
        if percent is None:
            tumor, cyst = (np.where(part == kind, 100, 0) for kind in MASSES)
        else:
            tumor, cyst = (percent[kind - 1] for kind in MASSES)
        return replace(
            self,
            tissue=part,
            geometry=self.geometry.cropped(box),
            percent=percent,
            density=None if self.density is None else self.density[box.slices],
            anchors=self.anchors and [a.seen_from(box.start) for a in self.anchors],
            lead=tumor.astype(np.int8) - cyst.astype(np.int8),
        )

    @property
    def has(self) -> frozenset[str]:
        """What rules may need of a scene (see `rules.base.Rule`)."""
        there = {
            "probabilities": self.percent is not None,
            "density": self.density is not None,
            "places": self.anchors is not None,
            "not guided": not self.guided,
        }
        return frozenset(name for name, is_there in there.items() if is_there)

    def volume_ml(self, mask: np.ndarray) -> float:
        """Volume of a mask's true voxels."""
        return float(np.count_nonzero(mask)) * self.geometry.voxel_volume_ml

    def center_ras(self, part: np.ndarray, where: Where) -> Point:
        """Center in RAS mm of a component inside the slices where."""
        first = np.array([s.start for s in where])
        r, a, s = self.geometry.ras_from_kji(np.argwhere(part).mean(axis=0) + first)[0]
        return float(r), float(a), float(s)

    def organ_percent(self, part: np.ndarray | slice, where: Where) -> np.ndarray:
        """Probability of kidney or mass in a component's voxels, inside the slices where.

        Only for scenes with probabilities.
        """
        assert self.percent is not None
        shares = sum(percent[where][part].astype(np.uint16) for percent in self.percent)
        return np.minimum(shares, 100)  # each is the largest of several regions


def grown(where: Where, shape: Sequence[int], reach: Sequence[int]) -> tuple[slice, ...]:
    """Slices widened by reach voxels on each side."""
    return Box.of_slices(where).grown(reach, shape).slices


def ring(part: np.ndarray, where: Where, wide: Where) -> np.ndarray:
    """Voxels that touch a component, in the wider slices."""
    own = placed(part, where, wide)
    return ndimage.binary_dilation(own, ALL_NEIGHBORS) & ~own


def majority(values: np.ndarray) -> int:
    """Most frequent tissue of an array without background."""
    return int(1 + np.bincount(values.ravel(), minlength=4)[1:].argmax())
