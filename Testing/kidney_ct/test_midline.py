import numpy as np
import pytest
from phantom import make_phantom

from KidneySegLib.core.volume import Box
from KidneySegLib.kidney_ct.midline import find_midline


def test_midline_of_a_centered_and_of_a_cropped_body(phantom):
    assert find_midline(phantom.ct, (-60, 60)).r_mm == pytest.approx(0, abs=8)
    shape = phantom.ct.array.shape
    cropped = phantom.ct.cropped(Box((0, 0, 4), shape))
    assert find_midline(cropped, (-60, 60)).r_mm == pytest.approx(0, abs=8)


def test_table_beside_the_body_does_not_move_it():
    phantom = make_phantom()
    array = phantom.ct.array.copy()
    array[:, :3, : array.shape[2] // 3] = 300
    volume = phantom.ct.with_array(array)
    assert find_midline(volume, (-60, 60)).r_mm == pytest.approx(0, abs=8)


def test_air_only_gives_the_middle_of_the_field(phantom):
    air = phantom.ct.with_array(np.full_like(phantom.ct.array, -1000))
    assert find_midline(air, (-60, 60)).r_mm == pytest.approx(0, abs=4)


def test_field_that_cuts_one_side_is_noticed(phantom):
    shape = phantom.ct.array.shape
    assert not find_midline(phantom.ct, (-60, 60)).one_sided
    half = phantom.ct.cropped(Box((0, 0, shape[2] // 2), shape))
    assert find_midline(half, (-60, 60)).one_sided
    both = phantom.ct.cropped(Box((0, 0, 20), (*shape[:2], shape[2] - 20)))
    assert not find_midline(both, (-60, 60)).one_sided
