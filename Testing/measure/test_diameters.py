import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phantom import ellipsoid, grid, sphere_ml

from KidneySegLib.core.volume import Geometry, Volume
from KidneySegLib.measure.diameters import (
    axial_diameters,
    feret_3d,
    feret_axial,
    sphere_equivalent_mm,
)


@pytest.mark.parametrize("spacing", [(0.8, 0.8, 0.8), (3.0, 0.8, 0.8), (5.0, 0.7, 0.9)])
def test_sphere(spacing):
    geometry = grid(spacing, (60, 60, 60))
    mask = ellipsoid(geometry, (0, 0, 0), 20)
    assert feret_3d(mask, geometry).mm == pytest.approx(40, abs=max(spacing))
    assert feret_axial(mask, geometry).mm == pytest.approx(40, abs=2 * spacing[1])


def test_axial_feret_looks_at_axial_planes_only():
    geometry = grid((1.0, 1.0, 1.0), (60, 60, 90))
    mask = ellipsoid(geometry, (0, 0, 0), (10, 12, 40))
    assert feret_3d(mask, geometry).mm == pytest.approx(80, abs=1.5)
    assert feret_axial(mask, geometry).mm == pytest.approx(24, abs=1.5)


@settings(max_examples=20, deadline=None)
@given(st.permutations([0, 1, 2]), st.tuples(*[st.sampled_from([1, -1])] * 3))
def test_orientation_of_the_array_changes_nothing(order, flips):
    geometry = grid((2.0, 0.9, 0.7), (40, 40, 40))
    mask = ellipsoid(geometry, (1, 2, 3), (8, 12, 15))
    turned = Volume(mask, geometry).reoriented(order, flips)
    for feret in (feret_3d, feret_axial):
        assert feret(turned.array, turned.geometry).mm == pytest.approx(feret(mask, geometry).mm)


def test_end_points_are_as_far_apart_as_the_diameter_says():
    geometry = grid((2.0, 0.9, 0.7), (60, 60, 60))
    mask = ellipsoid(geometry, (1, 2, 3), (8, 22, 15))
    for diameter in (feret_3d(mask, geometry), feret_axial(mask, geometry)):
        ends = np.array([diameter.start_ras_mm, diameter.end_ras_mm])
        assert np.linalg.norm(ends[0] - ends[1]) == pytest.approx(diameter.mm)
        np.testing.assert_allclose(ends.mean(axis=0), (1, 2, 3), atol=2.1)
        assert abs(ends[0] - ends[1])[1] > 40
    axial = feret_axial(mask, geometry)
    assert axial.start_ras_mm[2] == pytest.approx(axial.end_ras_mm[2])


def test_single_voxel_and_line():
    geometry = grid((1.0, 1.0, 1.0), (10, 10, 10))
    mask = np.zeros(geometry.shape, bool)
    mask[5, 5, 5] = True
    assert feret_3d(mask, geometry).mm == pytest.approx(1.0)
    mask[5, 5, 5:9] = True
    assert feret_3d(mask, geometry).mm == pytest.approx(4.0)


def test_sphere_equivalent_inverts_the_volume():
    assert sphere_equivalent_mm(sphere_ml(13.0)) == pytest.approx(26.0)


@pytest.mark.parametrize("degrees", [0, 30])
def test_the_short_axis_lies_across_the_longest_in_its_plane(degrees):
    turn = np.eye(4)
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn[:2, :2] = [[c, -s], [s, c]]
    straight = grid((2.0, 0.5, 0.5), (30, 120, 120))
    mask = ellipsoid(straight, (0, 0, 0), (8, 22, 12))
    geometry = Geometry(straight.shape, turn @ straight.ijk_to_ras)
    longest, short = axial_diameters(mask, geometry)
    assert longest.mm == pytest.approx(44, abs=1)
    assert short.mm == pytest.approx(16, abs=1)
    ends = [np.array([d.start_ras_mm, d.end_ras_mm]) for d in (longest, short)]
    along, across = (e[1] - e[0] for e in ends)
    assert abs(along @ across) < 1e-6 * longest.mm * short.mm
    assert np.linalg.norm(across) == pytest.approx(short.mm)
    assert ends[0][0][2] == pytest.approx(ends[1][0][2])


def test_the_short_axis_of_a_voxel_and_of_a_line():
    geometry = grid((1.0, 1.0, 1.0), (10, 10, 10))
    mask = np.zeros(geometry.shape, bool)
    mask[5, 5, 5:9] = True
    longest, short = axial_diameters(mask, geometry)
    assert longest.mm >= 4
    assert 0 < short.mm <= 1
