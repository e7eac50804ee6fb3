import numpy as np
from phantom import grid

from KidneySegLib.core.volume import Box
from KidneySegLib.segmenters.places import Place
from KidneySegLib.segmenters.regions import count_tiles, explore, with_context

GRID = grid((4.0, 4.0, 4.0))


def seen(mask):
    """What a network sees in a box where a mask is foreground."""
    looks = []

    def look(box, told):
        looks.append(box)
        inside = mask[box.slices].astype(np.float32)
        return np.stack([1 - inside, inside])

    return look, looks


def test_a_wall_that_foreground_meets_moves_out():
    mask = np.zeros(GRID.shape, bool)
    mask[10:40, 20:30, 20:30] = True
    look, looks = seen(mask)
    center = GRID.ras_from_kji([15, 25, 25])[0]
    (region,) = explore([Place(center - 2, center + 2)], GRID, look)
    assert region.shares[1].sum() == mask.sum()
    assert len(looks) > 1


def test_places_that_overlap_are_one_and_empty_ones_none():
    look, looks = seen(np.zeros(GRID.shape, bool))
    a, b = (GRID.ras_from_kji([25, 25, n])[0] for n in (20, 24))
    outside = a + 5000
    places = [Place(p - 2, p + 2) for p in (a, b, outside)]
    assert len(explore(places, GRID, look)) == 1
    assert explore([], GRID, look) == []


def test_context_widens_inside_the_field():
    assert with_context(Box((0, 0, 0), (2, 2, 2)), (4, 4, 4), (9, 9, 9), 1.0).shape == (4, 4, 4)


def test_tiles_of_one_box_among_several():
    told = []
    count_tiles(lambda *n: told.append(n), 1, 3, 2, 5)
    assert told == [(7, 15)]
