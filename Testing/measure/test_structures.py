import json

import numpy as np
import pytest

from KidneySegLib.core.volume import Box, Geometry
from KidneySegLib.measure.measurements import Measurements
from KidneySegLib.measure.structures import StructureMeasurement, find_structures
from KidneySegLib.models.class_roles import ClassRole, OutputClass

CLASSES = [
    OutputClass("ureter", 4, ClassRole.URETER),
    OutputClass("liver", 5, ClassRole.OTHER),
    OutputClass("cortex", 6, ClassRole.CORTEX),
]
GEOMETRY = Geometry((10, 10, 10), np.diag([1.0, 2.0, 5.0, 1.0]))
LOOKED_AT = [Box((2, 0, 0), (10, 10, 10))]


@pytest.fixture
def extras():
    extras = np.zeros((10, 10, 10), np.uint16)
    extras[4:6, 1:3, 1:3] = 1
    extras[2:5, 5:8, 5:8] = 2  # meets the wall of what was looked at
    extras[7:9, 7:9, 1:4] = 3
    return extras


def test_structures_are_measured_and_numbered(extras):
    labels = np.zeros(extras.shape, np.uint8)
    labels[7:9, 7:9, 1:3] = 1
    labels[4, 1, 1] = 3
    found = find_structures(extras, CLASSES, labels, LOOKED_AT, GEOMETRY)
    ureter, cortex = found.found
    assert (ureter.name, ureter.role, ureter.label) == ("ureter", "ureter", 5)
    assert ureter.volume_ml == pytest.approx(7 * 0.01)
    assert not ureter.incomplete
    assert cortex.label is None
    assert cortex.volume_ml == pytest.approx(8 * 0.01)
    assert (found.numbers == 5).sum() == 7
    assert found.left_out == ("liver",)
    assert set(np.unique(found.numbers)) == {0, 5}


def test_what_the_whole_scan_shows_is_whole(extras):
    everything = [Box((0, 0, 0), extras.shape)]
    labels = np.zeros(extras.shape, np.uint8)
    found = find_structures(extras, CLASSES, labels, everything, GEOMETRY)
    assert [s.name for s in found.found] == ["ureter", "liver"]
    assert not found.found[1].incomplete


def test_a_vessel_that_is_cut_is_kept_as_at_least_so_much(extras):
    classes = [OutputClass("artery", 4, ClassRole.ARTERY), *CLASSES[1:]]
    labels = np.zeros(extras.shape, np.uint8)
    cut = [Box((5, 0, 0), extras.shape)]
    found = find_structures(extras, classes, labels, cut, GEOMETRY)
    assert found.found[0].incomplete


def test_they_come_back_from_json():
    measured = Measurements(structures=(StructureMeasurement("vein", "vein", 6, 1.5, True),))
    assert Measurements.from_dict(json.loads(json.dumps(measured.as_dict()))) == measured
