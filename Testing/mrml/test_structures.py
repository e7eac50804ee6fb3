import numpy as np
import pytest

from KidneySegLib import mrml
from KidneySegLib.measure.structures import StructureMeasurement

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")

FOUND = (
    StructureMeasurement("ureter", "ureter", 5, 1.5, True),
    StructureMeasurement("cortex", "cortex", None, 90.0, False),
    StructureMeasurement("spleen", "other", 7, 120.0, False),
)


def test_structures_stand_beside_the_result_and_are_replaced(node, case):
    from KidneySegLib.mrml.segments import segment_ids

    owner = mrml.add_to_scene(case[1], node, record=None).segmentation
    numbers = np.zeros(case[1].shape, np.uint16)
    numbers[2, 2, 2:5], numbers[4:6, 3, 3] = 5, 7
    made = mrml.add_structures(numbers, FOUND, node, owner)
    names = [made.GetSegmentation().GetSegment(s).GetName() for s in segment_ids(made)]
    assert names == ["spleen, 120.0 mL", "ureter, at least 1.5 mL"]
    assert made in mrml.belongings(owner)
    assert not mrml.corrections(owner)
    again = mrml.add_structures(numbers, FOUND[:1], node, owner)
    assert made.GetScene() is None
    assert len(segment_ids(again)) == 1
    assert mrml.add_structures(None, (), node, owner) is None
    assert again.GetScene() is None
