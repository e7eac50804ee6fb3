import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from KidneySegLib.core.errors import GeometryError
from KidneySegLib.core.volume import (
    Box,
    Geometry,
    Volume,
    axis_weights,
    resample,
    restore_orientation,
)

ORDERS = [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)]
orders = st.sampled_from(ORDERS)
flips = st.tuples(*[st.sampled_from([1, -1])] * 3)


def make_geometry(shape=(5, 6, 7), spacing=(3.0, 1.0, 0.8), origin=(10.0, -20.0, 30.0)):
    matrix = np.diag([*spacing[::-1], 1.0])
    matrix[:3, 3] = origin
    return Geometry(shape, matrix)


def test_spacing_and_voxel_volume_follow_the_matrix():
    geometry = make_geometry()
    np.testing.assert_allclose(geometry.spacing_mm, (3.0, 1.0, 0.8))
    assert geometry.voxel_volume_ml == pytest.approx(0.0024)


@given(orders, flips)
def test_reorientation_keeps_every_voxel_at_its_place(order, flip):
    geometry = make_geometry()
    array = np.arange(np.prod(geometry.shape)).reshape(geometry.shape)
    volume = Volume(array, geometry)
    turned = volume.reoriented(order, flip)
    index = np.argwhere(np.ones(turned.array.shape, bool))
    back = np.rint(geometry.kji_from_ras(turned.geometry.ras_from_kji(index))).astype(int)
    np.testing.assert_array_equal(turned.array.ravel(), array[tuple(back.T)])
    np.testing.assert_array_equal(restore_orientation(turned.array, order, flip), array)


@given(orders, flips)
def test_canonical_undoes_any_orientation(order, flip):
    volume = Volume(np.random.default_rng(0).normal(size=(5, 6, 7)), make_geometry())
    canonical = volume.reoriented(order, flip).canonical()
    np.testing.assert_array_equal(canonical.array, volume.array)
    assert canonical.geometry.matches(volume.geometry)


def test_canonical_of_an_oblique_grid_picks_the_nearest_axes():
    angle = np.radians(25)
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    geometry = Geometry((5, 6, 7), turn @ make_geometry().ijk_to_ras)
    assert geometry.to_canonical() == ((0, 1, 2), (1, 1, 1))


@given(st.lists(st.floats(-200, 200), min_size=3, max_size=3))
def test_points_survive_the_round_trip(point):
    geometry = make_geometry()
    back = geometry.ras_from_kji(geometry.kji_from_ras(point))
    np.testing.assert_allclose(back[0], point, atol=1e-9)


def test_crop_keeps_positions():
    volume = Volume(np.arange(210).reshape(5, 6, 7), make_geometry())
    part = volume.cropped(Box((1, 2, 3), (4, 5, 6)))
    assert part.array[0, 0, 0] == volume.array[1, 2, 3]
    np.testing.assert_allclose(
        part.geometry.ras_from_kji([0, 0, 0]), volume.geometry.ras_from_kji([1, 2, 3])
    )


@given(st.floats(0.5, 5), st.floats(0.5, 5), st.floats(0.5, 5))
def test_new_spacing_keeps_the_center(a, b, c):
    geometry = make_geometry((20, 30, 40))
    other = geometry.with_spacing((a, b, c))
    np.testing.assert_allclose(other.spacing_mm, (a, b, c))
    middle = (np.array(geometry.shape) - 1) / 2
    other_middle = (np.array(other.shape) - 1) / 2
    np.testing.assert_allclose(
        geometry.ras_from_kji(middle), other.ras_from_kji(other_middle), atol=1e-9
    )


@settings(deadline=None)
@given(st.floats(0.4, 6.0), st.booleans())
def test_resampling_keeps_a_linear_function(spacing, smooth):
    geometry = make_geometry((16, 20, 24), (2.0, 1.5, 1.0))
    index = np.stack(np.meshgrid(*map(np.arange, geometry.shape), indexing="ij"), axis=-1)
    slope = np.array([0.3, -0.2, 0.5])
    values = geometry.ras_from_kji(index.reshape(-1, 3)) @ slope
    inner = geometry.cropped(Box((6, 8, 10), (10, 12, 14)))
    target = inner.with_spacing((min(spacing, 2), min(spacing, 2), min(spacing, 2)))
    result = resample(values.reshape(geometry.shape), geometry, target, smooth=smooth)
    where = np.stack(np.meshgrid(*map(np.arange, target.shape), indexing="ij"), axis=-1)
    expected = target.ras_from_kji(where.reshape(-1, 3)) @ slope
    tolerance = 0.25 if smooth else 1e-3  # an uneven triangle shifts its center a little
    np.testing.assert_allclose(result.ravel(), expected, atol=tolerance)


def test_resampling_on_the_same_grid_changes_nothing():
    array = np.random.default_rng(1).normal(size=(5, 6, 7)).astype(np.float32)
    np.testing.assert_allclose(resample(array, make_geometry(), make_geometry()), array, rtol=1e-6)


def test_resampling_clips_before_it_averages():
    geometry = make_geometry((8, 8, 8), (1.0, 1.0, 1.0))
    array = np.zeros((8, 8, 8), np.float32)
    array[::2] = 1000
    coarse = geometry.with_spacing((4.0, 4.0, 4.0))
    assert resample(array, geometry, coarse, limits=(0, 10)).max() <= 10


def test_averaging_lowers_noise_by_the_number_of_voxels():
    noise = np.random.default_rng(2).normal(size=(64, 64, 64)).astype(np.float32)
    geometry = make_geometry(noise.shape, (1.0, 1.0, 1.0))
    coarse = geometry.with_spacing((4.0, 4.0, 4.0))
    assert resample(noise, geometry, coarse)[2:-2, 2:-2, 2:-2].std() < 0.2
    assert resample(noise, geometry, coarse, smooth=False)[2:-2, 2:-2, 2:-2].std() > 0.3


def test_resampling_refuses_axes_that_are_not_parallel():
    angle = np.radians(10)
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    geometry = make_geometry()
    with pytest.raises(GeometryError, match="not parallel"):
        resample(np.zeros(geometry.shape), geometry, Geometry((5, 6, 7), turn))


def test_weights_sum_to_one_and_repeat_the_border():
    weights = axis_weights(10, -3.0, 1.7, 9)
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-6)
    assert weights[0, 0] == weights[0].max()


@pytest.mark.parametrize(
    ("matrix", "match"),
    [
        (np.zeros((4, 4)), "do not span"),
        (np.full((4, 4), np.nan), "finite"),
        (np.eye(3), "4x4"),
    ],
)
def test_geometry_refuses_bad_matrices(matrix, match):
    with pytest.raises(GeometryError, match=match):
        Geometry((2, 2, 2), matrix)


def test_volume_refuses_an_array_of_another_shape():
    with pytest.raises(GeometryError, match="shape"):
        Volume(np.zeros((2, 2, 2)), make_geometry())


def test_box_of_mask_grown_union_overlap():
    mask = np.zeros((5, 6, 7), bool)
    assert Box.of_mask(mask) is None
    mask[1:3, 2, 4:6] = True
    box = Box.of_mask(mask)
    assert box == Box((1, 2, 4), (3, 3, 6))
    assert box.grown((9, 1, 0), mask.shape) == Box((0, 1, 4), (5, 4, 6))
    other = Box((2, 0, 0), (4, 3, 5))
    assert box.overlaps(other)
    assert not box.overlaps(Box((3, 0, 0), (4, 3, 7)))
    assert box.union(other) == Box((1, 0, 0), (4, 3, 6))


@given(st.integers(1, 400), st.floats(0.3, 9.0), st.floats(0.5, 5.0))
def test_no_voxel_lies_outside_a_grid_of_another_spacing(count, old_mm, new_mm):
    geometry = make_geometry((count, 5, 5), (old_mm, 1.0, 1.0))
    other = geometry.with_spacing((new_mm, new_mm, new_mm))
    ends = other.kji_from_ras(geometry.ras_from_kji([[-0.5, 2, 2], [count - 0.5, 2, 2]]))
    assert ends[0, 0] >= -0.5 - 1e-3
    assert ends[1, 0] <= other.shape[0] - 0.5 + 1e-3


@pytest.mark.parametrize("order", [0, 1, 3])
@pytest.mark.parametrize("shape", [(20, 31, 12), (7, 9, 40)])
def test_splines_as_scikit_image_has_them(order, shape, rng):
    from skimage.transform import resize

    array = rng.normal(size=(15, 21, 18))
    source = Geometry(array.shape, np.diag([1.0, 1.5, 2.0, 1.0]))
    target = source.with_shape(shape)
    found = resample(array, source, target, orders=(order,) * 3)
    expected = resize(array, shape, order, mode="edge", anti_aliasing=False, clip=False)
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_another_number_of_voxels_over_the_same_field():
    source = Geometry((10, 20, 30), np.diag([-1.0, 1.0, 3.0, 1.0]))
    target = source.with_shape((15, 10, 60))
    np.testing.assert_allclose(target.spacing_mm, [2, 2, 0.5])
    ends = [g.ras_from_kji([[-0.5] * 3, np.array(g.shape) - 0.5]) for g in (source, target)]
    np.testing.assert_allclose(*ends)
