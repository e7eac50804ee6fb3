"""What drawn masses of known densities are made of."""

import numpy as np
import pytest
from phantom import KIDNEY_HU, ellipsoid, grid

from KidneySegLib.core.volume import Geometry
from KidneySegLib.measure.composition import (
    CYSTIC,
    FLUID,
    INDETERMINATE,
    SOLID,
    Composition,
    composition_of,
)

CENTER = (0.0, 0.0, 0.0)


def drawn(radius_mm=20.0, spacing=(2.0, 1.0, 1.0), *, fluid=10.0, noise=15.0, parts=()):
    """A ball of fluid with balls of other densities in it, with noise."""
    geometry = grid(spacing, (70.0, 70.0, 70.0))
    mass = ellipsoid(geometry, CENTER, radius_mm)
    hu = np.where(mass, fluid, KIDNEY_HU).astype(np.float32)
    for center, radius, density in parts:
        hu[ellipsoid(geometry, center, radius) & mass] = density
    hu += np.random.default_rng(0).normal(0, noise, hu.shape)
    return mass, hu, geometry


def made_of(*args, kidney_hu=KIDNEY_HU, **kwargs) -> Composition:
    mass, hu, geometry = drawn(*args, **kwargs)
    found = composition_of(mass, hu, kidney_hu, geometry)
    assert found is not None
    return found


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (2.0, 1.0, 1.0), (5.0, 0.8, 0.8)])
def test_homogeneous_fluid_and_solid_tissue(spacing):
    cyst, tumor = made_of(spacing=spacing), made_of(spacing=spacing, fluid=80.0)
    assert (cyst.kind, tumor.kind) == (FLUID, SOLID)
    assert cyst.fluid_share > 0.9
    assert cyst.solid_share < 0.05
    assert tumor.solid_share > 0.98
    assert tumor.wall_mm is None


def test_fluid_with_a_solid_part_is_cystic():
    found = made_of(parts=[((8.0, 0.0, 0.0), 8.0, 70.0)])
    assert found.kind == CYSTIC
    assert found.nodule_mm == pytest.approx(16, abs=4)
    assert found.solid_share == pytest.approx(8**3 / 18**3, abs=0.05)


def test_a_thick_wall_is_measured():
    thin = made_of()
    thick = made_of(parts=[(CENTER, 30.0, 60.0), (CENTER, 14.0, 10.0)])
    assert thick.wall_mm - thin.wall_mm == pytest.approx(6 * (1 - 0.15 * 6 / 5), abs=2.0)
    assert thick.kind == CYSTIC


def test_densities_between_are_indeterminate():
    assert made_of(fluid=25.0, noise=5.0).kind == INDETERMINATE


def test_a_stone_is_measured_and_does_not_make_a_cyst_solid():
    found = made_of(parts=[((0.0, 10.0, 0.0), 2.5, 900.0)])
    assert found.calcified_ml == pytest.approx(4 / 3 * np.pi * 2.5**3 / 1000, rel=0.4)
    assert found.kind == FLUID


def test_ends_of_a_cyst_on_thick_slices_do_not_make_it_solid():
    """Drawn on 1 mm and averaged to 5 mm: the first and last slice are half parenchyma."""
    mass, hu, geometry = drawn(spacing=(1.0, 1.0, 1.0), noise=5.0)
    count = len(hu) // 5
    thick = hu[: 5 * count].reshape(count, 5, *hu.shape[1:]).mean(axis=1)
    own = mass[: 5 * count].reshape(count, 5, *mass.shape[1:]).mean(axis=1) >= 0.5
    matrix = geometry.ijk_to_ras.copy()
    matrix[:3, 2] *= 5
    found = composition_of(own, thick, KIDNEY_HU, Geometry(own.shape, matrix))
    assert found.kind == FLUID
    assert found.solid_share < 0.05


def test_numbers_that_are_none_do_not_count():
    mass, hu, geometry = drawn()
    hu[mass & (np.arange(mass.size).reshape(mass.shape) % 50 == 0)] = np.nan
    found = composition_of(mass, hu, KIDNEY_HU, geometry)
    assert (found.kind, np.isfinite(found.spread_hu)) == (FLUID, True)
    assert composition_of(mass, hu, float("nan"), geometry) is None


def test_without_contrast_or_under_15_mm_nothing_is_said():
    mass, hu, geometry = drawn()
    assert composition_of(mass, hu, 35.0, geometry) is None
    mass, hu, geometry = drawn(radius_mm=7.0)
    assert composition_of(mass, hu, KIDNEY_HU, geometry) is None
    assert composition_of(np.zeros_like(mass), hu, KIDNEY_HU, geometry) is None
