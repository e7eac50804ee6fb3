import numpy as np
import pytest
from phantom import ellipsoid, grid

from KidneySegLib.measure.surface import surface_area_cm2


@pytest.mark.parametrize("spacing_mm", [(1.0, 1.0, 1.0), (2.0, 1.0, 1.0), (5.0, 0.8, 0.8)])
@pytest.mark.parametrize("radius_mm", [20, 35])
def test_a_sphere_has_its_surface(spacing_mm, radius_mm):
    geometry = grid(spacing_mm, (100.0, 100.0, 100.0))
    ball = ellipsoid(geometry, (0, 0, 0), radius_mm)
    expected = 4 * np.pi * radius_mm**2 / 100
    assert surface_area_cm2(ball, geometry) == pytest.approx(expected, rel=0.05)


def test_a_mask_that_fills_its_block_has_a_surface_too():
    geometry = grid((1.0, 1.0, 1.0), (40.0, 40.0, 40.0))
    whole = np.ones(geometry.shape, bool)
    assert surface_area_cm2(whole, geometry) == pytest.approx(6 * 16.0, rel=0.1)


def test_borders_with_a_cavity_count():
    geometry = grid((1.0, 1.0, 1.0), (100.0, 100.0, 100.0))
    ball, hole = (ellipsoid(geometry, (0, 0, 0), r) for r in (40, 15))
    both = surface_area_cm2(ball & ~hole, geometry)
    assert both == pytest.approx(4 * np.pi * (40**2 + 15**2) / 100, rel=0.05)
