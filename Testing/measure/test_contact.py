"""Contact surface area against closed forms, at any orientation and voxel size."""

import numpy as np
import pytest

from KidneySegLib.core.volume import Geometry
from KidneySegLib.measure.contact import contact_area_cm2, spherical_cap_area_cm2


def oblique(spacing_kji, extent_mm, rng):
    """Randomly turned and shifted grid around the origin, and the RAS of its voxels."""
    matrix = np.eye(4)
    matrix[:3, :3] = np.linalg.qr(rng.normal(size=(3, 3)))[0] * spacing_kji[::-1]
    shape = tuple(round(extent_mm / s) for s in spacing_kji)
    matrix[:3, 3] = -matrix[:3, :3] @ ((np.array(shape[::-1]) - 1) / 2) + rng.uniform(-1, 1, 3)
    geometry = Geometry(shape, matrix)
    index = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), axis=-1)
    return geometry, geometry.ras_from_kji(index.reshape(-1, 3)).reshape(*shape, 3)


@pytest.mark.parametrize(
    ("spacing", "tolerance"),
    [
        ((0.7, 0.7, 0.7), 0.03),
        ((1.0, 1.0, 1.0), 0.03),
        ((3.0, 0.8, 0.8), 0.10),
        ((5.0, 0.8, 0.8), 0.10),
    ],
)
@pytest.mark.parametrize("radius", [12.0, 25.0])
def test_sphere_half_in_the_kidney(spacing, tolerance, radius, rng):
    geometry, ras = oblique(spacing, 2 * radius + 16, rng)
    tumor = (ras**2).sum(axis=-1) <= radius**2
    kidney = (ras[..., 2] < 0.2 * radius) & ~tumor
    truth = 2 * np.pi * radius * 1.2 * radius / 100
    assert contact_area_cm2(tumor, kidney, geometry) == pytest.approx(truth, rel=tolerance)


def test_flat_contact_through_a_ball(rng):
    geometry, ras = oblique((1.0, 1.0, 1.0), 70, rng)
    ball = (ras**2).sum(axis=-1) <= 25**2
    front = ras[..., 0] + 0.5 * ras[..., 1] > 0
    area = contact_area_cm2(ball & front, ball & ~front, geometry)
    assert area == pytest.approx(np.pi * 25**2 / 100, rel=0.03)


def test_no_contact_is_zero():
    geometry = Geometry((10, 10, 10), np.eye(4))
    tumor, kidney = np.zeros((2, 10, 10, 10), bool)
    tumor[2, 2, 2], kidney[7, 7, 7] = True, True
    assert contact_area_cm2(tumor, kidney, geometry) == 0


def test_cap_holds_the_share_that_it_was_asked_for():
    whole = 4 * np.pi  # of a sphere of 2 cm, in cm2
    for depth_in_radii in (0.3, 1.0, 1.5):
        share = (3 * depth_in_radii**2 - depth_in_radii**3) / 4
        area = spherical_cap_area_cm2(20.0, share)
        assert area == pytest.approx(whole * depth_in_radii / 2, rel=1e-6)
    assert spherical_cap_area_cm2(20.0, 0.0) == 0
    assert spherical_cap_area_cm2(20.0, 1.0) == pytest.approx(whole, rel=1e-5)
