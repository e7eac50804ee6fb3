import numpy as np
import pytest
from phantom import make_phantom

from KidneySegLib.stages.body import midline_r_mm
from KidneySegLib.volume import Box


def test_midline_of_a_centered_and_of_a_cropped_body(phantom):
    assert midline_r_mm(phantom.ct, (-60, 60)) == pytest.approx(0, abs=8)
    shape = phantom.ct.array.shape
    cropped = phantom.ct.cropped(Box((0, 0, 4), shape))
    assert midline_r_mm(cropped, (-60, 60)) == pytest.approx(0, abs=8)


def test_table_beside_the_body_does_not_move_it():
    phantom = make_phantom()
    array = phantom.ct.array.copy()
    array[:, :3, : array.shape[2] // 3] = 300
    volume = phantom.ct.with_array(array)
    assert midline_r_mm(volume, (-60, 60)) == pytest.approx(0, abs=8)


def test_air_only_gives_the_middle_of_the_field(phantom):
    air = phantom.ct.with_array(np.full_like(phantom.ct.array, -1000))
    assert midline_r_mm(air, (-60, 60)) == pytest.approx(0, abs=4)
