import numpy as np
import pytest
from phantom import LEFT_CENTER, RIGHT_CENTER, grid

from KidneySegLib.core.errors import InputError
from KidneySegLib.core.volume import Box, Geometry
from KidneySegLib.segmenters.places import (
    Hints,
    Place,
    places_from_points,
    places_from_rois,
    whole_field,
)


def holds(place, point):
    return (place.low_ras <= point).all() and (place.high_ras >= point).all()


def test_points_become_places(phantom):
    places = places_from_points([RIGHT_CENTER, LEFT_CENTER], phantom.ct.geometry)
    assert [holds(p, np.array(c)) for p, c in zip(places, (RIGHT_CENTER, LEFT_CENTER), strict=True)]
    with pytest.raises(InputError, match="outside the CT"):
        places_from_points([(500, 0, 0)], phantom.ct.geometry)


def test_regions_become_places(phantom):
    (place,) = places_from_rois([((90, 20, 60), (30, -60, -60))], phantom.ct.geometry)
    np.testing.assert_allclose(place.low_ras, (30, -60, -60))
    with pytest.raises(InputError, match="does not overlap"):
        places_from_rois([((900, 20, 60), (800, -60, -60))], phantom.ct.geometry)


def test_box_of_a_place_holds_it_on_an_oblique_grid():
    geometry = grid((4.0, 4.0, 4.0))
    angle = np.radians(45)
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    oblique = Geometry(geometry.shape, turn @ geometry.ijk_to_ras)
    (place,) = places_from_points([(0.0, 0.0, 0.0)], oblique)
    corners = [[r, a, s] for r in (-44, 44) for a in (-44, 44) for s in (-69, 69)]
    index = oblique.kji_from_ras(corners)
    box = place.box(oblique)
    assert (index >= np.array(box.start) - 1).all()
    assert (index <= box.stop).all()


def test_anchor_of_a_point_is_near_it_that_of_a_candidate_is_its_box(phantom):
    geometry = phantom.ct.geometry
    (point,) = places_from_points([RIGHT_CENTER], geometry)
    assert max(point.anchor(geometry).shape * geometry.spacing_mm) < 25
    candidate = Place(np.array([0.0, 0, 0]), np.array([40.0, 40, 40]), 60.0)
    assert candidate.anchor(geometry) == candidate.box(geometry)


def test_the_whole_field_is_every_voxel(phantom):
    geometry = phantom.ct.geometry
    assert whole_field(geometry).box(geometry) == Box((0, 0, 0), geometry.shape)


def test_hints_are_points_then_boxes(phantom):
    hints = Hints((RIGHT_CENTER,), (((-30.0, 20.0, 60.0), (-90.0, -60.0, -60.0)),))
    places = hints.places(phantom.ct.geometry)
    assert [p.point_ras is None for p in places] == [False, True]
    assert hints
    assert not Hints()
