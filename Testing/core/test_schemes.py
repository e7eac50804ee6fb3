import numpy as np
import pytest
from phantom import make_phantom

from KidneySegLib.core.errors import InputError
from KidneySegLib.core.schemes import check_scheme, to_tissue
from KidneySegLib.kidney_ct.sides import to_kidneyseg


def test_schemes_give_other_tissues_for_the_same_numbers():
    array = np.array([[[0, 1, 2, 3]]], np.uint8)
    assert to_tissue(array, "kidneyseg").ravel().tolist() == [0, 1, 1, 2]
    assert to_tissue(array, "kits").ravel().tolist() == [0, 1, 2, 3]


def test_numbers_outside_the_scheme_are_refused():
    array = np.array([[[0, 4, 7]]], np.uint8)
    with pytest.raises(InputError, match=r"numbers 7.*4 cyst"):
        check_scheme(array, "kidneyseg")
    with pytest.raises(InputError, match=r"numbers 4, 7.*1 kidney, 2 tumor"):
        check_scheme(array, "kits")


def test_unsure_voxels_are_background():
    assert to_tissue(np.array([[[255, 1]]], np.uint8), "kits").ravel().tolist() == [0, 1]


def test_kits_labels_get_sides_from_the_body():
    phantom = make_phantom()
    kits = phantom.ct.with_array(phantom.tissue)
    for ct in (None, phantom.ct):
        sided, findings = to_kidneyseg(kits, "kits", ct)
        assert findings == []
        assert set(np.unique(sided.array)) == {0, 1, 2, 3, 4}
        right = np.argwhere(sided.array == 1)
        assert sided.geometry.ras_from_kji(right)[:, 0].min() > 0


def test_fused_kidneys_of_a_kits_map_are_said():
    phantom = make_phantom(lesions=False)
    tissue = phantom.tissue.copy()
    tissue[45:55, 50:60, 40:130] = 1
    _, findings = to_kidneyseg(phantom.ct.with_array(tissue), "kits")
    assert [f.code for f in findings] == ["fused"]
