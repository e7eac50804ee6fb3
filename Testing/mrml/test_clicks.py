import numpy as np
import pytest
from phantom import CYST_CENTER, TUMOR_CENTER, TUMOR_RADIUS, sphere_ml
from scene import put_under_bend, put_under_matrix
from segmentation_nodes import names, segment_id, true_volumes

from KidneySegLib import mrml
from KidneySegLib.core.anatomy import Label
from KidneySegLib.core.errors import InputError
from KidneySegLib.mrml.segments import segment_ml

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")


@pytest.fixture
def missed(node, case):
    """A result that missed the left tumor: there is nothing."""
    without = np.where(case[1] == Label.TUMOR, 0, case[1])
    return mrml.add_to_scene(without, node, record=None).segmentation


def turn(node, owner):
    del owner
    matrix = np.eye(4)
    matrix[:3, 3] = (10, -20, 30)
    put_under_matrix(node, matrix)


def test_a_missed_tumor_is_added_with_its_side(node, missed):
    added = mrml.add_lesion(missed, node, TUMOR_CENTER)
    assert names(missed)[-1] == "Left renal tumor (added)"
    volume = true_volumes(missed, node)["tumor"]
    assert volume[0] == pytest.approx(sphere_ml(TUMOR_RADIUS), rel=0.25)
    assert volume[1] == "left"
    (correction,) = mrml.corrections(missed)
    assert (correction.segment_id, correction.what) == (added, "added")


def test_clicks_are_in_world_under_matrices_and_bends(node, case, missed):
    straight = segment_ml(missed, mrml.add_lesion(missed, node, TUMOR_CENTER))
    for transform, place in (
        (put_under_matrix(node, np.diag([1.0, 1.0, 1.0, 1.0])), TUMOR_CENTER),
        (put_under_bend(node, scale=1.1), tuple(1.1 * x for x in TUMOR_CENTER)),
    ):
        node.SetAndObserveTransformNodeID(transform.GetID())
        without = np.where(case[1] == Label.TUMOR, 0, case[1])
        owner = mrml.add_to_scene(without, node, record=None).segmentation
        added = mrml.add_lesion(owner, node, place)
        assert segment_ml(owner, added) == pytest.approx(straight, rel=0.02)


def test_a_false_lesion_goes_and_its_place_in_the_kidney_is_filled(node, case):
    owner = mrml.add_to_scene(case[1], node, record=None).segmentation
    kidney = segment_ml(owner, segment_id(owner, "Right kidney"))
    cyst = segment_ml(owner, segment_id(owner, "Right renal cyst"))
    changed = mrml.remove_lesion(owner, node, CYST_CENTER)
    assert segment_id(owner, "Right renal cyst") in changed
    assert "cyst" not in true_volumes(owner, node)
    grown = segment_ml(owner, segment_id(owner, "Right kidney")) - kidney
    assert 0 < grown <= cyst * 1.01
    with pytest.raises(InputError, match="no lesion where you clicked"):
        mrml.remove_lesion(owner, node, CYST_CENTER)


def test_in_a_crop_around_one_kidney_it_is_that_kidney(scene, case):
    """The middle of the CT says nothing there."""
    from phantom import CYST_CENTER
    from scene import add_ct

    from KidneySegLib.core.volume import Box, Volume

    half = case[1].shape[2] // 2
    box = Box((0, 0, half), case[1].shape)
    ct = case[0].cropped(box)
    crop = add_ct(Volume(np.ascontiguousarray(ct.array), ct.geometry), "crop")
    owner = mrml.add_to_scene(np.ascontiguousarray(case[1][box.slices]), crop, record=None)
    kidney = segment_id(owner.segmentation, "Right kidney")
    before = segment_ml(owner.segmentation, kidney)
    mrml.remove_lesion(owner.segmentation, crop, CYST_CENTER)
    assert segment_ml(owner.segmentation, kidney) > before
