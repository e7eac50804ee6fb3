import dataclasses

import numpy as np
import pytest
from recipes import axial
from tiny_training import tiny

from KidneySegLib.core.anatomy import Tissue
from KidneySegLib.training import samples
from KidneySegLib.training.loop import prepare


@pytest.mark.parametrize(
    ("share", "effect"),
    [
        ("_PELVIS_SHARE", "dilate_pelvis"),
        ("_STENT_SHARE", "place_stent"),
        ("_METAL_SHARE", "place_metal"),
        ("_ARMS_SHARE", "lower_arms"),
    ],
)
def test_patches_hold_what_patients_have_beside_lesions(data, tmp_path, monkeypatch, share, effect):
    source = prepare(tiny("fine", kidney_centered=1.0), data, tmp_path)
    called = []
    monkeypatch.setattr(samples, effect, lambda *_, **__: called.append(effect))
    monkeypatch.setattr(samples, share, 0.0)
    source[0]
    assert not called
    monkeypatch.setattr(samples, share, 1.0)
    source[0]
    assert called == [effect]


def test_some_composed_cysts_have_septa_and_no_tumor_has(data, tmp_path, monkeypatch):
    painted = []
    monkeypatch.setattr(samples, "insert_lesion", lambda *a, **k: painted.append((a[2], a[4])))
    monkeypatch.setattr(samples, "_SEPTATED_SHARE", 1.0)
    source = prepare(tiny("fine", lesion_share=1.0, kidney_centered=1.0, steps=40), data, tmp_path)
    for n in range(40):
        source[n]
    kinds = {(plan.tissue, look.septa) for plan, look in painted}
    assert kinds == {(Tissue.CYST, True), (Tissue.TUMOR, False)}


def test_samples_are_seeded_and_differ(data, tmp_path):
    source = prepare(tiny("fine"), data, tmp_path)
    first, again, other = source[0], source[0], source[1]
    np.testing.assert_array_equal(first[0], again[0])
    assert not np.array_equal(first[0], other[0])
    assert first[0].shape == (1, 16, 16, 16)
    assert first[0].min() >= -1
    assert first[0].max() <= 1


def test_samples_hold_every_tissue(data, tmp_path):
    source = prepare(tiny("fine", patch=(32, 32, 32), steps=40), data, tmp_path)
    seen = set()
    for n in range(40):
        seen |= set(np.unique(source[n][1]).tolist())
    assert {0, Tissue.KIDNEY, Tissue.TUMOR, Tissue.CYST} <= seen


def test_small_lesions_of_samples_weigh_more_where_the_recipe_says_so(data, tmp_path):
    recipe = tiny("fine", patch=(32, 32, 32), steps=20, lesion_volume_ml=(1.0, 6.0))
    source = prepare(recipe, data, tmp_path)
    assert max(source[n][2].max() for n in range(20)) > 1
    light = dataclasses.replace(source, recipe=dataclasses.replace(recipe, least_lesion_ml=0.0))
    assert all((light[n][2] == 1).all() for n in range(20))


def test_locator_samples_merge_kidney_and_lesions(data, tmp_path):
    source = prepare(tiny("locator", patch=(32, 32, 32), steps=20), data, tmp_path)
    assert set(np.unique(np.stack([source[n][1] for n in range(20)]))) == {0, 1}


def test_axial_samples_are_planes_of_the_patches_mostly_through_lesions(data, tmp_path):
    source = prepare(axial(lesion_share=1.0), data, tmp_path)
    planes = np.concatenate([source[n][1] for n in range(12)])
    assert planes.shape == (36, 32, 32)
    lesions = np.isin(planes, (Tissue.TUMOR, Tissue.CYST)).any(axis=(1, 2))
    assert lesions.mean() > 0.5
    image, _, weights = source[0]
    assert image.shape == (1, 3, 32, 32)
    assert weights.shape == (3, 32, 32)


def test_cysts_are_composed_as_large_as_tumors(data, tmp_path, monkeypatch):
    """While they ended at 60 mL, large real cysts were called tumor."""
    volumes = {True: [], False: []}
    drawn = samples.soft_shape

    def noted(shape, rng, *, volume_ml, **options):
        volumes[any(shape is cyst for cyst in source.shapes["cyst"])].append(volume_ml)
        return drawn(shape, rng, volume_ml=volume_ml, **options)

    monkeypatch.setattr(samples, "soft_shape", noted)
    recipe = axial(lesion_share=1.0, steps=30, lesion_volume_ml=(1.0, 200.0))
    source = prepare(recipe, data, tmp_path)
    for n in range(len(source)):
        source[n]
    assert len(volumes[True]) > 10
    assert max(volumes[True]) > 60
    assert max(volumes[False]) > 60


def test_planes_of_a_sample_are_scanned_with_their_own_neighbors(data, tmp_path, monkeypatch):
    depths = []

    def scanned(image, rng, **_):
        depths.append(len(image))
        return image

    monkeypatch.setattr(samples, "change_scanner", scanned)
    source = prepare(axial(), data, tmp_path)
    assert source[0][1].shape[0] == 3
    assert depths == [24]


def test_planes_through_a_lesion_are_chosen_more_often(rng):
    label = np.zeros((24, 8, 8), np.uint8)
    label[10:14, 2:5, 2:5] = Tissue.TUMOR
    chosen = np.stack([samples._choose_planes(label, 6, rng) for _ in range(400)])
    assert (np.diff(chosen) > 0).all()
    share = np.isin(chosen, range(10, 14)).mean()
    assert 0.35 < share < 0.65  # evenly drawn it were 0.17
    none = np.stack([samples._choose_planes(0 * label, 6, rng) for _ in range(400)])
    assert none.mean() == pytest.approx(11.5, abs=0.6)
