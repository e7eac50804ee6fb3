"""Connected parts of masks, what is thin in them, and the distance between two."""

import numpy as np
import pytest

from KidneySegLib.core.masks import bodies, components, gap_mm, opened


def test_parts_that_touch_at_a_corner_are_one():
    mask = np.zeros((6, 6, 6), bool)
    mask[1, 1, 1] = mask[2, 2, 2] = mask[5, 5, 5] = True
    sizes = sorted(int(part.sum()) for _, part in components(mask))
    assert sizes == [1, 2]
    for where, part in components(mask):
        assert part.shape == mask[where].shape
    assert components(np.zeros((3, 3, 3), bool)) == []


def test_bodies_that_touch_at_a_corner_are_two_but_specks_stay():
    mask = np.zeros((12, 12, 12), bool)
    mask[1:4, 1:4, 1:4] = mask[4:8, 4:8, 4:8] = True  # a corner of the one at one of the other
    mask[0, 0, 0] = True  # a speck at the far corner of the smaller
    mask[10, 1:3, 1:3] = True  # apart from both, and small
    found = bodies(mask, least=20)
    assert [int(part.sum()) for _, part in found] == [27 + 1, 64, 4]
    again = np.zeros(mask.shape, int)
    for where, part in found:
        assert part.any(axis=(1, 2))[[0, -1]].all()  # the slices are the part's own
        again[where] += part
    np.testing.assert_array_equal(again, mask)
    assert len(bodies(mask, least=65)) == 2
    mask[3, 4, 4] = True  # by an edge, and by a face: they are one
    assert [int(part.sum()) for _, part in bodies(mask, least=20)] == [27 + 64 + 2, 4]


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


def test_what_is_thinner_than_a_ball_goes_and_the_rest_keeps_its_size():
    mask = np.zeros((20, 40, 40), bool)
    mask[5:15, 5:25, 5:25] = True
    mask[9:11, 5:25, 25:38] = True  # a plate of 2 x 2 mm
    found = opened(mask, (2.0, 1.0, 1.0), 4.0)
    assert not found[:, :, 26:].any()
    assert found[10, 15, 5:25].all()
    assert not (found & ~mask).any()
    assert not opened(np.zeros_like(mask), (1, 1, 1), 2.0).any()
