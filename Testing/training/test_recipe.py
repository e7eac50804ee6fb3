import dataclasses
import json

import pytest

from KidneySegLib.core.errors import InputError
from KidneySegLib.training.recipe import load_recipe


def test_shipped_recipes_keep_the_held_back_cases_out():
    kept_out = {"btcv_0010", "btcv_0023", "btcv_0034", "cptac_c3l00189_pv5mm"}
    for name in ("locator", "fine", "axial"):
        recipe = load_recipe(name)
        assert kept_out <= set(recipe.exclude_cases)
        assert recipe.exclude_shapes_from <= 400


def test_axial_recipe_with_places_of_whole_cts_is_refused():
    with pytest.raises(InputError, match="hard negatives"):
        dataclasses.replace(load_recipe("axial"), hard_negative_share=0.1)


def test_recipes_with_planes_that_do_not_fit_are_refused():
    for name, planes in (("fine", 4), ("axial", 0), ("axial", 33)):
        with pytest.raises(InputError, match="planes"):
            dataclasses.replace(load_recipe(name), planes=planes)


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
