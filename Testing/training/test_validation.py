"""Validation while a network trains: what it is judged on, how, and which weights it keeps."""

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from tiny_training import tiny

from KidneySegLib.core.anatomy import Tissue
from KidneySegLib.core.errors import InputError
from KidneySegLib.models.manifest import load_package
from KidneySegLib.training import loop
from KidneySegLib.training.loop import (
    Leg,
    best_file,
    checkpoint_file,
    prepare,
    read_checkpoint,
    train,
)
from KidneySegLib.training.mining import write_mistakes
from KidneySegLib.training.recipe import load_recipe, recipe_from
from KidneySegLib.training.release import release
from KidneySegLib.training.validation import Validation, dice_by_stratum, total


def ball(labels, center, radius, tissue):
    away = np.indices(labels.shape) - np.reshape(center, (3, 1, 1, 1))
    labels[np.linalg.norm(away, axis=0) <= radius] = tissue


@pytest.fixture
def target():
    """A kidney with tumors of 1.5 and 5 cm and a cyst of 3 cm, voxels of 2.5 mm."""
    labels = np.full((40, 40, 40), np.uint8(Tissue.KIDNEY))
    ball(labels, (6, 6, 6), 2.9, Tissue.TUMOR)
    ball(labels, (25, 25, 25), 10, Tissue.TUMOR)
    ball(labels, (8, 30, 8), 6, Tissue.CYST)
    return labels


def judge(found, target, *, planar=False, count=5):
    return dice_by_stratum([found] * count, [target] * count, spacing_mm=2.5, planar=planar)


def test_what_is_right_counts_one_in_every_stratum(target):
    strata = {
        "kidney",
        "tumor",
        "cyst",
        "tumor under 2 cm",
        "tumor 4 cm and more",
        "cyst 2-4 cm",
    }
    figures = judge(target, target)
    assert set(figures) == strata
    assert set(figures.values()) == {1.0}
    assert total(figures) == 1


def test_a_small_tumor_that_is_missed_counts_as_much_as_a_large_one(target):
    without_small, without_large = target.copy(), target.copy()
    ball(without_small, (6, 6, 6), 2.9, Tissue.KIDNEY)
    ball(without_large, (25, 25, 25), 10, Tissue.KIDNEY)
    small, large = judge(without_small, target), judge(without_large, target)
    assert (small["tumor under 2 cm"], small["tumor 4 cm and more"]) == (0, 1)
    assert (large["tumor under 2 cm"], large["tumor 4 cm and more"]) == (1, 0)
    assert small["tumor"] > 0.95 > large["tumor"]  # over voxels the small one hardly counts


def test_a_lesion_is_not_found_by_what_lies_elsewhere_nor_spoiled_by_another(target):
    moved = np.where(target == Tissue.TUMOR, np.uint8(Tissue.KIDNEY), target)
    ball(moved, (33, 5, 33), 10, Tissue.TUMOR)
    assert judge(moved, target)["tumor 4 cm and more"] == 0
    close = target.copy()
    ball(close, (25, 25, 10), 3, Tissue.TUMOR)  # in the larger one's box, and found as well
    assert judge(close, close)["tumor 4 cm and more"] == 1


def test_false_lesions_and_other_kinds_count_and_unsure_voxels_do_not(target):
    found = target.copy()
    found[:3, 30:] = Tissue.TUMOR
    unsure = target.copy()
    unsure[:3, 30:] = 255
    assert judge(found, target)["tumor"] < 1
    assert judge(found, unsure)["tumor"] == 1
    swapped = np.where(target == Tissue.CYST, np.uint8(Tissue.TUMOR), target)
    assert judge(swapped, target)["cyst"] == judge(swapped, target)["cyst 2-4 cm"] == 0


def test_a_tissue_that_no_sample_shows_is_no_stratum_though_it_is_seen(target):
    without = np.where(target == Tissue.CYST, np.uint8(Tissue.KIDNEY), target)
    assert set(judge(target, without)) == set(judge(without, without))


def test_specks_and_strata_of_few_lesions_are_left_out(target):
    ball(target, (35, 35, 5), 1, Tissue.CYST)  # 0.1 mL
    figures = judge(target, target)
    assert "cyst under 2 cm" not in figures
    assert "cyst 2-4 cm" in figures
    assert set(judge(target, target, count=4)) == {"kidney", "tumor", "cyst"}


def test_planes_are_judged_one_by_one(target):
    planes = target[[6, 25]]
    assert {"tumor under 2 cm", "tumor 4 cm and more"} <= set(judge(planes, planes, planar=True))
    assert "tumor 4 cm and more" not in judge(planes, planes)  # two planes are no solid


@pytest.fixture
def two(data):
    """Data whose KiTS23 cases are one to train on, one to validate on, one kept out."""
    shape, other = np.zeros((2, 20, 20, 20), np.uint8)
    shape[4:14, 5:12, 6:15], shape[15:19, 2:18, 2:18] = 2, 3
    other[3:17, 3:17, 3:17], other[18:, 2:18, 2:18] = 2, 3
    np.savez(data / "kits23_labels_1.5mm.npz", case_00001=shape, case_00350=other, case_00450=shape)
    return data


def validating(**changes):
    return tiny("fine", **{"validate_every": 2, "validate_shapes_from": 300, **changes})


def test_no_lesion_is_both_trained_and_validated_on(two, tmp_path):
    trained = prepare(validating(), two, tmp_path).shapes["tumor"]
    validated = prepare(validating(), two, tmp_path, validation=True).shapes["tumor"]
    assert [mask.shape for mask in trained] == [(9, 7, 10)]
    assert [mask.shape for mask in validated] == [(14, 14, 14)]


def test_cts_to_validate_on_are_not_trained_on(two, tmp_path):
    recipe = validating(exclude_cases=(), validate_cases=("btcv_0010",))
    names = {
        kind: [c.name for c in prepare(recipe, two, tmp_path, validation=kind).cases]
        for kind in (False, True)
    }
    assert names == {False: ["one"], True: ["btcv_0010"]}
    for kind in (False, True):
        with pytest.raises(InputError, match="no labeled CT typo"):
            prepare(validating(validate_cases=("one", "typo")), two, tmp_path, validation=kind)
    with pytest.raises(InputError, match="validates on btcv_0010, and keeps it out"):
        validating(validate_cases=("btcv_0010",))


def test_samples_of_a_validation_are_always_the_same_and_not_of_the_recipes_seed(two, tmp_path):
    recipe = validating(hard_negative_share=1.0)
    source = prepare(recipe, two, tmp_path, validation=True)
    first = Validation(source, 2)
    write_mistakes({"one": np.full((1, 3), 0.5)}, tmp_path)
    again = Validation(prepare(recipe, two, tmp_path, validation=True), 2)
    for (image, target), (same, label) in zip(first.samples, again.samples, strict=True):
        np.testing.assert_array_equal(image, same)
        np.testing.assert_array_equal(target, label)
    assert not np.array_equal(first.samples[0][0], source[0][0])


def test_the_weights_of_the_best_validation_are_kept_and_can_be_packaged(
    two, tmp_path, monkeypatch, package
):
    recipe, figures = validating(steps=8), iter((0.3, 0.6, 0.5, 0.4))
    monkeypatch.setattr(loop.Validation, "judge", lambda self, network: {"kidney": next(figures)})
    train(recipe, two, tmp_path, Leg(workers=0))
    assert read_checkpoint(best_file(recipe, tmp_path))["step"] == 4
    assert read_checkpoint(checkpoint_file(recipe, tmp_path))["step"] == 8
    rows = [json.loads(r) for r in (tmp_path / "fine.curves.jsonl").read_text().splitlines()]
    scores = [(row["step"], row["score"]) for row in rows if "score" in row]
    assert scores == [(2, 0.3), (4, 0.6), (6, 0.5), (8, 0.4)]
    shutil.copytree(package.folder, tmp_path / "model")
    release({"fine": [best_file(recipe, tmp_path)]}, tmp_path / "model")
    assert load_package(tmp_path / "model").training["fine"]["steps_done"] == 4


def test_a_better_validation_of_an_earlier_leg_is_not_replaced(two, tmp_path, monkeypatch):
    recipe = validating()
    monkeypatch.setattr(loop.Validation, "judge", lambda self, network: {"kidney": 0.5})
    train(dataclasses.replace(recipe, steps=2), two, tmp_path, Leg(workers=0))
    monkeypatch.setattr(loop.Validation, "judge", lambda self, network: {"kidney": 0.4})
    train(recipe, two, tmp_path, Leg(workers=0))
    assert read_checkpoint(best_file(recipe, tmp_path))["step"] == 2
    longer = dataclasses.replace(recipe, steps=6, learning_rate=1e-4)
    train(longer, two, tmp_path, Leg(workers=0))  # the same samples
    assert read_checkpoint(best_file(recipe, tmp_path))["step"] == 2
    cystic = dataclasses.replace(longer, steps=8, cyst_share=0.9)
    train(cystic, two, tmp_path, Leg(workers=0))  # others: their scores say nothing of these
    assert read_checkpoint(best_file(recipe, tmp_path))["step"] == 8


def test_a_leg_does_not_validate_on_what_an_earlier_one_was_trained_on(two, tmp_path):
    train(validating(validate_every=0, validate_shapes_from=400), two, tmp_path, Leg(workers=0))
    with pytest.raises(InputError, match="was trained on lesions or CTs that"):
        train(validating(steps=6), two, tmp_path, Leg(workers=0))
    other = tmp_path / "other"
    train(validating(exclude_cases=()), two, other, Leg(workers=0))
    with pytest.raises(InputError, match="was trained on lesions or CTs that"):
        train(
            validating(exclude_cases=(), validate_cases=("btcv_0010",)), two, other, Leg(workers=0)
        )


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("fine", {}),
        ("locator", {}),
        ("axial", {"patch": (16, 32, 32), "planes": 4}),
    ],
)
def test_networks_of_every_role_are_judged_and_left_in_their_mode(two, tmp_path, name, changes):
    recipe = tiny(name, validate_every=2, validate_shapes_from=300, steps=3, **changes)
    source = prepare(recipe, two, tmp_path, validation=True)
    network = loop._State(recipe, "cpu", None).average.train()
    figures = Validation(source, 3).judge(network)
    assert 0 <= total(figures) <= 1
    assert "kidney" in figures
    assert network.training


def test_recipes_that_validate_on_nothing_are_refused(two, tmp_path):
    with pytest.raises(InputError, match="uses none from 400 on"):
        validating(validate_shapes_from=400)
    with pytest.raises(InputError, match="have no tumor to validate on"):
        prepare(validating(validate_shapes_from=390), two, tmp_path, validation=True)


def test_shipped_recipes_validate_and_checkpoints_of_before_did_not():
    for name in ("fine", "axial"):
        recipe = load_recipe(name)
        assert recipe.validate_every > 0
        assert not set(recipe.lesion_cases()) & set(recipe.lesion_cases(validation=True))
    assert load_recipe("locator").validate_every == 0  # it sees no kinds and no sizes
    older = {k: v for k, v in recipe.as_dict().items() if not k.startswith("validate")}
    before = recipe_from(older, Path("older.pt"))
    assert before.validate_every == 0
    assert before.lesion_cases() == range(400)
