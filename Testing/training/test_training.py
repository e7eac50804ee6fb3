import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_training import tiny

from KidneySegLib.core.anatomy import Tissue
from KidneySegLib.core.errors import InputError, ModelError
from KidneySegLib.models.manifest import AXIAL_STAGES, MANIFEST, WEIGHTS, load_package
from KidneySegLib.models.weights import load_network
from KidneySegLib.training import samples
from KidneySegLib.training.augment import sample_patch, sampling_grid
from KidneySegLib.training.loop import averaged_network, prepare, train
from KidneySegLib.training.loss import lesion_weights, region_loss, supervised_loss, tissue_loss
from KidneySegLib.training.pack import find_cases
from KidneySegLib.training.recipe import Recipe, load_recipe, recipe_from
from KidneySegLib.training.release import release


def test_weights_of_another_network_are_no_start(data, tmp_path):
    other = {"nothing.weight": torch.zeros(2)}
    with pytest.raises(InputError, match="another network"):
        train(tiny("fine"), data, tmp_path, workers=0, warm_start=other)


def test_kept_out_cases_and_shapes_are_never_read(data, tmp_path):
    source = prepare(tiny("fine"), data, tmp_path)
    assert [c.name for c in source.cases] == ["one"]
    assert len(source.shapes["tumor"]) == len(source.shapes["cyst"]) == 1
    again = prepare(tiny("fine"), data, tmp_path)
    np.testing.assert_array_equal(again.cases[0].image, source.cases[0].image)


def test_a_ct_that_was_packed_before_it_was_kept_out_is_left_out(data, tmp_path):
    everything = tiny("fine", exclude_cases=())
    assert {case.name for case in prepare(everything, data, tmp_path).cases} == {"one", "btcv_0010"}
    assert [case.name for case in prepare(tiny("fine"), data, tmp_path).cases] == ["one"]


def test_what_a_packed_file_lacks_is_packed_anew(data, tmp_path):
    own = shutil.copytree(data, tmp_path / "data")
    (without,) = prepare(tiny("fine"), own, tmp_path).cases
    assert without.organs is None
    shutil.copy(own / "ct" / "one_labels.nii.gz", own / "ct" / "one_organs.nii.gz")
    (one,) = prepare(tiny("fine"), own, tmp_path).cases
    assert one.organs is not None
    everything = prepare(tiny("fine", exclude_cases=()), own, tmp_path).cases
    assert {case.name for case in everything} == {"one", "btcv_0010"}


def test_shipped_recipes_keep_the_held_back_cases_out():
    kept_out = {"btcv_0010", "btcv_0023", "btcv_0034", "cptac_c3l00189_pv5mm"}
    for name in ("locator", "fine", "axial"):
        recipe = load_recipe(name)
        assert kept_out <= set(recipe.exclude_cases)
        assert recipe.exclude_shapes_from <= 400


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
    monkeypatch.setattr(samples, "insert_lesion", lambda *a, **k: painted.append((a[2], k)))
    monkeypatch.setattr(samples, "_SEPTATED_SHARE", 1.0)
    source = prepare(tiny("fine", lesion_share=1.0, kidney_centered=1.0, steps=40), data, tmp_path)
    for n in range(40):
        source[n]
    kinds = {(plan.tissue, options["septa"]) for plan, options in painted}
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


def axial(**changes):
    return tiny("axial", **{"patch": (24, 32, 32), "planes": 3, "steps": 12, "batch": 2, **changes})


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


def test_axial_recipe_with_places_of_whole_cts_is_refused():
    with pytest.raises(InputError, match="hard negatives"):
        dataclasses.replace(load_recipe("axial"), hard_negative_share=0.1)


def test_checkpoints_of_before_the_planes_can_be_read():
    old = {k: v for k, v in load_recipe("fine").as_dict().items() if k != "planes"}
    assert recipe_from(old, Path("old.pt")) == load_recipe("fine")


def test_axial_network_is_packed_around_the_kidneys_only(data, tmp_path):
    whole = prepare(tiny("fine"), data, tmp_path / "fine").cases[0]
    near = prepare(axial(), data, tmp_path / "axial").cases[0]
    assert near.image.size < whole.image.size
    assert (near.label > 0).sum() == pytest.approx((whole.label > 0).sum(), rel=0.1)


def test_recipes_with_planes_that_do_not_fit_are_refused():
    for name, planes in (("fine", 4), ("axial", 0), ("axial", 33)):
        with pytest.raises(InputError, match="planes"):
            dataclasses.replace(load_recipe(name), planes=planes)


def test_patch_without_bending_is_the_image_itself(rng):
    channels = rng.integers(0, 255, (2, 12, 13, 14)).astype(np.uint8)
    axes = [np.arange(n, dtype=np.float32) for n in (12, 13, 14)]
    where = np.stack(np.meshgrid(*axes, indexing="ij"))
    np.testing.assert_allclose(sample_patch(channels, where), channels, atol=1e-2)


def test_sampling_grid_is_centered(rng):
    center = np.array([30.0, 40.0, 50.0])
    grids = [sampling_grid(center, (16, 16, 16), rng).mean(axis=(1, 2, 3)) for _ in range(20)]
    np.testing.assert_allclose(np.mean(grids, axis=0), center, atol=1.0)


def test_training_resumes_where_it_stopped(data, tmp_path):
    recipe = tiny("fine")
    assert train(recipe, data, tmp_path, minutes=0, workers=0) == 1
    assert train(recipe, data, tmp_path, workers=0) == 4
    assert train(recipe, data, tmp_path, workers=0) == 4
    _, network, steps = averaged_network(tmp_path / "fine.checkpoint.pt")
    assert steps == 4
    assert network(torch.zeros(1, 1, 16, 16, 16)).shape == (1, 4, 16, 16, 16)


def test_two_runs_of_a_seed_agree(data, tmp_path):
    weights = []
    for name in ("a", "b"):
        train(tiny("fine", steps=2), data, tmp_path / name, workers=0)
        network = averaged_network(tmp_path / name / "fine.checkpoint.pt")[1]
        weights.append(torch.cat([p.flatten() for p in network.parameters()]))
    torch.testing.assert_close(weights[0], weights[1], atol=1e-4, rtol=1e-3)


def test_checkpoint_of_another_network_is_refused(data, tmp_path):
    train(tiny("fine", steps=1), data, tmp_path, workers=0)
    other = tiny("fine", network_options={"filters": [4, 8, 8, 16], "classes": 4})
    with pytest.raises(InputError, match="another network"):
        train(other, data, tmp_path, workers=0)


def copy_texts(package, into):
    """What people write in a package, without the axial stage."""
    manifest = json.loads((package.folder / MANIFEST).read_text())
    for stage in AXIAL_STAGES:
        manifest["stages"].pop(stage, None)
    (into / MANIFEST).write_text(json.dumps(manifest))
    for name in ("LICENSE", "MODEL_CARD.md"):
        (into / name).write_text((package.folder / name).read_text())


def test_release_makes_a_package_that_loads(data, tmp_path, package):
    for name in ("locator", "fine"):
        train(tiny(name, steps=1), data, tmp_path, workers=0)
    into = tmp_path / "model"
    into.mkdir()
    copy_texts(package, into)
    locators, fines = ((tmp_path / f"{n}.checkpoint.pt",) for n in ("locator", "fine"))
    digest = release({"locator": locators, "fine": fines}, into)
    made = load_package(into)
    assert made.sha256 == digest
    assert made.training["fine"]["steps_done"] == 1
    locator = load_network(made, "locator").state_dict()
    train(tiny("fine", steps=2), data, tmp_path, workers=0)
    release({"fine": fines}, into)
    again = load_package(into)
    assert again.sha256 != digest
    assert again.training["locator"] == made.training["locator"]
    for name, value in load_network(again, "locator").state_dict().items():
        torch.testing.assert_close(value, locator[name])
    release({"fine": fines * 2}, into)
    assert len(load_package(into).training["fine"]["averaged_with"]) == 1
    with pytest.raises(InputError, match="locator network. Expected: fine"):
        release({"fine": locators}, into)


def test_axial_network_is_released_into_a_file_of_its_own(data, tmp_path, package):
    for recipe in (tiny("locator", steps=1), tiny("fine", steps=1), axial(steps=1)):
        train(recipe, data, tmp_path / recipe.name, workers=0)
    into = tmp_path / "model"
    into.mkdir()
    copy_texts(package, into)
    paths = {n: (tmp_path / n / f"{n}.checkpoint.pt",) for n in ("locator", "fine", "axial")}
    without = release({n: paths[n] for n in ("locator", "fine")}, into)
    assert "axial" not in load_package(into).stages
    before = (into / WEIGHTS).read_bytes()
    digest = release({"axial": paths["axial"]}, into)
    made = load_package(into)
    assert (into / WEIGHTS).read_bytes() == before
    assert made.stages["axial"].patch == (16, 32, 32)
    assert made.sha256 == digest != without
    assert load_network(made, "axial")(torch.zeros(1, 1, 2, 32, 32)).shape == (1, 4, 2, 32, 32)
    two = release({"axial_second": paths["axial"]}, into)
    assert load_package(into).sha256 == two != digest
    second = load_network(load_package(into), "axial_second").state_dict()
    for name, tensor in load_network(made, "axial").state_dict().items():
        np.testing.assert_array_equal(tensor, second[name])
    with pytest.raises(InputError, match="fine network. Expected: axial"):
        release({"axial_second": paths["fine"]}, into)
    damaged = bytearray((into / "axial.safetensors").read_bytes())
    damaged[-5] ^= 1
    (into / "axial.safetensors").write_bytes(damaged)
    with pytest.raises(ModelError, match="axial.safetensors.*damaged"):
        load_package(into)
    (into / "axial.safetensors").unlink()
    with pytest.raises(ModelError, match="no axial.safetensors"):
        load_package(into)


def test_checkpoints_of_one_network_are_averaged(data, tmp_path):
    paths = []
    for seed in (1, 2):
        train(tiny("fine", steps=1, seed=seed), data, tmp_path / str(seed), workers=0)
        paths.append(tmp_path / str(seed) / "fine.checkpoint.pt")
    first, second, both = (
        averaged_network(*p)[1].state_dict() for p in ((paths[0],), (paths[1],), paths)
    )
    assert any(not torch.equal(first[k], second[k]) for k in first)
    for name, value in both.items():
        torch.testing.assert_close(value, (first[name] + second[name]) / 2)
    options = {"filters": [4, 8, 8, 12], "classes": 4}
    train(tiny("fine", steps=1, network_options=options), data, tmp_path / "3", workers=0)
    with pytest.raises(InputError, match="another network"):
        averaged_network(paths[0], tmp_path / "3" / "fine.checkpoint.pt")


def test_perfect_logits_have_next_to_no_loss_and_absent_classes_are_skipped():
    target = torch.zeros(1, 8, 8, 8, dtype=torch.long)
    target[0, :4] = 1
    weights = torch.ones(4)
    logits = torch.full((1, 4, 8, 8, 8), -20.0).scatter_(1, target[:, None], 20.0)
    assert region_loss(logits, target, weights) < 1e-3
    wrong = torch.full((1, 4, 8, 8, 8), -20.0)
    wrong[:, 2] = 20.0
    assert region_loss(wrong, target, weights) > 5


def test_a_small_tumor_called_kidney_costs_more_than_its_share_of_voxels():
    target = torch.zeros(1, 24, 24, 24, dtype=torch.int64)
    target[:, 4:16, 4:16, 4:16] = 1
    target[:, 4:7, 4:7, 4:7] = 2
    weights = torch.ones(4)
    right = 8.0 * torch.nn.functional.one_hot(target, 4).permute(0, 4, 1, 2, 3).float()
    called_kidney = torch.where(target == 2, 1, target)
    wrong = 8.0 * torch.nn.functional.one_hot(called_kidney, 4).permute(0, 4, 1, 2, 3).float()
    plain = torch.nn.functional.cross_entropy
    gap = plain(wrong, target) - plain(right, target)
    assert region_loss(wrong, target, weights) - region_loss(right, target, weights) > 5 * gap


def test_small_lesions_weigh_as_much_as_larger_ones_and_no_voxel_too_much():
    label = np.zeros((20, 20, 20), np.uint8)
    label[2:4, 2:4, 2:4] = Tissue.TUMOR  # 8 voxels
    label[8:18, 8:18, 8:18] = Tissue.TUMOR  # 1000
    label[2:6, 10:14, 10:14] = Tissue.CYST  # 64
    label[2:6, 10:14, 2:6] = Tissue.KIDNEY
    weights = lesion_weights(label, 100)
    assert weights[2, 2, 2] == 10
    assert weights[3, 11, 11] == pytest.approx(100 / 64)
    weights[2:4, 2:4, 2:4] = weights[2:6, 10:14, 10:14] = 1
    assert (weights == 1).all()
    corner = np.zeros((20, 20, 20), np.uint8)
    corner[17:, 17:, 17:] = Tissue.TUMOR  # cut by the patch: it may be large
    assert (lesion_weights(corner, 100) == 1).all()


def test_voxel_weights_of_one_change_nothing_and_others_move_the_mean():
    torch.manual_seed(0)
    logits, target = torch.randn(1, 4, 8, 8, 8), torch.randint(0, 4, (1, 8, 8, 8))
    target[0, 0] = 255
    weights, ones = torch.tensor([1.0, 1.0, 1.7, 2.0]), torch.ones(1, 8, 8, 8)
    plain = region_loss(logits, target, weights)
    torch.testing.assert_close(region_loss(logits, target, weights, ones), plain)
    logits[:, 2] = -5  # tumor is missed
    heavy = torch.where(target == 2, 10.0, 1.0)
    missed = region_loss(logits, target, weights)
    assert region_loss(logits, target, weights, heavy) > missed + 1


def test_telling_tissues_apart_does_not_push_the_border_outward():
    target = torch.randint(0, 4, (1, 8, 8, 8), generator=torch.Generator().manual_seed(1))
    logits = torch.randn(1, 4, 8, 8, 8, generator=torch.Generator().manual_seed(2))
    background = logits.clone()
    background[:, 0] += 5
    weights = torch.tensor([1.0, 1.0, 2.0, 2.0])
    expected = tissue_loss(logits, target, weights)
    assert expected > 0.5
    torch.testing.assert_close(tissue_loss(background, target, weights), expected)
    assert tissue_loss(logits, torch.zeros_like(target), weights) == 0


def test_unsure_voxels_do_not_count():
    torch.manual_seed(0)
    target = torch.zeros(1, 8, 8, 8, dtype=torch.long)
    target[0, :2], target[0, 6:] = 1, 255
    logits = torch.randn(1, 4, 8, 8, 8)
    changed = logits.clone()
    changed[:, :, 6:] += 5 * torch.randn(1, 4, 2, 8, 8)
    weights = torch.ones(4)
    torch.testing.assert_close(
        region_loss(logits, target, weights), region_loss(changed, target, weights)
    )


def test_deep_supervision_weighs_the_first_head_most():
    target = torch.zeros(1, 8, 8, 8, dtype=torch.long)
    target[0, :4] = 1
    good = torch.full((1, 4, 8, 8, 8), -20.0).scatter_(1, target[:, None], 20.0)
    bad = good.roll(1, dims=1)
    weights = torch.ones(4)
    first = supervised_loss(torch.stack([good, bad], 1), target, weights)
    second = supervised_loss(torch.stack([bad, good], 1), target, weights)
    assert first < second


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda d: d.pop("seed"), "missing"),
        (lambda d: d.update(magic=1), "unknown"),
        (lambda d: d.update(role="judge"), "role"),
        (lambda d: d.update(class_weights=[1.0]), "class weights"),
    ],
)
def test_bad_recipes_are_refused(tmp_path, change, match):
    data = json.loads(json.dumps(load_recipe("fine").as_dict()))
    change(data)
    (tmp_path / "r.json").write_text(json.dumps(data))
    with pytest.raises(InputError, match=match):
        load_recipe(str(tmp_path / "r.json"))


def test_unknown_recipe_and_empty_data_folder(tmp_path):
    with pytest.raises(InputError, match=r"no recipe 'x'.*fine, locator"):
        load_recipe("x")
    with pytest.raises(InputError, match="No training case"):
        find_cases(tmp_path)
    assert isinstance(load_recipe("fine"), Recipe)


def test_false_kidney_in_an_empty_patch_costs_much_more_than_its_share_of_voxels():
    target = torch.zeros(1, 32, 32, 32, dtype=torch.long)
    logits = torch.full((1, 4, 32, 32, 32), -6.0)
    logits[:, 0] = 6.0
    clean = region_loss(logits, target, torch.ones(4))
    logits[0, 0, :8, :8, :8], logits[0, 1, :8, :8, :8] = -6.0, 6.0
    assert region_loss(logits, target, torch.ones(4)) - clean > 0.25
