import numpy as np
import pytest
from phantom import ellipsoid, grid

from KidneySegLib.core.anatomy import Label
from KidneySegLib.core.volume import Volume
from KidneySegLib.measure.measurements import measure
from KidneySegLib.measure.sides import SideMeasurement


def side(**values):
    rest = {"density_mean_hu": None, "density_sd_hu": None, "parenchyma_share": 1.0}
    volumes = {"parenchyma_ml": 150.0, "tumor_ml": 10.0, "cyst_ml": 0.0}
    return SideMeasurement("right", incomplete=False, **{**volumes, **rest, **values})


def test_the_interval_of_a_whole_kidney_needs_those_of_its_parts():
    assert side().kidney_interval_ml is None
    parts = {"parenchyma_interval_ml": (140.0, 160.0), "tumor_interval_ml": (8.0, 13.0)}
    assert side(**parts).kidney_interval_ml is None
    assert side(**parts, cyst_interval_ml=(0.0, 0.0)).kidney_interval_ml == (148.0, 173.0)


def test_shares_of_two_kidneys_and_none_where_one_is_cut():
    geometry = grid((2.0, 2.0, 2.0))
    labels = np.zeros(geometry.shape, np.uint8)
    labels[ellipsoid(geometry, (60, 0, 0), (20, 20, 40))] = Label.RIGHT_KIDNEY
    labels[ellipsoid(geometry, (-60, 0, 0), (20, 20, 20))] = Label.LEFT_KIDNEY
    found = measure(Volume(labels, geometry))
    assert [s.parenchyma_share for s in found.sides] == pytest.approx([2 / 3, 1 / 3], abs=0.01)
    cut = measure(Volume(labels[40:], geometry.cropped(_top(geometry.shape))))
    assert [s.parenchyma_share for s in cut.sides] == [None, None]


def _top(shape):
    from KidneySegLib.core.volume import Box

    return Box((40, 0, 0), shape)
