import numpy as np
import pytest
from phantom import ellipsoid, grid, make_phantom

from KidneySegLib.core.anatomy import Label
from KidneySegLib.core.errors import InputError
from KidneySegLib.core.volume import Volume
from KidneySegLib.kidney_ct.click import false_lesion_at, lesion_at

CENTER, RADIUS = (10.0, -12.0, 6.0), 14.0


@pytest.fixture(scope="module")
def case():
    """A kidney of 160 HU with a lesion of 60 HU half in it, fat around, and noise."""
    geometry = grid((2.0, 1.0, 1.0), (120, 120, 120))
    rng = np.random.default_rng(0)
    kidney = ellipsoid(geometry, (0, 0, 0), (30, 25, 50))
    lesion = ellipsoid(geometry, (24.0, -8.0, 4.0), RADIUS)
    hu = np.where(kidney, 160.0, -90.0)
    hu[lesion] = 60.0
    ct = Volume((hu + rng.normal(0, 12, hu.shape)).astype(np.float32), geometry)
    labels = np.where(kidney, np.uint8(Label.RIGHT_KIDNEY), np.uint8(0))
    return ct, Volume(labels, geometry), lesion


def dice(one, other):
    return 2 * (one & other).sum() / (one.sum() + other.sum())


@pytest.mark.parametrize("click", [(24.0, -8.0, 4.0), (28.0, -3.0, 10.0), (18.0, -12.0, 0.0)])
def test_a_missed_lesion_is_outlined_from_any_click_inside(case, click):
    ct, labels, lesion = case
    assert dice(lesion_at(click, ct, labels), lesion) > 0.85


def test_probabilities_help_where_density_does_not_tell(case):
    ct, labels, lesion = case
    rng = np.random.default_rng(1)
    flat = np.where(lesion | (labels.array > 0), 130.0, -90.0) + rng.normal(0, 12, lesion.shape)
    same = ct.with_array(flat.astype(np.float32))
    percent = np.zeros((3, *lesion.shape), np.uint8)
    percent[1] = 35 * lesion  # too low to be called a tumor
    percent[0] = 60
    found = lesion_at((24.0, -8.0, 4.0), same, labels, (percent, ct.geometry))
    assert dice(found, lesion) > 0.8


def test_other_lesions_are_left_alone(case):
    ct, labels, lesion = case
    other = labels.array.copy()
    half = lesion.copy()
    half[:, :, :82] = False
    other[half] = Label.CYST
    click = (18.0, -12.0, 0.0)
    found = lesion_at(click, ct, labels.with_array(other))
    assert not (found & half).any()
    with pytest.raises(InputError, match="a lesion already"):
        lesion_at((28.0, -8.0, 4.0), ct, labels.with_array(np.where(lesion, np.uint8(3), other)))


@pytest.mark.parametrize(
    ("click", "message"), [((50.0, 50.0, 0.0), "fat or air"), ((500.0, 0.0, 0.0), "outside the CT")]
)
def test_a_click_that_points_at_nothing_is_refused(case, click, message):
    with pytest.raises(InputError, match=message):
        lesion_at(click, case[0], case[1])


def test_a_false_lesion_becomes_kidney_where_it_fills_a_dent():
    phantom = make_phantom()
    geometry = phantom.ct.geometry
    labels = np.where(phantom.tissue > 0, np.uint8(Label.RIGHT_KIDNEY), np.uint8(0))
    kidney = labels > 0
    inside = ellipsoid(geometry, (60.0, -20.0, 0.0), 6) & kidney
    labels[inside] = Label.TUMOR
    lesion, filled = false_lesion_at((60.0, -20.0, 0.0), Volume(labels, geometry))
    np.testing.assert_array_equal(lesion, inside)
    np.testing.assert_array_equal(filled, inside)


def test_a_false_lesion_far_from_any_kidney_becomes_nothing():
    geometry = grid((2.0, 1.0, 1.0), (80, 80, 80))
    labels = np.zeros(geometry.shape, np.uint8)
    labels[ellipsoid(geometry, (0, 0, 0), 8)] = Label.CYST
    lesion, filled = false_lesion_at((0.0, 0.0, 0.0), Volume(labels, geometry))
    assert lesion.sum() == (labels == Label.CYST).sum()
    assert not filled.any()
    with pytest.raises(InputError, match="no lesion where you clicked"):
        false_lesion_at((20.0, 0.0, 0.0), Volume(labels, geometry))
