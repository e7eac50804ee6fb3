"""What a mass is made of: fluid, solid tissue, or both, by its densities in an enhanced scan.

Densities are averaged over 1.5 mm inside the mass only, and its outer 2 mm do not count: there
they are blurred with what is around. Homogeneous fluid is a cyst, solid tissue a tumor, fluid with
a solid part a cystic tumor; what lies between is a cystic mass that one phase does not name. What a
reading by the Bosniak classification (version 2019) asks for, and a CT in one phase shows, is
measured; no class is claimed.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import ndimage

from ..core.densities import FLUID_HU
from ..core.volume import Box, Geometry
from .contact import face_area_cm2
from .phase import NON_CONTRAST_HU

FLUID, SOLID = "fluid", "solid"
CYSTIC, INDETERMINATE = "cystic with a solid part", "indeterminate cystic"
LEAST_ML = 1.8
"""A sphere of 15 mm: of a smaller one too little is left without its rim."""

SOLID_HU = 30.0
"""Portal venous phase: homogeneous masses up to so much are most likely cysts."""

_RIM_MM, _SMOOTH_MM = 2.0, 1.5
_LEAST_INNER_ML = 0.2
_CALCIFIED_HU = 300.0  # denser than parenchyma in any phase
_MOST_HU = 400.0  # a stone must not make fluid around it look solid
# Of 122 real tumors of 15 mm and more on enhanced KiTS23 slices 5 are fluid by these limits, and of
# 26 cysts 12; of 75 tumors and 8 cysts of 3 cm and more 3 and 6 (studies/compositions.py).
_MOST_SOLID_OF_FLUID, _LEAST_SOLID = 0.1, 0.5
_LEAST_FLUID = 0.2  # of the inside: with less it is not cystic, and has no wall
_LEAST_NODULE_MM, _SOLID_OF_CYSTIC = 10.0, 0.3  # either makes a solid part of it


@dataclass(frozen=True)
class Composition:
    """What a mass is made of.

    Attributes
    ----------
    kind : str
        `FLUID`, `SOLID`, `CYSTIC` or `INDETERMINATE`.
    solid_share : float
        Share of its inside denser than 30 HU.
    fluid_share : float
        Share of its inside that is as low in density as fluid.
    spread_hu : float
        From the 10th to the 90th percentile of its inside.
    nodule_mm : float
        Diameter of the largest ball of solid tissue in it.
    wall_mm : float or None
        What lies around the fluid, in the mean; None where there is hardly any fluid.
    calcified_ml : float
    """

    kind: str
    solid_share: float
    fluid_share: float
    spread_hu: float
    nodule_mm: float
    wall_mm: float | None
    calcified_ml: float

    def as_dict(self) -> dict[str, Any]:
        """Plain dictionary for JSON."""
        return asdict(self)


def composition_of(
    mass: np.ndarray, density: np.ndarray, kidney_hu: float, geometry: Geometry
) -> Composition | None:
    """What a mass is made of; None where it is too small, or the scan has no contrast.

    Parameters
    ----------
    mass : (k, j, i) bool
    density : (k, j, i)
        HU.
    kidney_hu : float
        Median density of the parenchyma.
    geometry : Geometry
        Of both.
    """
    box = Box.of_mask(mass)
    least = max(LEAST_ML, _LEAST_INNER_ML) / geometry.voxel_volume_ml
    if box is None or not kidney_hu >= NON_CONTRAST_HU or mass.sum() < least:
        return None
    part, own = mass[box.slices], geometry.cropped(box)
    spacing = own.spacing_mm
    inner = inside_of(part, own)
    part = part & np.isfinite(density[box.slices])
    inner &= part
    if inner.sum() * own.voxel_volume_ml < _LEAST_INNER_ML:
        return None
    hu = np.minimum(density[box.slices].astype(np.float32), _MOST_HU)
    values = _averaged(hu, part, spacing)
    solid, fluid = values > SOLID_HU, values <= FLUID_HU[1]
    low, high = np.percentile(values[inner], (10, 90))
    solid_share, fluid_share = float(solid[inner].mean()), float(fluid[inner].mean())
    nodule_mm = max(0.0, 2 * float(_depth_mm(solid & inner, spacing).max()) - spacing.min())
    return Composition(
        kind=_kind(float(np.median(values[inner])), solid_share, fluid_share, nodule_mm),
        solid_share=solid_share,
        fluid_share=fluid_share,
        spread_hu=float(high - low),
        nodule_mm=nodule_mm,
        wall_mm=_wall_mm(part, part & fluid, fluid_share, own),
        calcified_ml=float((part & (hu >= _CALCIFIED_HU)).sum() * own.voxel_volume_ml),
    )


def inside_of(mass: np.ndarray, geometry: Geometry) -> np.ndarray:
    """A mass without its rim, which is blurred with what is around."""
    inner = _depth_mm(mass, geometry.spacing_mm) > _RIM_MM
    for axis in np.flatnonzero(geometry.spacing_mm > _RIM_MM):  # end slices are rim, too
        padded = np.moveaxis(np.pad(mass, 1), axis, 0)
        both = padded[:-2] & padded[2:]
        inner &= np.moveaxis(both, 0, axis)[_but(int(axis))]
    return inner


def _but(axis: int) -> tuple[slice, ...]:
    """Slices that take away a padding of 1 from all axes but one."""
    return tuple(slice(None) if n == axis else slice(1, -1) for n in range(3))


def _kind(median_hu: float, solid_share: float, fluid_share: float, nodule_mm: float) -> str:
    """What a mass is called by its densities."""
    if fluid_share >= _LEAST_FLUID and (
        nodule_mm >= _LEAST_NODULE_MM or solid_share >= _SOLID_OF_CYSTIC
    ):
        return CYSTIC
    if median_hu <= FLUID_HU[1] and solid_share <= _MOST_SOLID_OF_FLUID:
        return FLUID
    return SOLID if solid_share >= _LEAST_SOLID else INDETERMINATE


def _depth_mm(mask: np.ndarray, spacing: np.ndarray) -> np.ndarray:
    """Distance of every voxel's center to what is outside."""
    return ndimage.distance_transform_edt(np.pad(mask, 1), sampling=spacing)[1:-1, 1:-1, 1:-1]


def _averaged(hu: np.ndarray, part: np.ndarray, spacing: np.ndarray) -> np.ndarray:
    """Densities averaged inside a mask; not across slices that are thicker than that."""
    sigma = np.where(spacing < _SMOOTH_MM, _SMOOTH_MM / spacing, 0.0)
    weight = ndimage.gaussian_filter(part.astype(np.float32), sigma, truncate=3)
    inside = ndimage.gaussian_filter(np.where(part, hu, 0), sigma, truncate=3)
    return np.where(part, inside / np.maximum(weight, 1e-3), 0)


def _wall_mm(
    part: np.ndarray, fluid: np.ndarray, fluid_share: float, geometry: Geometry
) -> float | None:
    """Mean thickness of what lies around the fluid: its volume over the mass's surface."""
    if fluid_share < _LEAST_FLUID:
        return None
    core = ndimage.binary_fill_holes(fluid)
    area_mm2 = 100 * face_area_cm2(part, ~part, geometry, beyond=True)
    return float((part & ~core).sum() * geometry.voxel_volume_ml * 1000 / area_mm2)
