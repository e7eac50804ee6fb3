from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_training import tiny

from KidneySegLib.core.errors import InputError
from KidneySegLib.training.loop import Leg, averaged_network, prepare, train
from KidneySegLib.training.pack import find_cases
from KidneySegLib.training.recipe import Recipe, load_recipe, recipe_from


def test_weights_of_another_network_are_no_start(data, tmp_path):
    other = {"nothing.weight": torch.zeros(2)}
    with pytest.raises(InputError, match="another network"):
        train(tiny("fine"), data, tmp_path, Leg(workers=0), warm_start=other)


def test_kept_out_cases_and_shapes_are_never_read(data, tmp_path):
    source = prepare(tiny("fine"), data, tmp_path)
    assert [c.name for c in source.cases] == ["one"]
    assert len(source.shapes["tumor"]) == len(source.shapes["cyst"]) == 1
    again = prepare(tiny("fine"), data, tmp_path)
    np.testing.assert_array_equal(again.cases[0].image, source.cases[0].image)


def test_checkpoints_of_before_the_planes_can_be_read():
    old = {k: v for k, v in load_recipe("fine").as_dict().items() if k != "planes"}
    assert recipe_from(old, Path("old.pt")) == load_recipe("fine")


def test_training_resumes_where_it_stopped(data, tmp_path):
    recipe = tiny("fine")
    assert train(recipe, data, tmp_path, Leg(minutes=0, workers=0)) == 1
    assert train(recipe, data, tmp_path, Leg(workers=0)) == 4
    assert train(recipe, data, tmp_path, Leg(workers=0)) == 4
    _, network, steps = averaged_network(tmp_path / "fine.checkpoint.pt")
    assert steps == 4
    assert network(torch.zeros(1, 1, 16, 16, 16)).shape == (1, 4, 16, 16, 16)


def test_two_runs_of_a_seed_agree(data, tmp_path):
    weights = []
    for name in ("a", "b"):
        train(tiny("fine", steps=2), data, tmp_path / name, Leg(workers=0))
        network = averaged_network(tmp_path / name / "fine.checkpoint.pt")[1]
        weights.append(torch.cat([p.flatten() for p in network.parameters()]))
    torch.testing.assert_close(weights[0], weights[1], atol=1e-4, rtol=1e-3)


def test_checkpoint_of_another_network_is_refused(data, tmp_path):
    train(tiny("fine", steps=1), data, tmp_path, Leg(workers=0))
    other = tiny("fine", network_options={"filters": [4, 8, 8, 16], "classes": 4})
    with pytest.raises(InputError, match="another network"):
        train(other, data, tmp_path, Leg(workers=0))


def test_checkpoints_of_one_network_are_averaged(data, tmp_path):
    paths = []
    for seed in (1, 2):
        train(tiny("fine", steps=1, seed=seed), data, tmp_path / str(seed), Leg(workers=0))
        paths.append(tmp_path / str(seed) / "fine.checkpoint.pt")
    first, second, both = (
        averaged_network(*p)[1].state_dict() for p in ((paths[0],), (paths[1],), paths)
    )
    assert any(not torch.equal(first[k], second[k]) for k in first)
    for name, value in both.items():
        torch.testing.assert_close(value, (first[name] + second[name]) / 2)
    options = {"filters": [4, 8, 8, 12], "classes": 4}
    train(tiny("fine", steps=1, network_options=options), data, tmp_path / "3", Leg(workers=0))
    with pytest.raises(InputError, match="another network"):
        averaged_network(paths[0], tmp_path / "3" / "fine.checkpoint.pt")


def test_unknown_recipe_and_empty_data_folder(tmp_path):
    with pytest.raises(InputError, match=r"no recipe 'x'.*fine, locator"):
        load_recipe("x")
    with pytest.raises(InputError, match="No training case"):
        find_cases(tmp_path)
    assert isinstance(load_recipe("fine"), Recipe)
