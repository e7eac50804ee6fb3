import numpy as np
import pytest

from KidneySegLib.measure.overlap import voxel_metrics


def test_two_masks_that_share_half():
    a, b = np.zeros((4, 4, 4), bool), np.zeros((4, 4, 4), bool)
    a[:2], b[1:3] = True, True
    found = voxel_metrics(a, b)
    assert found["dice"] == found["f1"] == 0.5
    assert found["jaccard"] == pytest.approx(1 / 3)
    assert found["precision"] == found["recall"] == 0.5
    assert found["accuracy"] == 0.5


def test_nothing_found_where_nothing_is_is_right():
    empty, one = np.zeros((2, 2, 2), bool), np.ones((2, 2, 2), bool)
    assert voxel_metrics(empty, empty)["dice"] == 1
    assert voxel_metrics(empty, one)["dice"] == 0
    assert voxel_metrics(one, empty)["precision"] == 0
