import numpy as np
import pytest
from segmentation_nodes import erase_top, names, removals_of

from KidneySegLib import mrml

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")


@pytest.fixture
def owner(node, case, removed):
    removals = removals_of(removed, case[0].geometry, "tumor")
    record = {"removed_components": [{**r, "restored": False} for r in removals]}
    made = mrml.add_to_scene(case[1], node, record=record).segmentation
    mrml.add_candidates(case[1], removed, removals, node, made)
    mrml.fill_table(mrml.measure_segmentation(made, node), made, node)
    return made


def state(owner, node):
    """All that a user sees of a result."""
    return (
        names(owner),
        mrml.labels_from_segmentation(owner, node).array.tobytes(),
        mrml.stored_numbers(owner).as_dict(),
        mrml.stored_record(owner),
        mrml.stored_changes(owner),
        mrml.why_stale(owner),
        [row[1:] for row in mrml.candidate_list(owner)],
        mrml.corrections(owner),
    )


def test_a_run_that_made_everything_is_taken_back_whole(scene, node, case):
    before = scene.GetNumberOfNodes()
    point = mrml.Checkpoint(None, "the run")
    made = mrml.add_to_scene(case[1], node, record=None).segmentation
    mrml.fill_table(mrml.measure_segmentation(made, node), made, node)
    assert point.restore(made)
    assert scene.GetNumberOfNodes() == before


def test_a_second_run_and_what_followed_are_taken_back(owner, node, case):
    erase_top(owner, node, "Left renal tumor")
    mrml.fill_table(mrml.measure_segmentation(owner, node), owner, node)
    before = state(owner, node)
    point = mrml.Checkpoint(owner, "the run")
    mrml.add_to_scene(np.zeros_like(case[1]), node, owner, record=None, policy="replace")
    mrml.add_candidates(case[1], np.zeros(case[1].shape, np.uint16), [], node, owner)
    mrml.fill_table(mrml.measure_segmentation(owner, node), owner, node)
    assert names(owner) == []
    assert point.restore()
    assert state(owner, node) == before
    erase_top(owner, node, "Right kidney")  # the copy shares nothing with the scene
    assert point.restore()
    assert state(owner, node) == before


def test_a_restored_candidate_is_taken_back(owner, node):
    before = state(owner, node)
    point = mrml.Checkpoint(owner, "restoring")
    mrml.restore_candidate(owner, mrml.candidate_list(owner)[0][0], node)
    assert state(owner, node) != before
    point.restore()
    assert state(owner, node) == before


def test_a_segmentation_that_is_gone_cannot_come_back(scene, owner):
    point = mrml.Checkpoint(owner, "the run")
    mrml.remove_result(owner)
    assert not point.restore()
