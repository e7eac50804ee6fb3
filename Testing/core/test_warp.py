import numpy as np
import pytest
from phantom import ellipsoid, sphere_ml

from KidneySegLib.core.volume import Geometry, Volume
from KidneySegLib.core.warp import AIR_HU, Warp

SCALE = 1.1


@pytest.fixture(scope="module")
def stretched():
    """A sphere of 15 mm in voxels of 1 x 0.9 x 0.8 mm, under a warp that scales by 1.1."""
    matrix = np.diag([-0.8, 0.9, 1.0, 1.0])  # an axis that runs to the left
    matrix[:3, 3] = (35.0, -33.0, -30.0)
    geometry = Geometry((61, 75, 89), matrix)
    labels = np.where(ellipsoid(geometry, (4.0, -3.0, 2.0), 15), np.uint8(3), np.uint8(0))
    r, a, s = geometry.ras_from_kji(np.indices(geometry.shape).reshape(3, -1).T).T
    ct = (2 * r + a - s).reshape(geometry.shape).astype(np.float32)
    lattice = np.diag([6.0, 6.0, 6.0, 1.0])
    lattice[:3, 3] = -54.0
    grid = Geometry((19, 19, 19), lattice)
    points = grid.ras_from_kji(np.indices(grid.shape).reshape(3, -1).T) / SCALE
    kji = geometry.kji_from_ras(points).T.reshape(3, *grid.shape).astype(np.float32)
    return Volume(labels, geometry), Volume(ct, geometry), Warp(grid, kji)


def test_a_sphere_is_as_large_and_where_it_is_in_world(stretched):
    labels, ct, warp = stretched
    world, _density, _ends = warp.in_world(labels, ct)
    inside = world.array == 3
    volume = inside.sum() * world.geometry.voxel_volume_ml
    assert volume == pytest.approx(SCALE**3 * sphere_ml(15), rel=0.01)
    center = world.geometry.ras_from_kji(np.argwhere(inside).mean(axis=0))[0]
    np.testing.assert_allclose(center, SCALE * np.array((4.0, -3.0, 2.0)), atol=0.05)


def test_density_goes_along_and_air_lies_around(stretched):
    labels, ct, warp = stretched
    world, density, _ends = warp.in_world(labels, ct)
    kji = np.argwhere(world.array == 3)[::500]
    r, a, s = world.geometry.ras_from_kji(kji).T / SCALE
    np.testing.assert_allclose(density.array[tuple(kji.T)], 2 * r + a - s, atol=0.1)
    everywhere = Volume(np.full_like(labels.array, 3), labels.geometry)
    whole, density, _ends = warp.in_world(everywhere, ct)
    assert (density.array[whole.array == 0] == AIR_HU).any()


def test_touching_labels_neither_overlap_nor_leave_a_gap(stretched):
    labels, ct, warp = stretched
    halves = labels.array.copy()
    halves[:, :, 45:][halves[:, :, 45:] == 3] = 4
    world, _density, _ends = warp.in_world(Volume(halves, labels.geometry), ct)
    whole, _density, _ends = warp.in_world(labels, ct)
    assert set(np.unique(world.array)) == {0, 3, 4}
    assert ((world.array > 0) != (whole.array > 0)).sum() < 0.02 * (whole.array > 0).sum()


def test_nothing_stays_nothing(stretched):
    labels, ct, warp = stretched
    empty = labels.with_array(np.zeros_like(labels.array))
    world, density, _ends = warp.in_world(empty, ct)
    assert world is empty
    assert density is ct


def test_a_place_is_found_in_world(stretched):
    labels, _ct, warp = stretched
    for place in ((4.0, -3.0, 2.0), (-20.0, 11.0, 17.0)):
        kji = labels.geometry.kji_from_ras(place)[0]
        np.testing.assert_allclose(warp.to_world(kji), SCALE * np.array(place), atol=0.1)


def test_the_end_of_the_volume_is_marked_where_labels_reach_it(stretched):
    labels, ct, warp = stretched
    world, _hu, ends = warp.in_world(labels, ct)
    assert not (ends & (world.array > 0)).any()
    for axis in range(3):
        for end in (0, -1):
            touching = np.zeros_like(labels.array)
            np.moveaxis(touching, axis, 0)[end] = labels.array.max() * 1
            np.moveaxis(touching, axis, 0)[end, :10] = 0
            world, _hu, ends = warp.in_world(labels.with_array(touching), ct)
            assert (ends & (world.array > 0)).any()
