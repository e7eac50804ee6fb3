import numpy as np
import pytest

from KidneySegLib.core.volume import Box
from KidneySegLib.engine.tiling import tile_starts
from KidneySegLib.segmenters.aligned import aligned_tiles

SHAPE, PATCH = (100, 160, 40), (32, 32, 48)


@pytest.mark.parametrize("reach", [0.0, 0.25, 1.0])
@pytest.mark.parametrize("box", [((40, 60, 5), (70, 90, 30)), ((0, 0, 0), (3, 160, 40))])
def test_tiles_are_some_of_the_whole_fields_and_cover_the_box(box, reach):
    box = Box(*box)
    wide, corners = aligned_tiles(box, SHAPE, PATCH, (0.5,) * 3, reach)
    everywhere = [set(tile_starts(max(n, t), t, 0.5)) for n, t in zip(SHAPE, PATCH, strict=True)]
    covered = np.zeros(SHAPE, bool)
    for corner in corners:
        first = np.array(corner) + wide.start
        assert all(int(a) in own for a, own in zip(first, everywhere, strict=True))
        covered[tuple(slice(a, a + t) for a, t in zip(first, PATCH, strict=True))] = True
    assert covered[box.slices].all()
    assert covered[wide.slices].all()
    assert covered.sum() == np.prod(wide.shape)


def test_more_reach_is_more_tiles():
    box = Box((40, 60, 5), (70, 90, 30))
    counts = [len(aligned_tiles(box, SHAPE, PATCH, (0.5,) * 3, r)[1]) for r in (0, 0.5, 2)]
    assert counts[0] <= counts[1] < counts[2] < 7 * 9


def test_slices_that_do_not_see_each_other():
    box = Box((40, 60, 5), (47, 90, 30))
    _, corners = aligned_tiles(box, SHAPE, (4, 32, 48), (0.0, 0.5, 0.5), 0.0)
    assert len({k for k, _, _ in corners}) in (2, 3)
