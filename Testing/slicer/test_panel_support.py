"""Choices, models, installing, the computer, samples, the self-test."""

import sys
import time
import types
import zipfile
from pathlib import Path

import numpy as np
import pytest

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")
pytest.importorskip("PySide6", reason="PySide6 is not installed")

from panels import click, run  # noqa: E402
from scene import add_ct  # noqa: E402

from KidneySegLib.environment.requirements import REQUIREMENTS, Requirement  # noqa: E402

MONAI = Requirement("monai", ">=1.5.1", "the network's architecture", "2")


def test_choices_are_stored_and_remembered(widget, module, ct):
    widget.enter()
    widget.ui.qualitySelector.setCurrentIndex(2)
    widget.ui.deviceSelector.setCurrentIndex(3)
    widget.ui.correctionsSelector.setCurrentIndex(1)
    widget.ui.kidneysOnlyCheckBox.checked = True
    node = widget._parameterNode
    assert node.quality is module.Quality.BEST
    assert node.device == "cpu"
    assert node.corrections == "keep"
    assert node.kidneysOnly is True
    slicer.mrmlScene.Clear(False)
    again = widget._parameterNode
    assert again.quality is module.Quality.BEST
    assert again.device == "cpu"
    assert again.corrections == "keep"
    assert again.kidneysOnly is False


def test_the_note_about_the_cpu_uses_the_last_run(widget, ct, imitate):
    assert "first run measures" in widget.ui.deviceNote.text
    imitate()
    run(widget)
    assert "by the last run on this computer" in widget.ui.deviceNote.text


# ------------------------------------------------------------------ models


def folder_dialog(monkeypatch, answer):
    dialog = sys.modules["qt"].QFileDialog
    monkeypatch.setattr(dialog, "getExistingDirectory", lambda *_: str(answer), raising=False)


def file_dialog(monkeypatch, answer):
    dialog = sys.modules["qt"].QFileDialog
    monkeypatch.setattr(dialog, "getOpenFileName", lambda *_: str(answer), raising=False)


@pytest.fixture
def archive(tmp_path, package):
    path = tmp_path / "mine.zip"
    with zipfile.ZipFile(path, "w") as stored:
        for file in package.folder.iterdir():
            stored.write(file, file.name)
    return path


@pytest.fixture
def home(tmp_path, monkeypatch):
    """The user's folder, where imported models lie."""
    from KidneySegLib.environment.user_folder import VARIABLE

    monkeypatch.setenv(VARIABLE, str(tmp_path / "home"))
    return tmp_path / "home"


def test_an_imported_model_is_known_by_its_name_and_can_be_removed(
    widget, ct, module, home, tmp_path, monkeypatch, package
):
    import shutil

    folder = tmp_path / "mine"
    shutil.copytree(package.folder, folder)
    folder_dialog(monkeypatch, folder)
    widget.models.store.onImport()
    assert widget._parameterNode.model == widget.models.chosen() == "mine"
    assert "was imported" in widget.ui.statusLabel.text
    assert widget.ui.lesionsSelector.findData("mine") > 0
    widget.models.store.onImport()
    assert widget._parameterNode.model == "mine-2"
    slicer.mrmlScene.SetSaveToXMLString(1)
    slicer.mrmlScene.Commit()
    assert str(folder) not in slicer.mrmlScene.GetSceneXMLString()
    again = module.KidneySegWidget()
    again.setup()
    assert again.ui.modelSelector.currentData == "mine-2"
    again.cleanup()
    monkeypatch.setattr(slicer.util, "confirmOkCancelDisplay", lambda *_, **__: False)
    widget.models.store.onRemove()
    assert (home / "models" / "mine-2").is_dir()
    monkeypatch.setattr(slicer.util, "confirmOkCancelDisplay", lambda *_, **__: True)
    widget.models.store.onRemove()
    assert widget._parameterNode.model == "kidneyseg-ct"
    assert widget.ui.modelSelector.findData("mine-2") < 0
    assert not (home / "models" / "mine-2").exists()
    assert (folder / "model.json").is_file()
    widget.models.store.onRemove()
    assert "Only imported models" in widget.ui.statusLabel.text


def test_lesions_of_another_model_go_into_the_request(widget, ct, home, tmp_path, monkeypatch):
    import foreign_models

    folder = foreign_models.write_nnunet(tmp_path / "other")
    folder_dialog(monkeypatch, folder)
    widget.models.store.onImport()
    name = widget.models.chosen()
    assert widget.models.wanted() == {"model": name}
    widget._parameterNode.model = "kidneyseg-ct"
    widget._parameterNode.lesions = name
    expected = {"model": None, "kidneys": "kidneyseg-ct", "lesions": [name]}
    assert widget.models.wanted() == expected
    widget._parameterNode.model = name
    widget.models.store.onAbout()
    assert "nnU-Net v2" in widget.ui.detailsText.plainText
    widget.models.store.onKnown()
    assert "Renal-Net" in widget.ui.detailsText.plainText


def test_a_model_is_imported_from_a_file(widget, ct, home, archive, monkeypatch):
    file_dialog(monkeypatch, archive)
    locked = []
    monkeypatch.setattr(
        slicer.app, "processEvents", lambda: locked.append(not widget.whole.enabled)
    )
    widget.models.store.onImportFile()
    assert widget._parameterNode.model == "mine"
    assert locked
    assert all(locked)
    assert widget.whole.enabled
    archive.write_text("no archive")
    widget.models.store.onImportFile()
    assert "no ZIP file" in widget.ui.statusLabel.text
    assert widget.whole.enabled


def test_an_address_is_fetched_only_when_it_is_given(widget, ct, home, monkeypatch):
    dialog = type("QInputDialog", (), {"getText": staticmethod(lambda *_: "")})
    monkeypatch.setattr(sys.modules["qt"], "QInputDialog", dialog, raising=False)
    widget.models.store.onImportAddress()
    assert not home.exists()
    dialog.getText = staticmethod(lambda *_: "http://example.com/model.zip 00")
    widget.models.store.onImportAddress()
    assert "no https address" in widget.ui.statusLabel.text


def test_a_read_only_home_is_named(widget, ct, home, archive, monkeypatch):
    home.write_text("cannot hold a folder")
    file_dialog(monkeypatch, archive)
    widget.models.store.onImportFile()
    assert "could not be stored" in widget.ui.statusLabel.text


def test_a_model_that_this_computer_lacks_is_shown_as_missing(widget, ct):
    widget._parameterNode.model = "somebody's"
    assert widget.ui.modelSelector.currentText == "somebody's (missing)"
    widget.models.store.onAbout()
    assert "There is no model" in widget.ui.statusLabel.text


def test_the_model_card_is_one_click_away_and_needs_no_package(widget, ct, monkeypatch):
    from KidneySegLib.environment import requirements

    monkeypatch.setattr(requirements, "installed_version", lambda name: None)
    widget.models.store.onAbout()
    text = widget.ui.detailsText.plainText
    assert "License of the weights" in text
    assert "kidneyseg-ct" in text
    assert not widget.ui.advancedSection.collapsed


def test_a_folder_that_is_no_model_is_refused(widget, ct, home, tmp_path, monkeypatch):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("no model")
    folder_dialog(monkeypatch, tmp_path / "other")
    widget.models.store.onImport()
    assert "model.json" in widget.ui.statusLabel.text


# ------------------------------------------------------------------ packages


@pytest.fixture
def lacking(widget, monkeypatch):
    """Let packages be missing, and answer the question; returns what was asked."""
    from KidneySegLib.environment import requirements

    asked = []

    def make(packages, *, agree=True, versions=None):
        monkeypatch.setattr(requirements, "missing", lambda: list(packages))
        own = requirements.installed_version
        known = versions or {p.name: None for p in packages}
        monkeypatch.setattr(
            requirements, "installed_version", lambda n: known[n] if n in known else own(n)
        )
        monkeypatch.setattr(
            slicer.util,
            "confirmOkCancelDisplay",
            lambda text, *_: bool(asked.append(text)) or agree,
            raising=False,
        )
        return asked

    return make


def test_missing_packages_are_listed_and_nothing_is_installed_without_consent(
    widget, ct, lacking, monkeypatch
):
    asked = lacking([MONAI], agree=False)
    monkeypatch.setattr(
        sys.modules["KidneySegPanel.install"], "install", lambda *_, **__: pytest.fail("installed")
    )
    click(widget.ui.applyButton)
    assert "monai>=1.5.1" in asked[0]
    assert "2 MB" in asked[0]
    assert "REPLACED" not in asked[0]
    assert not widget.runner.isRunning
    assert "Not installed" in widget.ui.statusLabel.text


def test_a_version_that_is_replaced_is_said_to_be_replaced(widget, ct, lacking):
    torch = REQUIREMENTS[0]
    asked = lacking([torch, MONAI], agree=False, versions={"torch": "2.9.1", "monai": None})
    click(widget.ui.applyButton)
    new, old = asked[0].split("REPLACED")
    assert "monai>=1.5.1" in new
    assert "torch 2.9.1 by torch>=2.4.1" in old
    assert "Nothing else that Slicer has is replaced" in old


def test_what_a_run_can_do_without_does_not_block_it(widget, ct, imitate, lacking):
    optional = [r for r in REQUIREMENTS if r.optional]
    assert {r.name for r in optional} == {"matplotlib", "scikit-image"}
    asked = lacking(optional, agree=False)
    imitate()
    run(widget)
    assert asked == []
    widget.support.showSetup()
    assert widget.ui.setupLabel.text.startswith("Optional, not installed: matplotlib")


@pytest.fixture
def pip(tmp_path, monkeypatch):
    """A stand-in for PythonSlicer that writes down what pip was called with; returns the file."""

    def make(then="exit 0"):
        seen, path = tmp_path / "seen", tmp_path / "PythonSlicer"
        path.write_text(
            '#!/bin/sh\necho "$@" > ' + f"{seen}\n"
            'while [ "$1" != "--constraint" ]; do shift; done\n'
            f'cat "$2" >> {seen}\necho Collecting; {then}\n'
        )
        path.chmod(0o755)
        target = sys.modules["KidneySegPanel.install"]
        monkeypatch.setattr(target, "pythonExecutable", lambda: str(path))
        return seen

    return make


def test_pip_gets_constraints_and_its_last_lines_go_to_the_log(widget, ct, lacking, pip, tmp_path):
    lacking([MONAI])
    seen = pip("echo ERROR: no network; exit 1")
    click(widget.ui.applyButton)
    said = seen.read_text()
    assert said.startswith("-m pip install monai>=1.5.1 --constraint")
    assert f"numpy=={np.__version__}" in said
    assert "pip could not install monai" in widget.ui.statusLabel.text
    assert "ERROR: no network" in widget.ui.detailsText.plainText
    assert list(tmp_path.glob("kidneyseg-constraints*")) == []


def test_pip_says_its_lines_while_it_works(widget, lacking, pip):
    lacking([MONAI])
    pip()
    said = []
    sys.modules["KidneySegPanel.install"].install([MONAI], tell=said.append)
    assert said == ["Collecting"]


def test_a_folder_of_wheels_needs_no_network_and_no_other_extension(
    widget, lacking, pip, monkeypatch, tmp_path
):
    torch = REQUIREMENTS[0]
    lacking([torch, MONAI])
    seen = pip()
    folder_dialog(monkeypatch, tmp_path / "wheels")
    click(widget.ui.wheelsButton)
    said = seen.read_text()
    assert f"--no-index --find-links {tmp_path / 'wheels'}" in said
    assert "torch>=2.4.1" in said
    assert "\ntorch==" not in said  # what is replaced is not pinned


def test_newer_slicers_install_through_their_own_packaging(widget, monkeypatch):
    install, seen = sys.modules["KidneySegPanel.install"], []
    packaging = types.ModuleType("slicer.packaging")
    packaging.pip_ensure = lambda specs, **options: seen.append((specs, options))
    monkeypatch.setitem(sys.modules, "slicer.packaging", packaging)
    monkeypatch.setattr(install, "_run_pip", lambda *_: pytest.fail("the old way"))
    install.install([r for r in REQUIREMENTS if r.name != "torch"])
    specs, options = seen[0]
    assert [str(s) for s in specs] == [r.spec for r in REQUIREMENTS[1:]]
    assert options["prompt_install"] is False
    assert "kidneyseg-constraints" in options["constraints"]


def test_torch_needs_the_pytorch_extension(widget, monkeypatch):
    monkeypatch.setitem(sys.modules, "PyTorchUtils", None)
    with pytest.raises(RuntimeError, match="extension 'PyTorch' is not installed"):
        sys.modules["KidneySegPanel.install"].install([REQUIREMENTS[0]])


def test_a_failing_pytorch_extension_is_shown(widget, ct, lacking, monkeypatch):
    class Logic:
        def installTorch(self, **options):  # noqa: N802  the extension's own name
            assert options == {"torchVersionRequirement": ">=2.4.1,!=2.9.*"}
            raise OSError("no network")

    extension = types.ModuleType("PyTorchUtils")
    extension.PyTorchUtilsLogic = Logic
    monkeypatch.setitem(sys.modules, "PyTorchUtils", extension)
    lacking([REQUIREMENTS[0]])
    click(widget.ui.applyButton)
    assert "could not install torch: no network" in widget.ui.statusLabel.text


def test_what_is_still_missing_after_set_up_is_said(widget, ct, lacking, monkeypatch):
    lacking([REQUIREMENTS[0]])
    monkeypatch.setattr(
        sys.modules["KidneySegPanel.install"], "install", lambda packages, **_: None
    )
    click(widget.ui.applyButton)
    assert "Still missing: torch" in widget.ui.statusLabel.text
    assert "torch" in widget.ui.setupLabel.text


# ------------------------------------------------------------------ computer, samples, self-test


def test_the_computer_is_described_and_copied(widget, qt_application):
    click(widget.ui.computerButton)
    end = time.monotonic() + 60
    while widget.support._check is not None and time.monotonic() < end:
        widget.support.onTimer()
        time.sleep(0.05)
    text = widget.ui.detailsText.plainText
    assert "Memory:" in text
    assert qt_application.clipboard().text() == text
    assert str(Path.home()) not in text
    qt_application.clipboard().setText("")
    click(widget.ui.copyLogButton)
    assert qt_application.clipboard().text() == text


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
    assert widget.session.ct is not None
    assert widget.ui.applyButton.enabled
    widget.parent.show()
    assert not widget.ui.sampleButton.visible


def test_a_sample_that_cannot_be_downloaded_is_said(widget):
    widget.ui.sampleButton.menu().actions()[1].trigger()
    assert "'CTLiver' was not loaded: no network" in widget.ui.statusLabel.text


def test_the_sample_is_offered(module):
    module.registerSampleData()
    import SampleData

    source = SampleData.SampleDataLogic.sources[-1]
    assert source["uris"].startswith("file:///")
    assert source["fileNames"].startswith("KidneySegDemo-")


def test_the_module_names_what_it_uses(module):
    parent = types.SimpleNamespace()
    module.KidneySeg(parent)
    assert {"Segmentations", "Markups", "Tables", "SegmentEditor", "SampleData"} <= set(
        parent.dependencies
    )


def test_the_self_test_runs_the_whole_chain(module, scene, load_volume):
    """Real child process, real pipeline, embedded model, the CT of the demo."""
    test = module.KidneySegTest()
    test.setUp()
    test.test_a_sample_is_segmented()


@pytest.mark.slow
def test_every_self_test_passes(module, scene, load_volume):
    test = module.KidneySegTest()
    test.runTest()
    assert test.said == "KidneySeg: test passed"


def test_the_self_test_fails_without_the_packages(module, scene, monkeypatch):
    from KidneySegLib.environment import requirements

    monkeypatch.setattr(requirements, "missing", lambda: [MONAI])
    with pytest.raises(RuntimeError, match="cannot be tested"):
        module.KidneySegTest().runTest()
