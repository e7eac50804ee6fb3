import json

import pytest
from commands import run
from tiny_training import tiny, write_training_data


@pytest.fixture
def recipe(tmp_path):
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps(tiny("fine", steps=2).as_dict()))
    write_training_data(tmp_path)
    return path


def test_training_leaves_a_checkpoint_and_goes_on(capsys, recipe, tmp_path):
    options = ("--data", tmp_path, "--out", tmp_path / "out", "--workers", "0", "--device", "cpu")
    code, _, err = run(capsys, "train", recipe, *options)
    assert code == 0
    assert "2 of 2 steps done" in err
    assert list((tmp_path / "out").glob("*.checkpoint.pt"))
    assert "going on from" in run(capsys, "train", recipe, *options)[2]


def test_an_unknown_recipe_is_refused(capsys, tmp_path):
    code, _, err = run(capsys, "train", "nothing", "--data", tmp_path, "--out", tmp_path / "o")
    assert code == 2
    assert "nothing" in err
