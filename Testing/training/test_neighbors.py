import numpy as np
import pytest
from scipy import ndimage

from KidneySegLib.core.anatomy import Tissue
from KidneySegLib.training import neighbors
from KidneySegLib.training.pack import LIVER, SPLEEN, STOMACH

SPACING_MM = 2.5


def block(shape, *, start, stop):
    mask = np.zeros(shape, bool)
    mask[tuple(slice(a, b) for a, b in zip(start, stop, strict=True))] = True
    return mask


@pytest.fixture
def abdomen():
    """A kidney in fat with bone behind it, and a liver, a spleen and a stomach with gas."""
    shape = (20, 44, 48)
    k, j, i = np.indices(shape) - np.array([10, 20, 20])[:, None, None, None]
    kidney = (k / 1.2) ** 2 + j**2 + i**2 < 64
    organs = {
        LIVER: block(shape, start=(2, 2, 34), stop=(18, 20, 46)),
        SPLEEN: block(shape, start=(2, 24, 34), stop=(18, 42, 46)),
        STOMACH: block(shape, start=(2, 32, 2), stop=(18, 42, 20)),
    }
    bone = block(shape, start=(0, 4, 16), stop=(20, 9, 24))
    image = np.full(shape, -90.0, np.float32)
    for mask, hu in zip((kidney, *organs.values(), bone), (150, 100, 110, 40, 600), strict=True):
        image[mask] = hu
    image[organs[STOMACH] & (np.indices(shape)[1] > 37)] = -900
    return image, kidney.astype(np.uint8), organs, bone


@pytest.mark.parametrize(
    ("number", "least", "most"), [(LIVER, -20, 185), (SPLEEN, 30, 245), (STOMACH, -10, 620)]
)
def test_an_organ_gets_a_density_of_other_patients_and_nothing_else_changes(
    abdomen, number, least, most, monkeypatch
):
    image, _, organs, _ = abdomen
    monkeypatch.setattr(neighbors, "_MOTTLED_SHARE", {LIVER: 0.0, SPLEEN: 0.0})
    core = ndimage.binary_erosion(organs[number], iterations=3) & (image > -500)
    far = ~ndimage.binary_dilation(organs[number], iterations=4)
    levels = []
    for seed in range(40):
        changed = image.copy()
        rng = np.random.default_rng(seed)
        neighbors.change_organs(changed, {number: organs[number]}, rng, spacing_mm=SPACING_MM)
        assert np.abs(changed[far] - image[far]).max() < 0.5
        levels.append(float(np.median(changed[core])))
    assert levels.count(float(np.median(image[core]))) >= 5
    assert least <= min(levels) < np.median(image[core]) - 20
    assert np.median(image[core]) + 40 < max(levels) <= most


def test_gas_in_a_stomach_stays(abdomen):
    image, _, organs, _ = abdomen
    gas = ndimage.binary_erosion(image < -500, iterations=1)
    for seed in range(10):
        changed = image.copy()
        rng = np.random.default_rng(seed)
        neighbors.change_organs(changed, {STOMACH: organs[STOMACH]}, rng, spacing_mm=SPACING_MM)
        assert changed[gas].max() < -500


def test_a_mottled_spleen_is_uneven(abdomen, monkeypatch):
    image, _, organs, _ = abdomen
    monkeypatch.setattr(neighbors, "_CHANGED_SHARE", 1.0)
    core = ndimage.binary_erosion(organs[SPLEEN], iterations=3)
    spreads = {}
    for share in (0.0, 1.0):
        monkeypatch.setattr(neighbors, "_MOTTLED_SHARE", {SPLEEN: share})
        changed = image.copy()
        rng = np.random.default_rng(1)
        neighbors.change_organs(changed, {SPLEEN: organs[SPLEEN]}, rng, spacing_mm=SPACING_MM)
        spreads[share] = float(changed[core].std())
    assert spreads[0.0] < 1 < 5 < spreads[1.0]


def test_bowel_lies_in_fat_and_spares_kidney_and_bone(abdomen, monkeypatch):
    image, label, _, bone = abdomen
    monkeypatch.setattr(neighbors, "_FILLING_ODDS", (0.0, 0.0, 1.0))
    monkeypatch.setattr(neighbors, "_GAS_SHARE", 0.0)
    kidney = ndimage.binary_erosion(label == Tissue.KIDNEY)
    bright = []
    for seed in range(20):
        changed, kept = image.copy(), label.copy()
        rng = np.random.default_rng(seed)
        assert neighbors.fill_bowel(changed, kept, rng, spacing_mm=SPACING_MM)
        np.testing.assert_array_equal(kept, label)
        assert np.abs(changed - image)[kidney].max() < 1
        assert np.abs(changed - image)[ndimage.binary_erosion(bone)].max() < 1
        bright.append(((changed > 100) & (image < 0)).sum() * SPACING_MM**3 / 1000)
    assert np.median(bright) > 2  # mL
    assert max(bright) < 200


def test_gas_lies_in_front_of_what_fills_bowel(abdomen, monkeypatch):
    image, label, _, _ = abdomen
    monkeypatch.setattr(neighbors, "_GAS_SHARE", 1.0)
    gas, filled = [], []
    for seed in range(20):
        changed = image.copy()
        neighbors.fill_bowel(changed, label, np.random.default_rng(seed), spacing_mm=SPACING_MM)
        new = np.abs(changed - image) > 100
        gas += [*np.argwhere(new & (changed < -500))[:, 1]]
        filled += [*np.argwhere(new & (changed > 0))[:, 1]]
    assert len(gas) > 100
    assert np.mean(gas) > np.mean(filled) + 1


def test_bowel_in_a_single_plane_is_a_section(abdomen):
    image, label, _, _ = abdomen
    plane = image[10:11].copy()
    for seed in range(5):
        rng = np.random.default_rng(seed)
        assert neighbors.fill_bowel(plane, label[10:11], rng, spacing_mm=SPACING_MM)
    assert (np.abs(plane - image[10:11]) > 50).sum() > 20


@pytest.mark.parametrize("what", ["no kidney", "no fat"])
def test_without_kidney_or_fat_there_is_no_bowel(abdomen, rng, what):
    image, label, _, _ = abdomen
    if what == "no kidney":
        label = np.zeros_like(label)
    else:
        image = np.full_like(image, 40.0)
    before = image.copy()
    assert not neighbors.fill_bowel(image, label, rng, spacing_mm=SPACING_MM)
    np.testing.assert_array_equal(image, before)
