import numpy as np
import pytest
from phantom import LEFT_CENTER, RIGHT_CENTER, grid, make_phantom

from KidneySegLib.core.errors import InputError
from KidneySegLib.core.volume import Box, Geometry
from KidneySegLib.segmenters.cascade.locate import (
    Location,
    find_locations,
    likely_kidneys,
    locate_kidneys,
    locations_from_points,
    locations_from_rois,
)


def holds(place, point):
    return (place.low_ras <= point).all() and (place.high_ras >= point).all()


def test_both_kidneys_are_found(phantom, engine, package):
    places = locate_kidneys(
        phantom.ct, engine.predictor(package, "locator"), package.stages["locator"]
    )
    assert len(places) == 2
    for center in (RIGHT_CENTER, LEFT_CENTER):
        assert sum(holds(p, np.array(center)) for p in places) == 1


@pytest.mark.parametrize("kidneys", [(), ("left",)])
def test_none_and_one_are_normal(engine, package, kidneys):
    phantom = make_phantom(kidneys=kidneys)
    places = locate_kidneys(
        phantom.ct, engine.predictor(package, "locator"), package.stages["locator"]
    )
    assert len(places) == len(kidneys)


def test_specks_are_no_kidneys():
    geometry = grid((4.0, 4.0, 4.0))
    share = np.zeros(geometry.shape, np.float32)
    share[10:12, 10:12, 10:12] = 1
    share[20:30, 20:26, 20:26] = 1
    (place,) = find_locations(share, geometry)
    assert place.volume_ml == pytest.approx(360 * 0.064)


def test_place_and_box_agree():
    geometry = grid((4.0, 4.0, 4.0))
    share = np.zeros(geometry.shape, np.float32)
    share[5:12, 20:26, 30:37] = 1
    (place,) = find_locations(share, geometry)
    assert place.box(geometry) == Box((5, 20, 30), (12, 26, 37))
    assert place.box(geometry, margin_mm=8) == Box((3, 18, 28), (14, 28, 39))


def test_points_become_places(phantom):
    places = locations_from_points([RIGHT_CENTER, LEFT_CENTER], phantom.ct.geometry)
    assert [holds(p, np.array(c)) for p, c in zip(places, (RIGHT_CENTER, LEFT_CENTER), strict=True)]
    with pytest.raises(InputError, match="outside the CT"):
        locations_from_points([(500, 0, 0)], phantom.ct.geometry)


def test_regions_become_places(phantom):
    (place,) = locations_from_rois([((90, 20, 60), (30, -60, -60))], phantom.ct.geometry)
    np.testing.assert_allclose(place.low_ras, (30, -60, -60))
    with pytest.raises(InputError, match="does not overlap"):
        locations_from_rois([((900, 20, 60), (800, -60, -60))], phantom.ct.geometry)


def test_box_of_a_place_holds_it_on_an_oblique_grid():
    geometry = grid((4.0, 4.0, 4.0))
    angle = np.radians(45)
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    oblique = Geometry(geometry.shape, turn @ geometry.ijk_to_ras)
    (place,) = locations_from_points([(0.0, 0.0, 0.0)], oblique)
    corners = [[r, a, s] for r in (-44, 44) for a in (-44, 44) for s in (-69, 69)]
    index = oblique.kji_from_ras(corners)
    box = place.box(oblique)
    assert (index >= np.array(box.start) - 1).all()
    assert (index <= box.stop).all()


def test_small_third_candidate_is_left_out_and_a_large_one_is_not():
    def make(volume_ml):
        return Location(np.zeros(3), np.ones(3), volume_ml)

    kept, left = likely_kidneys([make(150), make(140), make(70)])
    assert [p.volume_ml for p in kept] == [150, 140]
    assert [p.volume_ml for p in left] == [70]
    assert likely_kidneys([make(200), make(60), make(50)])[1] == []
    assert likely_kidneys([make(200), make(10)])[1] == []
    assert likely_kidneys([]) == ([], [])


def test_anchor_of_a_point_is_near_it_that_of_a_candidate_is_its_box(phantom):
    geometry = phantom.ct.geometry
    (point,) = locations_from_points([RIGHT_CENTER], geometry)
    assert max(point.anchor(geometry).shape * geometry.spacing_mm) < 25
    candidate = Location(np.array([0.0, 0, 0]), np.array([40.0, 40, 40]), 60.0)
    assert candidate.anchor(geometry) == candidate.box(geometry)
