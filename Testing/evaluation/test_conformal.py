import numpy as np
import pytest

from KidneySegLib.evaluation.conformal import Value, coverage, fit, half_width, held_out

COUNT = 20


def volumes_off_by(*errors_ml, case="a"):
    """Volumes whose interval grows by 2 mL with each factor."""
    ends = [(100.0 - 2 * n, 100.0 + 2 * n) for n in range(COUNT)]
    return [Value(case, 100 + e, 100, ends) for e in errors_ml]


def test_the_factor_that_nine_of_ten_need_is_fitted():
    values = volumes_off_by(*[1] * 17, -7, 31)
    assert fit(values, fallback=8) == 4  # rank 18 of 19
    assert coverage(values, 4) == pytest.approx(18 / 19)
    assert half_width(values, 4) == pytest.approx(0.08)
    assert fit(volumes_off_by(1, 3, 5), fallback=8) == 3  # too few: the largest
    unheld = volumes_off_by(1000)
    assert unheld[0].needed() == COUNT
    assert fit(unheld, fallback=8) == COUNT - 1


def test_without_values_nothing_is_fitted():
    assert fit([], fallback=8) == 8
    assert np.isnan(coverage([], 3))
    assert np.isnan(half_width([], 3))


def test_a_ct_is_judged_by_the_others():
    values = volumes_off_by(1, 1, case="a") + volumes_off_by(7, case="b")
    assert held_out(values, lambda v: fit(v, fallback=8)) == [True, True, False]


@pytest.mark.parametrize("nominal", [0.8, 0.9])
def test_new_draws_of_one_bag_are_held_as_often_as_promised(rng, nominal):
    held = []
    for _ in range(400):
        errors = rng.normal(0, 8, 40)
        chosen = fit(volumes_off_by(*errors[:-1]), fallback=8, nominal=nominal)
        held.append(volumes_off_by(errors[-1])[0].holds(chosen))
    assert np.mean(held) > nominal - 0.04
