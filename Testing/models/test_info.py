import dataclasses

import pytest

from KidneySegLib.models.info import ModelInfo


def test_a_foreign_model_inherits_no_limits_and_no_factors():
    info = ModelInfo("other", "1", "MIT", "0" * 64)
    assert info.limits == {}
    assert info.interval_factors is None
    assert info.lesion_warnings == info.weak_phases == ()
    with pytest.raises(dataclasses.FrozenInstanceError):
        info.name = "changed"


def test_the_shipped_model_brings_its_own(shipped):
    assert isinstance(shipped, ModelInfo)
    assert {"locator", "fusion", "bone", "foreign-mass", "unsure-lesion"} <= set(shipped.limits)


def test_what_was_chosen_about_each_model_of_a_record():
    from KidneySegLib.models.info import choice_in

    assert choice_in({"name": "a"}) == [{}]
    assert choice_in({"choice": {"mirror": True}}) == [{"mirror": True}]
    parts = [{"name": "a"}, {"choice": {"folds": ["0"]}}]
    assert choice_in({"parts": parts}) == [{}, {"folds": ["0"]}]
