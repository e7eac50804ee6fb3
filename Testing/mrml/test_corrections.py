import numpy as np
import pytest
from segmentation_nodes import erase_top, names, segment_id

from KidneySegLib import mrml
from KidneySegLib.core.anatomy import Label, sided_style

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")
ALL = {"Right kidney", "Left kidney", "Left renal tumor", "Right renal cyst"}


@pytest.fixture
def owner(node, case):
    return mrml.add_to_scene(case[1], node, record=None).segmentation


def voxels(owner, node, name):
    return slicer.util.arrayFromSegmentBinaryLabelmap(owner, segment_id(owner, name), node).copy()


def whats(owner):
    return {c.name: c.what for c in mrml.corrections(owner)}


def test_nothing_is_a_correction_after_a_run_or_after_a_scene_was_saved(
    scene, owner, node, tmp_path
):
    assert whats(owner) == {}
    assert scene.WriteToMRB(str(tmp_path / "scene.mrb"), None)
    scene.Clear(True)
    assert scene.ReadFromMRB(str(tmp_path / "scene.mrb"), True)
    assert whats(scene.GetFirstNodeByClass("vtkMRMLSegmentationNode")) == {}


def test_every_kind_of_correction_is_named(owner, node):
    segmentation = owner.GetSegmentation()
    erase_top(owner, node, "Right kidney")
    segmentation.RemoveSegment(segment_id(owner, "Right renal cyst"))
    segmentation.GetSegment(segment_id(owner, "Left kidney")).SetColor(0.1, 0.2, 0.9)
    segmentation.GetSegment(segment_id(owner, "Left renal tumor")).SetName("biopsy this")
    segmentation.AddEmptySegment("", "my note")
    assert whats(owner) == {
        "Right kidney": "edited",
        "Right renal cyst": "deleted",
        "Left kidney": "recolored",
        "biopsy this": "renamed",
        "my note": "added",
    }
    cyst = sided_style(Label.CYST, "left").terminology()
    segmentation.GetSegment(segment_id(owner, "biopsy this")).SetTag("TerminologyEntry", cyst)
    assert whats(owner)["biopsy this"] == "relabeled"


def test_kept_corrections_stay_once_however_often_it_runs(owner, node, case):
    erase_top(owner, node, "Right kidney")
    mine = voxels(owner, node, "Right kidney")
    for _ in range(3):
        update = mrml.add_to_scene(case[1], node, owner, record=None)
        assert update.kept == ("Right kidney (edited)",)
    assert set(names(owner)) == ALL
    np.testing.assert_array_equal(voxels(owner, node, "Right kidney"), mine)


def test_a_false_lesion_that_was_deleted_does_not_come_back(owner, node, case):
    owner.GetSegmentation().RemoveSegment(segment_id(owner, "Left renal tumor"))
    for _ in range(2):
        mrml.add_to_scene(case[1], node, owner, record=None)
        assert set(names(owner)) == ALL - {"Left renal tumor"}


def test_a_cyst_that_was_called_tumor_stays_a_tumor(owner, node, case):
    segment = owner.GetSegmentation().GetSegment(segment_id(owner, "Right renal cyst"))
    segment.SetTag("TerminologyEntry", sided_style(Label.TUMOR, "right").terminology())
    mrml.add_to_scene(case[1], node, owner, record=None)
    assert names(owner).count("Right renal cyst") == 1
    labels = mrml.labels_from_segmentation(owner, node).array
    assert (labels == Label.CYST).sum() == 0
    assert (labels == Label.TUMOR).sum() == (case[1] >= Label.TUMOR).sum()


def test_replacing_brings_everything_back_but_what_the_user_added(owner, node, case):
    erase_top(owner, node, "Right kidney")
    owner.GetSegmentation().RemoveSegment(segment_id(owner, "Left renal tumor"))
    owner.GetSegmentation().AddEmptySegment("", "my note")
    update = mrml.add_to_scene(case[1], node, owner, record=None, policy="replace")
    assert update.kept == ()
    assert set(names(owner)) == {*ALL, "my note"}
    np.testing.assert_array_equal(mrml.labels_from_segmentation(owner, node).array, case[1])
    assert whats(owner) == {"my note": "added"}


def test_a_locked_segment_stays_whatever_the_policy(owner, node, case):
    chosen = segment_id(owner, "Right kidney")
    erase_top(owner, node, "Right kidney")
    erase_top(owner, node, "Left renal tumor")
    mine = voxels(owner, node, "Right kidney")
    mrml.set_locked(owner, chosen, True)
    assert mrml.is_locked(owner, chosen)
    update = mrml.add_to_scene(case[1], node, owner, record=None, policy="replace")
    assert update.kept == ("Right kidney (edited)",)
    np.testing.assert_array_equal(voxels(owner, node, "Right kidney"), mine)
    mrml.set_locked(owner, chosen, False)
    mrml.add_to_scene(case[1], node, owner, record=None, policy="replace")
    np.testing.assert_array_equal(mrml.labels_from_segmentation(owner, node).array, case[1])
