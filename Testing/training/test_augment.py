import numpy as np
import pytest
from phantom import grid, make_phantom
from scipy import ndimage

from KidneySegLib.core.anatomy import Tissue
from KidneySegLib.training import augment
from KidneySegLib.training.augment import sample_patch, sampling_grid


@pytest.fixture
def scene():
    phantom = make_phantom(grid((2.5, 2.5, 2.5)), lesions=False)
    return phantom.ct.array.copy(), phantom.tissue == Tissue.KIDNEY


def test_cortex_is_the_rim_and_reaches_inward_between_the_pyramids(scene, rng):
    _, kidney = scene
    share = augment._cortex(kidney, rng, spacing_mm=2.5)
    depth = ndimage.distance_transform_edt(kidney)
    rim, core = kidney & (depth <= 1), depth >= 4
    assert share[rim].mean() > 0.9
    assert 0.02 < share[core].mean() < 0.6
    assert share[core].max() > 0.8


def test_phase_changes_the_kidneys_and_nothing_far_from_them(scene):
    image, kidney = scene
    label = kidney.astype(np.uint8)
    far = ~ndimage.binary_dilation(kidney, iterations=4)
    shifts = []
    for seed in range(12):
        changed = image.copy()
        augment.change_phase(changed, label, np.random.default_rng(seed), spacing_mm=2.5)
        assert np.abs(changed[far] - image[far]).max() < 0.5
        shifts.append(float(np.median(changed[kidney] - image[kidney])))
    assert min(shifts) < -20
    assert max(shifts) > 10
    assert 0 in shifts


def test_lesions_change_their_density_and_contrast_and_nothing_else_does(scene):
    image, kidney = scene
    label = kidney.astype(np.uint8)
    spots = np.argwhere(ndimage.distance_transform_edt(kidney) >= 5)
    spot = spots[len(spots) // 2]
    lesion = np.zeros(kidney.shape, bool)
    lesion[tuple(slice(c - 3, c + 4) for c in spot)] = True
    label[lesion] = Tissue.TUMOR
    far = ~ndimage.binary_dilation(lesion, np.ones((3, 3, 3)), iterations=4)
    shifts, gains = [], []
    for seed in range(16):
        changed = image.copy()
        augment.change_lesions(changed, label, np.random.default_rng(seed))
        np.testing.assert_array_equal(changed[far], image[far])
        core = ndimage.binary_erosion(lesion, iterations=2)
        shifts.append(float(np.median(changed[core] - image[core])))
        gains.append(float(changed[core].std() / image[core].std()))
    assert min(shifts) < -10
    assert max(shifts) > 10
    assert shifts.count(0.0) >= 2
    assert min(gains) < 0.9
    assert max(gains) > 1.1


def test_a_stronger_grid_turns_and_scales_more():
    def extents(strength):
        center, seeds = np.zeros(3), range(30)
        grids = [
            augment.sampling_grid(center, (9, 9, 9), np.random.default_rng(n), strength=strength)
            for n in seeds
        ]
        return np.std([np.ptp(g[0]) for g in grids])

    assert extents(0.0) < 1e-3
    assert extents(2.0) > 1.5 * extents(1.0)


def test_contrast_is_stretched_above_blood_without_it():
    image = np.array([[[-100.0, 0.0, 30.0, 60.0, 130.0]]], np.float32)
    label = np.zeros(image.shape, np.uint8)
    gains = []
    for seed in range(60):
        changed = image.copy()
        augment.change_contrast(changed, label, np.random.default_rng(seed))
        np.testing.assert_array_equal(changed[..., :3], image[..., :3])
        gains.append((changed[0, 0, 4] - 30) / 100)
        assert (changed[0, 0, 3] - 30) / 30 == pytest.approx(gains[-1])
    assert 30 < gains.count(1.0) < 55
    assert 0.7 <= min(gains) < 0.9
    assert 1.4 < max(gains) <= 2.0


def test_cysts_and_bone_take_no_contrast():
    image, label = np.full((1, 20, 60), 100.0, np.float32), np.zeros((1, 20, 60), np.uint8)
    label[..., 20:40], image[..., 40:] = Tissue.CYST, 275.0
    changes = []
    for seed in range(20):
        changed = image.copy()
        augment.change_contrast(changed, label, np.random.default_rng(seed))
        np.testing.assert_allclose(changed[..., 24:36], 100.0, atol=0.5)
        np.testing.assert_allclose(changed[..., 44:], 275.0, atol=0.5)
        changes.append(np.abs(changed[..., :16] - 100).max())
    assert max(changes) > 10


def test_noise_is_strong_at_times_and_sometimes_of_several_voxels():
    drawn = [augment._noise((6, 40, 40), np.random.default_rng(n)) for n in range(60)]
    spread = np.array([noise.std() for noise in drawn])
    assert 1.5 < spread.min() < 10
    assert 35 < spread.max() < 47
    assert 0.15 < (spread > 22).mean() < 0.5
    alike = np.array([np.corrcoef(n[..., 1:].ravel(), n[..., :-1].ravel())[0, 1] for n in drawn])
    across = np.array([np.corrcoef(n[1:].ravel(), n[:-1].ravel())[0, 1] for n in drawn])
    assert 0.2 < (alike > 0.1).mean() < 0.6
    assert np.abs(across).max() < 0.1


@pytest.mark.parametrize("spacing_mm", [1.25, 2.5])
def test_thick_slices_are_as_thick_in_mm_on_every_grid(spacing_mm, monkeypatch):
    monkeypatch.setattr(augment, "_THICK_MM", (2.5, 2.5))
    monkeypatch.setattr(augment, "_noise", lambda shape, _: np.zeros(shape))
    image = np.zeros((41, 5, 5), np.float32)
    image[20] = 100.0
    widths = set()
    for seed in range(60):
        seen = augment.change_scanner(image, np.random.default_rng(seed), spacing_mm=spacing_mm)
        profile = np.clip(seen[:, 2, 2] - seen[0, 2, 2], 0, None)
        places = (np.arange(41) - 20) * spacing_mm
        widths.add(round(float(np.sqrt((profile * places**2).sum() / profile.sum())), 1))
    assert any(2.3 <= width <= 2.8 for width in widths)
    assert 0.0 in widths


def test_patch_without_bending_is_the_image_itself(rng):
    channels = rng.integers(0, 255, (2, 12, 13, 14)).astype(np.uint8)
    axes = [np.arange(n, dtype=np.float32) for n in (12, 13, 14)]
    where = np.stack(np.meshgrid(*axes, indexing="ij"))
    np.testing.assert_allclose(sample_patch(channels, where), channels, atol=1e-2)


def test_sampling_grid_is_centered(rng):
    center = np.array([30.0, 40.0, 50.0])
    grids = [sampling_grid(center, (16, 16, 16), rng).mean(axis=(1, 2, 3)) for _ in range(20)]
    np.testing.assert_allclose(np.mean(grids, axis=0), center, atol=1.0)
