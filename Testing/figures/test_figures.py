"""The thresholds that the published figures must keep; the whole ones are slow."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

import cleaning
import export_grid
import kept_out_cts


def check_export(scores):
    dice = [case["kidney_and_mass"]["dice"] for case in scores.values()]
    surface = [case["kidney_and_mass"]["surface_dice"] for case in scores.values()]
    assert np.mean(dice) >= 0.993
    assert min(dice) >= 0.985
    assert np.mean(surface) >= 0.998


def check_cleaning(figures):
    assert figures["real_lost"] == 0
    far = [r for r in figures["false"] if r["gap_mm"] > 4 and r["tissue"] == "tumor"]
    small = [r for r in far if r["ml"] < 50]
    assert len(small) > 20
    assert all(r["removed"] for r in small)
    fragments = [r for r in figures["false"] if r["tissue"] == "kidney" and r["ml"] < 0.9]
    assert np.mean([r["removed"] for r in fragments if r["gap_mm"] > 1]) > 0.95


def test_three_maps_survive_a_coarser_grid(shared_data):
    for case in export_grid.evaluate(1.5, most_maps=3).values():
        assert case["kidney_and_mass"]["dice"] >= 0.985
        assert case["kidney_and_mass"]["surface_dice"] >= 0.99


def test_cleaning_of_fifteen_maps(shared_data):
    check_cleaning(cleaning.evaluate(60, most_maps=15))


@pytest.mark.slow
def test_all_native_maps_survive_a_coarser_grid(shared_data):
    check_export(export_grid.evaluate(1.5))


@pytest.mark.slow
def test_cleaning_of_all_maps(shared_data):
    figures = cleaning.evaluate(1000)
    assert len(figures["false"]) >= 950
    check_cleaning(figures)


@pytest.mark.slow
def test_kidneys_of_kept_out_cts(shared_data):
    figures = kept_out_cts.evaluate(None, ("balanced",))["balanced"]
    dice = [row["dice"] for row in figures.values()]
    assert np.mean(dice) >= 0.88
    assert min(dice) >= 0.80
    assert all(row["kidneys_found"] == 2 for row in figures.values())
