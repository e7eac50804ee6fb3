"""The module's panel on PySide6 with PythonQt's rules, over the real scene."""

import json
import sys
import time
from pathlib import Path

import numpy as np
import pytest

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")
pytest.importorskip("PySide6", reason="PySide6 is not installed")

from phantom import ellipsoid, make_phantom, sphere_ml  # noqa: E402
from scene import add_ct  # noqa: E402

from KidneySegLib.core.anatomy import Label  # noqa: E402
from KidneySegLib.kidney_ct.removals import Removal  # noqa: E402

REJECTED_CENTER = (60.0, 25.0, 0.0)

CHILD = """
import json, sys, time
import numpy as np
folder = sys.argv[-1]
def say(**event): print(json.dumps(event), flush=True)
say(event="progress", stage="segment", share=0.4, left_s=7.0)
{body}
"""
SUCCEED = """
import shutil
for name in ("labels.npy", "rejected.npy", "result.json"):
    shutil.copy({source!r} + "/" + name, folder)
say(event="result")
"""


@pytest.fixture(scope="module")
def result(tmp_path_factory, package):
    """What the library finds in the phantom with an engine that needs no network.

    A removed component is added to it: a ball in front of the right kidney.
    """
    from phantom import ThresholdEngine, segment

    from KidneySegLib.result import write_json

    phantom = make_phantom()
    ct = phantom.ct.with_array(phantom.ct.array.astype(np.int16))  # as a node holds it
    found = segment(ct, package, ThresholdEngine())
    folder = tmp_path_factory.mktemp("result")
    np.save(folder / "labels.npy", found.labels.array.astype(np.uint8))
    data = found.as_dict()
    ball = ellipsoid(phantom.ct.geometry, REJECTED_CENTER, 8)
    np.save(folder / "rejected.npy", ball.astype(np.uint16))
    removal = Removal(
        1,
        "t0a1b2",
        "far-from-kidney",
        "tumor",
        "more than 4 mm from any kidney",
        sphere_ml(8),
        REJECTED_CENTER,
    )
    data["removed_components"] = [removal.as_dict()]
    data["ijk_to_ras"] = ct.geometry.ijk_to_ras.tolist()
    data["record"]["device"] = "CPU"
    write_json(data, folder / "result.json")
    return ct, folder


@pytest.fixture
def imitate(module, tmp_path, monkeypatch, result):
    """Let the child process do what a test says instead of segmenting."""

    def make(body=None):
        if body is None:
            body = SUCCEED.format(source=str(result[1]))
        script = tmp_path / "child.py"
        script.write_text(CHILD.replace("{body}", body))
        program = tmp_path / "PythonSlicer"
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{script}" "$@"\n')
        program.chmod(0o755)
        monkeypatch.setattr(module, "pythonExecutable", lambda: str(program))

    return make


@pytest.fixture
def ct(widget, result):
    node = add_ct(result[0])
    widget.initializeParameterNode()
    return node


def wait(widget, seconds=20.0):
    """Poll as the timer does, until the run is over."""
    end = time.monotonic() + seconds
    while widget._job is not None and time.monotonic() < end:
        widget.onTimer()
        time.sleep(0.02)
    assert widget._job is None


def click(button):
    assert button.enabled, f"{button.objectName} is not enabled"
    button.click()


def run(widget):
    click(widget.ui.applyButton)
    assert widget._job is not None, widget.ui.statusLabel.text
    wait(widget)


def choose_folder(monkeypatch, module, folder):
    """Answer the file dialog."""
    dialog = module.qt.QFileDialog
    monkeypatch.setitem(vars(dialog), "getExistingDirectory", lambda *_: str(folder))


def segment_names(node):
    segmentation = node.GetSegmentation()
    count = segmentation.GetNumberOfSegments()
    return [segmentation.GetNthSegment(n).GetName() for n in range(count)]


def scene_nodes():
    scene = slicer.mrmlScene
    return [scene.GetNthNode(n).GetID() for n in range(scene.GetNumberOfNodes())]


# ------------------------------------------------------------------ opening


def test_the_module_opens_without_torch_and_fast(tmp_path):
    """Opening imports neither torch nor monai nor the library's numerics."""
    import subprocess

    code = (
        "import sys, time; sys.path[:0] = [{support!r}, {module!r}, {root!r}]\n"
        "import os; os.environ['QT_QPA_PLATFORM'] = 'offscreen'\n"
        "from pathlib import Path; from PySide6 import QtWidgets\n"
        "application = QtWidgets.QApplication([])\n"
        "import scene, standins\n"
        "real = scene.RealScene(Path({cache!r})); standins.install(Path({cache!r}))\n"
        "import KidneySeg; panel = KidneySeg.KidneySegWidget(); panel.setup()\n"
        "print([n for n in ('torch', 'monai', 'scipy', 'SimpleITK') if n in sys.modules])"
    )
    root = Path(__file__).parents[2]
    code = code.format(
        support=str(root / "Testing" / "support"),
        module=str(root / "KidneySeg"),
        root=str(root),
        cache=str(tmp_path),
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.splitlines()[-1] == "[]"


def test_nothing_loaded(widget):
    assert not widget.ui.applyButton.enabled
    assert widget.ui.applyButton.toolTip == "Load a CT and choose it above."
    for name in ("show3DButton", "editButton", "exportButton", "measureButton", "copyButton"):
        assert not getattr(widget.ui, name).enabled
    assert "not a medical device" in widget.ui.disclaimerLabel.text


def test_a_volume_that_is_loaded_is_chosen(widget, ct):
    assert widget.ui.inputSelector.currentNode() is ct
    assert widget.ui.applyButton.enabled


def test_every_control_has_a_tool_tip(widget):
    kinds = ("QPushButton", "QToolButton", "QComboBox", "QCheckBox", "qMRMLNodeComboBox")
    controls = {
        n: w for n, w in vars(widget.ui).items() if w._target.metaObject().className() in kinds
    }
    own = {n: w for n, w in controls.items() if not n.startswith("qt_")}
    assert len(own) > 15
    assert [n for n, w in own.items() if not w.toolTip] == []


# ------------------------------------------------------------------ a run


def test_a_run_fills_scene_and_panel(widget, ct, imitate):
    imitate()
    run(widget)
    node = widget._parameterNode
    assert segment_names(node.outputSegmentation) == [
        "Right kidney",
        "Left kidney",
        "Left renal tumor",
        "Right renal cyst",
    ]
    assert node.outputTable.GetNumberOfRows() == widget.ui.lesionTable.rowCount == 10
    assert widget.ui.applyButton.text == "Apply"
    assert not widget.ui.progressBar.visible
    assert widget.ui.statusLabel.text.startswith("Done in")
    assert "experimental" in widget.ui.summaryLabel.text or "&#9888;" in widget.ui.summaryLabel.text
    assert "sha256" in widget.ui.detailsText.plainText
    for name in ("show3DButton", "editButton", "exportButton", "measureButton", "copyButton"):
        assert getattr(widget.ui, name).enabled


def test_while_it_runs_apply_is_cancel_and_progress_is_shown(widget, ct, imitate):
    imitate("time.sleep(60)")
    widget.parent.show()
    before = scene_nodes()
    click(widget.ui.applyButton)
    while "Segmenting" not in widget.ui.statusLabel.text:
        widget.onTimer()
    assert widget.ui.applyButton.text == "Cancel"
    assert widget.ui.progressBar.value == 400
    assert widget.ui.progressBar.visible
    assert "about 7 s left" in widget.ui.statusLabel.text
    assert not widget.ui.inputsSection.enabled
    begun = time.monotonic()
    click(widget.ui.applyButton)
    assert time.monotonic() - begun < 2
    assert widget._job is None
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
    assert "#c62828" in widget.ui.statusLabel.text
    assert scene_nodes() == before
    assert widget.ui.applyButton.text == "Apply"


def test_a_color_volume_is_refused_before_anything_starts(widget, scene):
    color = scene.AddNewNodeByClass("vtkMRMLVectorVolumeNode", "color")
    slicer.util.updateVolumeFromArray(color, np.zeros((4, 5, 6, 4), np.uint8))
    widget._parameterNode.inputVolume = color
    click(widget.ui.applyButton)
    assert widget._job is None
    assert "4 values a voxel" in widget.ui.statusLabel.text


def test_a_model_that_is_gone_is_said(widget, ct):
    widget._parameterNode.model = "/nowhere/model"
    run(widget)
    assert "There is no model" in widget.ui.statusLabel.text


def test_edited_segments_are_kept_and_named(widget, ct, imitate):
    imitate()
    run(widget)
    node = widget._parameterNode.outputSegmentation
    chosen = node.GetSegmentation().GetSegmentIdBySegmentName("Left renal tumor")
    mask = slicer.util.arrayFromSegmentBinaryLabelmap(node, chosen, ct).copy()
    mask[: mask.shape[0] // 2] = 0
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, node, chosen, ct)
    run(widget)
    assert widget._parameterNode.outputSegmentation is node
    assert "Left renal tumor (edited)" in segment_names(node)
    assert "Left renal tumor (edited)" in widget.ui.summaryLabel.text


def test_another_ct_gets_a_segmentation_and_a_table_of_its_own(widget, ct, imitate, result):
    imitate()
    run(widget)
    node = widget._parameterNode
    first, table = node.outputSegmentation, node.outputTable
    node.inputVolume = add_ct(result[0], "other phase")
    run(widget)
    assert node.outputSegmentation is not first
    assert node.outputTable is not table
    assert segment_names(first) == segment_names(node.outputSegmentation)


def test_measuring_takes_the_ct_of_the_segmentation_not_the_chosen_one(widget, ct, imitate, result):
    imitate()
    run(widget)
    before = widget.ui.lesionTable.item(0, 6).text()
    brighter = result[0].with_array(result[0].array + 500)
    widget._parameterNode.inputVolume = add_ct(brighter, "other phase")
    click(widget.ui.measureButton)
    assert widget.ui.lesionTable.item(0, 6).text() == before


def test_a_segmentation_deleted_during_the_run_is_replaced(widget, ct, imitate):
    imitate()
    run(widget)
    deleted = widget._parameterNode.outputSegmentation
    click(widget.ui.applyButton)
    slicer.mrmlScene.RemoveNode(deleted)
    wait(widget)
    assert widget.ui.statusLabel.text.startswith("Done")
    assert widget._parameterNode.outputSegmentation.GetScene() is slicer.mrmlScene


def test_an_unexpected_error_does_not_leave_the_panel_running(widget, ct, imitate, monkeypatch):
    imitate()
    monkeypatch.setattr(widget.logic, "addResult", lambda *_: 1 / 0)
    run(widget)
    assert "division by zero" in widget.ui.statusLabel.text
    assert widget.ui.applyButton.text == "Apply"


# ------------------------------------------------------------------ what may happen meanwhile


def test_closing_the_scene_stops_the_run(widget, ct, imitate):
    imitate("time.sleep(60)")
    click(widget.ui.applyButton)
    slicer.mrmlScene.Clear(False)
    assert widget._job is None
    assert "the scene was closed" in widget.ui.statusLabel.text
    assert widget._parameterNode is not None
    assert not widget.ui.applyButton.enabled


def test_deleting_the_volume_stops_the_run(widget, ct, imitate):
    imitate("time.sleep(60)")
    click(widget.ui.applyButton)
    slicer.mrmlScene.RemoveNode(ct)
    assert widget._job is None
    assert "the CT was removed" in widget.ui.statusLabel.text


def test_quitting_slicer_stops_the_run(widget, ct, imitate):
    imitate("time.sleep(60)")
    click(widget.ui.applyButton)
    process = widget._job._process
    slicer.app.aboutToQuit.emit()
    assert widget._job is None
    assert process.poll() is not None


def test_a_run_goes_on_while_another_module_is_shown(widget, ct, imitate):
    imitate()
    click(widget.ui.applyButton)
    widget.exit()
    wait(widget)
    widget.enter()
    assert widget.ui.lesionTable.rowCount == 10


# ------------------------------------------------------------------ choices


def test_choices_are_stored_and_remembered(widget, module, ct):
    widget.ui.qualitySelector.setCurrentIndex(2)
    widget.ui.deviceSelector.setCurrentIndex(3)
    widget.ui.kidneysOnlyCheckBox.checked = True
    node = widget._parameterNode
    assert node.quality is module.Quality.BEST
    assert node.device == "cpu"
    assert node.kidneysOnly is True
    slicer.mrmlScene.Clear(False)
    again = widget._parameterNode
    assert again.quality is module.Quality.BEST
    assert again.device == "cpu"
    assert again.kidneysOnly is False


def test_a_finding_links_to_the_place_it_speaks_of(done, scene):
    view = scene.AddNewNodeByClass("vtkMRMLSliceNode", "Red")
    finding = {"severity": "warning", "code": "x", "message": "Look & see.", "place_ras_mm": None}
    done._showResults([finding])
    assert "href" not in done.ui.summaryLabel.text
    done._showResults([finding | {"place_ras_mm": [11.0, -22.5, 33.0]}])
    assert "Look &amp; see. <a href='11.0,-22.5,33.0'>" in done.ui.summaryLabel.text
    done.ui.summaryLabel.linkActivated.emit("11.0,-22.5,33.0")
    assert view.GetSliceToRAS().GetElement(2, 3) == pytest.approx(33.0)  # an axial view


def test_a_finding_of_an_older_scene_has_no_place(done):
    done._showResults([{"severity": "info", "code": "x", "message": "An old remark."}])
    assert "<p>An old remark.</p>" in done.ui.summaryLabel.text


def test_refinement_that_is_chosen_reaches_the_run(widget, ct, imitate, monkeypatch):
    imitate()
    seen, start = [], widget.logic.startJob

    def spy(volume, settings, **rest):
        seen.append(settings)
        return start(volume, settings, **rest)

    monkeypatch.setattr(widget.logic, "startJob", spy)
    run(widget)
    widget.ui.refineSelector.setCurrentIndex(1)
    run(widget)
    assert [settings.refine for settings in seen] == ["off", "levelset"]


def test_a_saved_scene_brings_choices_and_results_back(widget, ct, imitate, scene, tmp_path):
    imitate()
    widget.ui.qualitySelector.setCurrentIndex(0)
    run(widget)
    path = str(tmp_path / "scene.mrb")
    assert scene.WriteToMRB(path, None)
    scene.Clear(False)
    assert widget.ui.lesionTable.rowCount == 0
    widget.ui.qualitySelector.setCurrentIndex(2)
    assert scene.ReadFromMRB(path, True)
    assert widget._parameterNode.quality.value == "fast"
    assert widget.ui.qualitySelector.currentData == "fast"
    assert widget._parameterNode.inputVolume.GetName() == "CT"
    assert widget.ui.lesionTable.rowCount == 10
    assert not widget.ui.staleLabel.visible


def test_the_note_about_the_cpu_uses_the_last_run(widget, ct, imitate):
    widget.parent.show()
    assert "first run measures" in widget.ui.deviceNote.text
    imitate()
    run(widget)
    widget.updateFromParameterNode()
    assert "by the last run on this computer" in widget.ui.deviceNote.text


def test_points_and_boxes_become_settings(widget, ct):
    widget.onPlacePoints()
    widget.onPlaceRoi()
    node = widget._parameterNode
    node.points.AddControlPoint(60, -20, 0)
    node.roi.SetXYZ(60, -20, 0)
    node.roi.SetRadiusXYZ(30, 40, 50)
    settings = widget.logic.settings(ct, "fast", False, node.points, node.roi)
    assert settings.points == ((60.0, -20.0, 0.0),)
    np.testing.assert_allclose(settings.rois[0], ((30, -60, -50), (90, 20, 50)))


def test_points_and_boxes_that_were_not_placed_do_not_count(widget, ct):
    widget.onPlacePoints()
    widget.onPlaceRoi()
    node = widget._parameterNode
    node.points.AddControlPoint(60, -20, 0)
    node.points.UnsetNthControlPointPosition(0)
    settings = widget.logic.settings(ct, "fast", False, node.points, node.roi)
    assert settings.points == ()
    assert settings.rois == ()


def test_an_imported_model_is_known_by_its_name_not_by_its_folder(
    widget, ct, module, tmp_path, monkeypatch, package
):
    import shutil

    folder = tmp_path / "mine"
    shutil.copytree(package.folder, folder)
    choose_folder(monkeypatch, module, folder)
    widget.onImportModel()
    assert widget._parameterNode.model == "kidneyseg-ct (imported)"
    assert widget._model() == str(folder)
    slicer.mrmlScene.SetSaveToXMLString(1)
    slicer.mrmlScene.Commit()
    assert str(folder) not in slicer.mrmlScene.GetSceneXMLString()
    again = module.KidneySegWidget()
    again.setup()
    assert again.ui.modelSelector.currentData == "kidneyseg-ct (imported)"
    again.cleanup()


def test_a_model_is_imported_from_a_file(widget, ct, module, tmp_path, monkeypatch, package):
    import zipfile

    archive = tmp_path / "mine.zip"
    with zipfile.ZipFile(archive, "w") as stored:
        for file in package.folder.iterdir():
            stored.write(file, file.name)
    monkeypatch.setattr(
        module.qt.QFileDialog, "getOpenFileName", lambda *_: str(archive), raising=False
    )
    widget.onImportModelFile()
    assert widget._parameterNode.model == "kidneyseg-ct (imported)"
    settings = Path(slicer.app.slicerUserSettingsFilePath).parent
    assert Path(widget._model()).parent == settings / "KidneySeg" / "models"
    archive.write_text("no archive")
    widget.onImportModelFile()
    assert "not a ZIP archive" in widget.ui.statusLabel.text


def test_a_read_only_home_is_named(widget, ct, module, tmp_path, monkeypatch, package):
    import zipfile

    archive = tmp_path / "mine.zip"
    with zipfile.ZipFile(archive, "w") as stored:
        for file in package.folder.iterdir():
            stored.write(file, file.name)
    home = tmp_path / "home"
    home.write_text("cannot hold a folder")
    monkeypatch.setattr(slicer.app, "slicerUserSettingsFilePath", str(home / "Slicer.ini"))
    monkeypatch.setattr(
        module.qt.QFileDialog, "getOpenFileName", lambda *_: str(archive), raising=False
    )
    widget.onImportModelFile()
    assert "could not be unpacked" in widget.ui.statusLabel.text


def test_a_model_that_this_computer_lacks_is_shown_as_missing(widget, ct):
    widget._parameterNode.model = "somebody's"
    assert widget.ui.modelSelector.currentText == "somebody's (missing)"
    widget.onAboutModel()
    assert "There is no model" in widget.ui.statusLabel.text


def test_the_model_card_is_one_click_away(widget, ct):
    widget.onAboutModel()
    text = widget.ui.detailsText.plainText
    assert "License of the weights" in text
    assert "kidneyseg-ct" in text


def test_a_folder_that_is_no_model_is_refused(widget, ct, module, tmp_path, monkeypatch):
    monkeypatch.setattr(
        module.qt.QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path), raising=False
    )
    widget.onImportModel()
    assert "model.json" in widget.ui.statusLabel.text


# ------------------------------------------------------------------ results


@pytest.fixture
def done(widget, ct, imitate):
    imitate()
    run(widget)
    return widget


def test_lesions_are_walked_through_and_shown(done, scene):
    views = []
    for name in ("Sagittal", "Coronal", "Axial"):
        views.append(scene.AddNewNodeByClass("vtkMRMLSliceNode", name))
        views[-1].SetOrientation(name)

    def place():
        return [view.GetSliceToRAS().GetElement(axis, 3) for axis, view in enumerate(views)]

    done.onNextLesion()
    np.testing.assert_allclose(place(), (-86, -20, 5), atol=2)
    first = place()
    done.onNextLesion()
    np.testing.assert_allclose(place(), (82, -20, 10), atol=2)
    done.onNextLesion()
    np.testing.assert_allclose(place(), first)
    done.onPreviousLesion()
    np.testing.assert_allclose(place(), (82, -20, 10), atol=2)


def test_the_table_is_copied_with_units(done, qt_application):
    click(done.ui.copyButton)
    lines = qt_application.clipboard().text().splitlines()
    assert lines[0].split("\t")[2:5] == ["mL", "mL low", "mL high"]
    assert len(lines) == 11
    volume = next(x.volume_ml for x in done._measurements.lesions if x.kind == "tumor")
    assert lines[9].startswith(f"Tumor 1\tleft\t{volume:.1f}\t")


def test_an_edit_makes_the_table_stale_and_measuring_makes_it_fresh(done, ct):
    done.parent.show()
    node = done._parameterNode.outputSegmentation
    chosen = node.GetSegmentation().GetSegmentIdBySegmentName("Left renal tumor")
    mask = slicer.util.arrayFromSegmentBinaryLabelmap(node, chosen, ct).copy()
    mask[: mask.shape[0] // 2] = 0
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, node, chosen, ct)
    assert done._staleTimer.active
    done.updateStale()
    assert done.ui.staleLabel.visible
    before = done.ui.lesionTable.item(8, 2).text()
    click(done.ui.measureButton)
    assert not done.ui.staleLabel.visible
    assert done.ui.lesionTable.item(8, 2).text() != before


def test_the_margin_slider_says_what_stays(done):
    from KidneySegLib.measure.resection import plan_resection
    from KidneySegLib.mrml import in_world, labels_from_segmentation

    done.ui.marginSlider.value = 10
    volume = done._resultVolume()
    labels = labels_from_segmentation(done._parameterNode.outputSegmentation, volume)
    plan = plan_resection(in_world(labels, volume)[0], "left", margin_mm=10)
    text = done.ui.marginText.text
    assert f"loses {plan.removed_ml:.0f} mL" in text
    assert "the left kidney" in text
    assert "the right kidney" not in text
    done.ui.marginSlider.value = 0
    assert "loses 0 mL and keeps 100 %" in done.ui.marginText.text


def test_another_segmentation_shows_nothing_of_the_first(done, scene):
    other = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "other")
    done._parameterNode.outputSegmentation = other
    assert done.ui.candidateSelector.count == 0
    assert done.ui.marginText.text == ""
    done.onRestore()
    assert "Choose the CT" in done.ui.statusLabel.text
    done.onMargin(12)


def test_margin_and_candidates_survive_when_nodes_go(done, scene, ct):
    scene.RemoveNode(ct)
    done.ui.marginSlider.value = 12
    done.onRestore()
    assert done.ui.statusLabel.text
    scene.RemoveNode(done._parameterNode.outputSegmentation)
    done.updateFromParameterNode()
    done.ui.marginSlider.value = 3
    assert done.ui.marginText.text == ""
    assert done.ui.candidateSelector.count == 0


def test_export_without_matplotlib_leaves_the_report_out(done, module, tmp_path, monkeypatch):
    from KidneySegLib.environment import requirements

    monkeypatch.setattr(requirements, "installed_version", lambda name: None)
    node = done._parameterNode.outputSegmentation
    files = done.logic.export(node, done._resultVolume(), tmp_path / "export")
    assert [f.name for f in files] == ["measurements.csv", "labels.nii.gz", "surfaces"]
    assert all(f.exists() for f in files)


def test_a_removed_structure_is_shown_and_taken_back(done, scene, ct):
    from KidneySegLib import mrml

    node = done._parameterNode.outputSegmentation
    hidden = mrml.candidates_of(node)
    assert not hidden.GetDisplayNode().GetVisibility()
    assert done.ui.candidateSelector.count == 1
    assert "more than 4 mm" in done.ui.candidateSelector.currentText
    view = scene.AddNewNodeByClass("vtkMRMLSliceNode", "Axial")
    view.SetOrientation("Axial")
    done.onCandidate()
    assert view.GetSliceToRAS().GetElement(2, 3) == pytest.approx(REJECTED_CENTER[2], abs=1)
    assert hidden.GetDisplayNode().GetVisibility()
    before = [x.volume_ml for x in done._measurements.lesions if x.kind == "tumor"]
    click(done.ui.restoreButton)
    after = [x for x in done._measurements.lesions if x.kind == "tumor"]
    assert len(after) == len(before) + 1
    new = min(after, key=lambda x: x.volume_ml)
    assert new.volume_ml == pytest.approx(sphere_ml(8), rel=0.05)
    assert new.side == "right"
    assert done.ui.candidateSelector.count == 0
    run(done)
    names = [x.kind for x in done._measurements.lesions]
    assert names.count("tumor") == len(after)


def test_surfaces_are_shown_and_hidden(done):
    node = done._parameterNode.outputSegmentation
    done.ui.show3DButton.checked = True
    assert node.GetDisplayNode().GetVisibility3D()
    assert node.GetSegmentation().ContainsRepresentation("Closed surface")
    done.ui.show3DButton.checked = False
    assert not node.GetDisplayNode().GetVisibility3D()


def test_diameters_are_drawn_follow_new_measurements_and_go(done, scene):
    from KidneySegLib import mrml

    node = done._parameterNode.outputSegmentation
    before = scene.GetNumberOfNodes()
    done.ui.diametersButton.checked = True
    lines = mrml.diameter_lines(node)
    assert len(lines) == 2 * len(done._measurements.lesions)
    lesion = done._measurements.lesions[0]
    longest = next(line for line in lines if line.GetName().startswith("Tumor 1, 3D"))
    assert longest.GetLineLengthWorld() == pytest.approx(lesion.feret_3d_mm, abs=0.01)
    click(done.ui.measureButton)
    assert len(mrml.diameter_lines(node)) == len(lines)
    done.ui.diametersButton.checked = False
    assert mrml.diameter_lines(node) == []
    assert scene.GetNumberOfNodes() == before


def test_everything_is_exported_and_nothing_is_overwritten(done, module, tmp_path, monkeypatch):
    folder = tmp_path / "export"
    monkeypatch.setattr(
        module.qt.QFileDialog, "getExistingDirectory", lambda *_: str(folder), raising=False
    )
    click(done.ui.exportButton)
    assert (folder / "measurements.csv").is_file()
    assert (folder / "labels.nii.gz").is_file()
    assert len(list((folder / "surfaces").glob("*.stl"))) == 4
    report = (folder / "report.html").read_text(encoding="utf-8")
    assert "R.E.N.A.L." in report
    assert "more than 4 mm from any kidney" in report
    assert "edited after the run" not in report
    click(done.ui.exportButton)
    said = done.ui.statusLabel.text
    assert "already holds" in said
    assert "choose an empty folder" in said
    assert "--" not in said


# ------------------------------------------------------------------ set-up


def test_missing_packages_are_listed_and_nothing_is_installed_without_consent(
    widget, ct, monkeypatch
):
    from KidneySegLib.environment.requirements import Requirement

    asked = []
    lacking = [Requirement("monai", ">=1.5.1", "the network's architecture", "2")]
    monkeypatch.setattr(widget.logic, "missingPackages", lambda: lacking)
    monkeypatch.setattr(widget.logic, "install", lambda packages: pytest.fail("was installed"))
    monkeypatch.setattr(
        slicer.util, "confirmOkCancelDisplay", lambda text, *_: asked.append(text), raising=False
    )
    click(widget.ui.applyButton)
    assert "monai>=1.5.1" in asked[0]
    assert "2 MB" in asked[0]
    assert widget._job is None
    assert "Not installed" in widget.ui.statusLabel.text


def test_pip_gets_constraints_and_its_last_lines_are_shown(
    widget, ct, module, monkeypatch, tmp_path
):
    from KidneySegLib.environment.requirements import Requirement

    lacking, seen = [Requirement("monai", ">=1.5.1", "the network", "2")], tmp_path / "seen"
    program = tmp_path / "PythonSlicer"
    program.write_text(
        f'#!/bin/sh\necho "$@" > {seen}; cat "$6" >> {seen}; echo ERROR: no network; exit 1\n'
    )
    program.chmod(0o755)
    monkeypatch.setattr(module, "pythonExecutable", lambda: str(program))
    monkeypatch.setattr(widget.logic, "missingPackages", lambda: lacking)
    monkeypatch.setattr(slicer.util, "confirmOkCancelDisplay", lambda *_: True, raising=False)
    click(widget.ui.applyButton)
    said = seen.read_text()
    assert said.startswith("-m pip install monai>=1.5.1 --constraint")
    assert f"numpy=={np.__version__}" in said
    assert "ERROR: no network" in widget.ui.statusLabel.text
    assert list(tmp_path.glob("kidneyseg-constraints*")) == []


def test_newer_slicers_install_through_their_own_packaging(widget, monkeypatch):
    import types

    from KidneySegLib.environment.requirements import REQUIREMENTS

    seen = []
    packaging = types.ModuleType("slicer.packaging")
    packaging.pip_ensure = lambda specs, **options: seen.append((specs, options))
    monkeypatch.setitem(sys.modules, "slicer.packaging", packaging)
    monkeypatch.setattr(widget.logic, "_runPip", lambda *_: pytest.fail("the old way"))
    widget.logic.install([r for r in REQUIREMENTS if r.name != "torch"])
    specs, options = seen[0]
    assert [str(s) for s in specs] == [r.spec for r in REQUIREMENTS[1:]]
    assert options["prompt_install"] is False
    assert "kidneyseg-constraints" in options["constraints"]


def test_torch_needs_the_pytorch_extension(widget, monkeypatch):
    from KidneySegLib.environment.requirements import REQUIREMENTS

    monkeypatch.setitem(sys.modules, "PyTorchUtils", None)
    with pytest.raises(RuntimeError, match="extension 'PyTorch' is not installed"):
        widget.logic.install([r for r in REQUIREMENTS if r.name == "torch"])


def test_the_sample_is_offered(module):
    module.registerSampleData()
    import SampleData

    source = SampleData.SampleDataLogic.sources[-1]
    assert source["uris"].startswith("file:///")
    assert source["fileNames"].startswith("KidneySegDemo-")


def test_a_failing_pytorch_extension_is_shown(widget, ct, monkeypatch):
    import types

    from KidneySegLib.environment.requirements import REQUIREMENTS

    class Logic:
        def installTorch(self, **options):  # noqa: N802  the extension's own name
            assert options == {"torchVersionRequirement": ">=2.4.1,!=2.9.*"}
            raise OSError("no network")

    extension = types.ModuleType("PyTorchUtils")
    extension.PyTorchUtilsLogic = Logic
    monkeypatch.setitem(sys.modules, "PyTorchUtils", extension)
    lacking = [r for r in REQUIREMENTS if r.name == "torch"]
    monkeypatch.setattr(widget.logic, "missingPackages", lambda: lacking)
    monkeypatch.setattr(slicer.util, "confirmOkCancelDisplay", lambda *_: True, raising=False)
    click(widget.ui.applyButton)
    assert "could not install torch: no network" in widget.ui.statusLabel.text


def test_what_is_still_missing_after_set_up_is_said(widget, ct, monkeypatch):
    from KidneySegLib.environment.requirements import REQUIREMENTS

    monkeypatch.setattr(widget.logic, "missingPackages", lambda: [REQUIREMENTS[0]])
    monkeypatch.setattr(widget.logic, "install", lambda packages: None)
    monkeypatch.setattr(slicer.util, "confirmOkCancelDisplay", lambda *_: True, raising=False)
    click(widget.ui.applyButton)
    assert "Still missing: torch" in widget.ui.statusLabel.text
    assert "torch" in widget.ui.setupLabel.text


def test_the_computer_is_described_and_copied(widget, qt_application):
    click(widget.ui.computerButton)
    end = time.monotonic() + 60
    while widget._check is not None and time.monotonic() < end:
        widget.onCheckTimer()
        time.sleep(0.05)
    text = widget.ui.detailsText.plainText
    assert "Memory:" in text
    assert qt_application.clipboard().text() == text
    assert str(Path.home()) not in text


@pytest.fixture
def load_volume(monkeypatch):
    """``slicer.util.loadVolume`` over the library's reader."""
    from KidneySegLib.io.images import read_volume

    monkeypatch.setattr(
        slicer.util, "loadVolume", lambda path, _properties=None: add_ct(read_volume(Path(path)))
    )


def test_the_sample_is_loaded_and_chosen(widget, load_volume):
    actions = widget.ui.sampleButton.menu().actions()
    assert len(actions) == 3
    actions[0].trigger()
    assert widget._parameterNode.inputVolume is not None
    assert widget.ui.applyButton.enabled


def test_a_sample_that_cannot_be_downloaded_is_said(widget):
    widget.ui.sampleButton.menu().actions()[1].trigger()
    assert "'CTLiver' was not loaded: no network" in widget.ui.statusLabel.text


def test_the_self_test_runs_the_whole_chain(module, scene, load_volume):
    """Real child process, real pipeline, embedded model, the CT of the demo."""
    test = module.KidneySegTest()
    test.runTest()
    assert test.said == "KidneySeg: test passed"


def test_parameters_that_do_not_exist_are_refused(widget):
    with pytest.raises(AttributeError):
        widget._parameterNode.qualty = "fast"
    with pytest.raises(TypeError):
        widget._parameterNode.device = 3


# ------------------------------------------------------------------ scripts


def test_a_script_needs_no_panel(module, scene, result, imitate):
    imitate()
    node, seen = add_ct(result[0]), []
    logic = module.KidneySegLogic()
    segmentation, table, data = logic.process(node, progress=lambda *news: seen.append(news))
    assert "Left renal tumor" in segment_names(segmentation)
    assert table.GetNumberOfRows() == 10
    assert data["record"]["settings"]["quality"] == "balanced"
    assert seen[0][0] == "segment"


def test_in_this_process(module, scene, result, shipped, monkeypatch):
    from phantom import ThresholdEngine, segment

    from KidneySegLib import mrml
    from KidneySegLib.engine import torch_engine

    monkeypatch.setattr(torch_engine, "TorchEngine", lambda device: ThresholdEngine())
    node = add_ct(result[0])
    segmentation, _table, _data = module.KidneySegLogic().process(node, inChild=False)
    labels = segment(result[0], shipped, ThresholdEngine()).labels.array
    found = mrml.labels_from_segmentation(segmentation, node).array
    assert (found != labels).sum() < 200  # the node holds whole HU, the phantom does not


def test_the_record_of_the_run_is_kept_on_the_node(done):
    from KidneySegLib import mrml

    record = json.loads(done._parameterNode.outputSegmentation.GetAttribute(mrml.RECORD))
    assert record["record"]["software"]["kidneyseg"]
    assert record["contrast_phase"]
    assert record["record"]["label_scheme"]["tumor"] == Label.TUMOR


@pytest.mark.parametrize("name", ["segment_one", "segment_folder"])
def test_example_scripts(module, scene, result, imitate, tmp_path, monkeypatch, name):
    import importlib.util

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
