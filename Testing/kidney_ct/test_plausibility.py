import numpy as np
import pytest
from phantom import LEFT_CENTER, RIGHT_CENTER, ellipsoid, grid, make_phantom

from KidneySegLib.core.anatomy import Label
from KidneySegLib.core.errors import InputError
from KidneySegLib.core.schemes import KNOWN_SCHEMES
from KidneySegLib.core.volume import Volume
from KidneySegLib.kidney_ct.plausibility import check_labels, fitting_schemes, require_fitting
from KidneySegLib.kidney_ct.sides import assign_sides, to_kidneyseg


@pytest.fixture(scope="module")
def phantom():
    return make_phantom(grid((4.0, 3.0, 3.0)))


@pytest.fixture(scope="module")
def labels(phantom):
    array, _ = assign_sides(phantom.tissue, phantom.ct.geometry, midline_r_mm=0.0)
    return phantom.ct.with_array(array)


def renumbered(labels, numbers):
    return labels.with_array(np.array(numbers, np.uint8)[labels.array])


def codes(labels, ct=None):
    return [f.code for f in check_labels(labels, ct)]


def test_what_fits_says_nothing(labels, phantom):
    assert codes(labels) == []
    assert codes(labels, phantom.ct) == []


def test_exchanged_sides(labels, phantom):
    swapped = renumbered(labels, [0, 2, 1, 3, 4])
    assert codes(swapped) == ["sides-exchanged"]
    alone = renumbered(labels, [0, 2, 0, 0, 0])  # a left kidney on the right
    assert codes(alone) == []
    assert codes(alone, phantom.ct) == ["sides-exchanged"]


def test_one_label_on_two_kidneys(labels):
    assert codes(renumbered(labels, [0, 1, 1, 3, 4])) == ["one-label-two-kidneys"]


def test_masses_far_from_any_kidney(labels):
    array = labels.array * (labels.array != Label.LEFT_KIDNEY)
    assert codes(labels.with_array(array)) == ["mass-without-kidney"]
    whole = renumbered(labels, [0, 1, 3, 3, 4])  # the left kidney is called a tumor
    assert codes(whole) == ["kidney-sized-mass-alone"]


def test_a_kidney_smaller_than_the_mass_at_it(labels):
    geometry = labels.geometry
    array = np.zeros_like(labels.array)
    array[ellipsoid(geometry, LEFT_CENTER, (30, 30, 40))] = Label.CYST
    array[ellipsoid(geometry, (-60, -20, 48), (12, 12, 12))] = Label.LEFT_KIDNEY
    array[ellipsoid(geometry, RIGHT_CENTER, (24, 26, 52))] = Label.RIGHT_KIDNEY
    assert codes(Volume(array, geometry)) == ["kidney-smaller-than-mass"]


@pytest.mark.parametrize(
    ("numbers", "given", "fitting"),
    [
        ([0, 1, 1, 2, 3], "kidneyseg", "kits"),  # KiTS's kidney is on both sides
        ([0, 2, 3, 0, 0], "kidneyseg", "totalsegmentator"),  # 3: the left kidney, not a tumor
    ],
)
def test_a_scheme_that_does_not_fit_is_refused_where_another_does(labels, numbers, given, fitting):
    stored = renumbered(labels, numbers)
    scheme = KNOWN_SCHEMES[given]
    sided, _ = to_kidneyseg(stored, scheme)
    assert fitting in [s.name for s in fitting_schemes(stored)]
    with pytest.raises(InputError, match=f"do not fit the scheme '{given}'.*'{fitting}'"):
        require_fitting(stored, scheme, check_labels(sided))


def test_disease_is_not_refused(labels):
    crossed = renumbered(labels, [0, 1, 0, 3, 4])  # a tumor where its kidney is not labeled
    require_fitting(crossed, KNOWN_SCHEMES["kidneyseg"], check_labels(crossed))
