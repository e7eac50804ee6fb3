import numpy as np
import pytest
from phantom import LEFT_CENTER, RIGHT_CENTER, ThresholdEngine, make_phantom

from KidneySegLib.core.errors import InputError
from KidneySegLib.core.progress import Stages
from KidneySegLib.segmenters.base import QUALITIES
from KidneySegLib.segmenters.cascade.segmenter import Cascade
from KidneySegLib.segmenters.places import Hints

POINT = Hints(points=(RIGHT_CENTER,))


def test_stages_are_those_that_run(shipped, package):
    both, fine_only = (Cascade(p, ThresholdEngine()) for p in (shipped, package))
    assert list(both.stages(Hints())) == ["load model", "locate", "segment", "second look"]
    assert list(fine_only.stages(POINT)) == ["load model", "segment"]


def test_hints_replace_the_search(package):
    cascade, ct = Cascade(package, ThresholdEngine()), make_phantom().ct
    found = cascade.locate(ct, POINT, Stages(cascade.stages(POINT)))
    assert [tuple(place.point_ras) for place in found.places] == [RIGHT_CENTER]
    searched = cascade.locate(ct, Hints(), Stages(cascade.stages(Hints())))
    assert len(searched.places) == 2
    assert searched.left_out == []
    wrong = Hints(points=((900.0, 0.0, 0.0),))
    with pytest.raises(InputError, match="outside the CT"):
        cascade.locate(ct, wrong, Stages(cascade.stages(wrong)))


def test_probabilities_of_all_classes_around_places(package):
    cascade, ct = Cascade(package, ThresholdEngine()), make_phantom().ct
    hints = Hints(points=(RIGHT_CENTER, LEFT_CENTER))
    report = Stages(cascade.stages(hints))
    places = cascade.locate(ct, hints, report).places
    regions = cascade.probabilities(ct, places, quality=QUALITIES["fast"], report=report)
    for region in regions:
        assert len(region.shares) == len(cascade.classes)
        np.testing.assert_allclose(region.shares.sum(axis=0), 1, atol=1e-4)
