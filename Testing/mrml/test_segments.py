import json

import numpy as np
import pytest
from phantom import (
    TUMOR_RADIUS,
    grid,
    make_phantom,
    sphere_ml,
)
from scene import add_ct
from segmentation_nodes import names, segment_id

from KidneySegLib import mrml
from KidneySegLib.core.anatomy import Label
from KidneySegLib.mrml.segments import tag

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")
RECORD = {"model": {"name": "kidneyseg-ct", "sha256": "0" * 64}, "device": "cpu"}


def test_segments_have_names_sides_colors_and_terminology(node, case):
    segmentation_node = mrml.add_to_scene(case[1], node, record=RECORD).segmentation
    assert names(segmentation_node) == [
        "Right kidney",
        "Left kidney",
        "Left renal tumor",
        "Right renal cyst",
    ]
    segmentation = segmentation_node.GetSegmentation()
    kidney = segmentation.GetSegment(segment_id(segmentation_node, "Right kidney"))
    np.testing.assert_allclose(kidney.GetColor(), np.array([185, 102, 83]) / 255, atol=1e-6)
    tags = [tag(segmentation.GetNthSegment(n), "TerminologyEntry") for n in range(4)]
    assert "SCT^64033007^Kidney~SCT^24028007^Right" in tags[0]
    assert tags[2].endswith("SCT^64033007^Kidney~SCT^7771000^Left")
    assert tags[3].endswith("SCT^64033007^Kidney~SCT^24028007^Right")
    assert json.loads(segmentation_node.GetAttribute(mrml.RECORD)) == RECORD


def test_slicer_reads_the_terminology(node, case):
    segmentation_node = mrml.add_to_scene(case[1], node, record=None).segmentation
    entry = slicer.vtkSlicerTerminologyEntry()
    logic = slicer.modules.terminologies.logic()
    chosen = segment_id(segmentation_node, "Left renal tumor")
    segment = segmentation_node.GetSegmentation().GetSegment(chosen)
    text = tag(segment, "TerminologyEntry")
    assert logic.DeserializeTerminologyEntry(text, entry)
    assert entry.GetTypeObject().GetCodeMeaning() == "Mass"
    assert entry.GetRegionModifierObject().GetCodeMeaning() == "Left"


def test_voxels_are_the_label_maps(node, case):
    segmentation_node = mrml.add_to_scene(case[1], node, record=None).segmentation
    back = mrml.labels_from_segmentation(segmentation_node, node)
    np.testing.assert_array_equal(back.array, case[1])


def test_segments_share_one_layer(node, case):
    segmentation_node = mrml.add_to_scene(case[1], node, record=None).segmentation
    assert segmentation_node.GetSegmentation().GetNumberOfLayers() == 1


def test_a_segment_on_another_grid_is_resampled(scene, node, case):
    other = add_ct(make_phantom(grid((3.0, 2.0, 2.0))).ct, "coarse")
    segmentation_node = mrml.add_to_scene(case[1], node, record=None).segmentation
    labels = mrml.labels_from_segmentation(segmentation_node, other)
    assert labels.array.shape == slicer.util.arrayFromVolume(other).shape
    volume = (labels.array == Label.TUMOR).sum() * labels.geometry.voxel_volume_ml
    assert volume == pytest.approx(sphere_ml(TUMOR_RADIUS), rel=0.1)
