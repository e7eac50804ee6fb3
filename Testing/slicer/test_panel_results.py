"""The answer, the review, and what is taken away: copy, export, show."""

import numpy as np
import pytest

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")
pytest.importorskip("PySide6", reason="PySide6 is not installed")

from panels import add_views, answers, click, measure, places, run, wait  # noqa: E402
from phantom import sphere_ml  # noqa: E402
from scene import put_under_bend  # noqa: E402
from segmentation_nodes import erase_top, segment_id  # noqa: E402

from KidneySegLib import mrml  # noqa: E402
from KidneySegLib.core.findings import Finding, Severity, warning  # noqa: E402

REJECTED_CENTER = (60.0, 25.0, 0.0)


def with_findings(done, findings):
    """Show other findings with the same numbers."""
    import dataclasses

    case = done.case
    numbers = dataclasses.replace(case.numbers, findings=tuple(findings))
    mrml.fill_table(numbers, case.segmentation, case.ct)
    done.refresh()


def test_the_answer_is_one_line_a_kidney_and_a_lesion(done):
    lines = answers(done)
    assert lines[0].startswith("Right kidney 1")
    assert "mL parenchyma" in lines[0]
    assert "mm long" in lines[0]
    tumor = next(x for x in done.case.numbers.measurements.lesions if x.kind == "tumor")
    assert lines[2].startswith(f"Left tumor {tumor.feret_axial_mm:.0f} mm axial, ")
    assert f"{tumor.volume_ml:.1f} mL, R.E.N.A.L. " in lines[2]
    done.ui.answerLabel.linkHovered.emit("#row2")
    tip = done.ui.answerLabel.toolTip
    low, high = tumor.volume_interval_ml
    assert f"Volume: {tumor.volume_ml:.2f} ({low:.2f}-{high:.2f}) mL" in tip
    assert "Short axis, axial: " in tip
    done.ui.answerLabel.linkHovered.emit("")
    assert "N and P go on" in done.ui.answerLabel.toolTip
    done.ui.answerLabel.linkActivated.emit("#row2")
    assert f"<b>{lines[2]}</b>" in done.ui.answerLabel.text


def test_two_warnings_are_shown_the_worst_first_and_the_others_on_a_click(done):
    found = [
        warning("model", "Lesions are experimental."),
        warning("dense-cyst", "A dense cyst."),
        warning("incomplete", "The left kidney reaches the end."),
        Finding(Severity.INFO, "engine", "A remark."),
    ]
    with_findings(done, found)
    text = done.ui.warningsLabel.text
    assert text.index("reaches the end") < text.index("dense cyst")
    assert "experimental" not in text
    assert "2 more warnings and remarks" in text
    done.ui.warningsLabel.linkActivated.emit("#all")
    text = done.ui.warningsLabel.text
    assert "experimental" in text
    assert "A remark." in text
    done.ui.warningsLabel.linkActivated.emit("#all")
    assert "A remark." not in done.ui.warningsLabel.text


def test_a_finding_links_to_the_place_it_speaks_of(done, ct):
    views = add_views(ct)
    with_findings(done, [warning("x", "Look & see.")])
    assert "href" not in done.ui.warningsLabel.text
    with_findings(done, [warning("x", "Look & see.", (11.0, -22.5, 33.0))])
    text = done.ui.warningsLabel.text
    assert "Look &amp; see. <a " in text
    assert "href='11.0,-22.5,33.0'" in text
    done.ui.warningsLabel.linkActivated.emit("11.0,-22.5,33.0")
    np.testing.assert_allclose(places(views), (11, -22.5, 33), atol=1)


def test_under_a_bend_places_are_those_of_the_world(widget, ct, imitate):
    put_under_bend(ct, scale=1.1)
    imitate()
    run(widget)
    with_findings(widget, [warning("x", "Look.", (11.0, -22.0, 33.0))])
    assert "href='11.0,-22.0,33.0'" in widget.ui.warningsLabel.text


def test_an_older_finding_loses_its_option(done):
    with_findings(done, [warning("x", "Lower the detail (--quality fast).")])
    assert "Lower the detail." in done.ui.warningsLabel.text


def test_lesions_are_walked_through_and_shown_only_where_their_ct_is(done, ct, scene):
    views = add_views(None)
    done.results.onNext()
    assert "No slice view shows 'CT'" in done.ui.statusLabel.text
    before = places(views)
    assert before == places(views)
    for layers in slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode"):
        layers.SetBackgroundVolumeID(ct.GetID())
    done.results.onRow(2)
    first = places(views)
    np.testing.assert_allclose(first, (-86, -20, 5), atol=2)
    done.results.onNext()
    np.testing.assert_allclose(places(views), (82, -20, 10), atol=2)
    done.results.onNext()
    np.testing.assert_allclose(places(views), first)
    done.results.onPrevious()
    np.testing.assert_allclose(places(views), (82, -20, 10), atol=2)


def test_a_run_shows_the_largest_lesion_where_its_ct_is_shown(widget, ct, imitate):
    views = add_views(ct)
    imitate()
    run(widget)
    np.testing.assert_allclose(places(views), (-86, -20, 5), atol=2)


def test_a_run_puts_its_ct_into_empty_views_and_leaves_others_alone(widget, ct, imitate, result):
    from scene import add_ct

    views = add_views(None)
    imitate()
    run(widget)
    np.testing.assert_allclose(places(views), (-86, -20, 5), atol=2)
    other = add_ct(result[0], "other")
    for layers in slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode"):
        layers.SetBackgroundVolumeID(other.GetID())
    for view in views:
        view.JumpSliceByCentering(0, 0, 0)
    before = places(views)
    run(widget)
    assert places(views) == before


def test_keys_go_through_lesions_and_show_and_hide(done, ct):
    from PySide6 import QtCore, QtGui

    views = add_views(ct)
    label = done.ui.answerLabel._target
    keys = {s.key().toString(): s for s in label.findChildren(QtGui.QShortcut)}
    assert set(keys) == {"N", "P", "Space"}
    context = QtCore.Qt.ShortcutContext.WidgetShortcut
    assert all(s.context() == context for s in keys.values())
    keys["N"].activated.emit()
    np.testing.assert_allclose(places(views), (-86, -20, 5), atol=2)
    keys["P"].activated.emit()
    np.testing.assert_allclose(places(views), (82, -20, 10), atol=2)
    display = done.case.segmentation.GetDisplayNode()
    assert display.GetVisibility()
    keys["Space"].activated.emit()
    assert not display.GetVisibility()


def test_the_table_is_copied_with_ct_and_units(done, qt_application):
    click(done.ui.copyButton)
    lines = qt_application.clipboard().text().splitlines()
    assert lines[0] == "CT: CT kidneys"
    assert lines[1].split("\t")[2:5] == ["mL", "mL low", "mL high"]
    assert len(lines) == 12
    volume = next(x.volume_ml for x in done.case.numbers.measurements.lesions if x.kind == "tumor")
    assert lines[10].startswith(f"Tumor 1\tleft\t{volume:.1f}\t")


def test_the_report_text_is_sentences_with_ct_doubt_and_disclaimer(done, ct, qt_application):
    click(done.ui.copyReportButton)
    text = qt_application.clipboard().text()
    assert text.startswith("CT 'CT', segmentation 'CT kidneys'.\nRight kidney ")
    tumor = done.case.numbers.measurements.lesions[0]
    axes = f"{tumor.feret_axial_mm:.0f} x {tumor.short_axial_mm:.0f} mm in the axial plane"
    assert f"Left tumor: {axes}" in text
    assert "To be checked:" in text
    assert "not a medical device" in text
    erase_top(done.case.segmentation, ct, "Left renal tumor")
    done.refresh()
    click(done.ui.copyReportButton)
    assert "NOT CURRENT: The segments were changed" in qt_application.clipboard().text()
    click(done.ui.copyButton)
    assert "NOT CURRENT" in qt_application.clipboard().text()


def test_an_edit_makes_the_numbers_stale_and_measuring_makes_them_true(done, ct):
    done.parent.show()
    erase_top(done.case.segmentation, ct, "Left renal tumor")
    assert done._soon.active
    done.refresh()
    assert done.ui.staleLabel.visible
    assert done.ui.measureButton.visible
    before = done.ui.lesionTable.item(8, 2).text()
    measure(done)
    assert not done.ui.staleLabel.visible
    assert done.ui.lesionTable.item(8, 2).text() != before
    assert "Left renal tumor edited (in the scene)" in done.ui.changesLabel.text


def test_the_margin_slider_says_what_stays(done, ct):
    from KidneySegLib.measure.resection import plan_resection

    done.ui.marginSlider.value = 10
    labels = mrml.labels_from_segmentation(done.case.segmentation, ct)
    plan = plan_resection(mrml.in_world(labels, ct)[0], "left", margin_mm=10)
    text = done.ui.marginText.text
    assert f"loses {plan.removed_ml:.0f} mL" in text
    assert "the left kidney" in text
    assert "the right kidney" not in text
    done.ui.marginSlider.value = 0
    assert "loses 0 mL and keeps 100 %" in done.ui.marginText.text
    erase_top(done.case.segmentation, ct, "Left renal tumor")
    done.refresh()
    assert done.ui.marginText.text == ""


def test_a_removed_structure_is_shown_and_restored(done, ct):
    node = done.case.segmentation
    hidden = mrml.candidates_of(node)
    assert not hidden.GetDisplayNode().GetVisibility()
    assert done.ui.candidateSelector.count == 1
    assert "more than 4 mm" in done.ui.candidateSelector.currentText
    views = add_views(ct)
    done.review.onCandidate()
    assert places(views)[2] == pytest.approx(REJECTED_CENTER[2], abs=1)
    assert hidden.GetDisplayNode().GetVisibility()
    before = [x.volume_ml for x in done.case.numbers.measurements.lesions if x.kind == "tumor"]
    click(done.ui.restoreButton)
    wait(done)
    after = [x for x in done.case.numbers.measurements.lesions if x.kind == "tumor"]
    assert len(after) == len(before) + 1
    new = min(after, key=lambda x: x.volume_ml)
    assert new.volume_ml == pytest.approx(sphere_ml(8), rel=0.05)
    assert new.side == "right"
    assert done.ui.candidateSelector.count == 0
    run(done)
    assert [x.kind for x in done.case.numbers.measurements.lesions].count("tumor") == len(after)
    click(done.ui.stepBackButton)
    click(done.ui.stepBackButton)
    assert done.ui.candidateSelector.count == 1
    assert done.case.stale == ()


def test_surfaces_are_shown_and_hidden_and_the_button_follows_the_scene(done):
    node = done.case.segmentation
    done.ui.show3DButton.checked = True
    assert node.GetDisplayNode().GetVisibility3D()
    assert node.GetSegmentation().ContainsRepresentation("Closed surface")
    done.ui.show3DButton.checked = False
    assert not node.GetDisplayNode().GetVisibility3D()
    done.ui.show3DButton.checked = True
    slicer.mrmlScene.Clear(False)
    assert not done.ui.show3DButton.checked


def test_diameters_are_drawn_and_go(done, scene):
    node = done.case.segmentation
    before = scene.GetNumberOfNodes()
    done.ui.diametersButton.checked = True
    lines = mrml.diameter_lines(node)
    assert len(lines) == 3 * len(done.case.numbers.measurements.lesions)
    lesion = done.case.numbers.measurements.lesions[0]
    longest = next(line for line in lines if line.GetName().startswith("Tumor 1, 3D"))
    assert longest.GetLineLengthWorld() == pytest.approx(lesion.feret_3d_mm, abs=0.01)
    short = next(line for line in lines if line.GetName().startswith("Tumor 1, short"))
    assert short.GetLineLengthWorld() == pytest.approx(lesion.short_axial_mm, abs=0.01)
    done.ui.diametersButton.checked = False
    assert mrml.diameter_lines(node) == []
    assert scene.GetNumberOfNodes() == before


def test_segments_are_locked_by_the_button(done):
    node = done.case.segmentation
    click(done.ui.lockButton)
    assert "Choose a segment" in done.ui.statusLabel.text
    done.ui.segmentsTable._target.selectRow(0)
    click(done.ui.lockButton)
    assert mrml.is_locked(node, segment_id(node, "Right kidney"))
    assert "Locked: Right kidney" in done.ui.statusLabel.text
    done.ui.segmentsTable._target.selectRow(0)
    click(done.ui.lockButton)
    assert not mrml.is_locked(node, segment_id(node, "Right kidney"))


def choose_folder(monkeypatch, folder):
    import sys

    dialog = sys.modules["qt"].QFileDialog
    monkeypatch.setitem(vars(dialog), "getExistingDirectory", lambda *_: str(folder))


def test_everything_is_exported_and_nothing_is_overwritten(done, ct, tmp_path, monkeypatch):
    folder = tmp_path / "export"
    choose_folder(monkeypatch, folder)
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


def test_a_report_names_what_a_reader_changed(done, ct, tmp_path, monkeypatch):
    erase_top(done.case.segmentation, ct, "Left renal tumor")
    done.refresh()
    measure(done)
    choose_folder(monkeypatch, tmp_path / "export")
    click(done.ui.exportButton)
    report = (tmp_path / "export" / "report.html").read_text(encoding="utf-8")
    assert "Changed by a reader" in report
    assert "edited after the run" in report


def center_of(path):
    """Middle of a surface file, in RAS (STL files of Slicer are LPS)."""
    import vtk

    reader = vtk.vtkSTLReader()
    reader.SetFileName(str(path))
    reader.Update()
    bounds = np.reshape(reader.GetOutput().GetBounds(), (3, 2)).mean(axis=1)
    return bounds * (-1, -1, 1)


def test_under_a_bend_both_spaces_are_written_and_each_agrees_with_itself(
    widget, ct, imitate, tmp_path
):
    from KidneySegLib.io.images import read_labels

    put_under_bend(ct, scale=1.1)
    imitate()
    run(widget)
    files = widget.logic.export(widget.case.segmentation, ct, tmp_path / "export")
    assert [f.name for f in files][1:4] == ["world", "ct_grid", "spaces.txt"]
    assert "two spaces" in (tmp_path / "export" / "spaces.txt").read_text()
    centers = {}
    for space in ("world", "ct_grid"):
        labels = read_labels(tmp_path / "export" / space / "labels.nii.gz")
        tumor = labels.geometry.ras_from_kji(np.argwhere(labels.array == 3).mean(axis=0))[0]
        (surface,) = (tmp_path / "export" / space / "surfaces").glob("*tumor*.stl")
        np.testing.assert_allclose(center_of(surface), tumor, atol=1.5)
        centers[space] = tumor
    np.testing.assert_allclose(centers["world"], 1.1 * centers["ct_grid"], atol=1)
    assert widget.case.segmentation.GetTransformNodeID() == ct.GetTransformNodeID()


def test_export_without_matplotlib_leaves_the_report_out(done, ct, tmp_path, monkeypatch):
    from KidneySegLib.environment import requirements

    monkeypatch.setattr(requirements, "installed_version", lambda name: None)
    files = done.logic.export(done.case.segmentation, ct, tmp_path / "export")
    assert [f.name for f in files] == ["measurements.csv", "labels.nii.gz", "surfaces"]
    assert all(f.exists() for f in files)


# ------------------------------------------------------------------ correcting


def click_into(done, button, point):
    """Press a button, then click into a view, as the markups of the place mode report it."""
    click(button)
    assert "Click into the lesion" in done.ui.statusLabel.text
    nodes = slicer.util.getNodesByClass("vtkMRMLMarkupsFiducialNode")
    nodes[-1].AddControlPoint(*point)
    slicer.app.processEvents()  # the click is done when the event is over
    wait(done)


def test_a_missed_tumor_is_added_by_a_click_and_goes_by_one_step_back(done, ct):
    from phantom import TUMOR_CENTER

    made = done.case.segmentation
    made.GetSegmentation().RemoveSegment(segment_id(made, "Left renal tumor"))
    done.refresh()
    measure(done)
    before, nodes = answers(done), slicer.mrmlScene.GetNumberOfNodes()
    click_into(done, done.ui.addTumorButton, TUMOR_CENTER)
    assert len(answers(done)) == len(before) + 1
    assert any(line.startswith("Left tumor") for line in answers(done))
    change = done.case.changes[-1]
    assert (change["what"], change["tool"]) == ("added", "click")
    assert not done.ui.addTumorButton.checked
    assert slicer.mrmlScene.GetNumberOfNodes() == nodes
    click(done.ui.stepBackButton)
    assert answers(done) == before
    assert done.case.stale == ()


def test_a_false_lesion_is_removed_by_a_click(done, ct):
    from phantom import CYST_CENTER

    click_into(done, done.ui.removeLesionButton, CYST_CENTER)
    assert not any("cyst" in line for line in answers(done))
    assert {c["tool"] for c in done.case.changes} == {"click"}
    click(done.ui.stepBackButton)
    assert any("cyst" in line for line in answers(done))


def test_a_click_that_points_at_nothing_changes_nothing(done):
    lines = answers(done)
    click_into(done, done.ui.removeLesionButton, (0.0, 80.0, 0.0))
    assert "no lesion where you clicked" in done.ui.statusLabel.text
    assert answers(done) == lines
    assert done.case.corrections == ()


def test_only_one_of_the_buttons_waits(done):
    before = slicer.mrmlScene.GetNumberOfNodes()
    click(done.ui.addTumorButton)
    click(done.ui.removeLesionButton)
    assert not done.ui.addTumorButton.checked
    click(done.ui.removeLesionButton)
    assert slicer.mrmlScene.GetNumberOfNodes() == before


def test_the_segment_editor_is_made_when_its_section_is_opened(done, ct):
    assert done.correct._editor is None
    done.ui.correctSection.collapsed = False
    editor = done.correct._editor._target
    assert editor.told["SegmentationNode"] is done.case.segmentation
    assert editor.told["SourceVolumeNode"] is ct
    assert (editor.shortcuts, editor.observes) == (True, True)
    done.exit()
    assert (editor.shortcuts, editor.observes) == (False, False)
    done.enter()
    assert (editor.shortcuts, editor.observes) == (True, True)
    done.ui.correctSection.collapsed = True
    assert (editor.shortcuts, editor.observes) == (False, False)


def test_the_tool_of_an_edit_is_noted(done, ct):
    done.ui.correctSection.collapsed = False
    made = done.case.segmentation
    node = slicer.mrmlScene.GetSingletonNode("KidneySegEditor", "vtkMRMLSegmentEditorNode")
    node.SetAndObserveSegmentationNode(made)
    node.SetActiveEffectName("Erase")
    node.SetSelectedSegmentID(segment_id(made, "Left renal tumor"))
    erase_top(made, ct, "Left renal tumor")
    done.refresh()
    measure(done)
    assert done.case.changes[-1]["tool"] == "Segment Editor, Erase"
