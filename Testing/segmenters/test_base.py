from phantom import ThresholdEngine

from KidneySegLib.models.manifest import AXIAL_STAGES
from KidneySegLib.segmenters import open_segmenter
from KidneySegLib.segmenters.base import QUALITIES
from KidneySegLib.segmenters.cascade.segmenter import Cascade


def test_more_quality_is_more_work():
    fast, balanced, best = (QUALITIES[name] for name in ("fast", "balanced", "best"))
    assert fast.overlap < balanced.overlap == best.overlap
    assert len(fast.mirror_axes) == len(balanced.mirror_axes) < len(best.mirror_axes)
    assert all(axes in ((), (2,)) for q in QUALITIES.values() for axes in q.mirror_axes)


def test_a_package_is_run_by_the_cascade(shipped):
    segmenter = open_segmenter(shipped, ThresholdEngine())
    assert isinstance(segmenter, Cascade)
    assert segmenter.classes == shipped.stages[AXIAL_STAGES[0]].classes
    assert segmenter.model is shipped
