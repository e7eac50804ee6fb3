import numpy as np
from phantom import ellipsoid, grid
from scipy import ndimage

from KidneySegLib.evaluation.beside import GRID_MM, ORGANS, organ_shapes, put_beside


def kidney():
    geometry = grid((GRID_MM,) * 3, (130.0, 80.0, 80.0))
    return ellipsoid(geometry, (0, 0, 0), (24, 26, 52))


def test_masses_touch_the_kidney_and_take_none_or_little_of_it():
    rng, own = np.random.default_rng(0), kidney()
    box = np.zeros((9, 14, 11), bool)
    box[1:-1, 1:-1, 1:-1] = True
    seen = set()
    for shapes in [[], [("block", box)]] * 6:
        found = put_beside(own, shapes, rng)
        assert found is not None
        assert not (found.mass & found.kidney).any()
        assert (ndimage.binary_dilation(found.mass) & found.kidney).sum() >= 30
        lost = own.sum() - found.kidney.sum()
        assert lost == 0 if found.contact == "flat" else 0 < lost < 0.3 * own.sum()
        assert ndimage.label(found.mass)[1] == 1 or found.contact == "pressed"
        seen.add((found.shape, found.contact))
    assert {shape for shape, _ in seen} == {"sphere", "block"}
    assert {contact for _, contact in seen} == {"flat", "pressed"}


def test_the_same_seed_puts_the_same_mass():
    one, two = (put_beside(kidney(), [], np.random.default_rng(3)) for _ in range(2))
    assert (one.mass == two.mass).all()


def test_nothing_fits_where_there_is_no_kidney():
    assert put_beside(np.zeros((5, 5, 5), bool), [], np.random.default_rng(0)) is None


def test_the_largest_part_of_each_organ_is_a_shape(tmp_path):
    label = np.zeros((30, 30, 30), np.uint8)
    label[2:9, 2:9, 2:9] = ORGANS["liver"]
    label[20:23, 20:23, 20:23] = ORGANS["liver"]
    np.savez(tmp_path / "body.npz", label=label)
    shapes = organ_shapes(tmp_path)
    assert [part.shape for part in shapes["liver"]] == [(7, 7, 7)]
    assert shapes["spleen"] == []
