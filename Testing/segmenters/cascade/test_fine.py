import dataclasses

import numpy as np
import pytest
from phantom import LEFT_CENTER, RIGHT_CENTER

from KidneySegLib.core.volume import Box
from KidneySegLib.segmenters.base import QUALITIES
from KidneySegLib.segmenters.cascade.fine import segment_regions, with_context
from KidneySegLib.segmenters.places import Place
from KidneySegLib.segmenters.to_native import to_native


@pytest.fixture
def spec(package):
    return dataclasses.replace(package.stages["fine"], patch=(64, 48, 48))


def run(phantom, engine, package, spec, places, quality="fast"):
    return segment_regions(
        phantom.ct,
        places,
        engine.predictor(package.network("fine")),
        spec,
        quality=QUALITIES[quality],
    )


def place(center, half):
    return Place(np.array(center) - half, np.array(center) + half)


def test_region_grows_until_the_kidney_is_inside(phantom, engine, package, spec):
    places = [place(RIGHT_CENTER, np.array([4.0, 4.0, 4.0]))]
    regions = run(phantom, engine, package, spec, places)
    tissue = to_native(regions, phantom.ct.geometry).labels
    right = np.zeros_like(tissue, bool)
    index = np.argwhere(phantom.tissue > 0)
    right[tuple(index[phantom.ct.geometry.ras_from_kji(index)[:, 0] > 0].T)] = True
    found = (tissue > 0) & right
    assert 2 * found.sum() / ((tissue > 0).sum() + right.sum()) > 0.9  # the engine loses the rim


def test_regions_that_overlap_are_joined(phantom, engine, package, spec):
    half = np.array([80.0, 30.0, 60.0])
    regions = run(
        phantom, engine, package, spec, [place(RIGHT_CENTER, half), place(LEFT_CENTER, half)]
    )
    assert len(regions) == 1


def test_no_places_no_regions(phantom, engine, package, spec):
    assert run(phantom, engine, package, spec, []) == []
    empty = to_native([], phantom.ct.geometry)
    assert not empty.labels.any()


def test_quality_decides_the_work(phantom, engine, package, spec):
    places = [place(RIGHT_CENTER, np.array([26.0, 28.0, 54.0]))]
    tiles = {}
    for name in QUALITIES:
        engine.tiles = 0
        run(phantom, engine, package, spec, places, name)
        tiles[name] = engine.tiles
    assert tiles["fast"] < tiles["balanced"] < tiles["best"]


def test_context_stays_in_the_field():
    wide = with_context(Box((0, 5, 30), (4, 9, 40)), (16, 16, 16), (100, 20, 40), 1.5)
    assert wide.start == (0, 0, 16)
    assert wide.stop == (24, 20, 40)
    assert with_context(Box((0, 0, 0), (50, 5, 5)), (8, 8, 8), (60, 60, 60), 1.0).shape[0] == 50
