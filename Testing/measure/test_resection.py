"""Resection margins against closed forms."""

import numpy as np
import pytest
from phantom import ellipsoid, grid, sphere_ml

from KidneySegLib.core.anatomy import Label
from KidneySegLib.core.errors import InputError
from KidneySegLib.core.volume import Box, Volume
from KidneySegLib.measure.resection import plan_resection, resection_planner


@pytest.fixture(params=[(1.0, 1.0, 1.0), (3.0, 0.9, 0.9)])
def labels(request):
    """A tumor of 1 cm radius in the middle of a block of parenchyma; a block on the other side."""
    geometry = grid(request.param, (160.0, 60.0, 60.0))
    index = np.stack(np.meshgrid(*map(np.arange, geometry.shape), indexing="ij"), axis=-1)
    ras = geometry.ras_from_kji(index.reshape(-1, 3)).reshape(*geometry.shape, 3)
    array = np.zeros(geometry.shape, np.uint8)
    for label, middle in ((Label.RIGHT_KIDNEY, 45), (Label.LEFT_KIDNEY, -45)):
        array[(np.abs(ras - (middle, 0, 0)) < (25, 25, 25)).all(axis=-1)] = label
    array[ellipsoid(geometry, (45, 0, 0), 10)] = Label.TUMOR
    return Volume(array, geometry)


@pytest.mark.parametrize("margin_mm", [3.0, 5.0, 10.0])
def test_a_margin_around_a_ball_is_a_shell(labels, margin_mm):
    plan = plan_resection(labels, "right", margin_mm=margin_mm)
    shell_ml = 4 / 3 * np.pi * ((10 + margin_mm) ** 3 - 10**3) / 1000
    assert plan.removed_ml == pytest.approx(shell_ml, rel=0.08)
    kidney_ml = (labels.array == Label.RIGHT_KIDNEY).sum() * labels.geometry.voxel_volume_ml
    assert plan.removed_ml + plan.preserved_ml == pytest.approx(kidney_ml)
    assert plan.preserved_share == pytest.approx(1 - plan.removed_ml / kidney_ml)
    assert plan.preserved_share < plan.preserved_share_of_both < 1


def test_without_margin_only_the_tumor_goes_and_more_margin_takes_more(labels):
    planner = resection_planner(labels, "right")
    removed = [planner.plan(margin).removed_ml for margin in (0.0, 0.5, 2.0, 8.0, 30.0)]
    assert removed[0] == 0
    assert removed == sorted(removed)
    assert planner.plan(30.0).preserved_share < 0.01


@pytest.mark.parametrize("spacing", [1.0, 1.5, 2.0])
def test_a_tumor_of_one_voxel_has_a_margin_too(spacing):
    geometry = grid((spacing,) * 3, (60.0, 60.0, 60.0))
    array = np.full(geometry.shape, Label.RIGHT_KIDNEY, np.uint8)
    array[tuple(n // 2 for n in geometry.shape)] = Label.TUMOR
    removed = plan_resection(Volume(array, geometry), "right", margin_mm=6.0).removed_ml
    assert removed == pytest.approx(sphere_ml(6.0 + spacing / 2), rel=0.25)


def test_a_side_without_a_tumor_has_no_plan(labels):
    assert plan_resection(labels, "left") is None
    labels.array[labels.array == Label.LEFT_KIDNEY] = 0
    assert plan_resection(labels, "left") is None


@pytest.mark.parametrize("margin_mm", [-1.0, 31.0, float("nan")])
def test_absurd_margins_are_refused(labels, margin_mm):
    with pytest.raises(InputError, match="0 to 30 mm"):
        plan_resection(labels, "right", margin_mm=margin_mm)


def test_no_share_is_given_of_what_the_scan_cuts(labels):
    cut = labels.cropped(Box((0, 0, 0), (labels.array.shape[0] // 2, *labels.array.shape[1:])))
    plan = plan_resection(cut, "right", margin_mm=5.0)
    assert plan.removed_ml > 0
    assert (plan.preserved_share, plan.preserved_share_of_both) == (None, None)
    whole = resection_planner(labels, "right", cut_sides=["left"]).plan(5.0)
    assert whole.preserved_share is not None
    assert whole.preserved_share_of_both is None
