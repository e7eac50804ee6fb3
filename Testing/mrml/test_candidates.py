import numpy as np
import pytest
from phantom import (
    ellipsoid,
)
from scene import put_under_matrix
from segmentation_nodes import names, removals_of

from KidneySegLib import mrml
from KidneySegLib.core.anatomy import Label
from KidneySegLib.core.errors import InputError

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")


def test_a_kidney_restored_has_its_side_in_world_coordinates(node, case, removed):
    put_under_matrix(node, np.diag([-1.0, -1.0, 1.0, 1.0]))
    owner = mrml.add_to_scene(np.zeros_like(case[1]), node, record=None).segmentation
    removals = removals_of(removed, case[0].geometry, "kidney")
    mrml.add_candidates(np.zeros_like(case[1]), removed, removals, node, owner)
    chosen, _, center = mrml.candidate_list(owner)[0]
    assert center[0] > 0
    restored = mrml.restore_candidate(owner, chosen, node)
    assert owner.GetSegmentation().GetSegment(restored).GetName() == "Right kidney (restored)"


def test_an_erased_or_missing_candidate_is_left_out(node, case, removed):
    owner = mrml.add_to_scene(case[1], node, record=None).segmentation
    removals = removals_of(removed, case[0].geometry, "tumor")
    hidden = mrml.add_candidates(case[1], removed, removals, node, owner)
    chosen = mrml.candidate_list(owner)[0][0]
    empty = np.zeros(case[1].shape, np.uint8)
    slicer.util.updateSegmentBinaryLabelmapFromArray(empty, hidden, chosen, node)
    assert len(mrml.candidate_list(owner)) == 1
    for gone in (chosen, "never there"):
        with pytest.raises(InputError, match="not there any more"):
            mrml.restore_candidate(owner, gone, node)


def test_restoring_is_noted_in_the_record(node, case, removed):
    removals = [{**r, "restored": False} for r in removals_of(removed, case[0].geometry, "tumor")]
    record = {"removed_components": removals}
    owner = mrml.add_to_scene(case[1], node, record=record).segmentation
    mrml.add_candidates(case[1], removed, removals, node, owner)
    mrml.restore_candidate(owner, mrml.candidate_list(owner)[0][0], node)
    found = {r["id"]: r["restored"] for r in mrml.stored_record(owner)["removed_components"]}
    assert found == {7: False, 9: False, 300: True}


@pytest.mark.parametrize("shift", [None, (10, -20, 30)])
def test_removed_components_are_hidden_segments_of_their_own(node, case, removed, shift):
    if shift:
        matrix = np.eye(4)
        matrix[:3, 3] = shift
        put_under_matrix(node, matrix)
    owner = mrml.add_to_scene(case[1], node, record=None).segmentation
    removals = removals_of(removed, case[0].geometry, "tumor")
    hidden = mrml.add_candidates(case[1], removed, removals, node, owner)
    assert mrml.candidates_of(owner) is hidden
    assert not hidden.GetDisplayNode().GetVisibility()
    (_, first, center), (_, second, _) = mrml.candidate_list(owner)
    assert first.startswith("tumor 4.1 mL, far")
    assert second.startswith("tumor 2.1 mL, far")
    np.testing.assert_allclose(center, np.array((-60, 30, 40)) + (shift or (0, 0, 0)), atol=0.5)
    assert mrml.measure_segmentation(owner, node).measurements.lesions[0].volume_ml > 10


def test_a_doubted_tumor_that_became_kidney_is_restored_and_measured(node, case):
    doubted = ellipsoid(case[0].geometry, (60, -20, 0), 5)
    rejected = doubted.astype(np.uint16)
    removals = removals_of(rejected, case[0].geometry, "tumor")
    record = {"removed_components": removals}
    owner = mrml.add_to_scene(case[1], node, record=record).segmentation
    mrml.add_candidates(case[1], rejected, removals, node, owner)
    ((chosen, name, _),) = mrml.candidate_list(owner)
    assert name.startswith("tumor 0.5 mL")
    before = len(mrml.measure_segmentation(owner, node).measurements.lesions)
    mrml.restore_candidate(owner, chosen, node)
    assert (mrml.labels_from_segmentation(owner, node).array[doubted] == Label.TUMOR).all()
    assert len(mrml.measure_segmentation(owner, node).measurements.lesions) == before + 1


def test_candidates_of_an_earlier_run_are_replaced(scene, node, case, removed):
    owner = mrml.add_to_scene(case[1], node, record=None).segmentation
    removals = removals_of(removed, case[0].geometry, "tumor")
    mrml.add_candidates(case[1], removed, removals, node, owner)
    count = scene.GetNumberOfNodes()
    mrml.add_candidates(case[1], removed, removals, node, owner)
    assert scene.GetNumberOfNodes() == count
    assert mrml.add_candidates(case[1], np.zeros_like(removed), [], node, owner) is None
    assert mrml.candidate_list(owner) == []


def test_a_kidney_restored_gets_its_side_and_is_kept_by_the_next_run(node, case, removed):
    owner = mrml.add_to_scene(case[1], node, record=None).segmentation
    removals = removals_of(removed, case[0].geometry, "kidney")
    mrml.add_candidates(case[1], removed, removals, node, owner)
    chosen = mrml.candidate_list(owner)[0][0]
    restored = mrml.restore_candidate(owner, chosen, node)
    name = owner.GetSegmentation().GetSegment(restored).GetName()
    assert name == "Left kidney (restored)"
    labels = mrml.labels_from_segmentation(owner, node).array
    assert (labels[removed == 300] == Label.LEFT_KIDNEY).all()
    assert len(mrml.candidate_list(owner)) == 1
    mrml.add_to_scene(case[1], node, owner, record=None)
    assert name in names(owner)
