import numpy as np
import pytest
from phantom import ellipsoid, grid, make_phantom
from scipy import ndimage

from KidneySegLib.core.anatomy import Tissue
from KidneySegLib.training import lesions
from KidneySegLib.training.lesions import (
    LesionLook,
    LesionPlan,
    insert_lesion,
    lesion_densities,
    make_room,
    plan_lesion,
    sample_percentile,
    section,
    soft_shape,
)


@pytest.fixture
def scene():
    phantom = make_phantom(grid((2.5, 2.5, 2.5)), lesions=False)
    return phantom.ct.array.copy(), phantom.tissue.copy()


def ball(radius_voxels=8):
    return ellipsoid(grid((1.0, 1.0, 1.0), (24, 24, 24)), (0, 0, 0), radius_voxels)


@pytest.mark.parametrize("radius_voxels", [3, 8])
@pytest.mark.parametrize("volume_ml", [0.5, 5.0, 60.0])
def test_shape_gets_the_volume_asked_for(rng, volume_ml, radius_voxels):
    shape = ball(radius_voxels)
    soft = soft_shape(shape, rng, shape_spacing_mm=1.5, spacing_mm=2.0, volume_ml=volume_ml)
    assert soft.sum() * 0.008 == pytest.approx(volume_ml, rel=0.08)
    assert soft.min() >= 0
    assert soft.max() <= 1.001


@pytest.mark.parametrize("spacing_mm", [1.25, 2.5])
def test_a_shape_that_grows_has_an_edge_of_a_few_voxels_and_no_steps(rng, spacing_mm):
    small = ball(3)
    soft = soft_shape(small, rng, shape_spacing_mm=1.5, spacing_mm=spacing_mm, volume_ml=60.0)
    edge = ((soft > 0.05) & (soft < 0.95)).sum()
    surface = ndimage.binary_dilation(soft > 0.5).sum() - (soft > 0.5).sum()
    assert edge < 3 * surface
    radius_voxels = (3 * (soft > 0.5).sum() / (4 * np.pi)) ** (1 / 3)
    steps = np.linalg.norm(np.argwhere(soft > 0.5) - (np.array(soft.shape) - 1) / 2, axis=1)
    assert steps.max() < 1.12 * radius_voxels


def test_section_is_a_plane_near_the_middle(rng):
    soft = ball(8).astype(np.float32)
    areas = [section(soft, rng).sum() for _ in range(40)]
    assert min(areas) >= 0.5 * soft.sum(axis=(1, 2)).max()
    assert len(set(areas)) > 3
    assert section(soft, rng).shape == (1, *soft.shape[1:])


def test_a_section_lies_on_the_kidney_of_a_single_plane(scene, rng):
    image, tissue = (a[a.shape[0] // 2][None].copy() for a in scene)
    kidney, before = tissue == 1, image.copy()
    assert kidney.any()
    flat = section(
        soft_shape(ball(), rng, shape_spacing_mm=1.5, spacing_mm=2.5, volume_ml=14.0), rng
    )
    plan = plan_lesion(kidney, flat, Tissue.CYST, rng, distance_radii=0.0)
    assert insert_lesion(image, tissue, plan, rng, spacing_mm=2.5)
    cyst = tissue == Tissue.CYST
    assert cyst.sum() == pytest.approx((flat > 0.5).sum(), rel=0.1)
    assert 0.15 < kidney[cyst].mean() < 0.85  # its center lies on the kidney's border
    assert image[cyst].mean() < 80 < before[kidney].mean()


def test_what_a_patch_cuts_is_no_surface_and_no_direction(rng):
    soft = ball(4).astype(np.float32)
    full = np.ones((30, 30, 30), bool)
    assert plan_lesion(full, soft, Tissue.CYST, rng, distance_radii=1.0) is None
    full[:, :15] = False
    for _ in range(20):
        plan = plan_lesion(full, soft, Tissue.CYST, rng, distance_radii=1.0)
        center = plan.start + (np.array(soft.shape) - 1) / 2
        assert center[1] == pytest.approx(15 - 4, abs=1)  # straight out, from everywhere
        assert -0.5 <= center[0] <= 29.5
        assert -0.5 <= center[2] <= 29.5


@pytest.mark.parametrize("shape", [(17, 17, 17), (1, 17, 17)])
def test_a_grain_coarser_than_the_lesion_does_not_move_its_density(rng, shape):
    noise = lesions.smooth_noise(rng, shape, 7.2)
    assert noise.mean() == pytest.approx(0, abs=1e-4)
    assert noise.std() == pytest.approx(1, abs=1e-3)


def test_lesion_is_painted_where_it_is_labeled(scene, rng):
    image, tissue = scene
    before = image.copy()
    soft = soft_shape(ball(), rng, shape_spacing_mm=1.5, spacing_mm=2.5, volume_ml=8.0)
    plan = plan_lesion(tissue == 1, soft, Tissue.CYST, rng, distance_radii=-0.2)
    assert insert_lesion(image, tissue, plan, rng, spacing_mm=2.5)
    cyst = tissue == Tissue.CYST
    assert cyst.sum() * 2.5**3 / 1000 == pytest.approx(8.0, rel=0.3)
    assert image[cyst].mean() < 80
    touched = np.abs(image - before) > 1e-3
    box = np.argwhere(touched)
    assert np.ptp(box, axis=0).max() <= soft.shape[0]


def test_a_cyst_with_septa_has_walls_where_another_is_fluid(scene, rng):
    image, tissue = scene
    soft = soft_shape(ball(), rng, shape_spacing_mm=1.5, spacing_mm=2.5, volume_ml=30.0)
    plan = plan_lesion(tissue == 1, soft, Tissue.CYST, rng, distance_radii=0.0)
    seen = {}
    for septa in (False, True):
        own, label, drawn = image.copy(), tissue.copy(), np.random.default_rng(5)
        assert insert_lesion(own, label, plan, drawn, LesionLook(septa=septa), spacing_mm=2.5)
        core = ndimage.binary_erosion(label == Tissue.CYST, iterations=2)
        seen[septa] = own[core]
    assert seen[True].std() > 1.5 * seen[False].std()
    assert np.percentile(seen[True], 98) > np.percentile(seen[False], 98) + 5


def test_distance_decides_how_exophytic_a_lesion_is(scene, rng):
    _, tissue = scene
    kidney = tissue == 1
    soft = soft_shape(ball(), rng, shape_spacing_mm=1.5, spacing_mm=2.5, volume_ml=8.0)
    shares = {}
    for radii in (-1.0, 0.9):
        inside = []
        for _ in range(10):
            plan = plan_lesion(kidney, soft, Tissue.TUMOR, rng, distance_radii=radii)
            where = np.argwhere(plan.soft > 0.5) + plan.start
            inside.append(kidney[tuple(where.T)].mean())
        shares[radii] = np.mean(inside)
    assert shares[-1.0] > 0.75
    assert shares[0.9] < 0.25


def test_bone_and_gas_are_spared(scene, rng):
    image, tissue = scene
    soft = np.ones((9, 9, 9), np.float32)
    image[20:29, 20:29, 20:23] = 500
    image[20:29, 20:29, 23:29] = 40
    plan = LesionPlan(Tissue.TUMOR, soft, np.array([20, 20, 20]))
    assert insert_lesion(image, tissue, plan, rng, spacing_mm=2.5)
    assert (image[21:28, 21:28, 20:22] > 400).all()
    assert (tissue[20:29, 20:29, 20:22] == Tissue.TUMOR).mean() < 0.05  # corners are rounded


def test_lesion_outside_the_field_changes_nothing(scene, rng):
    image, tissue = scene
    before = image.copy()
    plan = LesionPlan(Tissue.TUMOR, np.ones((9, 9, 9), np.float32), np.array([-7, -7, -7]))
    assert not insert_lesion(image, tissue, plan, rng, spacing_mm=2.5)
    np.testing.assert_array_equal(image, before)


def test_distractor_gets_no_label(scene, rng):
    image, tissue = scene
    before = tissue.copy()
    soft = soft_shape(ball(), rng, shape_spacing_mm=1.5, spacing_mm=2.5, volume_ml=8.0)
    plan = plan_lesion(tissue == 1, soft, Tissue.TUMOR, rng, distance_radii=2.5)
    insert_lesion(image, tissue, plan, rng, LesionLook(labeled=False), spacing_mm=2.5)
    assert not ((tissue != before) & (tissue != 0)).any()


def test_no_kidney_no_plan(rng):
    empty = np.zeros((10, 10, 10), bool)
    assert plan_lesion(empty, np.ones((3, 3, 3)), Tissue.TUMOR, rng, distance_radii=0) is None


def test_densities_follow_the_measured_percentiles(rng):
    solid = ball()
    tumors = [
        np.median(lesion_densities(solid, Tissue.TUMOR, 120, rng, spacing_mm=2.5)[solid])
        for _ in range(300)
    ]
    cysts = [
        np.median(lesion_densities(solid, Tissue.CYST, 120, rng, spacing_mm=2.5)[solid])
        for _ in range(300)
    ]
    assert 55 < np.median(tumors) < 90  # 0.61 x 120 HU, less necrosis
    assert 5 < np.median(cysts) < 18
    assert np.percentile(tumors, 95) > 120  # some are brighter than the kidney


def test_percentile_sampling_reproduces_its_table(rng):
    values = np.array([0.0, 5, 25, 50, 75, 95, 100])
    drawn = [sample_percentile(rng, values) for _ in range(4000)]
    np.testing.assert_allclose(np.percentile(drawn, [25, 50, 75]), [25, 50, 75], atol=3)


def test_a_pushing_lesion_displaces_the_kidney_instead_of_eating_it(scene, rng):
    kept = {}
    for push in (0.0, 0.6):
        image, tissue = scene[0].copy(), scene[1].copy()
        soft = soft_shape(ball(), rng, shape_spacing_mm=1.5, spacing_mm=2.5, volume_ml=30.0)
        plan = plan_lesion(
            tissue == 1, soft, Tissue.TUMOR, np.random.default_rng(3), distance_radii=-0.8
        )
        assert insert_lesion(image, tissue, plan, rng, LesionLook(push=push), spacing_mm=2.5)
        kept[push] = (tissue == Tissue.KIDNEY).sum()
        assert (tissue == Tissue.TUMOR).sum() * 2.5**3 / 1000 == pytest.approx(30.0, rel=0.3)
    assert kept[0.6] > 1.05 * kept[0.0]


def test_pushing_leaves_bone_and_everything_far_away_where_it_is(scene, rng):
    image, tissue = scene
    soft = soft_shape(ball(), rng, shape_spacing_mm=1.5, spacing_mm=2.5, volume_ml=30.0)
    plan = plan_lesion(tissue == 1, soft, Tissue.TUMOR, rng, distance_radii=0.4)
    center = plan.start + np.array(soft.shape) // 2
    bone = tuple(center + (0, soft.shape[1] // 2 - 4, 0))
    image[tuple(slice(b - 2, b + 3) for b in bone)] = 600
    before, labels = image.copy(), tissue.copy()
    make_room(image, tissue, plan, 0.6, spacing_mm=2.5)
    assert ((image > 500) == (before > 500)).all()
    shifted = np.argwhere((np.abs(image - before) > 1) | (tissue != labels))
    reach = 2.5 * np.abs(shifted - center).max()
    assert 0 < reach < 2.5 * soft.shape[0] / 2 + 4 * 12 + 8
