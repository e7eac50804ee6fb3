"""Connected parts of masks, and the distance between two."""

import numpy as np
import pytest

from KidneySegLib.masks import components, gap_mm


def test_parts_that_touch_at_a_corner_are_one():
    mask = np.zeros((6, 6, 6), bool)
    mask[1, 1, 1] = mask[2, 2, 2] = mask[5, 5, 5] = True
    sizes = sorted(int(part.sum()) for _, part in components(mask))
    assert sizes == [1, 2]
    for where, part in components(mask):
        assert part.shape == mask[where].shape
    assert components(np.zeros((3, 3, 3), bool)) == []


@pytest.mark.parametrize(
    ("other", "gap"),
    [((1, 1, 2), 0.0), ((2, 2, 2), 0.0), ((4, 1, 1), 6.0), ((1, 4, 5), np.hypot(2.0, 3 * 0.5))],
)
def test_gap_is_between_the_faces_of_voxels(other, gap):
    one, two = np.zeros((2, 6, 6, 6), bool)
    one[1, 1, 1], two[other] = True, True
    assert gap_mm(one, two, (3.0, 1.0, 0.5)) == pytest.approx(gap)


def test_nothing_is_infinitely_far():
    mask = np.ones((2, 2, 2), bool)
    assert gap_mm(mask, ~mask, (1.0, 1.0, 1.0)) == float("inf")
