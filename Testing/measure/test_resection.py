"""Resection margins against closed forms."""

import numpy as np
import pytest
from phantom import ellipsoid, grid

from KidneySegLib.anatomy import Label
from KidneySegLib.errors import InputError
from KidneySegLib.measure.resection import plan_resection
from KidneySegLib.volume import Volume


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


def test_without_margin_only_the_tumor_goes(labels):
    plan = plan_resection(labels, "right", margin_mm=0.0)
    assert plan.removed_ml == 0
    assert plan.preserved_share == 1


def test_a_side_without_a_tumor_has_no_plan(labels):
    assert plan_resection(labels, "left") is None
    labels.array[labels.array == Label.LEFT_KIDNEY] = 0
    assert plan_resection(labels, "left") is None


@pytest.mark.parametrize("margin_mm", [-1.0, 31.0, float("nan")])
def test_absurd_margins_are_refused(labels, margin_mm):
    with pytest.raises(InputError, match="0 to 30 mm"):
        plan_resection(labels, "right", margin_mm=margin_mm)
