import numpy as np
import pytest

from KidneySegLib.evaluation.calibration import (
    best_temperature,
    cooled,
    expected_error,
    log_loss,
    probabilities,
    reliability,
)


@pytest.fixture
def calibrated(rng):
    share = rng.random(40000)
    truth = (rng.random(40000) < share).astype(int)
    return np.stack([1 - share, share]), truth


def test_calibrated_probabilities_have_no_error_and_sharpened_ones_do(calibrated):
    shares, truth = calibrated
    assert expected_error(reliability(shares[1], truth == 1)) < 0.02
    sharp = cooled(shares, 0.4)
    assert expected_error(reliability(sharp[1], truth == 1)) > 0.05
    assert log_loss(sharp, truth) > log_loss(shares, truth)
    np.testing.assert_allclose(sharp.sum(axis=0), 1)


def test_the_temperature_that_undoes_a_sharpening_is_found(calibrated):
    shares, truth = calibrated
    assert best_temperature(cooled(shares, 0.5), truth, (0.5, 1.0, 2.0, 4.0)) == 2.0
    assert best_temperature(shares, truth, (0.5, 1.0, 2.0)) == 1.0


def test_percents_become_probabilities_that_sum_to_one():
    found = probabilities(np.array([[0, 100, 30], [0, 0, 30], [0, 0, 10]], np.uint8))
    np.testing.assert_allclose(found.sum(axis=0), 1, atol=1e-6)
    np.testing.assert_allclose(found[:, 2], (0.3, 0.3, 0.3, 0.1), atol=1e-6)
    assert found[0, 0] < 1  # nothing is impossible
    assert found[1, 1] < 1


def test_bins_with_few_voxels_say_nothing():
    assert reliability(np.full(49, 0.5), np.ones(49, bool)) == []
    assert np.isnan(expected_error([]))
