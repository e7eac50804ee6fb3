import numpy as np

from KidneySegLib.core.findings import place_text, warning
from KidneySegLib.core.places import slice_number, with_slices
from KidneySegLib.core.source import Source
from KidneySegLib.core.volume import Geometry, Volume

MATRIX = np.array([[-0.8, 0, 0, 40], [0, -0.8, 0, 40], [0, 0, -5.0, 100], [0, 0, 0, 1.0]])


def volume(**source):
    array = np.zeros((9, 10, 11), np.int16)
    return Volume(array, Geometry(array.shape, MATRIX), source=Source("x", **source))


def test_slices_count_from_one_as_they_are_stored():
    assert slice_number(volume(), (0, 0, 100)) == 1
    assert slice_number(volume(), (0, 0, 78)) == 5
    assert slice_number(volume(), (0, 0, -900)) == 9


def test_dicom_instances_have_their_own_numbers():
    assert slice_number(volume(instance_numbers=tuple(range(30, 21, -1))), (0, 0, 90)) == 28


def test_every_place_of_a_text_gets_its_slice():
    first, second = (1.0, 2.0, 100.0), (1.0, -2.0, 80.0)
    text = f"Something around {place_text(first)}; and {place_text(second)}."
    (found,) = with_slices([warning("x", text, second)], volume())
    assert found.message == (
        "Something around R,A,S = 1,2,100 mm (slice 1); and R,A,S = 1,-2,80 mm (slice 5)."
    )
    assert found.slice_number == 5
    assert found.as_dict()["slice"] == 5
    (none,) = with_slices([warning("x", "No place.")], volume())
    assert none.slice_number is None
