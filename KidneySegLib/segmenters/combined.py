"""Kidneys of one model, lesions of others: fused on the finest grid of them all.

For models that find lesions but no kidneys, or lesions of any organ; what of them does not lie at a
kidney is left to the rules of cleaning. Where several models look for lesions, their mean counts,
and what each of them finds is kept: a lesion that only one of them sees is less sure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.progress import Stages
from ..core.volume import Geometry, Volume, resample
from ..models.info import ModelInfo
from .base import TISSUES, Quality, Region, Segmenter
from .places import Found, Hints, Place
from .to_native import native_box

# Limits of the kidneys' model that hold for its kidneys, whoever finds the lesions.
_OF_KIDNEYS = ("bone", "uncertain-kidney", "uncertain-part", "locator", "fusion")
_OF_LESIONS = 0.8  # of the time that a whole model takes: there is no search


@dataclass(frozen=True)
class CombinedInfo(ModelInfo):
    """What is known of several models that work together."""

    parts: tuple[ModelInfo, ...] = ()

    def as_record(self) -> dict[str, Any]:
        """What the record of a run keeps: each of them, the kidneys' first."""
        return super().as_record() | {"parts": [part.as_record() for part in self.parts]}


def combined_info(kidneys: ModelInfo, lesions: Sequence[ModelInfo]) -> CombinedInfo:
    """Name, licenses and limits of models that work together."""
    parts = (kidneys, *lesions)
    digest = hashlib.sha256("".join(part.sha256 for part in parts).encode()).hexdigest()
    said = [
        f"Kidneys are those of the model '{kidneys.name}', lesions those of "
        f"{' and '.join(repr(part.name) for part in lesions)}."
    ]
    return CombinedInfo(
        name=" + ".join(part.name for part in parts),
        version=" + ".join(part.version for part in parts),
        license="; ".join(f"{part.name}: {part.license}" for part in parts),
        sha256=digest,
        weak_phases=tuple({phase for part in parts for phase in part.weak_phases}),
        lesion_warnings=tuple(text for part in lesions for text in part.lesion_warnings),
        limits={name: own for name, own in kidneys.limits.items() if name in _OF_KIDNEYS},
        remarks=(*said, *(text for part in parts for text in part.remarks)),
        voters=tuple(part.name for part in lesions) if len(lesions) > 1 else (),
        parts=parts,
    )


class Combined:
    """Kidneys of one segmenter, lesions of others (see `base.Segmenter`)."""

    def __init__(self, kidneys: Segmenter, lesions: Sequence[Segmenter]) -> None:
        self._kidneys, self._lesions = kidneys, tuple(lesions)
        self.model = combined_info(kidneys.model, [part.model for part in lesions])
        self.extras = tuple(own for part in (kidneys, *lesions) for own in part.extras)
        self.classes = (*TISSUES, *(own.name for own in self.extras))

    @property
    def device(self) -> str:
        """Device and number format."""
        return self._kidneys.device

    @property
    def notices(self) -> Sequence[str]:
        """What the engine said, such as a fall-back to the CPU."""
        return self._kidneys.notices

    def stages(self, hints: Hints) -> dict[str, float]:
        """Stages of a run."""
        shares = dict(self._kidneys.stages(hints))
        for n, part in enumerate(self._lesions):
            shares[_stage_name(n)] = _OF_LESIONS * sum(part.stages(hints).values())
        return shares

    def oriented(self, volume: Volume) -> Volume:
        """The volume as it is: each part turns it as it needs it."""
        return volume

    def locate(self, image: Volume, hints: Hints, report: Stages) -> Found:
        """Places of the kidneys' segmenter."""
        return self._kidneys.locate(self._kidneys.oriented(image), hints, report)

    def probabilities(
        self, image: Volume, places: Sequence[Place], *, quality: Quality, report: Stages
    ) -> list[Region]:
        """Kidneys around places, with the lesions that the other models see there."""
        own = self._kidneys
        organs = own.probabilities(own.oriented(image), places, quality=quality, report=report)
        seen = []
        for n, part in enumerate(self._lesions):
            within = _Within(report, _stage_name(n))
            found = part.probabilities(part.oriented(image), places, quality=quality, report=within)
            seen.append([region.canonical() for region in found])
        own_extras, counts = len(own.extras), [len(part.extras) for part in self._lesions]
        return [
            _fused(organ.canonical(), seen, own_extras, counts, voting=bool(self.model.voters))
            for organ in organs
        ]


def _stage_name(number: int) -> str:
    """Stage of a lesion model."""
    return "lesions" if number == 0 else f"lesions {number + 1}"


class _Within(Stages):
    """All stages of a part as one stage of the whole."""

    def __init__(self, whole: Stages, name: str) -> None:
        self._whole, self._own = whole, name
        whole.begin(name)

    def begin(self, name: str) -> None:
        """Goes on in the one stage."""

    def end(self) -> None:
        """Goes on in the one stage."""

    def report(self, share: float) -> None:
        """Say how much is done."""
        self._whole.report(share)


def _fused(
    organ: Region,
    seen: Sequence[Sequence[Region]],
    own_extras: int,
    counts: Sequence[int],
    *,
    voting: bool,
) -> Region:
    """One region with a kidney model's organ and other models' lesions.

    Parameters
    ----------
    organ : Region
        Of the kidneys' model, canonical.
    seen : sequence of sequences of Region
        Of each lesion model, canonical.
    own_extras, counts : int and sequence of int
        Extra classes of the kidneys' model and of the others.
    """
    near = [[r for r in regions if _overlap(organ.geometry, r.geometry)] for regions in seen]
    grid = _common_grid(organ.geometry, [r.geometry for regions in near for r in regions])
    first = len(TISSUES)
    whole = _placed(organ, slice(0, first), grid)
    lesions = [_lesions(regions, grid) for regions in near]
    tumor, cyst = np.asarray(sum(lesions)) / max(1, len(lesions))
    kidney = np.clip(whole[1:].sum(axis=0) - tumor - cyst, 0, 1)
    background = np.clip(1 - kidney - tumor - cyst, 0, 1)
    extras = [_placed(organ, slice(first, first + own_extras), grid)]
    for regions, count in zip(near, counts, strict=True):
        parts = (_placed(r, slice(first, first + count), grid) for r in regions)
        extras.append(sum(parts, _none(grid, count)))
    shares = np.concatenate([np.stack([background, kidney, tumor, cyst]), *extras])
    votes = np.stack([own.sum(axis=0) for own in lesions]) if voting else None
    return Region(grid, shares.astype(np.float32), votes=votes)


def _lesions(regions: Sequence[Region], grid: Geometry) -> np.ndarray:
    """Probabilities of tumor and cyst of one model."""
    return sum((_placed(r, slice(2, 4), grid) for r in regions), _none(grid, 2))


def _none(grid: Geometry, classes: int) -> np.ndarray:
    """No probability of some classes."""
    return np.zeros((classes, *grid.shape), np.float32)


def _placed(region: Region, classes: slice, grid: Geometry) -> np.ndarray:
    """Probabilities of some classes on another grid, 0 where the region does not reach."""
    part = region.shares[classes]
    out = _none(grid, len(part))
    box = native_box(region.geometry, grid)
    if not box.is_empty and len(part):
        inside = grid.cropped(box)
        out[(slice(None), *box.slices)] = resample(part, region.geometry, inside, smooth=False)
    return out


def _overlap(one: Geometry, other: Geometry) -> bool:
    """Whether two fields share space."""
    return not native_box(other, one).is_empty or not native_box(one, other).is_empty


def _common_grid(first: Geometry, others: Sequence[Geometry]) -> Geometry:
    """A grid over the first field and all others, as fine as the finest along each axis."""
    spacing = np.min([g.spacing_mm for g in (first, *others)], axis=0)
    fine = first.with_spacing(spacing)
    low, high = np.zeros(3), np.array(fine.shape, float) - 1
    for other in others:
        ends = other.ras_from_kji(np.array([[0, 0, 0], other.shape]) - [[0], [1]])
        corners = fine.kji_from_ras(ends)
        low, high = np.minimum(low, corners.min(axis=0)), np.maximum(high, corners.max(axis=0))
    start, stop = np.floor(low + 1e-6).astype(int), np.ceil(high - 1e-6).astype(int) + 1
    matrix = fine.ijk_to_ras.copy()
    matrix[:3, 3] = fine.ras_from_kji(start)[0]
    return Geometry(tuple(int(n) for n in stop - start), matrix)
