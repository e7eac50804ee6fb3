import numpy as np
import pytest
from phantom import LEFT_CENTER, RIGHT_CENTER, grid, make_phantom

from KidneySegLib.core.volume import Box
from KidneySegLib.segmenters.cascade.locate import (
    LocatorLimits,
    find_places,
    likely_kidneys,
    locate_kidneys,
)
from KidneySegLib.segmenters.places import Place


def holds(place, point):
    return (place.low_ras <= point).all() and (place.high_ras >= point).all()


def test_both_kidneys_are_found(phantom, engine, package):
    places = locate_kidneys(
        phantom.ct, engine.predictor(package.network("locator")), package.stages["locator"]
    )
    assert len(places) == 2
    for center in (RIGHT_CENTER, LEFT_CENTER):
        assert sum(holds(p, np.array(center)) for p in places) == 1


@pytest.mark.parametrize("kidneys", [(), ("left",)])
def test_none_and_one_are_normal(engine, package, kidneys):
    phantom = make_phantom(kidneys=kidneys)
    places = locate_kidneys(
        phantom.ct, engine.predictor(package.network("locator")), package.stages["locator"]
    )
    assert len(places) == len(kidneys)


def test_specks_are_no_kidneys():
    geometry = grid((4.0, 4.0, 4.0))
    share = np.zeros(geometry.shape, np.float32)
    share[10:12, 10:12, 10:12] = 1
    share[20:30, 20:26, 20:26] = 1
    (place,) = find_places(share, geometry, LocatorLimits())
    assert place.volume_ml == pytest.approx(360 * 0.064)


def test_place_and_box_agree():
    geometry = grid((4.0, 4.0, 4.0))
    share = np.zeros(geometry.shape, np.float32)
    share[5:12, 20:26, 30:37] = 1
    (place,) = find_places(share, geometry, LocatorLimits())
    assert place.box(geometry) == Box((5, 20, 30), (12, 26, 37))
    assert place.box(geometry, margin_mm=8) == Box((3, 18, 28), (14, 28, 39))


def test_small_third_candidate_is_left_out_and_a_large_one_is_not():
    def make(volume_ml):
        return Place(np.zeros(3), np.ones(3), volume_ml)

    found = likely_kidneys([make(150), make(140), make(70)])
    assert [p.volume_ml for p in found.places] == [150, 140]
    assert [p.volume_ml for p in found.left_out] == [70]
    assert likely_kidneys([make(200), make(60), make(50)]).left_out == []
    assert likely_kidneys([make(200), make(10)]).left_out == []
    assert likely_kidneys([]).places == []
