"""Real slices as training cases: orientation, densities, split by patient."""

import dataclasses

import numpy as np
import pytest

from KidneySegLib.core.anatomy import Tissue
from KidneySegLib.core.errors import InputError
from KidneySegLib.training import samples
from KidneySegLib.training.recipe import load_recipe
from KidneySegLib.training.samples import SampleSource
from KidneySegLib.training.slices import close_lesions, draw_slice, pack_slices

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


def test_slices_to_validate_on_are_not_trained_on(folder, tmp_path):
    recipe = dataclasses.replace(RECIPE, validate_shapes_from=12)
    numbers = {
        kind: {
            case.name.split("_")[1]
            for case in pack_slices(folder, recipe, tmp_path / "packed.npz", validation=kind)
        }
        for kind in (False, True)
    }
    assert numbers == {False: {"00007"}, True: {"00012"}}


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
    image, label, _ = source[0]
    assert image.shape == (1, 16, 16, 16)
    assert {Tissue.KIDNEY, Tissue.TUMOR} & set(np.unique(label).tolist())


@pytest.fixture
def stack():
    """A kidney with a round tumor in it, 40 by 40 pixels, and a grid through its middle."""
    plane = np.zeros((40, 40), np.uint8)
    rows, columns = np.indices(plane.shape)
    plane[np.hypot(rows - 20, columns - 20) <= 12] = Tissue.KIDNEY
    plane[np.hypot(rows - 22, columns - 18) <= 6] = Tissue.TUMOR
    axes = (np.arange(44, 85), np.arange(40), np.arange(40))
    return plane, np.stack(np.meshgrid(*axes, indexing="ij")).astype(np.float32)


def test_a_closed_lesion_is_whole_in_its_middle_and_gone_above_and_below(stack, rng):
    plane, grid = stack
    close_lesions(grid, plane, rng)
    seen = plane[tuple(np.rint(grid[1:]).astype(int))]
    area = (seen == Tissue.TUMOR).sum(axis=(1, 2))
    whole = (plane == Tissue.TUMOR).sum()
    assert area.max() == pytest.approx(whole, rel=0.1)
    assert area[[0, -1]].max() < 0.1 * whole
    middle = int(area.argmax())
    assert (np.diff(area[: middle + 1]) >= -2).all()
    assert (np.diff(area[middle:]) <= 2).all()
    assert (seen == Tissue.KIDNEY).sum(axis=(1, 2))[[0, -1]].min() > 0


def test_two_lesions_close_together_are_both_closed(stack, rng):
    plane, grid = stack
    rows, columns = np.indices(plane.shape)
    plane[np.hypot(rows - 10, columns - 26) <= 3] = Tissue.CYST
    close_lesions(grid, plane, rng)
    seen = plane[tuple(np.rint(grid[1:]).astype(int))]
    for tissue in (Tissue.TUMOR, Tissue.CYST):
        area = (seen == tissue).sum(axis=(1, 2))
        assert area[[0, -1]].max() < 0.1 * (plane == tissue).sum()


def test_slices_are_bent_more_and_closed_as_often_as_the_recipe_says(folder, tmp_path):
    cases = pack_slices(folder, RECIPE, tmp_path / "packed.npz")
    changes = {"patch": (16, 16, 16), "slice_share": 1.0}
    plain, solid, strong = (
        SampleSource(dataclasses.replace(RECIPE, **changes, **more), [], {}, cases)
        for more in (
            {"solid_share": 0.0, "slice_strength": 1.0},
            {"solid_share": 1.0, "slice_strength": 1.0},
            {"solid_share": 0.0, "slice_strength": 2.0},
        )
    )
    assert any((plain[n][1] != solid[n][1]).any() for n in range(6))
    assert any((plain[n][1] != strong[n][1]).any() for n in range(6))


def test_what_is_far_from_a_lesion_is_not_moved_when_it_is_closed(stack, rng):
    plane, grid = stack
    before = grid.copy()
    close_lesions(grid, plane, rng)
    far = np.hypot(before[1] - 22, before[2] - 18) > 12
    np.testing.assert_array_equal(grid[:, far], before[:, far])
    assert (grid != before).any()


def test_a_slice_without_a_lesion_is_not_moved(stack, rng):
    plane, grid = stack
    before = grid.copy()
    close_lesions(grid, np.minimum(plane, 1), rng)
    np.testing.assert_array_equal(grid, before)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"mid\.npz"):
        pack_slices(tmp_path, RECIPE, tmp_path / "packed.npz")


def test_axial_samples_draw_a_slice_for_every_plane(folder, tmp_path, monkeypatch):
    plain = {"slice_share": 1.0, "lesion_share": 0.0, "distractor_share": 0.0}
    recipe = dataclasses.replace(load_recipe("axial"), patch=(16, 48, 48), **plain)
    slices = pack_slices(folder, recipe, tmp_path / "packed.npz")
    drawn = []

    def draw(*args, **kwargs):
        drawn.append(draw_slice(*args, **kwargs))
        return drawn[-1]

    monkeypatch.setattr(samples, "draw_slice", draw)
    image, label, weights = SampleSource(recipe, [], {}, slices)[0]
    assert len(drawn) == recipe.planes
    assert len({case.name for case, _ in drawn}) > 1
    assert image.shape == (1, recipe.planes, 48, 48)
    assert label.shape == weights.shape == (recipe.planes, 48, 48)


def test_planes_without_a_lesion_get_a_composed_one_now_and_then(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("KidneySegLib.training.slices._DRAWN", {Tissue.KIDNEY: 1.0})
    changes = {"patch": (16, 48, 48), "slice_share": 1.0, "lesion_share": 1.0, "steps": 10}
    recipe = dataclasses.replace(load_recipe("axial"), **changes)
    slices = pack_slices(folder, recipe, tmp_path / "packed.npz")
    healthy = [dataclasses.replace(c, label=np.minimum(c.label, 1)) for c in slices]
    ball = (
        np.hypot(*np.indices((13, 13)) - 6)[None]
        < np.sqrt(40 - np.arange(-6, 7) ** 2)[:, None, None]
    )
    source = SampleSource(recipe, [], {"tumor": [ball], "cyst": [ball]}, healthy)
    planes = np.concatenate([source[n][1] for n in range(len(source))])
    composed = np.isin(planes, (Tissue.TUMOR, Tissue.CYST)).any(axis=(1, 2))
    assert 0.2 < composed.mean() < 0.6
