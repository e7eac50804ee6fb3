"""Lesions: every connected tumor and cyst, and what is measured of one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..core.anatomy import KIDNEY_OF_SIDE, SIDES, Label
from ..core.densities import FAT_IN_MASS_BELOW_HU
from ..core.findings import Point, point_of
from ..core.masks import bodies, moved
from ..core.volume import Box, Volume
from .composition import CYSTIC, INDETERMINATE, Composition, composition_of
from .densities import finite
from .diameters import axial_diameters, feret_3d, sphere_equivalent_mm
from .origin import RENAL

Interval = tuple[float, float]

DIAMETERS = ("feret_axial", "feret_3d", "sphere_equivalent")  # fields <name>_mm of a lesion
_NEAR_MM = 5.0  # around a lesion: the kidney that has most voxels there is its own
_NEXT_TO_NOTHING = 0.1  # of the volume; the interval is a nominal 90 % one
_OWN_LESION_ML = 0.1  # of a body that touches another one at corners only
_SAME_MM = 1.0  # between centers of one lesion, measured twice


@dataclass(frozen=True)
class LesionMeasurement:
    """One tumor or cyst component.

    Lengths in mm, volume in mL, densities in HU (None without a CT), places in RAS mm.
    ``fat_share`` is the share of its voxels under -20 HU, ``..._ends_ras_mm`` the two ends of the
    diameters. ``incomplete`` says that it reaches the end of the scan. ``probability`` is the mean
    probability that the network gave it and its kind, None without one; intervals as in
    `SideMeasurement`. ``slice_number`` is that of its center, None where no scan tells it.
    ``doubtful`` says that the network is not sure of it, or of its kind: False without a network.
    ``found_by`` names the models that see it, where several looked for lesions.
    ``short_axial_mm`` lies across ``feret_axial_mm`` in its plane; None in records of versions
    that did not measure it. ``origin`` says where its mass comes from (see origin.py), with the
    reason; None where it is too small to tell. ``composition`` is what it is made of; None where
    it is too small, or the scan has no contrast.
    """

    id: int
    kind: str
    side: str
    volume_ml: float
    feret_axial_mm: float
    feret_3d_mm: float
    sphere_equivalent_mm: float
    density_mean_hu: float | None
    density_sd_hu: float | None
    density_median_hu: float | None
    fat_share: float | None
    center_ras_mm: Point
    feret_axial_ends_ras_mm: tuple[Point, Point]
    feret_3d_ends_ras_mm: tuple[Point, Point]
    incomplete: bool
    probability: float | None = None
    volume_interval_ml: Interval | None = None
    feret_axial_interval_mm: Interval | None = None
    feret_3d_interval_mm: Interval | None = None
    sphere_equivalent_interval_mm: Interval | None = None
    slice_number: int | None = None
    doubtful: bool = False
    short_axial_mm: float | None = None
    short_axial_ends_ras_mm: tuple[Point, Point] | None = None
    found_by: tuple[str, ...] = ()
    origin: str | None = None
    origin_reason: str | None = None
    composition: Composition | None = None

    @property
    def uncertain(self) -> bool:
        """Whether it may hardly be there: doubtful, or an interval that begins near nothing."""
        interval = self.volume_interval_ml
        from_nothing = interval is not None and interval[0] < _NEXT_TO_NOTHING * self.volume_ml
        return self.doubtful or from_nothing

    @property
    def remarks(self) -> tuple[str, ...]:
        """What tables note of it: an origin that is not surely the kidney, and a cystic mass."""
        found = []
        if self.origin not in (None, RENAL):
            found.append(f"origin {self.origin}")
        if self.is_cystic_mass and self.composition is not None:
            found.append(self.composition.kind)
        return tuple(found)

    @property
    def is_cystic_mass(self) -> bool:
        """Whether it holds fluid, or nearly, and is more than that."""
        return self.composition is not None and self.composition.kind in (CYSTIC, INDETERMINATE)


@dataclass(frozen=True, eq=False)
class LesionComponent:
    """A connected tumor or cyst: label, side, slices of its box, mask in the box, center in mm."""

    kind: Label
    side: str
    where: tuple[slice, ...]
    part: np.ndarray
    center_ras: np.ndarray

    def within(self, block: Sequence[slice]) -> LesionComponent:
        """The same, in the voxels of the array that has this as a block."""
        return replace(self, where=moved(self.where, block))

    def seen_from(self, start: Sequence[int]) -> LesionComponent:
        """The same, in the voxels of a part of the array that begins at ``start``."""
        return replace(self, where=Box.of_slices(self.where).seen_from(start).slices)


def find_lesions(labels: Volume) -> list[LesionComponent]:
    """Every tumor and cyst of a label map (`Label` numbers), largest first.

    Two that touch at the corners of voxels only are two.
    """
    found, least = [], math.ceil(_OWN_LESION_ML / labels.geometry.voxel_volume_ml)
    for kind in (Label.TUMOR, Label.CYST):
        for where, part in bodies(labels.array == kind, least):
            box = Box.of_slices(where)
            own = labels.geometry.cropped(box)
            center = own.ras_from_kji(np.argwhere(part).mean(axis=0))[0]
            side = _nearest_side(box, labels, center)
            found.append(LesionComponent(kind, side, where, part, center))
    return sorted(found, key=lambda c: (-int(c.part.sum()), c.kind))


def matched(
    components: Sequence[LesionComponent], lesions: Sequence[LesionMeasurement]
) -> tuple[LesionComponent, ...]:
    """Components in the order of measured lesions, by kind and center; () where they do not fit."""
    if len(components) == len(lesions) and all(map(_is_same, components, lesions)):
        return tuple(components)
    found = []
    for lesion in lesions:
        own = [c for c in components if _is_same(c, lesion)]
        if len(own) != 1:
            return ()
        found += own
    return tuple(found)


def _is_same(component: LesionComponent, lesion: LesionMeasurement) -> bool:
    """Whether a component has a lesion's kind and center."""
    away_mm = np.linalg.norm(component.center_ras - lesion.center_ras_mm)
    return component.kind.name.lower() == lesion.kind and bool(away_mm < _SAME_MM)


def measure_lesion(
    number: int,
    component: LesionComponent,
    labels: Volume,
    density: np.ndarray | None,
    ends: np.ndarray,
    kidney_hu: float | None = None,
) -> LesionMeasurement:
    """Measure one component of a label map.

    Parameters
    ----------
    density : (k, j, i), optional
        HU.
    ends : (k, j, i) bool
        Voxels at the end of the scan.
    kidney_hu : float, optional
        Median density of the parenchyma.
    """
    where, part = component.where, component.part
    own = labels.geometry.cropped(Box.of_slices(where))
    volume_ml = float(part.sum()) * own.voxel_volume_ml
    values = finite(density, where, part)
    (axial, short), longest = axial_diameters(part, own), feret_3d(part, own)
    return LesionMeasurement(
        id=number,
        kind=component.kind.name.lower(),
        side=component.side,
        volume_ml=volume_ml,
        feret_axial_mm=axial.mm,
        feret_3d_mm=longest.mm,
        sphere_equivalent_mm=sphere_equivalent_mm(volume_ml),
        density_mean_hu=None if values is None else float(values.mean()),
        density_sd_hu=None if values is None else float(values.std()),
        density_median_hu=None if values is None else float(np.median(values)),
        fat_share=None if values is None else float((values < FAT_IN_MASS_BELOW_HU).mean()),
        center_ras_mm=point_of(component.center_ras),
        feret_axial_ends_ras_mm=(axial.start_ras_mm, axial.end_ras_mm),
        feret_3d_ends_ras_mm=(longest.start_ras_mm, longest.end_ras_mm),
        incomplete=bool((ends[where] & part).any()),
        short_axial_mm=short.mm,
        short_axial_ends_ras_mm=(short.start_ras_mm, short.end_ras_mm),
        composition=None
        if density is None or kidney_hu is None
        else composition_of(part, density[where], kidney_hu, own),
    )


def _nearest_side(box: Box, labels: Volume, center: np.ndarray) -> str:
    """Side whose kidney is nearest: most voxels around the component, else by distance."""
    reach = labels.geometry.voxels_covering(_NEAR_MM)
    around = labels.array[box.grown(reach, labels.array.shape).slices]
    counts = {side: int((around == KIDNEY_OF_SIDE[side]).sum()) for side in SIDES}
    if any(counts.values()):
        return max(counts, key=lambda side: counts[side])
    gaps = {}
    for side in SIDES:
        voxels = np.argwhere(labels.array == KIDNEY_OF_SIDE[side])
        if len(voxels):
            middle = labels.geometry.ras_from_kji(voxels.mean(axis=0))[0]
            gaps[side] = float(np.linalg.norm(middle - center))
    return min(gaps, key=lambda side: gaps[side]) if gaps else "unknown"
