import numpy as np
import pytest
from phantom import make_phantom

from KidneySegLib.core.errors import ModelError
from KidneySegLib.core.volume import Geometry, Volume
from KidneySegLib.models.inputs import (
    InputSpec,
    Normalization,
    SoftWindow,
    Standardized,
    ZScore,
    order_and_flips,
)


def test_a_window_becomes_minus_one_to_one():
    window = Normalization.window(-125.0, 275.0)
    np.testing.assert_allclose(window(np.array([-1000, -125, 75, 275, 900])), [-1, -1, 0, 1, 1])
    assert window(np.zeros(1)).dtype == np.float32
    assert window.span == 2.0


def test_mean_and_sd_as_other_projects_normalize():
    z = Normalization((-58.0, 302.0), offset=104.0, factor=1 / 75.0)
    np.testing.assert_allclose(z(np.array([104.0, 179.0, 4000.0])), [0, 1, 2.64], atol=1e-6)
    assert z.span == pytest.approx(4.8)


def test_a_grid_keeps_the_spacing_that_does_not_matter():
    geometry = make_phantom().ct.geometry
    plane = InputSpec((None, 1.25, 1.25), Normalization.window(-125.0, 275.0))
    assert plane.grid_of(geometry).spacing_mm == pytest.approx((2.0, 1.25, 1.25))
    cube = InputSpec((2.5, 2.5, 2.5), Normalization.window(-125.0, 275.0))
    assert cube.grid_of(geometry).spacing_mm == pytest.approx((2.5, 2.5, 2.5))


def test_a_ct_as_the_network_sees_it():
    ct = make_phantom().ct
    spec = InputSpec((4.0, 4.0, 4.0), Normalization.window(-125.0, 275.0))
    grid = spec.grid_of(ct.geometry)
    seen = spec.seen(ct, grid)
    assert seen.shape == (1, *grid.shape)
    assert (seen.min(), seen.max()) == (-1.0, 1.0)


def test_axes_turn_a_volume():
    ct = make_phantom().ct
    own = InputSpec((4.0,) * 3, Normalization.window(-125.0, 275.0), axes="RIP").oriented(ct)
    directions = own.geometry.ijk_to_ras[:3, 2::-1]  # columns k, j, i
    np.testing.assert_allclose(np.sign(directions), [[1, 0, 0], [0, 0, -1], [0, -1, 0]])
    with pytest.raises(ModelError, match="names no orientation"):
        order_and_flips("RAR")


def test_an_axis_within_the_tolerance_keeps_its_spacing():
    ct = make_phantom().ct  # 2 x 1.5 x 1.5 mm
    spec = InputSpec((4.0, 1.3, 1.5), Normalization.window(0.0, 1.0), tolerance=0.25)
    np.testing.assert_allclose(spec.grid_of(ct.geometry).spacing_mm, [4, 1.5, 1.5])


@pytest.mark.parametrize(
    ("values", "image", "expected"),
    [
        (Standardized((-50, 300), 100, 50), [-200, 100, 900], [-3, 0, 4]),
        (SoftWindow(-200, 300), [50, 300], [0.5, 1 / (1 + np.exp(-1))]),
        (ZScore(), [0, 10], [-1, 1]),
        (ZScore(nonzero=True), [0, 10, 20], [0, -1, 1]),
        (ZScore(nonzero=True), [0, 0], [0, 0]),
    ],
)
def test_normalizations(values, image, expected):
    image = np.array(image, np.float32)
    fitted = values.fitted(image)
    np.testing.assert_allclose(fitted(image), expected, rtol=1e-6)
    assert fitted(image).dtype == np.float32
    assert fitted.span >= 0


def test_an_anchored_grid_begins_at_the_first_voxel():
    geometry = make_phantom().ct.geometry
    window = Normalization.window(-125.0, 275.0)
    found = InputSpec((3.1, 1.5, 2.5), window, anchored=True).grid_of(geometry)
    np.testing.assert_allclose(found.ras_from_kji([0, 0, 0]), geometry.ras_from_kji([0, 0, 0]))
    np.testing.assert_allclose(found.spacing_mm, [3.1, 1.5, 2.5])
    last, own = (g.ras_from_kji([np.array(g.shape) - 1]) for g in (found, geometry))
    assert (np.abs(last - own) <= np.array([2.5, 1.5, 3.1]) / 2 + 1e-9).all()


@pytest.mark.parametrize("first", [True, False])
def test_normalized_before_or_after_values_between_voxels(first):
    geometry = Geometry((2, 1, 1), np.eye(4))
    ct = Volume(np.array([0.0, 1000.0], np.float32).reshape(2, 1, 1), geometry)
    spec = InputSpec(
        (0.5, 1.0, 1.0),
        Normalization((0.0, 100.0), 0.0, 0.01),
        anchored=True,
        normalized_first=first,
    )
    seen = spec.seen(ct, spec.grid_of(geometry))
    np.testing.assert_allclose(seen.ravel(), [0, 0.5 if first else 1, 1])
