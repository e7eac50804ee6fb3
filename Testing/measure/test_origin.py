"""Masses in, at and beside a drawn kidney."""

import numpy as np
import pytest
from phantom import ellipsoid, grid

from KidneySegLib.core.anatomy import Label
from KidneySegLib.core.volume import Box, Volume
from KidneySegLib.kidney_ct.warnings import measurement_warnings
from KidneySegLib.measure.measurements import measure
from KidneySegLib.measure.origin import (
    OUTSIDE,
    RENAL,
    UNCERTAIN,
    Outline,
    Shape,
    origin_of,
    shape_of,
)

RADII = (24.0, 26.0, 52.0)
SPACINGS = [(1.5, 1.5, 1.5), (2.0, 0.8, 0.8), (5.0, 0.9, 0.9)]


def at(distance_mm, radius_mm, spacing=(2.0, 1.5, 1.5)):
    """A kidney, a ball so far to its right, the grid; the ball takes nothing of the kidney."""
    geometry = grid(spacing, (220.0, 140.0, 140.0))
    kidney = ellipsoid(geometry, (0, 0, 0), RADII)
    mass = ellipsoid(geometry, (distance_mm, 0, 0), radius_mm)
    return mass, kidney, geometry


def shape_at(mass, kidney, geometry):
    box = Box.of_mask(mass)
    return shape_of(mass[box.slices], box.slices, Outline.of(kidney, geometry))


@pytest.mark.parametrize("spacing", SPACINGS)
def test_a_mass_in_the_kidney_is_renal(spacing):
    mass, kidney, geometry = at(20, 14, spacing)
    shape = shape_at(mass, kidney & ~mass, geometry)
    assert origin_of(shape, 11.5)[0] == RENAL
    assert shape.inside_share > 0.4


@pytest.mark.parametrize("spacing", SPACINGS)
def test_a_mass_that_only_touches_is_not_surely_renal(spacing):
    mass, kidney, geometry = at(24 + 24, 26, spacing)
    shape = shape_at(mass & ~kidney, kidney, geometry)
    origin, reason = origin_of(shape, 60.0)
    assert origin in (UNCERTAIN, OUTSIDE)
    assert reason.startswith("only ")
    assert shape.inside_share < 0.02


def test_a_rim_of_kidney_around_a_mass_does_not_make_it_renal():
    mass, kidney, geometry = at(24 + 24, 26)
    rim = ellipsoid(geometry, (48, 0, 0), 29) & ~mass
    own = mass & ~kidney
    shape = shape_at(own, (kidney | rim) & ~own, geometry)
    assert origin_of(shape, 60.0)[0] != RENAL


def test_what_touches_nothing_is_uncertain():
    mass, kidney, geometry = at(60, 15)
    assert shape_at(mass, kidney, geometry) is None
    assert origin_of(None, 14.0)[0] == UNCERTAIN


def test_limits():
    assert origin_of(Shape(0.12, 0.1), 50)[0] == RENAL
    assert origin_of(Shape(0.05, 0.1), 50)[0] == UNCERTAIN
    assert origin_of(Shape(0.01, 0.02), 50)[0] == OUTSIDE
    assert origin_of(Shape(0.01, 0.02), 900)[0] == UNCERTAIN  # so large that nothing is left


def test_lesions_of_one_mass_have_one_origin_and_small_ones_none():
    geometry = grid((2.0, 1.5, 1.5), (220.0, 140.0, 140.0))
    labels = np.zeros(geometry.shape, np.uint8)
    labels[ellipsoid(geometry, (0, 0, 0), RADII)] = Label.RIGHT_KIDNEY
    labels[ellipsoid(geometry, (24, 0, 0), 12)] = Label.TUMOR
    labels[ellipsoid(geometry, (34, 0, 0), 8)] = Label.CYST
    labels[ellipsoid(geometry, (-10, 0, 30), 4)] = Label.CYST
    found = {(x.kind, round(x.volume_ml) > 0): x for x in measure(Volume(labels, geometry)).lesions}
    assert found["tumor", True].origin == found["cyst", True].origin == RENAL
    assert found["tumor", True].origin_reason == found["cyst", True].origin_reason
    assert found["cyst", False].origin is None
    assert found["tumor", True].composition is None  # without a CT


def test_without_a_kidney_there_is_no_outline():
    mass, kidney, geometry = at(20, 14)
    assert Outline.of(np.zeros_like(kidney), geometry) is None
    labels = np.where(mass, Label.TUMOR, 0).astype(np.uint8)
    (lesion,) = measure(Volume(labels, geometry)).lesions
    assert (lesion.side, lesion.origin) == ("unknown", UNCERTAIN)


def test_a_giant_mass_at_the_end_of_the_grid_has_its_contact():
    mass, kidney, geometry = at(80, 60)
    assert mass[:, :, -1].any()
    shape = shape_at(mass & ~kidney, kidney, geometry)
    assert 0 < shape.contact_share < 0.1


@pytest.mark.parametrize("shift", [0.0, 0.375, 0.75])
def test_voxels_that_two_masks_share_leave_no_gap(shift):
    geometry = grid((1.5, 0.75, 0.75), (120.0, 120.0, 120.0))  # samples lie between two voxels
    kidney = ellipsoid(geometry, (shift, 0, 0), RADII)
    mass = ellipsoid(geometry, (20 + shift, 0, 0), 14)
    found = shape_at(mass, kidney & ~mass, geometry)
    ball, organ, known = at(20, 14, (1.5, 1.5, 1.5))
    exact = shape_at(ball, organ & ~ball, known)
    assert found.contact_share == pytest.approx(exact.contact_share, rel=0.1)


def test_two_masses_that_touch_nothing_are_told_apart():
    geometry = grid((2.0, 1.5, 1.5), (260.0, 140.0, 140.0))
    labels = np.zeros(geometry.shape, np.uint8)
    labels[ellipsoid(geometry, (60, 0, 0), RADII)] = Label.RIGHT_KIDNEY
    labels[ellipsoid(geometry, (0, 0, 0), 15)] = Label.TUMOR
    labels[ellipsoid(geometry, (0, 0, 50), 10)] = Label.TUMOR
    found = measure(Volume(labels, geometry))
    (told,) = [f for f in measurement_warnings(found) if f.code == "mass-origin"]
    assert told.message.count("touches no parenchyma") == 2
