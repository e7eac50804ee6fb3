import json
from pathlib import Path

import numpy as np
import pytest
from scene import put_under_matrix
from segmentation_nodes import names

from KidneySegLib import mrml
from KidneySegLib.core.anatomy import Label
from KidneySegLib.core.errors import InputError
from KidneySegLib.mrml.staleness import EARLIER

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")
RECORD = {"model": {"name": "kidneyseg-ct", "sha256": "0" * 64}, "device": "cpu"}


def test_the_result_lies_beside_the_ct_and_refers_to_it(scene, node, case):
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    patient = hierarchy.CreateFolderItem(hierarchy.GetSceneItemID(), "study")
    hierarchy.CreateItem(patient, node)
    segmentation_node = mrml.add_to_scene(case[1], node, record=None).segmentation
    table = mrml.fill_table(
        mrml.measure_segmentation(segmentation_node, node), segmentation_node, node
    )
    folder = mrml.folder_of(segmentation_node)
    assert hierarchy.GetItemParent(folder) == patient
    for made in (segmentation_node, table):
        assert hierarchy.GetItemParent(hierarchy.GetItemByDataNode(made)) == folder
    role = segmentation_node.GetReferenceImageGeometryReferenceRole()
    assert segmentation_node.GetNodeReference(role) is node


def test_nothing_but_the_results_is_left_in_the_scene(scene, node, case):
    before = {scene.GetNthNode(n).GetID() for n in range(scene.GetNumberOfNodes())}
    mrml.add_to_scene(case[1], node, record=None)
    added = [scene.GetNthNode(n) for n in range(scene.GetNumberOfNodes())]
    classes = sorted(n.GetClassName() for n in added if n.GetID() not in before)
    assert classes == ["vtkMRMLSegmentationDisplayNode", "vtkMRMLSegmentationNode"]


def test_an_empty_result_makes_an_empty_segmentation(node, case):
    empty = np.zeros_like(case[1])
    segmentation_node = mrml.add_to_scene(empty, node, record=None).segmentation
    assert names(segmentation_node) == []
    measurements = mrml.measure_segmentation(segmentation_node, node)
    assert measurements.measurements.sides == ()
    assert mrml.fill_table(measurements, segmentation_node, node).GetNumberOfRows() == 0


def test_window_and_level_stay(node, case):
    node.GetDisplayNode().SetAutoWindowLevel(False)
    node.GetDisplayNode().SetWindowLevel(350, 40)
    mrml.add_to_scene(case[1], node, record=None)
    assert node.GetDisplayNode().GetWindow() == 350
    assert node.GetDisplayNode().GetLevel() == 40


def test_a_volume_that_changed_during_the_run_is_refused(node, case):
    with pytest.raises(InputError, match="was changed during the run"):
        mrml.add_to_scene(case[1][:-1], node, record=None)


def test_a_second_run_replaces_what_was_not_edited(node, case):
    first = mrml.add_to_scene(case[1], node, record=None)
    other = np.where(case[1] == Label.CYST, 0, case[1])
    second = mrml.add_to_scene(other, node, first.segmentation, record=None)
    assert second.segmentation is first.segmentation
    assert second.kept == ()
    assert names(second.segmentation) == ["Right kidney", "Left kidney", "Left renal tumor"]


def test_a_segmentation_of_another_ct_is_refused(scene, node, case):
    from scene import add_ct

    owner = mrml.add_to_scene(case[1], node, record=None).segmentation
    other = add_ct(case[0], "another")
    with pytest.raises(InputError, match="was made on another CT, 'CT'"):
        mrml.add_to_scene(case[1], other, owner, record=None)
    assert len(names(owner)) == 4


@pytest.mark.parametrize("by_hand", [False, True])
def test_a_result_whose_ct_is_gone_takes_no_other_ct(scene, node, case, by_hand):
    """Its record, or the numbers of its table, say what CT it is of."""
    from scene import add_ct

    from KidneySegLib.core.source import describe_input
    from KidneySegLib.mrml.volumes import volume_from_node

    record = {"record": {"input": describe_input(volume_from_node(node))}}
    owner = mrml.add_to_scene(case[1], node, record=None if by_hand else record).segmentation
    mrml.fill_table(mrml.measure_segmentation(owner, node), owner, node)
    other = add_ct(case[0].with_array(case[0].array + 500), "another")
    same = add_ct(case[0], "loaded again")
    scene.RemoveNode(node)
    for refused in (
        lambda: mrml.add_to_scene(case[1], other, owner, record=None),
        lambda: mrml.measure_segmentation(owner, other),
    ):
        with pytest.raises(InputError, match="made on another CT"):
            refused()
    assert mrml.measure_segmentation(owner, same).measurements.sides
    mrml.add_to_scene(case[1], same, owner, record=None)


def test_numbers_of_the_run_before_are_gone_until_it_is_measured(node, case):
    owner = mrml.add_to_scene(case[1], node, record=None).segmentation
    table = mrml.fill_table(mrml.measure_segmentation(owner, node), owner, node)
    mrml.add_to_scene(case[1], node, owner, record=None)
    assert mrml.stored_numbers(owner) is None
    assert table.GetNumberOfRows() == 0


def test_segments_under_another_transform_are_not_moved(scene, node, case):
    mine = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "mine")
    mine.GetSegmentation().AddEmptySegment("", "drawing")
    put_under_matrix(node, np.diag([1.0, 1.0, 1.0, 1.0]))
    with pytest.raises(InputError, match="'mine' lies under another transform"):
        mrml.add_to_scene(case[1], node, mine, record=None)
    assert mine.GetTransformNodeID() is None
    assert names(mine) == ["drawing"]


def test_a_scene_file_keeps_segments_fingerprints_and_records(scene, node, case, tmp_path):
    segmentation_node = mrml.add_to_scene(case[1], node, record=RECORD).segmentation
    table = mrml.fill_table(
        mrml.measure_segmentation(segmentation_node, node), segmentation_node, node
    )
    rows = table.GetNumberOfRows()
    path = str(tmp_path / "scene.mrb")
    assert scene.WriteToMRB(path, None)
    scene.Clear(True)
    assert scene.GetNodesByClass("vtkMRMLSegmentationNode").GetNumberOfItems() == 0
    assert scene.ReadFromMRB(path, True)
    again = scene.GetFirstNodeByClass("vtkMRMLSegmentationNode")
    ct = scene.GetFirstNodeByClass("vtkMRMLScalarVolumeNode")
    assert json.loads(again.GetAttribute(mrml.RECORD)) == RECORD
    np.testing.assert_array_equal(mrml.labels_from_segmentation(again, ct).array, case[1])
    assert mrml.corrections(again) == ()
    table = scene.GetFirstNodeByClass("vtkMRMLTableNode")
    assert table.GetNumberOfRows() == rows
    assert mrml.why_stale(again) == ()
    update = mrml.add_to_scene(case[1], ct, again, record=None)
    assert update.kept == ()


def test_a_scene_of_the_version_before_still_works(scene):
    """Saved with slicer-core by the last commit of result format 4, from a phantom of 4 mm."""
    path = Path(__file__).parents[1] / "data" / "scene_of_format_4.mrb"
    assert scene.ReadFromMRB(str(path), True)
    owner = next(
        node
        for node in slicer.util.getNodesByClass("vtkMRMLSegmentationNode", scene=scene)
        if mrml.candidates_of(node) is not None
    )
    stored = mrml.stored_numbers(owner).measurements
    assert mrml.why_stale(owner) == (EARLIER,)
    assert [side.side for side in stored.sides] == ["right", "left"]
    assert {x.kind for x in stored.lesions} == {"tumor", "cyst"}
    assert mrml.table_rows(stored)
    ct = mrml.reference_volume(owner)
    ((candidate, name, _place),) = mrml.candidate_list(owner)
    assert "more than 4 mm from any kidney" in name
    mrml.restore_candidate(owner, candidate, ct)
    (removal,) = mrml.stored_record(owner)["removed_components"]
    assert removal["restored"]
    again = mrml.measure_segmentation(owner, ct).measurements
    assert len(again.lesions) == len(stored.lesions) + 1
    assert again.sides[0].parenchyma_ml == pytest.approx(stored.sides[0].parenchyma_ml)
