import numpy as np
import pytest
from phantom import CYST_CENTER, CYST_RADIUS, TUMOR_CENTER, make_phantom

from KidneySegLib.core.anatomy import Label, Tissue
from KidneySegLib.core.errors import InputError
from KidneySegLib.kidney_ct.clean import clean
from KidneySegLib.kidney_ct.rules.unwanted import Unwanted
from KidneySegLib.kidney_ct.scene import Scene


@pytest.fixture
def phantom():
    return make_phantom()


def cleaned(phantom, *places, keep=()):
    scene = Scene(phantom.tissue, phantom.ct.geometry, unwanted=places)
    return clean(scene, [Unwanted()], midline_r_mm=0.0, keep=keep)


def test_the_mass_at_the_place_goes_and_others_stay(phantom):
    found = cleaned(phantom, TUMOR_CENTER)
    assert not (found.labels[phantom.tissue == Tissue.TUMOR]).any()
    assert (found.labels[phantom.tissue == Tissue.CYST] == Label.CYST).all()
    (removal,) = found.removals
    assert (removal.code, removal.tissue) == ("unwanted", "tumor")
    assert (cleaned(phantom, TUMOR_CENTER, keep=(1,)).labels == cleaned(phantom).labels).all()


def test_two_places_and_none(phantom):
    assert len(cleaned(phantom, TUMOR_CENTER, CYST_CENTER).removals) == 2
    assert cleaned(phantom).removals == ()


def test_a_place_beside_a_mass_means_it(phantom):
    beside = (CYST_CENTER[0], CYST_CENTER[1], CYST_CENTER[2] + CYST_RADIUS + 6)
    assert [r.tissue for r in cleaned(phantom, beside).removals] == ["cyst"]


def test_where_nothing_was_found_nothing_can_be_left_out(phantom):
    scene = Scene(np.zeros_like(phantom.tissue), phantom.ct.geometry, unwanted=[TUMOR_CENTER])
    with pytest.raises(InputError, match="no tumor or cyst"):
        clean(scene, [Unwanted()], midline_r_mm=0.0)


def test_a_place_without_a_mass_is_refused(phantom):
    with pytest.raises(InputError, match="no tumor or cyst around R,A,S = 0,0,0 mm"):
        cleaned(phantom, (0.0, 0.0, 0.0))
