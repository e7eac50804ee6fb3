"""Intervals: how far a volume may be off, from the network's probabilities and the voxel size.

Two things move a border: the network's doubt, and the voxels. Doubt counts as the volume between a
component's border and those where its tissue has a probability of 5 % and 95 %, times a factor that
a model brings with it (fitted on CTs that it was not trained on, by split conformal prediction with
normalized errors: Papadopoulos et al., ECML 2002; see ``studies/intervals.py``). Voxels
count as a shift of the whole surface by a quarter of a voxel either way. Both are added in
quadrature. Without a network (a label map that somebody drew), or without factors, only the voxels
are left: a reader's own doubt is not in such an interval, and ``Measurements.interval_source`` says
so. What the scan cuts has no interval: its volume is a lower bound.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import ndimage

from ..core.anatomy import KIDNEY_OF_SIDE, Tissue
from ..core.masks import ALL_NEIGHBORS
from ..core.volume import Box, Geometry, Volume
from .lesions import DIAMETERS, Interval, LesionMeasurement
from .measurements import NETWORK, VOXELS, Measurements
from .sides import SideMeasurement

_REACH_MM = 10.0  # what is farther from a component belongs to another
_SHIFT_VOXELS = 0.25  # of a voxel: the mean error of rounding a border to voxels
_POSSIBLE_PERCENT, _SURE_PERCENT = 5, 95  # the borders of a nominal 90 %
_FACES_OF_A_SMOOTH_SURFACE = 1.5  # faces of a voxel surface, against the smooth one it stands for


@dataclass(frozen=True, eq=False)
class Doubt:
    """What a network thought, and how much that counts.

    Attributes
    ----------
    percent : (3, k, j, i) uint8
        Probability of kidney, tumor and cyst on the label map's grid; 0 where it did not look.
    factors : mapping, optional
        For ``kidney``, ``tumor`` and ``cyst`` what the doubtful volumes are multiplied by. Without
        them probabilities are told, and no interval is made of them.
    removed, kept : (k, j, i), optional
        What cleaning took out (not 0), and the labels that stayed: where something was taken out
        and nothing stayed, probabilities do not count.
    as_kidney : bool
        Whether tumors and cysts count as kidney.
    unsure_below : float, optional
        Mean probability, 0..1, below which a lesion is doubtful; without it none is.
    """

    percent: np.ndarray
    factors: Mapping[str, float] | None
    removed: np.ndarray | None = None
    kept: np.ndarray | None = None
    as_kidney: bool = False
    unsure_below: float | None = None

    def cropped(self, box: Box) -> Doubt:
        """A copy of the part inside a box, without what does not count."""
        percent = self.percent[(slice(None), *box.slices)].copy()
        if self.removed is not None and self.kept is not None:
            gone = (self.removed[box.slices] > 0) & (self.kept[box.slices] == 0)
            percent[:, gone] = 0
        if self.as_kidney:
            percent[0] = np.minimum(percent.sum(axis=0, dtype=np.uint16), 100)
        return replace(self, percent=percent, removed=None, kept=None, as_kidney=False)

    def of(self, tissue: Tissue) -> np.ndarray:
        """Probability of a tissue in percent."""
        return self.percent[tissue - 1]

    def factor(self, tissue: Tissue) -> float | None:
        """How much the doubt of a tissue counts; None where nobody has fitted it."""
        return None if self.factors is None else self.factors[tissue.name.lower()]


@dataclass(frozen=True, eq=False)
class _Component:
    """A kidney or lesion in a box around it: its mask, and what belongs to others of its kind.

    ``percent`` is the probability of its tissue, ``factor`` how much its doubt counts; None
    without them.
    """

    own: np.ndarray
    other: np.ndarray
    geometry: Geometry
    percent: np.ndarray | None
    factor: float | None


def with_intervals(found: Measurements, labels: Volume, doubt: Doubt | None = None) -> Measurements:
    """Measurements with an interval on every volume and diameter.

    Parameters
    ----------
    found : Measurements
        Of this label map.
    labels : Volume
        `Label` numbers.
    doubt : Doubt, optional
        What the network thought, on the same grid.
    """
    tight = Box.of_mask(labels.array)
    if tight is None:
        return found
    found = found.with_components(labels)
    box = tight.grown(labels.geometry.voxels_covering(_REACH_MM), labels.array.shape)
    part = labels.cropped(box)
    if doubt is not None:
        doubt = doubt.cropped(box)
    lesions = []
    for lesion, found_part in zip(found.lesions, found.components, strict=True):
        spot = Box.of_slices(found_part.where).seen_from(box.start)
        tissue, labels_of_kind = Tissue[found_part.kind.name], [found_part.kind]
        component = _component(part, spot, found_part.part, labels_of_kind, doubt, tissue)
        lesions.append(_with_lesion_intervals(lesion, component, doubt))
    sides = [_with_side_intervals(side, lesions, part, doubt) for side in found.sides]
    fitted = doubt is not None and doubt.factors is not None
    return replace(
        found,
        sides=tuple(sides),
        lesions=tuple(lesions),
        interval_source=NETWORK if fitted else VOXELS,
    )


def _component(
    part: Volume,
    spot: Box,
    mask: np.ndarray,
    kind: Sequence[int],
    doubt: Doubt | None,
    tissue: Tissue,
) -> _Component:
    """A component with room around it.

    Parameters
    ----------
    mask : (k, j, i) bool
        The component inside ``spot``.
    kind : sequence of int
        Label numbers of its kind.
    """
    wide = spot.grown(part.geometry.voxels_covering(_REACH_MM), part.array.shape)
    own = np.zeros(wide.shape, bool)
    own[spot.inside(wide)] = mask
    other = np.isin(part.array[wide.slices], kind) & ~own
    if doubt is None:
        return _Component(own, other, part.geometry, None, None)
    percent = doubt.of(tissue)[wide.slices]
    return _Component(own, other, part.geometry, percent, doubt.factor(tissue))


def _with_lesion_intervals(
    lesion: LesionMeasurement, component: _Component, doubt: Doubt | None
) -> LesionMeasurement:
    """A lesion with the intervals of its volume and diameters, and its mean probability."""
    if component.percent is not None and doubt is not None:
        probability = float(component.percent[component.own].mean()) / 100
        unsure = doubt.unsure_below is not None and probability < doubt.unsure_below
        lesion = replace(lesion, probability=probability, doubtful=unsure)
    if lesion.incomplete:
        return lesion
    low, high = _volume_interval(component)
    scale = [(v / lesion.volume_ml) ** (1 / 3) for v in (low, high)]
    ends: dict[str, Any] = {
        f"{name}_interval_mm": tuple(s * getattr(lesion, f"{name}_mm") for s in scale)
        for name in DIAMETERS
    }
    return replace(lesion, volume_interval_ml=(low, high), **ends)


def _with_side_intervals(
    side: SideMeasurement, lesions: list[LesionMeasurement], part: Volume, doubt: Doubt | None
) -> SideMeasurement:
    """A side with the intervals of its volumes; those of its lesions add up (wider than needed)."""
    if side.incomplete:
        return side
    own = part.array == KIDNEY_OF_SIDE[side.side]
    parenchyma = (0.0, 0.0)
    tight = Box.of_mask(own)
    if tight is not None:
        kidneys = list(KIDNEY_OF_SIDE.values())
        mask = own[tight.slices]
        component = _component(part, tight, mask, kidneys, doubt, Tissue.KIDNEY)
        parenchyma = _volume_interval(component)

    def total(kind: str) -> Interval:
        own = [x.volume_interval_ml for x in lesions if (x.side, x.kind) == (side.side, kind)]
        ranges = [ends for ends in own if ends is not None]
        return float(sum(low for low, _ in ranges)), float(sum(high for _, high in ranges))

    return replace(
        side,
        parenchyma_interval_ml=parenchyma,
        tumor_interval_ml=total("tumor"),
        cyst_interval_ml=total("cyst"),
    )


def _volume_interval(component: _Component) -> Interval:
    """Interval in mL of one component's volume."""
    own, geometry = component.own, component.geometry
    voxel_ml = geometry.voxel_volume_ml
    volume = float(own.sum()) * voxel_ml
    below = above = 0.0
    if component.factor is not None and component.percent is not None:
        scale = component.factor * voxel_ml
        below = float((own & (component.percent < _SURE_PERCENT)).sum()) * scale
        possible = component.percent >= _POSSIBLE_PERCENT
        above = float(_halo(own, component.other, possible).sum()) * scale
    edge = surface_area_mm2(own, geometry) * _shift_mm(geometry) / 1000
    return max(0.0, volume - float(np.hypot(below, edge))), volume + float(np.hypot(above, edge))


def _halo(own: np.ndarray, other: np.ndarray, possible: np.ndarray) -> np.ndarray:
    """What may belong to a component too: connected to it, and nearer to it than to its kind."""
    halo = possible & ~own & ~other
    if other.any() and halo.any():
        halo &= ndimage.distance_transform_edt(~own) <= ndimage.distance_transform_edt(~other)
    labels, _ = ndimage.label(own | halo, ALL_NEIGHBORS)
    return halo & np.isin(labels, np.unique(labels[own]))


def _shift_mm(geometry: Geometry) -> float:
    """A quarter of a voxel, as a cube of its volume has it."""
    return _SHIFT_VOXELS * float(np.prod(geometry.spacing_mm)) ** (1 / 3)


def surface_area_mm2(mask: np.ndarray, geometry: Geometry) -> float:
    """Surface of a mask in mm2, from its voxels' faces (good to some 15 %)."""
    spacing = geometry.spacing_mm
    area = 0.0
    for axis in range(3):
        face = np.prod(spacing) / spacing[axis]
        crossings = np.diff(mask, axis=axis, prepend=False, append=False).sum()
        area += float(face * crossings)
    return area / _FACES_OF_A_SMOOTH_SURFACE
