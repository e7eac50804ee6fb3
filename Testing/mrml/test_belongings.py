import pytest
from scene import add_ct
from segmentation_nodes import removals_of

from KidneySegLib import mrml

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")


@pytest.fixture
def owner(node, case, removed):
    """A segmentation with table, candidates and lines."""
    made = mrml.add_to_scene(case[1], node, record=None).segmentation
    mrml.add_candidates(
        case[1], removed, removals_of(removed, case[0].geometry, "tumor"), node, made
    )
    found = mrml.measure_segmentation(made, node)
    mrml.fill_table(found, made, node)
    mrml.show_diameters(found.measurements, made)
    return made


def test_one_folder_beside_the_ct_holds_everything(scene, owner, node):
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    folder = mrml.folder_of(owner)
    assert hierarchy.GetItemName(folder) == "CT kidneys"
    found = mrml.belongings(owner)
    assert len(found) == 1 + 1 + 2 * 3
    for made in (owner, *found):
        assert hierarchy.GetItemParent(hierarchy.GetItemByDataNode(made)) == folder


def test_removing_a_result_leaves_nothing_of_it(scene, node, owner):
    other = mrml.add_to_scene(mrml.labels_from_segmentation(owner, node).array, node, record=None)
    mrml.remove_result(owner)
    mrml.remove_result(other.segmentation)
    left = {scene.GetNthNode(n).GetClassName() for n in range(scene.GetNumberOfNodes())}
    assert not left & {
        "vtkMRMLSegmentationNode",
        "vtkMRMLSegmentationDisplayNode",
        "vtkMRMLTableNode",
        "vtkMRMLMarkupsLineNode",
    }
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    assert hierarchy.GetItemByName("CT kidneys") in (0, hierarchy.GetInvalidItemID())


def test_results_of_a_ct_are_those_made_or_measured_on_it(scene, owner, node, case):
    other = add_ct(case[0], "another")
    foreign = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "of another program")
    role = foreign.GetReferenceImageGeometryReferenceRole()
    foreign.SetNodeReferenceID(role, node.GetID())
    assert mrml.results_on(node) == [owner]
    assert mrml.results_on(other) == []
    second = mrml.add_to_scene(case[1], node, record={"findings": []}).segmentation
    assert mrml.results_on(node) == [owner, second]


def test_a_copy_leaves_the_candidates_to_the_first(scene, owner, node, case, removed):
    copy = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "copy")
    copy.Copy(owner)
    candidates = mrml.candidates_of(owner)
    assert mrml.candidates_of(copy) is candidates
    removals = removals_of(removed, case[0].geometry, "tumor")
    mrml.add_candidates(case[1], removed, removals, node, copy)
    assert mrml.candidates_of(copy) is not candidates
    mrml.remove_result(copy)
    assert candidates.GetScene() is scene


def test_candidates_know_whose_they_are(owner):
    assert mrml.owner_of_candidates(mrml.candidates_of(owner)) is owner
    assert mrml.owner_of_candidates(owner) is None


def test_everything_stays_together_when_a_scene_is_imported_beside_itself(scene, owner, tmp_path):
    assert scene.WriteToMRB(str(tmp_path / "scene.mrb"), None)
    assert scene.ReadFromMRB(str(tmp_path / "scene.mrb"), False)
    nodes = slicer.util.getNodesByClass("vtkMRMLSegmentationNode", scene=scene)
    owners = [n for n in nodes if mrml.candidates_of(n) is not None]
    assert len(owners) == 2
    sets = [{n.GetID() for n in mrml.belongings(n)} for n in owners]
    assert [len(s) for s in sets] == [8, 8]
    assert not sets[0] & sets[1]
    assert all(mrml.why_stale(n) == () for n in owners)
