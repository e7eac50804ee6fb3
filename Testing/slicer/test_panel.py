"""Opening, closing, and what may happen meanwhile."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")
pytest.importorskip("PySide6", reason="PySide6 is not installed")

from panels import answers, click, run, scene_nodes, wait  # noqa: E402
from scene import add_ct  # noqa: E402

ROOT = Path(__file__).parents[2]


def test_the_module_opens_without_torch_and_fast(tmp_path):
    """Opening imports neither torch nor monai nor the library's numerics."""
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
    code = code.format(
        support=str(ROOT / "Testing" / "support"),
        module=str(ROOT / "KidneySeg"),
        root=str(ROOT),
        cache=str(tmp_path),
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.splitlines()[-1] == "[]"


def test_no_file_of_the_panel_is_long_and_the_entry_is_short():
    lines = {
        path.name: len(path.read_text(encoding="utf-8").splitlines())
        for path in (ROOT / "KidneySeg").rglob("*.py")
    }
    assert lines.pop("KidneySeg.py") < 130
    assert max(lines.values()) <= 250, lines


def test_what_needs_no_qt_has_none():
    free = ("parameters", "session", "run", "logic", "export", "install", "views", "texts")
    for name in (*free, "report_text", "watch", "all_cts", "outcome", "nodes", "answers"):
        text = (ROOT / "KidneySeg" / "KidneySegPanel" / f"{name}.py").read_text(encoding="utf-8")
        assert "import qt" not in text, name


def test_nothing_loaded(widget):
    assert not widget.ui.applyButton.enabled
    assert widget.ui.applyButton.toolTip == "Load a CT and choose it above."
    for name in ("show3DButton", "exportButton", "measureButton", "copyButton", "editButton"):
        assert not getattr(widget.ui, name).enabled
    assert "not a medical device" in widget.ui.disclaimerLabel.text
    widget.parent.show()
    assert widget.ui.sampleButton.visible
    assert "Load a CT" in widget.ui.emptyLabel.text


def test_every_control_has_a_tool_tip(widget):
    kinds = ("QPushButton", "QToolButton", "QComboBox", "QCheckBox", "qMRMLNodeComboBox")
    controls = {
        n: w for n, w in vars(widget.ui).items() if w._target.metaObject().className() in kinds
    }
    own = {n: w for n, w in controls.items() if not n.startswith("qt_")}
    assert len(own) > 25
    assert [n for n, w in own.items() if not w.toolTip] == []


def test_the_volume_in_the_slice_views_is_chosen_and_never_a_label_map(widget, scene, result):
    from panels import add_views

    scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "labels")
    color = scene.AddNewNodeByClass("vtkMRMLVectorVolumeNode", "color")
    slicer.util.updateVolumeFromArray(color, np.zeros((4, 5, 6, 3), np.uint8))
    scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "without an image")
    widget.initializeParameterNode()
    assert widget.session.ct is None
    add_ct(result[0], "first")
    shown = add_ct(result[0], "shown")
    add_views(shown)
    widget.initializeParameterNode()
    assert widget.session.ct is shown


def test_closing_the_scene_stops_the_run(widget, ct, imitate):
    imitate("time.sleep(60)")
    widget.enter()
    click(widget.ui.applyButton)
    slicer.mrmlScene.Clear(False)
    assert not widget.runner.isRunning
    assert "the scene was closed" in widget.ui.statusLabel.text
    assert widget._parameterNode is not None
    assert not widget.ui.applyButton.enabled


def test_a_new_scene_gets_a_parameter_node_only_where_the_panel_is_in_view(widget, ct):
    widget.enter()
    widget.exit()
    slicer.mrmlScene.Clear(False)
    left = slicer.mrmlScene.GetSingletonNode("KidneySeg", "vtkMRMLScriptedModuleNode")
    assert left is None or not left.GetParameter("KidneySeg.Started")
    assert widget._parameterNode is None
    add_ct_later = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "later")
    widget.refresh()
    assert not widget.ui.applyButton.enabled
    widget.enter()
    assert widget._parameterNode is not None
    assert add_ct_later.GetScene() is slicer.mrmlScene


def test_deleting_the_volume_stops_the_run(widget, ct, imitate):
    imitate("time.sleep(60)")
    click(widget.ui.applyButton)
    slicer.mrmlScene.RemoveNode(ct)
    assert not widget.runner.isRunning
    assert "the CT was removed" in widget.ui.statusLabel.text


def test_quitting_slicer_stops_the_run_and_the_check(widget, ct, imitate):
    imitate("time.sleep(60)")
    click(widget.ui.applyButton)
    click(widget.ui.computerButton)
    run_process, check = widget.runner.run.job._process, widget.support._check[0]
    slicer.app.aboutToQuit.emit()
    assert not widget.runner.isRunning
    assert run_process.poll() is not None
    widget.cleanup()
    assert check.poll() is not None
    assert slicer.app._slots == {}


def test_a_run_goes_on_while_another_module_is_shown(widget, ct, imitate):
    imitate()
    click(widget.ui.applyButton)
    widget.exit()
    wait(widget)
    widget.enter()
    assert len(answers(widget)) == 4


def test_an_unknown_choice_of_a_newer_version_becomes_the_default(widget, ct, module):
    node = widget._parameterNode.parameterNode
    node.SetParameter("quality", "PERFECT")
    node.SetParameter("device", "quantum")
    again = widget.logic.getParameterNode()
    assert again.quality is module.Quality.BALANCED
    assert again.device == "auto"


def test_reloading_drops_the_modules_of_panel_and_library(widget, monkeypatch):
    import KidneySegLib

    saved = {n: m for n, m in sys.modules.items() if n.split(".")[0] == "KidneySegLib"}
    seen = []
    base = sys.modules["slicer.ScriptedLoadableModule"].ScriptedLoadableModuleWidget
    monkeypatch.setattr(base, "onReload", lambda self: seen.append(self), raising=False)
    try:
        widget.onReload()
        left = {n.split(".")[0] for n in sys.modules}
        assert seen == [widget]
        assert not {"KidneySegPanel", "KidneySegLib"} & left
    finally:
        sys.modules.update(saved)
    assert sys.modules["KidneySegLib"] is KidneySegLib


def test_parameters_that_do_not_exist_are_refused(widget):
    with pytest.raises(AttributeError):
        widget._parameterNode.qualty = "fast"
    with pytest.raises(TypeError):
        widget._parameterNode.device = 3


def test_a_saved_scene_brings_choices_and_results_back(widget, ct, imitate, scene, tmp_path):
    imitate()
    widget.enter()
    widget.ui.qualitySelector.setCurrentIndex(0)
    run(widget)
    lines = answers(widget)
    path = str(tmp_path / "scene.mrb")
    assert scene.WriteToMRB(path, None)
    scene.Clear(False)
    assert answers(widget) == []
    widget.ui.qualitySelector.setCurrentIndex(2)
    assert scene.ReadFromMRB(path, True)
    assert widget._parameterNode.quality.value == "fast"
    assert widget.ui.qualitySelector.currentData == "fast"
    assert widget.session.ct.GetName() == "CT"
    assert answers(widget) == lines
    assert not widget.ui.staleLabel.visible
    assert widget.case.stale == ()


def test_a_canceled_run_leaves_the_scene(widget, ct, imitate):
    imitate("time.sleep(60)")
    before = scene_nodes()
    click(widget.ui.applyButton)
    click(widget.ui.applyButton)
    assert scene_nodes() == before
