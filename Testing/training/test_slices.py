"""Real slices as training cases: orientation, densities, split by patient."""

import dataclasses

import numpy as np
import pytest

from KidneySegLib.anatomy import Tissue
from KidneySegLib.errors import InputError
from KidneySegLib.training.recipe import load_recipe
from KidneySegLib.training.samples import SampleSource
from KidneySegLib.training.slices import draw_slice, pack_slices

RECIPE = load_recipe("fine")


@pytest.fixture
def folder(tmp_path):
    """Slices of 0.5 mm pixels: a kidney with a tumor in front, on the patient's right."""
    image = np.full((4, 120, 100), 53, np.uint8)
    label = np.zeros((4, 120, 100), np.uint8)
    label[:3, 40:90, 10:60] = 1
    label[0, 40:60, 10:60] = 2
    label[2, 40:60, 10:60] = 3
    image[label == 2] = 86
    stored = {
        "image": image,
        "label": label,
        "case": np.array([7, 400, 12, 13]),
        "pixel_mm": np.full(4, 0.5, np.float32),
    }
    np.savez(tmp_path / "mid.npz", **stored)
    np.savez(tmp_path / "s50.npz", **{k: v[2:3] for k, v in stored.items()})
    np.savez(tmp_path / "k19.npz", **{k: v[:1] for k, v in stored.items()})
    return tmp_path


def test_only_slices_of_training_cases_with_a_kidney_are_kept(folder, tmp_path):
    cases = pack_slices(folder, RECIPE, tmp_path / "packed.npz")
    assert [c.name for c in cases] == ["k19_00007_0", "mid_00007_0", "mid_00012_2", "s50_00012_0"]
    (folder / "mid.npz").unlink()
    again = pack_slices(folder, RECIPE, tmp_path / "packed.npz")
    np.testing.assert_array_equal(again[0].image, cases[0].image)


def test_slices_are_canonical_and_in_hu(folder, tmp_path):
    other, case = pack_slices(folder, RECIPE, tmp_path / "packed.npz")[:2]
    assert case.image.shape[1:] == (24, 20)
    tumor = np.argwhere(case.label[0] == Tissue.TUMOR)
    kidney = np.argwhere(case.label[0] == Tissue.KIDNEY)
    assert tumor[:, 0].mean() > kidney[:, 0].mean()
    assert kidney[:, 1].mean() > 9.5
    low, high = RECIPE.window_hu
    density = case.image[0][case.label[0] == Tissue.TUMOR] / 255 * (high - low) + low
    assert density.max() == pytest.approx(86 * 383 / 255 - 79, abs=2)
    density = other.image[0][other.label[0] == Tissue.TUMOR] / 255 * (high - low) + low
    assert density.max() == pytest.approx(86, abs=2)


def test_tumors_are_drawn_most_and_centers_lie_near_them(folder, tmp_path, rng):
    cases = pack_slices(folder, RECIPE, tmp_path / "packed.npz")
    drawn = [draw_slice(cases, rng, jitter_voxels=0) for _ in range(200)]
    hit = [case.label[0][tuple(center[1:].astype(int))] for case, center in drawn]
    assert 75 < hit.count(Tissue.TUMOR) < 125
    assert hit.count(Tissue.CYST) > 20
    assert hit.count(Tissue.KIDNEY) > 20


def test_samples_come_from_slices_as_often_as_the_recipe_says(folder, tmp_path):
    cases = pack_slices(folder, RECIPE, tmp_path / "packed.npz")
    recipe = dataclasses.replace(RECIPE, patch=(16, 16, 16), slice_share=1.0)
    source = SampleSource(recipe, [], {}, cases)
    image, label = source[0]
    assert image.shape == (1, 16, 16, 16)
    assert {Tissue.KIDNEY, Tissue.TUMOR} & set(np.unique(label).tolist())


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"mid\.npz"):
        pack_slices(tmp_path, RECIPE, tmp_path / "packed.npz")
