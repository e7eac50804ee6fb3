"""Apply, cancel, failures, and what the scene may do during a run."""

import time

import numpy as np
import pytest

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")
pytest.importorskip("PySide6", reason="PySide6 is not installed")

from panels import answers, click, measure, run, scene_nodes, wait  # noqa: E402
from scene import add_ct, put_under_bend, put_under_matrix  # noqa: E402
from segmentation_nodes import erase_top, names, segment_id  # noqa: E402

from KidneySegLib import mrml  # noqa: E402

ALL = ["Right kidney", "Left kidney", "Left renal tumor", "Right renal cyst"]


def test_a_run_fills_scene_and_panel(widget, ct, imitate):
    imitate()
    run(widget)
    made = widget.session.segmentation
    assert names(made) == ALL
    assert mrml.table_of(made).GetNumberOfRows() == widget.ui.lesionTable.rowCount == 10
    assert len(answers(widget)) == 4
    assert widget.ui.applyButton.text == "Apply"
    assert not widget.ui.progressBar.visible
    assert widget.ui.statusLabel.text.startswith("Done in")
    assert "&#9888;" in widget.ui.warningsLabel.text
    assert "sha256" in widget.ui.detailsText.plainText
    for name in ("show3DButton", "editButton", "exportButton", "measureButton", "copyButton"):
        assert getattr(widget.ui, name).enabled


def test_while_it_runs_apply_is_cancel_and_progress_is_shown(widget, ct, imitate):
    imitate("time.sleep(60)")
    widget.parent.show()
    before = scene_nodes()
    click(widget.ui.applyButton)
    while "Segmenting" not in widget.ui.statusLabel.text:
        widget.runner.onTimer()
    assert widget.ui.applyButton.text == "Cancel"
    assert widget.ui.progressBar.value == 400
    assert widget.ui.progressBar.visible
    assert "about 7 s left" in widget.ui.statusLabel.text
    assert not widget.ui.inputsSection.enabled
    begun = time.monotonic()
    click(widget.ui.applyButton)
    assert time.monotonic() - begun < 2
    assert not widget.runner.isRunning
    assert widget.ui.applyButton.text == "Apply"
    assert widget.ui.inputsSection.enabled
    assert scene_nodes() == before
    assert "Canceled" in widget.ui.statusLabel.text


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("sys.exit(1)", "ended with code 1 without a result"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "ended by signal 9"),
        ("say(event='error', message='The volume is no CT.'); sys.exit(2)", "is no CT"),
        ("print('garbage'); print('[')", "without a result"),
    ],
    ids=["crash", "killed", "refused", "garbage"],
)
def test_a_failed_run_says_why_and_leaves_the_scene(widget, ct, imitate, body, said):
    imitate(body)
    before = scene_nodes()
    run(widget)
    assert said in widget.ui.statusLabel.text
    assert "color" in widget.ui.statusLabel.text
    assert "<br>" not in widget.ui.statusLabel.text
    assert scene_nodes() == before
    assert widget.ui.applyButton.text == "Apply"


def test_an_error_is_one_sentence_and_its_details_go_to_the_log(widget, ct, imitate):
    imitate("print('Traceback: something deep', file=sys.stderr); sys.exit(1)")
    run(widget)
    assert "something deep" not in widget.ui.statusLabel.text
    assert "Details are in the log" in widget.ui.statusLabel.text
    assert "something deep" in widget.ui.detailsText.plainText


def test_a_color_volume_is_refused_before_anything_starts(widget, scene):
    color = scene.AddNewNodeByClass("vtkMRMLVectorVolumeNode", "color")
    slicer.util.updateVolumeFromArray(color, np.zeros((4, 5, 6, 4), np.uint8))
    widget._parameterNode.inputVolume = color
    click(widget.ui.applyButton)
    assert not widget.runner.isRunning
    assert "4 values a voxel" in widget.ui.statusLabel.text


def test_a_model_that_is_gone_is_said(widget, ct):
    widget._parameterNode.model = "/nowhere/model"
    run(widget)
    assert "There is no model" in widget.ui.statusLabel.text


def test_an_unexpected_error_does_not_leave_the_panel_running(widget, ct, imitate, monkeypatch):
    imitate()
    monkeypatch.setattr(widget.logic, "addResult", lambda *_, **__: 1 / 0)
    run(widget)
    assert "division by zero" in widget.ui.statusLabel.text
    assert widget.ui.applyButton.text == "Apply"


# ------------------------------------------------------------------ the CT during the run


def move(ct):
    put_under_matrix(ct, np.diag([1.0, 1.0, 1.2, 1.0]))


def stretch(ct):
    ct.SetSpacing(*(1.1 * s for s in ct.GetSpacing()))


def change(ct):
    slicer.util.arrayFromVolume(ct)[:] += 100
    slicer.util.arrayFromVolumeModified(ct)


def next_frame(ct):
    frame = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "next frame")
    frame.CopyContent(ct, True)
    slicer.util.arrayFromVolume(frame)[:] += 1
    ct.CopyContent(frame, False)


@pytest.mark.parametrize("happens", [move, stretch, change, next_frame])
def test_a_ct_that_changes_during_the_run_stops_it(widget, ct, imitate, happens):
    imitate()
    click(widget.ui.applyButton)
    happens(ct)
    before = scene_nodes()
    process = widget.runner.run.job._process
    wait(widget)
    assert scene_nodes() == before
    assert "Stopped:" in widget.ui.statusLabel.text
    assert process.poll() is not None
    assert widget.session.segmentation is None


def test_a_transform_that_does_not_fit_is_said_before_the_start(done, ct):
    put_under_matrix(ct, np.eye(4))
    click(done.ui.applyButton)
    assert not done.runner.isRunning
    assert "lies under another transform" in done.ui.statusLabel.text


def test_a_segmentation_deleted_during_the_run_is_made_anew(done, ct):
    deleted = done.session.segmentation
    click(done.ui.applyButton)
    slicer.mrmlScene.RemoveNode(deleted)
    wait(done)
    assert done.ui.statusLabel.text.startswith("Done")
    assert done.session.segmentation.GetScene() is slicer.mrmlScene


def test_a_bent_ct_is_run_and_measured_in_world(widget, ct, imitate, result):
    from KidneySegLib.kidney_ct.measured import of_result
    from KidneySegLib.result import Result

    put_under_bend(ct, scale=1.1)
    imitate()
    folder = result[1]
    straight = Result.load(folder)
    bent = of_result(
        straight.labels, result[0], straight.measurements, straight.findings, mrml.warp_of(ct)
    )
    ratio = bent.measurements.lesions[0].volume_ml / straight.measurements.lesions[0].volume_ml
    assert ratio == pytest.approx(1.331, rel=0.03)
    run(widget)
    measure(widget)  # with the real child process
    volume = widget.case.numbers.measurements.lesions[0].volume_ml
    assert volume == pytest.approx(bent.measurements.lesions[0].volume_ml, rel=0.01)
    assert widget.case.stale == ()


def test_an_edit_while_it_measures_is_not_called_measured(done, ct):
    made = done.session.segmentation
    erase_top(made, ct, "Left renal tumor")
    done.refresh()
    click(done.ui.measureButton)
    erase_top(made, ct, "Right kidney")
    wait(done)
    assert done.case.stale == ("segments",)
    measure(done)
    assert done.case.stale == ()


# ------------------------------------------------------------------ corrections at a new run


def corrected(done, ct):
    made = done.session.segmentation
    erase_top(made, ct, "Right kidney")
    made.GetSegmentation().RemoveSegment(segment_id(made, "Left renal tumor"))
    done.refresh()
    return made


def test_the_user_is_asked_what_becomes_of_corrections(done, ct, monkeypatch):
    made, asked = corrected(done, ct), []

    def answer(found):
        asked.extend((c.name, c.what) for c in found)
        return "keep"

    monkeypatch.setattr(done.runner, "ask", answer)
    run(done)
    assert asked == [("Right kidney", "edited"), ("Left renal tumor", "deleted")]
    assert names(made) == [n for n in ALL if n != "Left renal tumor"] or set(names(made)) == {
        *ALL
    } - {"Left renal tumor"}
    assert done.case.stale == ()
    sides = {s.side: s.parenchyma_ml for s in done.case.numbers.measurements.sides}
    assert sides["right"] < 0.7 * sides["left"]


def test_canceling_the_question_starts_nothing(done, ct, monkeypatch):
    corrected(done, ct)
    monkeypatch.setattr(done.runner, "ask", lambda found: None)
    click(done.ui.applyButton)
    assert not done.runner.isRunning


@pytest.mark.parametrize(("policy", "count"), [("replace", 4), ("keep", 3), ("beside", 4)])
def test_the_user_decides_once(done, ct, policy, count, monkeypatch):
    made = corrected(done, ct)
    monkeypatch.setattr(done.runner, "ask", lambda found: pytest.fail("was asked"))
    selector = done.ui.correctionsSelector
    selector.setCurrentIndex(selector.findData(policy))
    run(done)
    run(done)
    shown = done.session.segmentation
    assert len(names(shown)) == count
    assert (shown is made) == (policy != "beside")
    if policy == "beside":
        assert len(names(made)) == 3
        assert len(mrml.results_on(ct)) == 2  # the second run had nothing to keep beside


def test_one_step_back_undoes_a_run_and_the_first_one_whole(done, ct):
    made, lines = done.session.segmentation, answers(done)
    click(done.ui.lockButton)
    selector = done.ui.correctionsSelector
    selector.setCurrentIndex(selector.findData("replace"))
    corrected(done, ct)
    measure(done)
    mine = answers(done)
    run(done)
    assert answers(done) == lines
    click(done.ui.stepBackButton)
    assert answers(done) == mine
    assert done.case.stale == ()
    click(done.ui.stepBackButton)
    assert made.GetScene() is None
    assert answers(done) == []
    assert not done.ui.stepBackButton.enabled


# ------------------------------------------------------------------ several CTs


def test_every_loaded_ct_is_run_and_one_table_names_them(widget, ct, imitate, scene, result):
    imitate()
    other = add_ct(result[0], "other phase")
    scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "no CT")
    click(widget.ui.runAllButton)
    end = time.monotonic() + 60
    while (widget.runner.isRunning or widget.runner.whenOver) and time.monotonic() < end:
        widget.runner.onTimer()
    table = scene.GetFirstNodeByName("KidneySeg, all CTs")
    column = [table.GetCellText(n, 0) for n in range(table.GetNumberOfRows())]
    assert set(column) == {"CT", "other phase"}
    assert len(column) == 20
    assert len(mrml.results_on(ct)) == len(mrml.results_on(other)) == 1


def test_frames_of_a_sequence_become_cts_if_the_user_agrees(
    widget, ct, imitate, scene, result, monkeypatch
):
    imitate()
    sequence = scene.AddNewNodeByClass("vtkMRMLSequenceNode", "perfusion")
    for n in range(2):
        sequence.SetDataNodeAtValue(ct, str(n))
    asked = []
    monkeypatch.setattr(
        slicer.util,
        "confirmOkCancelDisplay",
        lambda text, *_: asked.append(text) or True,
        raising=False,
    )
    click(widget.ui.runAllButton)
    end = time.monotonic() + 60
    while (widget.runner.isRunning or widget.runner.whenOver) and time.monotonic() < end:
        widget.runner.onTimer()
    assert "2 frames of sequences" in asked[0]
    table = scene.GetFirstNodeByName("KidneySeg, all CTs")
    column = {table.GetCellText(n, 0) for n in range(table.GetNumberOfRows())}
    assert column == {"CT", "perfusion, frame 1", "perfusion, frame 2"}


def test_a_frame_is_taken_again_only_of_its_own_sequence(widget, ct, scene):
    from KidneySegPanel.all_cts import as_ct, single_cts

    one, other = (scene.AddNewNodeByClass("vtkMRMLSequenceNode") for _ in range(2))
    for sequence in (one, other):
        sequence.SetName("perfusion")
        sequence.SetDataNodeAtValue(ct, "0")
    frame = as_ct(one, 0)
    assert as_ct(one, 0) is frame
    assert as_ct(other, 0) is not frame
    assert len(single_cts()) == 3
    slicer.util.arrayFromVolume(one.GetNthDataNode(0))[0, 0, 0] += 1
    one.GetNthDataNode(0).GetImageData().Modified()
    assert as_ct(one, 0) is not frame


def test_sequences_of_other_things_than_volumes_do_not_matter(widget, ct, scene):
    from KidneySegPanel.all_cts import sequence_frames

    sequence = scene.AddNewNodeByClass("vtkMRMLSequenceNode", "motion")
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "moved")
    sequence.SetDataNodeAtValue(transform, "0")
    assert sequence_frames() == []


def test_a_canceled_batch_stays_canceled(widget, ct, imitate, result):
    imitate("time.sleep(60)")
    add_ct(result[0], "other phase")
    click(widget.ui.runAllButton)
    click(widget.ui.applyButton)
    assert widget.runner.whenOver is None
    imitate()
    run(widget)
    assert len(slicer.util.getNodesByClass("vtkMRMLTableNode")) == 1


def test_a_batch_names_what_failed_and_counts_only_its_own(widget, ct, imitate, scene, result):
    imitate("say(event='error', message='no abdomen'); sys.exit(2)")
    add_ct(result[0], "other phase")
    click(widget.ui.runAllButton)
    end = time.monotonic() + 60
    while widget.runner.whenOver and time.monotonic() < end:
        widget.runner.onTimer()
    assert "Not done: CT, other phase." in widget.ui.statusLabel.text
    assert scene.GetFirstNodeByName("KidneySeg, all CTs") is None


def test_a_result_that_cannot_be_put_into_the_scene_leaves_it_as_it_was(done, ct, monkeypatch):
    made = done.session.segmentation
    before = names(made), answers(done)
    real = mrml.add_candidates

    def fails(*arguments):
        raise RuntimeError("no memory left")

    monkeypatch.setattr(mrml, "add_candidates", fails)
    run(done)
    assert "no memory left" in done.ui.statusLabel.text
    assert (names(made), answers(done)) == before
    done.session.parameters.outputSegmentation = None
    count = len(slicer.util.getNodesByClass("vtkMRMLSegmentationNode"))
    run(done)
    assert len(slicer.util.getNodesByClass("vtkMRMLSegmentationNode")) == count
    monkeypatch.setattr(mrml, "add_candidates", real)


def test_lesions_stay_uncertain_when_a_correction_is_kept(done, ct, monkeypatch):
    uncertain = [line for line in answers(done) if "uncertain" in line]
    found = done.case.numbers.measurements.lesions
    assert uncertain or all(not x.uncertain for x in found)
    made = done.session.segmentation
    made.GetSegmentation().GetSegment(segment_id(made, "Right kidney")).SetName("renamed")
    done.refresh()
    monkeypatch.setattr(done.runner, "ask", lambda _found: "keep")
    run(done)
    after = done.case.numbers.measurements.lesions
    assert [x.uncertain for x in after] == [x.uncertain for x in found]
    click(done.ui.applyButton)
    while not (done.runner.isRunning and done.runner.run.measures):
        done.runner.onTimer()
    click(done.ui.applyButton)  # the measuring that follows the run is canceled
    assert "not measured" in done.ui.statusLabel.text
    measure(done)
    after = done.case.numbers.measurements.lesions
    assert [x.uncertain for x in after] == [x.uncertain for x in found]
    assert [x.probability for x in after] == pytest.approx([x.probability for x in found])


# ------------------------------------------------------------------ scripts


def test_a_script_waits_while_the_application_lives(module, scene, result, imitate, qt_application):
    from PySide6 import QtCore

    imitate("time.sleep(1.5); " + "say(event='error', message='over'); sys.exit(2)")
    ticks, timer = [], QtCore.QTimer()
    timer.setInterval(50)
    timer.timeout.connect(lambda: ticks.append(1))
    timer.start()
    from KidneySegLib.app.job import JobError

    with pytest.raises(JobError, match="over"):
        module.KidneySegLogic().process(add_ct(result[0]))
    timer.stop()
    assert len(ticks) > 5


def test_a_script_needs_no_panel(module, scene, result, imitate):
    imitate()
    node, seen = add_ct(result[0]), []
    logic = module.KidneySegLogic()
    segmentation, table, data = logic.process(node, progress=lambda *news: seen.append(news))
    assert "Left renal tumor" in names(segmentation)
    assert table.GetNumberOfRows() == 10
    assert data["record"]["settings"]["quality"] == "balanced"
    assert seen[0][0] == "segment"
    assert mrml.why_stale(segmentation) == ()


def test_a_script_is_stopped_when_its_ct_changes(module, scene, result, imitate):
    from KidneySegPanel.run import StoppedError

    imitate("time.sleep(60)")
    node = add_ct(result[0])
    with pytest.raises(StoppedError, match="the CT was moved"):
        module.KidneySegLogic().process(node, progress=lambda *_: move(node))


def test_in_this_process(module, scene, result, shipped, monkeypatch):
    from phantom import ThresholdEngine, segment

    from KidneySegLib.engine import torch_engine
    from KidneySegLib.kidney_ct.settings import Settings

    monkeypatch.setattr(torch_engine, "TorchEngine", lambda device: ThresholdEngine())
    node = add_ct(result[0])
    segmentation, _table, _data = module.KidneySegLogic().process(
        node, inChild=False, quality="fast"
    )
    labels = segment(result[0], shipped, ThresholdEngine(), Settings(quality="fast")).labels.array
    found = mrml.labels_from_segmentation(segmentation, node).array
    assert (found != labels).sum() < 200  # the node holds whole HU, the phantom does not


def test_points_and_boxes_become_settings(widget, ct):
    widget.inputs.onPlacePoints()
    widget.inputs.onPlaceRoi()
    node = widget._parameterNode
    node.points.AddControlPoint(60, -20, 0)
    node.roi.SetXYZ(60, -20, 0)
    node.roi.SetRadiusXYZ(30, 40, 50)
    settings = widget.logic.settings(ct, "fast", False, node.points, node.roi)
    assert settings.points == ((60.0, -20.0, 0.0),)
    np.testing.assert_allclose(settings.rois[0], ((30, -60, -50), (90, 20, 50)))


def test_points_and_boxes_that_were_not_placed_do_not_count(widget, ct):
    widget.inputs.onPlacePoints()
    widget.inputs.onPlaceRoi()
    node = widget._parameterNode
    node.points.AddControlPoint(60, -20, 0)
    node.points.UnsetNthControlPointPosition(0)
    settings = widget.logic.settings(ct, "fast", False, node.points, node.roi)
    assert settings.points == ()
    assert settings.rois == ()


def test_refinement_and_operating_point_that_are_chosen_reach_the_run(
    widget, ct, imitate, monkeypatch
):
    imitate()
    seen, start = [], widget.logic.startJob

    def spy(volume, settings, models, **rest):
        seen.append(settings)
        return start(volume, settings, models, **rest)

    monkeypatch.setattr(widget.logic, "startJob", spy)
    run(widget)
    widget.ui.refineSelector.setCurrentIndex(1)
    widget.ui.operatingPointSelector.setCurrentIndex(2)
    run(widget)
    assert [settings.refine for settings in seen] == ["off", "levelset"]
    assert [settings.operating_point for settings in seen] == ["standard", "specific"]


@pytest.mark.parametrize("name", ["segment_one", "segment_folder"])
def test_example_scripts(module, scene, result, imitate, tmp_path, monkeypatch, name):
    import importlib.util
    from pathlib import Path

    imitate()
    examples = Path(__file__).parents[2] / "Resources" / "Examples"
    spec = importlib.util.spec_from_file_location(name, examples / f"{name}.py")
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    source, target = tmp_path / "cts", tmp_path / "out"
    source.mkdir()
    (source / "one.nii.gz").touch()
    (source / "broken.nii.gz").touch()

    def load(path):
        if "broken" in path:
            raise RuntimeError("cannot be loaded")
        return add_ct(result[0])

    monkeypatch.setattr(slicer.util, "loadVolume", load)
    if name == "segment_one":
        assert example.main(source / "one.nii.gz", target) == 0
        assert (target / "measurements.csv").is_file()
    else:
        assert example.main(source, target) == 1
        assert (target / "one" / "measurements.csv").is_file()
        assert not (target / "broken").exists()
