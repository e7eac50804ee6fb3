"""Literature equations by hand."""

import pytest

from KidneySegLib.core.errors import InputError
from KidneySegLib.measure.renal_function import estimate_function


def test_equations_by_hand():
    found = estimate_function(gfr=80, age=60, diameter_mm=50, other_share=0.5)
    assert found.new_baseline_partial == pytest.approx(35 + 52 - 15)
    assert found.new_baseline_radical == pytest.approx(35 + 52 - 15 - 18)
    assert found.radical_by_split == pytest.approx(49.6)
    assert found.partial_by_ratio == pytest.approx(71.2)
    sicker = estimate_function(gfr=80, age=60, diameter_mm=80, other_share=0.5, diabetes=True)
    assert sicker.new_baseline_partial == pytest.approx(found.new_baseline_partial + 3 - 2)


def test_an_only_kidney_cannot_gain_function():
    assert estimate_function(gfr=60, age=50, diameter_mm=30, other_share=1.0).radical_by_split == 60


def test_nothing_is_estimated_by_split_where_the_split_is_not_known():
    found = estimate_function(gfr=60, age=50, diameter_mm=30, other_share=None)
    assert found.radical_by_split is None
    assert found.new_baseline_radical > 0


@pytest.mark.parametrize(
    ("change", "match"),
    [({"gfr": 0}, "GFR is 0"), ({"age": 7}, "age is 7"), ({"other_share": 1.2}, "share")],
)
def test_implausible_input_is_refused(change, match):
    given = {"gfr": 80, "age": 60, "diameter_mm": 50, "other_share": 0.5} | change
    with pytest.raises(InputError, match=match):
        estimate_function(**given)
