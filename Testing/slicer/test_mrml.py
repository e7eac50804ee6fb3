"""The real scene: CT nodes in, segments and tables out, under every kind of transform."""

import dataclasses
import json

import numpy as np
import pytest

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")

from phantom import (  # noqa: E402
    CYST_RADIUS,
    TUMOR_CENTER,
    TUMOR_RADIUS,
    ellipsoid,
    grid,
    make_phantom,
    sphere_ml,
)
from scene import add_ct, put_under_bend, put_under_matrix  # noqa: E402

from KidneySegLib import mrml  # noqa: E402
from KidneySegLib.core.anatomy import Label, sided_style  # noqa: E402
from KidneySegLib.core.errors import InputError  # noqa: E402
from KidneySegLib.core.volume import Geometry, Volume  # noqa: E402
from KidneySegLib.mrml.segments import segment_ids, tag  # noqa: E402

RECORD = {"model": {"name": "kidneyseg-ct", "sha256": "0" * 64}, "device": "cpu"}


@pytest.fixture(scope="module")
def case():
    """Phantom CT and its true label map, the right kidney with a cyst, the left with a tumor."""
    phantom = make_phantom()
    middle = phantom.ct.geometry.shape[2] // 2
    labels = np.zeros(phantom.tissue.shape, np.uint8)
    right = np.zeros_like(labels, bool)
    right[:, :, middle:] = True
    labels[(phantom.tissue == 1) & right] = Label.RIGHT_KIDNEY
    labels[(phantom.tissue == 1) & ~right] = Label.LEFT_KIDNEY
    labels[phantom.tissue == 2] = Label.TUMOR
    labels[phantom.tissue == 3] = Label.CYST
    return phantom.ct, labels


@pytest.fixture
def node(scene, case):
    return add_ct(case[0])


def names(segmentation_node):
    segmentation = segmentation_node.GetSegmentation()
    count = segmentation.GetNumberOfSegments()
    return [segmentation.GetNthSegment(n).GetName() for n in range(count)]


def segment_id(segmentation_node, name):
    return segmentation_node.GetSegmentation().GetSegmentIdBySegmentName(name)


def erase_top(segmentation_node, volume_node, name):
    """Edit a segment as the Segment Editor does: take away its upper half."""
    chosen = segment_id(segmentation_node, name)
    mask = slicer.util.arrayFromSegmentBinaryLabelmap(segmentation_node, chosen, volume_node)
    slices = np.flatnonzero(mask.any(axis=(1, 2)))
    mask = mask.copy()
    mask[slices[len(slices) // 2] :] = 0
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, segmentation_node, chosen, volume_node)


def scene_text(scene):
    scene.SetSaveToXMLString(1)
    scene.Commit()
    return scene.GetSceneXMLString()


# ------------------------------------------------------------------ CT nodes


def test_a_ct_node_has_the_patients_geometry(node, case):
    volume = mrml.volume_from_node(node)
    np.testing.assert_allclose(volume.geometry.ijk_to_ras, case[0].geometry.ijk_to_ras)
    np.testing.assert_array_equal(volume.array, case[0].array.astype(np.int16))


def test_a_linear_transform_is_part_of_the_geometry(node):
    matrix = np.diag([1.0, 1.0, 1.0, 1.0])
    matrix[:3, 3] = (10, -20, 30)
    before = mrml.volume_from_node(node).geometry.ijk_to_ras
    put_under_matrix(node, matrix)
    after = mrml.volume_from_node(node).geometry.ijk_to_ras
    np.testing.assert_allclose(after[:3, 3] - before[:3, 3], (10, -20, 30))


def test_no_volume_and_wrong_volumes_are_refused(scene):
    with pytest.raises(InputError, match="No CT is chosen"):
        mrml.volume_from_node(None)
    with pytest.raises(InputError, match="no scalar volume"):
        mrml.volume_from_node(scene.AddNewNodeByClass("vtkMRMLTableNode", "table"))
    empty = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "gone")
    with pytest.raises(InputError, match="'gone' holds no image; its file may be gone"):
        mrml.volume_from_node(empty)
    color = scene.AddNewNodeByClass("vtkMRMLVectorVolumeNode", "color")
    slicer.util.updateVolumeFromArray(color, np.zeros((4, 5, 6, 4), np.uint8))
    with pytest.raises(InputError, match="'color' has 4 values a voxel"):
        mrml.volume_from_node(color)


# ------------------------------------------------------------------ segments


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


def test_the_result_lies_beside_the_ct_and_refers_to_it(scene, node, case):
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    patient = hierarchy.CreateFolderItem(hierarchy.GetSceneItemID(), "study")
    hierarchy.CreateItem(patient, node)
    segmentation_node = mrml.add_to_scene(case[1], node, record=None).segmentation
    table = mrml.fill_table(mrml.measure_segmentation(segmentation_node, node), segmentation_node)
    for made in (segmentation_node, table):
        assert hierarchy.GetItemParent(hierarchy.GetItemByDataNode(made)) == patient
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
    assert measurements.sides == ()
    assert mrml.fill_table(measurements, segmentation_node).GetNumberOfRows() == 0


def test_window_and_level_stay(node, case):
    node.GetDisplayNode().SetAutoWindowLevel(False)
    node.GetDisplayNode().SetWindowLevel(350, 40)
    mrml.add_to_scene(case[1], node, record=None)
    assert node.GetDisplayNode().GetWindow() == 350
    assert node.GetDisplayNode().GetLevel() == 40


def test_a_volume_that_changed_during_the_run_is_refused(node, case):
    with pytest.raises(InputError, match="was changed during the run"):
        mrml.add_to_scene(case[1][:-1], node, record=None)


# ------------------------------------------------------------------ running again


def test_a_second_run_replaces_what_was_not_edited(node, case):
    first = mrml.add_to_scene(case[1], node, record=None)
    other = np.where(case[1] == Label.CYST, 0, case[1])
    second = mrml.add_to_scene(other, node, first.segmentation, record=None)
    assert second.segmentation is first.segmentation
    assert second.kept == ()
    assert names(second.segmentation) == ["Right kidney", "Left kidney", "Left renal tumor"]


def test_edited_segments_and_the_users_own_survive_a_second_run(node, case):
    segmentation_node = mrml.add_to_scene(case[1], node, record=None).segmentation
    segmentation_node.GetSegmentation().AddEmptySegment("", "my note")
    erase_top(segmentation_node, node, "Left renal tumor")
    chosen = segment_id(segmentation_node, "Left renal tumor")
    edited = slicer.util.arrayFromSegmentBinaryLabelmap(segmentation_node, chosen, node).copy()
    update = mrml.add_to_scene(case[1], node, segmentation_node, record=None)
    assert update.kept == ("Left renal tumor (edited)",)
    assert set(names(segmentation_node)) == {
        "my note",
        "Left renal tumor (edited)",
        "Right kidney",
        "Left kidney",
        "Left renal tumor",
        "Right renal cyst",
    }
    kept = slicer.util.arrayFromSegmentBinaryLabelmap(
        segmentation_node, segment_id(segmentation_node, "Left renal tumor (edited)"), node
    )
    np.testing.assert_array_equal(kept, edited)
    np.testing.assert_array_equal(
        mrml.labels_from_segmentation(segmentation_node, node).array, case[1]
    )
    assert mrml.add_to_scene(case[1], node, segmentation_node, record=None).kept == ()


def test_a_kept_segment_counts_where_the_new_run_found_nothing(node, case):
    segmentation_node = mrml.add_to_scene(case[1], node, record=None).segmentation
    erase_top(segmentation_node, node, "Left renal tumor")
    without = np.where(case[1] == Label.TUMOR, 0, case[1])
    mrml.add_to_scene(without, node, segmentation_node, record=None)
    labels = mrml.labels_from_segmentation(segmentation_node, node)
    assert 0 < (labels.array == Label.TUMOR).sum() < (case[1] == Label.TUMOR).sum()


def test_undo_takes_a_whole_run_back(scene, node, case):
    scene.SetUndoOn()
    for n in range(scene.GetNumberOfNodes()):
        scene.GetNthNode(n).SetUndoEnabled(True)
    levels = scene.GetNumberOfUndoLevels()
    mrml.add_to_scene(case[1], node, record=None)
    assert scene.GetNumberOfUndoLevels() == levels + 1


def test_segments_under_another_transform_are_not_moved(scene, node, case):
    mine = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "mine")
    mine.GetSegmentation().AddEmptySegment("", "drawing")
    put_under_matrix(node, np.diag([1.0, 1.0, 1.0, 1.0]))
    with pytest.raises(InputError, match="'mine' lies under another transform"):
        mrml.add_to_scene(case[1], node, mine, record=None)
    assert mine.GetTransformNodeID() is None
    assert names(mine) == ["drawing"]


# ------------------------------------------------------------------ measuring


def true_volumes(segmentation_node, node):
    measurements = mrml.measure_segmentation(segmentation_node, node)
    return {x.kind: (x.volume_ml, x.side, x.feret_3d_mm) for x in measurements.lesions}


def test_volumes_and_diameters(node, case):
    segmentation_node = mrml.add_to_scene(case[1], node, record=None).segmentation
    found = true_volumes(segmentation_node, node)
    assert found["tumor"][0] == pytest.approx(sphere_ml(TUMOR_RADIUS), rel=0.02)
    assert found["tumor"][1] == "left"
    assert found["tumor"][2] == pytest.approx(2 * TUMOR_RADIUS, abs=2.5)
    assert found["cyst"][1] == "right"


@pytest.mark.parametrize(
    ("matrix", "factor"),
    [
        (np.diag([1.1, 1.1, 1.1, 1.0]), 1.331),
        (np.array([[0, -1, 0, 5], [1, 0, 0, 9], [0, 0, 1, -7], [0, 0, 0, 1.0]]), 1.0),
        (np.diag([-1.0, 1.0, 1.0, 1.0]), 1.0),
        (np.array([[1, 0, 0.2, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]]), 1.0),
    ],
    ids=["scaled", "rotated", "mirrored", "sheared"],
)
def test_linear_transforms(node, case, matrix, factor):
    put_under_matrix(node, matrix)
    segmentation_node = mrml.add_to_scene(case[1], node, record=None).segmentation
    assert segmentation_node.GetTransformNodeID() == node.GetTransformNodeID()
    back = mrml.labels_from_segmentation(segmentation_node, node)
    np.testing.assert_array_equal(back.array, case[1])
    found = true_volumes(segmentation_node, node)
    assert found["tumor"][0] == pytest.approx(factor * sphere_ml(TUMOR_RADIUS), rel=0.02)
    assert found["cyst"][0] == pytest.approx(factor * sphere_ml(CYST_RADIUS), rel=0.03)


def test_a_bent_volume_is_measured_in_world_coordinates(node, case):
    put_under_bend(node, scale=1.1)
    segmentation_node = mrml.add_to_scene(case[1], node, record=None).segmentation
    assert segmentation_node.GetTransformNodeID() == node.GetTransformNodeID()
    back = mrml.labels_from_segmentation(segmentation_node, node)
    np.testing.assert_array_equal(back.array, case[1])
    found = true_volumes(segmentation_node, node)
    assert found["tumor"][0] == pytest.approx(1.331 * sphere_ml(TUMOR_RADIUS), rel=0.02)
    assert found["tumor"][2] == pytest.approx(2.2 * TUMOR_RADIUS, abs=2.5)


def test_anisotropic_and_oblique_volumes(scene):
    turn = np.eye(4)
    turn[:3, :3] = np.linalg.qr(np.array([[1.0, 0.2, 0.1], [-0.2, 1, 0.15], [-0.1, -0.2, 1]]))[0]
    turn[:3, :3] *= np.sign(np.diag(turn[:3, :3]))
    straight = make_phantom(grid((4.0, 1.0, 1.0)))
    geometry = Geometry(straight.ct.geometry.shape, turn @ straight.ct.geometry.ijk_to_ras)
    ct = Volume(straight.ct.array, geometry)
    labels = np.where(straight.tissue == 2, np.uint8(Label.TUMOR), np.uint8(0))
    labels[straight.tissue == 1] = Label.LEFT_KIDNEY
    node = add_ct(ct)
    segmentation_node = mrml.add_to_scene(labels, node, record=None).segmentation
    found = true_volumes(segmentation_node, node)
    assert found["tumor"][0] == pytest.approx(sphere_ml(TUMOR_RADIUS), rel=0.03)


def test_the_users_own_tumor_is_measured_by_its_terminology(node, case):
    without = np.where(case[1] == Label.TUMOR, 0, case[1])
    segmentation_node = mrml.add_to_scene(without, node, record=None).segmentation
    segmentation = segmentation_node.GetSegmentation()
    own = segmentation.AddEmptySegment("", "drawn by hand")
    mask = (case[1] == Label.TUMOR).astype(np.uint8)
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, segmentation_node, own, node)
    assert "tumor" not in true_volumes(segmentation_node, node)
    terminology = sided_style(Label.TUMOR, "left").terminology()
    segmentation.GetSegment(own).SetTag("TerminologyEntry", terminology)
    found = true_volumes(segmentation_node, node)
    assert found["tumor"][0] == pytest.approx(sphere_ml(TUMOR_RADIUS), rel=0.02)


def test_the_users_terminology_wins_and_makes_the_table_stale(node, case):
    segmentation_node = mrml.add_to_scene(case[1], node, record=None).segmentation
    table = mrml.fill_table(mrml.measure_segmentation(segmentation_node, node), segmentation_node)
    segment = segmentation_node.GetSegmentation().GetSegment(
        segment_id(segmentation_node, "Left renal tumor")
    )
    segment.SetTag("TerminologyEntry", sided_style(Label.CYST, "left").terminology())
    assert mrml.is_stale(table, segmentation_node)
    measurements = mrml.measure_segmentation(segmentation_node, node)
    assert [x.kind for x in measurements.lesions] == ["cyst", "cyst"]
    update = mrml.add_to_scene(case[1], node, segmentation_node, record=None)
    assert update.kept == ("Left renal tumor (edited)",)


def test_segments_of_something_else_cannot_be_measured(scene, node):
    other = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "liver")
    other.GetSegmentation().AddEmptySegment("", "Liver")
    with pytest.raises(InputError, match="No segment of 'liver' is known as kidney"):
        mrml.measure_segmentation(other, node)


# ------------------------------------------------------------------ tables


def test_the_table_has_units_and_a_row_for_every_lesion(node, case):
    segmentation_node = mrml.add_to_scene(case[1], node, record=None).segmentation
    table = mrml.fill_table(mrml.measure_segmentation(segmentation_node, node), segmentation_node)
    assert table.GetNumberOfRows() == 10
    assert table.GetColumnUnitLabel("Volume") == "mL"
    assert table.GetColumnUnitLabel("Largest diameter, 3D") == "mm"
    assert table.GetCellText(8, 0) == "Tumor 1"
    low, volume, high = (float(table.GetCellText(8, n)) for n in (3, 2, 4))
    assert volume == pytest.approx(sphere_ml(TUMOR_RADIUS), rel=0.02)
    assert low < sphere_ml(TUMOR_RADIUS) < high
    assert table.GetColumnUnitLabel("Volume, low") == "mL"


def test_a_table_remembers_its_measurements_until_an_edit(node, case):
    segmentation_node = mrml.add_to_scene(case[1], node, record=None).segmentation
    assert mrml.stored_measurements(segmentation_node) is None
    found = mrml.measure_segmentation(segmentation_node, node)
    mrml.fill_table(found, segmentation_node)
    assert mrml.stored_measurements(segmentation_node) == found
    erase_top(segmentation_node, node, "Left renal tumor")
    assert mrml.stored_measurements(segmentation_node) is None


def test_a_lesion_that_the_network_doubts_says_so(node, case):
    segmentation_node = mrml.add_to_scene(case[1], node, record=None).segmentation
    found = mrml.measure_segmentation(segmentation_node, node)
    doubted = dataclasses.replace(found.lesions[0], probability=0.45, doubtful=True)
    rows = mrml.table_rows(dataclasses.replace(found, lesions=(doubted, *found.lesions[1:])))
    assert "45 %" in rows[8][-1]
    assert "unsure" not in rows[7][-1]


def test_the_table_is_stale_after_an_edit_and_fresh_after_measuring(node, case):
    segmentation_node = mrml.add_to_scene(case[1], node, record=None).segmentation
    table = mrml.fill_table(mrml.measure_segmentation(segmentation_node, node), segmentation_node)
    assert not mrml.is_stale(table, segmentation_node)
    erase_top(segmentation_node, node, "Left renal tumor")
    assert mrml.is_stale(table, segmentation_node)
    mrml.fill_table(mrml.measure_segmentation(segmentation_node, node), segmentation_node, table)
    assert not mrml.is_stale(table, segmentation_node)
    assert float(table.GetCellText(8, 2)) < 0.7 * sphere_ml(TUMOR_RADIUS)


# ------------------------------------------------------------------ saved scenes


def test_a_scene_file_keeps_segments_fingerprints_and_records(scene, node, case, tmp_path):
    segmentation_node = mrml.add_to_scene(case[1], node, record=RECORD).segmentation
    table = mrml.fill_table(mrml.measure_segmentation(segmentation_node, node), segmentation_node)
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
    assert not any(mrml.is_edited(again, s) for s in segment_ids(again))
    table = scene.GetFirstNodeByClass("vtkMRMLTableNode")
    assert table.GetNumberOfRows() == rows
    assert not mrml.is_stale(table, again)
    update = mrml.add_to_scene(case[1], ct, again, record=None)
    assert update.kept == ()


def test_a_segment_on_another_grid_is_resampled(scene, node, case):
    other = add_ct(make_phantom(grid((3.0, 2.0, 2.0))).ct, "coarse")
    segmentation_node = mrml.add_to_scene(case[1], node, record=None).segmentation
    labels = mrml.labels_from_segmentation(segmentation_node, other)
    assert labels.array.shape == slicer.util.arrayFromVolume(other).shape
    volume = (labels.array == Label.TUMOR).sum() * labels.geometry.voxel_volume_ml
    assert volume == pytest.approx(sphere_ml(TUMOR_RADIUS), rel=0.1)


def test_measuring_leaves_the_scene_as_it_is(scene, node, case):
    segmentation_node = mrml.add_to_scene(case[1], node, record=None).segmentation
    before = [scene.GetNthNode(n).GetID() for n in range(scene.GetNumberOfNodes())]
    mrml.measure_segmentation(segmentation_node, node)
    assert [scene.GetNthNode(n).GetID() for n in range(scene.GetNumberOfNodes())] == before


# ------------------------------------------------------------------ removed components


def removals_of(rejected, geometry, tissue):
    rows = []
    for number in np.unique(rejected[rejected > 0]).tolist():
        volume_ml = float((rejected == number).sum() * geometry.voxel_volume_ml)
        rows.append({"id": number, "tissue": tissue, "reason": "far", "volume_ml": volume_ml})
    return rows


def test_a_kidney_taken_back_has_its_side_in_world_coordinates(node, case, removed):
    put_under_matrix(node, np.diag([-1.0, -1.0, 1.0, 1.0]))
    owner = mrml.add_to_scene(np.zeros_like(case[1]), node, record=None).segmentation
    removals = removals_of(removed, case[0].geometry, "kidney")
    mrml.add_candidates(np.zeros_like(case[1]), removed, removals, node, owner)
    chosen, _, center = mrml.candidate_list(owner)[0]
    assert center[0] > 0
    assert mrml.restore_candidate(owner, chosen, node) == "Right kidney (taken back)"


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


def test_taking_back_is_noted_in_the_record(node, case, removed):
    removals = [{**r, "restored": False} for r in removals_of(removed, case[0].geometry, "tumor")]
    record = {"removed_components": removals}
    owner = mrml.add_to_scene(case[1], node, record=record).segmentation
    mrml.add_candidates(case[1], removed, removals, node, owner)
    mrml.restore_candidate(owner, mrml.candidate_list(owner)[0][0], node)
    found = {r["id"]: r["restored"] for r in mrml.stored_record(owner)["removed_components"]}
    assert found == {7: False, 9: False, 300: True}


@pytest.fixture
def removed(case):
    """Two balls off the kidneys, and one that was relabeled only."""
    rejected = np.zeros(case[1].shape, np.uint16)
    rejected[ellipsoid(case[0].geometry, (60, 30, 0), 8)] = 7
    rejected[ellipsoid(case[0].geometry, (-60, 30, 40), 10)] = 300
    rejected[ellipsoid(case[0].geometry, TUMOR_CENTER, 5)] = 9
    return rejected


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
    assert mrml.measure_segmentation(owner, node).lesions[0].volume_ml > 10


def test_a_doubted_tumor_that_became_kidney_is_taken_back_and_measured(node, case):
    doubted = ellipsoid(case[0].geometry, (60, -20, 0), 5)
    rejected = doubted.astype(np.uint16)
    removals = removals_of(rejected, case[0].geometry, "tumor")
    record = {"removed_components": removals}
    owner = mrml.add_to_scene(case[1], node, record=record).segmentation
    mrml.add_candidates(case[1], rejected, removals, node, owner)
    ((chosen, name, _),) = mrml.candidate_list(owner)
    assert name.startswith("tumor 0.5 mL")
    before = len(mrml.measure_segmentation(owner, node).lesions)
    mrml.restore_candidate(owner, chosen, node)
    assert (mrml.labels_from_segmentation(owner, node).array[doubted] == Label.TUMOR).all()
    assert len(mrml.measure_segmentation(owner, node).lesions) == before + 1


def test_candidates_of_an_earlier_run_are_replaced(scene, node, case, removed):
    owner = mrml.add_to_scene(case[1], node, record=None).segmentation
    removals = removals_of(removed, case[0].geometry, "tumor")
    mrml.add_candidates(case[1], removed, removals, node, owner)
    count = scene.GetNumberOfNodes()
    mrml.add_candidates(case[1], removed, removals, node, owner)
    assert scene.GetNumberOfNodes() == count
    assert mrml.add_candidates(case[1], np.zeros_like(removed), [], node, owner) is None
    assert mrml.candidate_list(owner) == []


def test_a_kidney_taken_back_gets_its_side_and_is_kept_by_the_next_run(node, case, removed):
    owner = mrml.add_to_scene(case[1], node, record=None).segmentation
    removals = removals_of(removed, case[0].geometry, "kidney")
    mrml.add_candidates(case[1], removed, removals, node, owner)
    chosen = mrml.candidate_list(owner)[0][0]
    name = mrml.restore_candidate(owner, chosen, node)
    assert name == "Left kidney (taken back)"
    labels = mrml.labels_from_segmentation(owner, node).array
    assert (labels[removed == 300] == Label.LEFT_KIDNEY).all()
    assert len(mrml.candidate_list(owner)) == 1
    mrml.add_to_scene(case[1], node, owner, record=None)
    assert name in names(owner)
