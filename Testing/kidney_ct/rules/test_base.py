import dataclasses

import numpy as np
import pytest
from clean_tissues import LIMITS

from KidneySegLib.core.anatomy import Tissue
from KidneySegLib.kidney_ct.rules import FROM_THE_MODEL, rules_for
from KidneySegLib.kidney_ct.rules.base import dropped, own_limits
from KidneySegLib.kidney_ct.rules.bone import BoneLimits
from KidneySegLib.kidney_ct.scene import Scene


def test_limits_come_from_the_model_or_the_rule_is_left_out():
    assert own_limits(BoneLimits, LIMITS["bone"]).rim_hu == LIMITS["bone"]["rim_hu"]
    assert own_limits(BoneLimits, None) is None
    codes = {rule.code for rule in rules_for({})}
    assert "bone" not in codes
    assert "fragment" in codes
    assert len(rules_for(LIMITS)) == 14


def test_every_limit_has_a_source_and_every_rule_a_code_and_a_description():
    for name in FROM_THE_MODEL:
        assert LIMITS[name]["source"]
    for rule in rules_for(LIMITS):
        assert rule.code
        assert type(rule).__doc__
        limits = getattr(rule, "limits", None)
        assert limits is None or dataclasses.is_dataclass(limits)


def test_dropping_is_one_change_for_each_tissue(tissue, geometry):
    part = tissue > 0
    where = tuple(slice(0, n) for n in tissue.shape)
    changes = list(dropped(Scene(tissue, geometry), "away with it", part, where))
    assert [c.was for c in changes] == [Tissue.KIDNEY, Tissue.TUMOR, Tissue.CYST]
    np.testing.assert_array_equal(sum(c.part for c in changes), part)
    assert {c.becomes for c in changes} == {Tissue.BACKGROUND}


@pytest.mark.parametrize("kind", ["needs", "find", "tell"])
def test_rules_have_what_a_rule_has(kind):
    assert all(hasattr(rule, kind) for rule in rules_for(LIMITS))
