import numpy as np
import pytest
from phantom import ellipsoid, grid, make_phantom

from KidneySegLib.core.anatomy import Tissue
from KidneySegLib.evaluation.insertion import GRID_MM, compose, isotropic, shapes_between


@pytest.fixture
def case():
    phantom = make_phantom(grid((3.0, 2.0, 2.0)), lesions=False)
    return isotropic(phantom.ct, phantom.tissue)


@pytest.fixture
def shapes():
    ball = ellipsoid(grid((1.5, 1.5, 1.5), (45.0, 45.0, 45.0)), (0, 0, 0), 18)
    return {"tumor": [ball], "cyst": [ball]}


def test_a_case_is_brought_to_the_grid_with_its_volumes(case):
    volume, tissue = case
    np.testing.assert_allclose(volume.geometry.spacing_mm, GRID_MM)
    assert tissue.shape == volume.array.shape
    phantom = make_phantom(grid((3.0, 2.0, 2.0)), lesions=False)
    before = (phantom.tissue == 1).sum() * phantom.ct.geometry.voxel_volume_ml
    assert (tissue == 1).sum() * volume.geometry.voxel_volume_ml == pytest.approx(before, rel=0.03)


@pytest.mark.parametrize(("kind", "number"), [("tumor", Tissue.TUMOR), ("cyst", Tissue.CYST)])
def test_a_lesion_of_the_wanted_size_lies_at_a_kidney_and_the_rest_stays(
    case, shapes, rng, kind, number
):
    volume, tissue = case
    before = volume.array.copy()
    image, mask = compose(volume, tissue, shapes, kind, 25.0, rng)
    np.testing.assert_array_equal(volume.array, before)
    assert not (tissue == number).any()
    wanted_ml = np.pi / 6 * 2.5**3
    assert 0.4 * wanted_ml < mask.sum() * volume.geometry.voxel_volume_ml < 1.4 * wanted_ml
    away = np.abs(image.array - before)
    assert away[mask].mean() > 10
    far = np.ones(mask.shape, bool)
    spots = np.argwhere(mask)
    far[
        tuple(slice(max(0, a - 8), b + 9) for a, b in zip(spots.min(0), spots.max(0), strict=True))
    ] = 0
    assert (away[far] == 0).all()


def test_shapes_are_taken_by_case_number(tmp_path):
    maps = {}
    for number in (12, 410):
        array = np.zeros((40, 40, 40), np.uint8)
        array[5:35, 5:35, 5:35] = 1
        array[10:20, 10:20, 10:20] = 2
        maps[f"case_{number:05}"] = array
    np.savez(tmp_path / "maps.npz", **maps)
    assert len(shapes_between(tmp_path / "maps.npz", 400, float("inf"))["tumor"]) == 1
    assert len(shapes_between(tmp_path / "maps.npz", 0, 500)["tumor"]) == 2
    assert shapes_between(tmp_path / "maps.npz", 0, 5)["tumor"] == []
