"""The right patient: what is shown belongs to the CT and segmentation that are named beside it."""

import numpy as np
import pytest

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")
pytest.importorskip("PySide6", reason="PySide6 is not installed")

from panels import add_views, answers, click, measure, places, run  # noqa: E402
from scene import add_ct, put_under_matrix  # noqa: E402
from segmentation_nodes import erase_top, names, segment_id  # noqa: E402

from KidneySegLib import mrml  # noqa: E402


def shift(mm):
    matrix = np.eye(4)
    matrix[0, 3] = mm
    return matrix


@pytest.fixture
def second(done, result):
    """Another patient's CT, half as large in every direction, run as well."""
    node = add_ct(result[0], "patient 2")
    done.session.parameters.inputVolume = node
    run(done)
    return node


def chosen(done):
    return done.session.ct, done.session.segmentation


def test_the_ct_is_named_and_another_one_shows_nothing_of_it(done, ct, result, qt_application):
    assert "CT: CT kidneys" in done.ui.caseLabel.text
    click(done.ui.copyButton)
    assert qt_application.clipboard().text().startswith("CT: CT kidneys\n")
    done.session.parameters.inputVolume = add_ct(result[0], "patient 2")
    assert answers(done) == []
    assert done.ui.lesionTable.rowCount == 0
    assert done.ui.caseLabel.text == "No result for this CT yet."
    assert done.ui.warningsLabel.text == ""
    assert done.ui.marginText.text == ""
    assert done.ui.candidateSelector.count == 0
    for name in ("copyButton", "copyReportButton", "exportButton", "measureButton"):
        assert not getattr(done.ui, name).enabled


def test_a_ct_brings_its_newest_result_and_a_result_its_ct(done, ct, second):
    two = done.session.segmentation
    done.session.parameters.inputVolume = ct
    one = done.session.segmentation
    assert one is not two
    assert "CT: CT kidneys" in done.ui.caseLabel.text
    done.session.parameters.outputSegmentation = two
    assert chosen(done) == (second, two)
    assert "patient 2" in done.ui.caseLabel.text
    done.session.parameters.outputSegmentation = one
    assert chosen(done) == (ct, one)


def test_choosing_a_result_shows_its_own_numbers_and_measures_into_its_own_table(done, ct, second):
    two = done.session.segmentation
    erase_top(two, second, "Left renal tumor")
    measure(done)
    lines = answers(done)
    (one,) = mrml.results_on(ct)
    done.session.parameters.outputSegmentation = one
    assert answers(done) != lines
    done.refresh()
    click(done.ui.measureButton)
    from panels import wait

    wait(done)
    tables = slicer.util.getNodesByClass("vtkMRMLTableNode")
    assert len(tables) == 2
    assert mrml.table_of(one) is not mrml.table_of(two)


@pytest.mark.parametrize("which", ["ct", "segmentation", "both"])
def test_moving_ct_or_segmentation_marks_the_numbers_and_stops_jumping(done, ct, which):
    views = add_views(ct)
    done.parent.show()
    made = done.session.segmentation
    transform = put_under_matrix(ct if which != "segmentation" else made, shift(35))
    if which == "both":
        made.SetAndObserveTransformNodeID(transform.GetID())
    assert done._soon.active
    done.refresh()
    assert done.ui.staleLabel.visible
    assert "was moved" in done.ui.staleLabel.text
    before = places(views)
    done.results.onNext()
    assert places(views) == before
    assert "was moved since" in done.ui.statusLabel.text
    assert not done.ui.diametersButton.enabled
    measure(done)
    assert done.case.stale == ()
    done.results.onRow(2)
    if which != "segmentation":  # else no view shows where it lies
        lesion = done.case.numbers.measurements.lesions[0]
        np.testing.assert_allclose(places(views), lesion.center_ras_mm, atol=1)
        assert lesion.center_ras_mm[0] == pytest.approx(-86 + 35 * (which == "both"), abs=3)


def test_diameter_lines_are_hidden_while_they_are_not_true(done, ct):
    click(done.ui.diametersButton)
    lines = mrml.diameter_lines(done.session.segmentation)
    assert lines
    transform = put_under_matrix(ct, shift(35))
    done.refresh()
    assert not any(line.GetDisplayNode().GetVisibility() for line in lines)
    slicer.mrmlScene.RemoveNode(transform)
    done.refresh()
    assert done.case.stale == ()
    assert all(line.GetDisplayNode().GetVisibility() for line in lines)


def test_lines_of_a_saved_scene_stay_when_the_module_is_opened(done, module, scene, tmp_path):
    done.enter()
    click(done.ui.diametersButton)
    count = len(mrml.diameter_lines(done.session.segmentation))
    path = str(tmp_path / "scene.mrb")
    assert scene.WriteToMRB(path, None)
    scene.Clear(False)
    assert scene.ReadFromMRB(path, True)
    again = module.KidneySegWidget()
    again.setup()
    assert len(slicer.util.getNodesByClass("vtkMRMLMarkupsLineNode")) == count == 6
    assert again.ui.diametersButton.checked
    again.cleanup()


def test_warnings_survive_measuring_again_and_restoring(done, ct):
    before = {f.code for f in done.case.numbers.findings}
    assert "model" in before
    erase_top(done.session.segmentation, ct, "Right renal cyst")
    done.refresh()
    measure(done)
    assert before <= {f.code for f in done.case.numbers.findings}
    click(done.ui.restoreButton)
    from panels import wait

    wait(done)
    assert before <= {f.code for f in done.case.numbers.findings}


def test_points_and_boxes_belong_to_the_ct_they_were_placed_on(done, ct, second):
    done.session.parameters.inputVolume = ct
    done.inputs.onPlacePoints()
    done.session.parameters.points.AddControlPoint(60, -20, 0)
    done.refresh()
    mine = done.session.parameters.points
    assert "1 point(s)" in done.ui.hintsLabel.text
    done.session.parameters.inputVolume = second
    assert done.session.parameters.points is None
    assert done.ui.hintsLabel.text == ""
    done.session.parameters.inputVolume = ct
    assert done.session.parameters.points is mine


def test_a_turned_box_is_said(widget, ct):
    widget.inputs.onPlaceRoi()
    roi = widget.session.parameters.roi
    roi.SetXYZ(60, -20, 0)
    roi.SetRadiusXYZ(30, 40, 50)
    widget.refresh()
    assert "turned" not in widget.ui.hintsLabel.text
    turn = np.eye(4)
    turn[:2, :2] = [[0.8, -0.6], [0.6, 0.8]]
    put_under_matrix(roi, turn)
    widget.refresh()
    assert "The box is turned" in widget.ui.hintsLabel.text


def test_when_the_ct_is_gone_nothing_is_measured_on_another_one(done, ct, result):
    made = done.session.segmentation
    brighter = add_ct(result[0].with_array(result[0].array + 500), "other phase")
    slicer.mrmlScene.RemoveNode(ct)
    done.refresh()
    assert done.session.segmentation is made
    assert "CT (removed): CT kidneys" in done.ui.caseLabel.text
    assert done.case.stale == ("ct-gone",)
    assert not done.ui.exportButton.enabled
    click(done.ui.measureButton)
    assert not done.runner.isRunning
    assert "no longer in the scene" in done.ui.statusLabel.text
    done.session.parameters.inputVolume = brighter
    assert done.case is None
    click(done.ui.applyButton)
    assert done.runner.isRunning
    done.runner.cancel("")
    done.session.parameters.outputSegmentation = made
    click(done.ui.measureButton)
    assert not done.runner.isRunning
    assert "made on another CT" in done.ui.statusLabel.text
    with pytest.raises(Exception, match="made on another CT"):
        done.logic.export(made, brighter, slicer.app.temporaryPath + "/export")


def test_the_same_ct_loaded_again_may_measure(done, ct, result):
    made = done.session.segmentation
    slicer.mrmlScene.RemoveNode(ct)
    again = add_ct(result[0], "loaded again")
    done.session.parameters.inputVolume = again  # as the red text advises
    assert done.session.segmentation is made
    measure(done)
    assert done.case.ct is again
    assert done.case.stale == ()


def test_candidates_cannot_be_chosen_as_result(done):
    made = done.session.segmentation
    done.session.parameters.outputSegmentation = mrml.candidates_of(made)
    assert done.session.segmentation is made


def test_deleting_a_result_removes_all_of_it(done, scene, ct):
    before = {"vtkMRMLScalarVolumeNode"}
    click(done.ui.diametersButton)
    scene.RemoveNode(done.session.segmentation)
    done.watch.sweep()
    done.refresh()
    left = {scene.GetNthNode(n).GetClassName() for n in range(scene.GetNumberOfNodes())}
    assert before <= left
    for kind in ("Table", "Segmentation", "MarkupsLine", "SegmentationDisplay"):
        assert f"vtkMRML{kind}Node" not in left
    hierarchy = mrml.hierarchy_of(scene)
    assert not hierarchy.GetItemByName("CT kidneys")
    assert done.ui.caseLabel.text == "No result for this CT yet."


def test_a_kidney_without_a_side_stays_in_the_table(done, ct):
    made = done.session.segmentation
    segment = made.GetSegmentation().GetSegment(segment_id(made, "Right kidney"))
    codes = "~".join(
        ("list", "SCT^123037004^Anatomical Structure", "SCT^64033007^Kidney", "^^", "", "^^", "^^")
    )
    segment.SetTag("TerminologyEntry", codes)
    done.refresh()
    assert done.case.stale == ()  # the run's own tag still says which one it is
    segment.RemoveTag("KidneySeg.Label")
    done.refresh()
    assert done.case.stale == ("segments",)
    measure(done)
    assert [s.side for s in done.case.numbers.measurements.sides] == ["right", "left"]
    assert "names no side" in done.ui.warningsLabel.text


def test_the_date_of_the_study_is_named(done, ct, scene):
    hierarchy = mrml.hierarchy_of(scene)
    study = hierarchy.CreateStudyItem(hierarchy.GetSceneItemID(), "study")
    hierarchy.SetItemAttribute(study, "DICOM.StudyDate", "20200131")
    hierarchy.CreateItem(study, ct)
    done.refresh()
    assert "CT, 2020-01-31: CT kidneys" in done.ui.caseLabel.text


def test_a_ct_that_is_renamed_is_named_anew(done, ct):
    ct.SetName("arterial")
    assert done._soon.active
    done.refresh()
    assert "arterial: CT kidneys" in done.ui.caseLabel.text


def test_a_hand_drawn_segmentation_is_measured_on_the_ct_that_is_chosen(widget, ct, scene, case_of):
    mine = case_of(ct)
    widget.session.parameters.outputSegmentation = mine
    assert "CT not known" in widget.ui.caseLabel.text
    assert "Not measured yet" in widget.ui.caseLabel.text
    measure(widget)
    assert widget.case.ct is ct
    assert len(answers(widget)) == 2


@pytest.fixture
def case_of(scene):
    """A segmentation drawn by hand: two kidneys, and no CT noted."""
    from phantom import grid, make_phantom

    from KidneySegLib.core.anatomy import Label, sided_style

    def make(ct):
        mine = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "by hand")
        tissue = make_phantom(grid((2.5, 2.5, 2.5))).tissue > 0
        middle = tissue.shape[2] // 2
        for label, side, half in (
            (Label.RIGHT_KIDNEY, "right", slice(middle, None)),
            (Label.LEFT_KIDNEY, "left", slice(None, middle)),
        ):
            mask = np.zeros(tissue.shape, np.uint8)
            mask[:, :, half] = tissue[:, :, half]
            own = mine.GetSegmentation().AddEmptySegment("", side)
            slicer.util.updateSegmentBinaryLabelmapFromArray(mask, mine, own, ct)
            codes = sided_style(label, side).terminology()
            mine.GetSegmentation().GetSegment(own).SetTag("TerminologyEntry", codes)
        mine.RemoveNodeReferenceIDs(mine.GetReferenceImageGeometryReferenceRole())
        return mine

    return make


def test_steps_belong_to_their_result(done, ct, second):
    two = done.session.segmentation
    done.session.parameters.inputVolume = ct
    one = done.session.segmentation
    click(done.ui.stepBackButton)
    assert one.GetScene() is None
    assert two.GetScene() is slicer.mrmlScene
    done.session.parameters.inputVolume = second
    assert names(two)
    assert done.ui.stepBackButton.enabled


def test_a_result_whose_ct_is_gone_is_never_filled_by_another_patients_run(done, ct, result):
    made = done.session.segmentation
    other = add_ct(result[0].with_array(result[0].array + 1), "patient B")
    slicer.mrmlScene.RemoveNode(ct)
    done.session.parameters.inputVolume = other
    done.session.parameters.outputSegmentation = made
    before = names(made), mrml.stored_record(made)
    click(done.ui.applyButton)
    assert not done.runner.isRunning
    assert "was made on another CT" in done.ui.statusLabel.text
    assert (names(made), mrml.stored_record(made)) == before


def test_a_segmentation_of_another_program_is_not_taken_by_itself(widget, ct, scene, imitate):
    foreign = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "of another program")
    foreign.SetReferenceImageGeometryParameterFromVolumeNode(ct)
    foreign.SetNodeReferenceID(foreign.GetReferenceImageGeometryReferenceRole(), ct.GetID())
    widget.initializeParameterNode()
    assert widget.session.segmentation is None
    imitate()
    run(widget)
    assert widget.session.segmentation is not foreign
    assert names(foreign) == []


def test_a_result_that_cannot_be_read_shows_nothing_of_the_one_before(done, ct, second):
    two = done.session.segmentation
    mrml.table_of(two).SetAttribute("KidneySeg.Measurements", '{"of": "a later version"}')
    done.session.parameters.inputVolume = ct
    assert answers(done)
    done.session.parameters.inputVolume = second
    assert answers(done) == []
    assert done.ui.lesionTable.rowCount == 0
    assert not done.ui.copyButton.enabled
    assert "cannot be read" in done.ui.statusLabel.text
    done.session.parameters.inputVolume = ct
    assert answers(done)


def test_going_back_over_corrections_asks_first(done, ct, monkeypatch):
    made, asked = done.session.segmentation, []
    erase_top(made, ct, "Left renal tumor")
    done.refresh()
    answer = [False, True]

    def confirm(text, *_):
        asked.append(text)
        return answer.pop(0)

    monkeypatch.setattr(slicer.util, "confirmOkCancelDisplay", confirm, raising=False)
    click(done.ui.stepBackButton)
    assert "Left renal tumor" in asked[0]
    assert made.GetScene() is slicer.mrmlScene
    click(done.ui.stepBackButton)
    assert made.GetScene() is None


def test_deleting_the_folder_of_a_result_is_survived(done, scene):
    hierarchy = mrml.hierarchy_of(scene)
    folder = mrml.folder_of(done.session.segmentation)
    hierarchy.RemoveItem(folder, True, True)
    done.watch.sweep()
    done.refresh()
    assert answers(done) == []
    assert slicer.util.getNodesByClass("vtkMRMLTableNode") == []


def test_probabilities_and_tools_of_a_scene_are_forgotten_with_it(done, ct):
    done.enter()
    done.clicks._percent[done.session.segmentation] = ((None, None), mrml.placement_of(ct, ct))
    assert done.clicks._known(done.session.segmentation, ct) is not None
    put_under_matrix(ct, shift(5))
    assert done.clicks._known(done.session.segmentation, ct) is None
    slicer.mrmlScene.Clear(False)
    assert done.clicks._percent == {}
    assert done.watch._followed == {}


def test_choices_are_connected_once_however_often_the_scene_is_closed(widget, ct, monkeypatch):
    widget.enter()
    connected = []
    kind = type(widget._parameterNode)
    monkeypatch.setattr(kind, "connectGui", lambda self, ui: connected.append(self))
    for _ in range(3):
        slicer.mrmlScene.Clear(False)
    assert connected == []
    assert widget._parameterNode is widget._connected


def test_kidneys_only_does_not_say_that_no_mass_was_found(done, qt_application):
    import json

    made = done.session.segmentation
    for name in ("Left renal tumor", "Right renal cyst"):
        made.GetSegmentation().RemoveSegment(segment_id(made, name))
    done.refresh()
    measure(done)
    click(done.ui.copyReportButton)
    assert "No mass is in the segmentation." in qt_application.clipboard().text()
    record = json.loads(made.GetAttribute(mrml.RECORD))
    record["record"]["settings"]["kidneys_only"] = True
    made.SetAttribute(mrml.RECORD, json.dumps(record))
    done.refresh()
    click(done.ui.copyReportButton)
    assert "Masses were not looked for." in qt_application.clipboard().text()


def test_further_edits_of_what_was_edited_are_asked_for_too(done, ct, monkeypatch):
    made, asked = done.session.segmentation, []
    erase_top(made, ct, "Right kidney")
    done.refresh()
    click(done.ui.restoreButton)
    from panels import wait

    wait(done)
    erase_top(made, ct, "Right kidney")
    monkeypatch.setattr(
        slicer.util, "confirmOkCancelDisplay", lambda text, *_: asked.append(text), raising=False
    )
    click(done.ui.stepBackButton)
    assert "Right kidney" in asked[0]


def test_lines_of_a_result_that_is_not_chosen_are_hidden_and_the_users_choice_stays(
    done, ct, second
):
    two = done.session.segmentation
    done.session.parameters.inputVolume = ct
    one = done.session.segmentation
    click(done.ui.diametersButton)
    lines = mrml.diameter_lines(one)
    lines[0].GetDisplayNode().SetVisibility(False)  # by the eye in the Data module
    done.refresh()
    shown = [line.GetDisplayNode().GetVisibility() for line in lines]
    assert shown == [0] + [1] * (len(lines) - 1)
    done.session.parameters.outputSegmentation = two
    assert not any(line.GetDisplayNode().GetVisibility() for line in lines)
    done.session.parameters.outputSegmentation = one
    assert [line.GetDisplayNode().GetVisibility() for line in lines] == shown


def test_a_result_that_cannot_be_read_does_not_block_a_new_run(done, ct):
    made = done.session.segmentation
    made.SetAttribute("KidneySeg.Made", "no JSON")
    done.refresh()
    assert "cannot be read" in done.ui.statusLabel.text
    run(done)
    assert done.session.segmentation is not made
    assert len(answers(done)) == 4


def test_what_was_drawn_by_hand_is_measured_again_after_its_ct_was_edited(widget, ct, case_of):
    mine = case_of(ct)
    widget.session.parameters.outputSegmentation = mine
    measure(widget)
    slicer.util.arrayFromVolume(ct)[:3] += 1
    slicer.util.arrayFromVolumeModified(ct)
    widget.refresh()
    assert widget.case.stale == ("ct-changed",)
    measure(widget)
    assert widget.case.stale == ()
