import numpy as np
import pytest
from phantom import grid, make_phantom
from scipy import ndimage

from KidneySegLib.core.anatomy import Label, Tissue
from KidneySegLib.core.errors import InputError
from KidneySegLib.core.volume import Volume, resample
from KidneySegLib.evaluation.kits import surface_dice, voxel_metrics
from KidneySegLib.kidney_ct.refine import METHODS, refine, tell_refinements
from KidneySegLib.kidney_ct.settings import Settings

MODELS = METHODS[1:]
SPACING = (2.4, 1.6, 1.6)


def labels_of(tissue, geometry):
    """Label numbers: patient's right is +R here."""
    right = geometry.ras_from_kji(np.argwhere(tissue > 0))[:, 0] > 0
    labels = np.zeros(tissue.shape, np.uint8)
    labels[tissue == Tissue.TUMOR] = Label.TUMOR
    labels[tissue == Tissue.CYST] = Label.CYST
    where = tuple(np.argwhere(tissue > 0).T)
    kidney = tissue[where] == Tissue.KIDNEY
    labels[where] = np.where(
        kidney, np.where(right, Label.RIGHT_KIDNEY, Label.LEFT_KIDNEY), labels[where]
    )
    return labels


def coarse(tissue, geometry, spacing_mm):
    """Tissues through a coarse grid and back."""
    grid_ = geometry.with_spacing((spacing_mm,) * 3)
    shares = [
        resample(
            resample((tissue == n).astype(np.float32), geometry, grid_),
            grid_,
            geometry,
            smooth=False,
        )
        for n in range(4)
    ]
    return np.stack(shares).argmax(axis=0).astype(np.uint8)


@pytest.fixture(scope="module")
def scene():
    """CT (blurred by 1 mm, as a scanner does) and true tissues."""
    geometry = grid(SPACING, (260.0, 150.0, 140.0))
    phantom = make_phantom(geometry)
    blurred = ndimage.gaussian_filter(phantom.ct.array, [0.8 / s for s in SPACING])
    return phantom.ct.with_array(blurred), phantom.tissue


def scores(mask, truth, geometry):
    return voxel_metrics(mask, truth)["dice"], surface_dice(mask, truth, geometry.spacing_mm, 0.7)


@pytest.mark.parametrize(("method", "grid_mm"), [("levelset", 3.0), ("contour", 4.0)])
def test_border_blurred_by_a_coarse_grid_comes_closer_to_the_truth(scene, method, grid_mm):
    ct, tissue = scene
    rough = labels_of(coarse(tissue, ct.geometry, grid_mm), ct.geometry)
    refined, told = refine(ct.with_array(rough), ct, method=method)
    assert [t.accepted for t in told if t.component == "kidney"] == [True, True]
    before = scores(rough > 0, tissue > 0, ct.geometry)
    after = scores(refined.array > 0, tissue > 0, ct.geometry)
    assert after[0] > before[0]
    assert after[1] > before[1]


@pytest.mark.parametrize(("method", "least"), [("levelset", 0.998), ("contour", 0.994)])
def test_true_border_is_hardly_harmed(scene, method, least):
    ct, tissue = scene
    labels = labels_of(tissue, ct.geometry)
    refined, told = refine(ct.with_array(labels), ct, method=method)
    assert told
    assert scores(refined.array > 0, tissue > 0, ct.geometry)[0] > least


@pytest.mark.parametrize("method", MODELS)
def test_border_between_tumor_and_parenchyma_stays(scene, method):
    ct, tissue = scene
    rough = labels_of(coarse(tissue, ct.geometry, 4.0), ct.geometry)
    refined, told = refine(ct.with_array(rough), ct, method=method)
    assert all(t.accepted for t in told if t.component == "kidney")
    assert (refined.array != rough).any()
    both = (rough > 0) & (refined.array > 0) & (rough != Label.CYST)
    both &= refined.array != Label.CYST
    np.testing.assert_array_equal(refined.array[both], rough[both])


def ball_in_a_ball(cyst_mm, shift_mm=0.0):
    """CT and labels of a round cyst of 12 mm radius, drawn with another or beside its place."""
    geometry = grid((1.0, 1.0, 1.0), (76.0, 76.0, 76.0))
    ras = geometry.ras_from_kji(np.argwhere(np.ones(geometry.shape)))
    away, drawn_away = (
        np.linalg.norm(ras - (shift, 0, 0), axis=1).reshape(geometry.shape)
        for shift in (0, shift_mm)
    )
    hu = np.select([away < 12, away < 32], [10.0, 150.0], -100.0).astype(np.float32)
    drawn = np.where(drawn_away < cyst_mm, Label.CYST, np.where(away < 32, Label.RIGHT_KIDNEY, 0))
    labels = Volume(drawn.astype(np.uint8), geometry)
    return Volume(ndimage.gaussian_filter(hu, 0.6), geometry), labels, away < 12


@pytest.mark.parametrize("method", MODELS)
def test_cyst_drawn_beside_its_place_moves_there(method):
    ct, labels, truth = ball_in_a_ball(12, shift_mm=0.35)
    refined, told = refine(labels, ct, method=method)
    assert next(t for t in told if t.component == "cyst").accepted
    before, after = (((a.array == Label.CYST) != truth).sum() for a in (labels, refined))
    assert after < before
    assert refined.array[truth].all()


def test_a_change_that_is_too_large_is_not_taken():
    ct, labels, _ = ball_in_a_ball(10)
    refined, told = refine(labels, ct, method="contour")
    cyst = next(t for t in told if t.component == "cyst")
    assert not cyst.accepted
    assert cyst.reason
    np.testing.assert_array_equal(refined.array == Label.CYST, labels.array == Label.CYST)


def test_what_cannot_be_refined_says_why(scene):
    ct, tissue = scene
    labels = ct.with_array(labels_of(tissue, ct.geometry))
    _, told = refine(
        labels, ct.with_array(np.full(ct.array.shape, 60.0, np.float32)), method="levelset"
    )
    assert not any(t.accepted for t in told)
    assert {t.reason for t in told if t.component == "kidney"} == {"no fat around it"}
    assert "contrast" in next(t.reason for t in told if t.component == "cyst")
    *kidneys, cysts = tell_refinements(told)
    assert [f.code for f in kidneys] == ["not-refined"] * 2
    assert "no fat around it" in kidneys[0].message
    assert "0 of 1 cysts" in cysts.message


def test_off_and_nothing_to_refine(scene):
    ct, tissue = scene
    labels = ct.with_array(labels_of(tissue, ct.geometry))
    assert refine(labels, ct, method="off") == (labels, [])
    empty = ct.with_array(np.zeros(ct.array.shape, np.uint8))
    assert refine(empty, ct, method="contour")[1] == []


def test_missing_values_do_not_move_a_border_into_them(scene):
    ct, tissue = scene
    array = ct.array.copy()
    array[:, :, : array.shape[2] // 2][tissue[:, :, : array.shape[2] // 2] == 0] = np.nan
    labels = ct.with_array(labels_of(tissue, ct.geometry))
    refined, _ = refine(labels, ct.with_array(array), method="levelset")
    assert voxel_metrics(refined.array > 0, tissue > 0)["dice"] > 0.99


@pytest.mark.parametrize("method", MODELS)
def test_orientation_does_not_matter(scene, method):
    ct, tissue = scene
    rough = ct.with_array(labels_of(coarse(tissue, ct.geometry, 4.0), ct.geometry))
    straight, told = refine(rough, ct, method=method)
    assert any(t.accepted for t in told)
    order, flips = (2, 0, 1), (1, -1, 1)
    turned, _ = refine(rough.reoriented(order, flips), ct.reoriented(order, flips), method=method)
    expected = straight.reoriented(order, flips).array
    assert voxel_metrics(turned.array > 0, expected > 0)["dice"] > 0.999


def test_unknown_method_is_refused():
    with pytest.raises(InputError, match="refinement 'snake'.*levelset"):
        Settings(refine="snake")
