import foreign_models as made
import numpy as np
import pytest

from KidneySegLib.core.volume import Box
from KidneySegLib.engine.tiling import tile_starts
from KidneySegLib.models.opening import open_model
from KidneySegLib.segmenters.aligned import Placement, aligned_tiles, own_placement, scan_starts

SHAPE, PATCH = (100, 160, 40), (32, 32, 48)


@pytest.mark.parametrize("reach", [0.0, 0.125, 0.5])
@pytest.mark.parametrize("box", [((40, 60, 5), (70, 90, 30)), ((0, 0, 0), (3, 160, 40))])
def test_tiles_are_some_of_the_whole_fields_and_cover_the_box(box, reach):
    box = Box(*box)
    wide, corners = aligned_tiles(box, SHAPE, PATCH, Placement((0.5,) * 3, reach=reach))
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
    counts = [
        len(aligned_tiles(box, SHAPE, PATCH, Placement((0.5,) * 3, reach=r))[1])
        for r in (0, 0.25, 1)
    ]
    assert counts[0] <= counts[1] < counts[2] < 7 * 9


def test_slices_that_do_not_see_each_other():
    box = Box((40, 60, 5), (47, 90, 30))
    _, corners = aligned_tiles(box, SHAPE, (4, 32, 48), Placement((0.0, 0.5, 0.5)))
    assert len({k for k, _, _ in corners}) in (2, 3)


@pytest.mark.parametrize(
    ("size", "tile", "overlap", "starts"),
    [(10, 16, 0.5, [0]), (40, 16, 0.5, [0, 8, 16, 24]), (41, 16, 0.625, [0, 6, 12, 18, 24, 25])],
)
def test_tiles_from_the_first_corner_on(size, tile, overlap, starts):
    assert scan_starts(size, tile, overlap) == starts


def test_each_models_own_tiles(tmp_path):
    nnunet = open_model(made.write_nnunet(tmp_path / "a"))
    assert own_placement(nnunet, 0.5) == Placement((0.5,) * 3, reach=0.125)
    assert own_placement(nnunet, 0.25) == Placement((0.25,) * 3)
    auto = open_model(made.write_auto3dseg(tmp_path / "b"))
    placement = own_placement(auto, 0.5)
    assert placement.overlap == (0.625,) * 3
    assert placement.from_corner
    assert not placement.flat
    bundle = own_placement(open_model(made.write_bundle(tmp_path / "c")), 0.5)
    assert bundle.overlap == (0.25,) * 3
    assert bundle.reach == 0.5
    assert (bundle.weight((4, 4, 4)) == 1).all()
    assert own_placement(auto, 0.25) == Placement((0.25,) * 3)
