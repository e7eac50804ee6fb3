"""Model, quality, device and the other choices of the next run."""

import json
import shutil
import sys
from pathlib import Path

import qt
import slicer
from slicer.i18n import tr as _

from . import texts
from .parameters import ASK, CORRECTIONS, DEVICES, REFINEMENTS, Quality

_IMPORTED = "KidneySeg/importedModels"


class Models:
    """The choices in 'Advanced'."""

    def __init__(self, panel):
        self._panel, self.ui = panel, panel.ui
        self._fill()
        menu = qt.QMenu(self.ui.modelButton)
        for text, slot in (
            (_("About this model..."), self.onAbout),
            (_("Import from folder..."), self.onImport),
            (_("Import from file..."), self.onImportFile),
            (_("Remove this imported model"), self.onRemove),
        ):
            menu.addAction(text).connect("triggered()", slot)
        self.ui.modelButton.setMenu(menu)
        for name in self._selectors():
            getattr(self.ui, name).connect("currentIndexChanged(int)", self.onChoice)

    def _selectors(self):
        """Combo boxes and the parameter of each."""
        return {
            "modelSelector": "model",
            "qualitySelector": "quality",
            "deviceSelector": "device",
            "refineSelector": "refine",
            "correctionsSelector": "corrections",
        }

    def _fill(self):
        """Entries of the combo boxes; the stored value is the item's data."""
        from KidneySegLib.models.registry import DEFAULT_MODEL, model_folders

        words = {
            "fast": _("Fast"),
            "balanced": _("Balanced"),
            "best": _("Best"),
            "auto": _("Automatic"),
            "cuda": _("NVIDIA GPU (CUDA)"),
            "mps": _("Apple GPU (MPS)"),
            "cpu": _("CPU"),
            "off": _("Off"),
            "levelset": _("Level set"),
            "contour": _("Active contour"),
            ASK: _("Ask at every run"),
            "keep": _("Keep mine"),
            "replace": _("Replace"),
            "beside": _("New segmentation beside"),
        }
        entries = {
            self.ui.qualitySelector: [quality.value for quality in Quality],
            self.ui.deviceSelector: DEVICES,
            self.ui.refineSelector: REFINEMENTS,
            self.ui.correctionsSelector: CORRECTIONS,
        }
        for selector, values in entries.items():
            for value in values:
                selector.addItem(words[value], value)
        for name in sorted(model_folders(), key=lambda n: n != DEFAULT_MODEL):
            self.ui.modelSelector.addItem(name, name)
        for name in imported():
            if self.ui.modelSelector.findData(name) < 0:
                self.ui.modelSelector.addItem(name, name)

    def show(self, case):
        """Show what the parameter node holds."""
        del case
        node = self._panel.session.parameters
        if node is None:
            return
        for name, parameter in self._selectors().items():
            selector, value = getattr(self.ui, name), getattr(node, parameter)
            value = getattr(value, "value", value)
            blocked = selector.blockSignals(True)
            if value and selector.findData(value) < 0:
                selector.addItem(_("{name} (missing)").format(name=value), value)
            selector.setCurrentIndex(max(0, selector.findData(value)))
            selector.blockSignals(blocked)
        self._showDeviceNote()

    def onChoice(self, index=None):
        """Store the combo boxes in the parameter node, and remember them for the next time."""
        node = self._panel.session.parameters
        if node is None:
            return
        # read all before the first write: every write shows the node's values in the boxes again
        chosen = {
            parameter: getattr(self.ui, name).currentData or ""
            for name, parameter in self._selectors().items()
        }
        for parameter, value in chosen.items():
            setattr(node, parameter, Quality(value) if parameter == "quality" else value)
        settings = slicer.app.userSettings()
        for parameter in ("model", "device", "quality", "corrections"):
            settings.setValue(f"KidneySeg/{parameter}", chosen[parameter])

    def recall(self, node):
        """Choices of the last time, for a scene that holds none yet."""
        if node.parameterNode.GetParameter("KidneySeg.Started"):
            return
        node.parameterNode.SetParameter("KidneySeg.Started", "1")
        settings = slicer.app.userSettings()
        quality = settings.value("KidneySeg/quality", "balanced")
        device = settings.value("KidneySeg/device", "auto")
        corrections = settings.value("KidneySeg/corrections", ASK)
        known = {q.value: q for q in Quality}
        node.quality = known.get(quality, Quality.BALANCED)
        node.device = device if device in DEVICES else "auto"
        node.corrections = corrections if corrections in CORRECTIONS else ASK
        node.model = settings.value("KidneySeg/model", "") or ""

    def chosen(self):
        """Chosen model as the library takes it: a name, or the folder of an imported one."""
        name = self._panel.session.parameters.model
        return imported().get(name, name) or None

    def remember(self, result, seconds):
        """How long a run on the CPU took, for the estimate."""
        if result.record["device"].lower().startswith("cpu"):
            name = f"KidneySeg/ns-a-voxel/{result.record['settings']['quality']}"
            value = str(1e9 * seconds / result.labels.array.size)
            slicer.app.userSettings().setValue(name, value)

    def _showDeviceNote(self):
        """How long it may take, by the last run on the CPU, where no GPU is used."""
        own = self._panel.session.parameters
        automatic = sys.platform != "darwin" and not shutil.which("nvidia-smi")
        on_cpu = own.device == "cpu" or (own.device == "auto" and automatic)
        self.ui.deviceNote.visible = on_cpu
        if not on_cpu:
            return
        name = f"KidneySeg/ns-a-voxel/{own.quality.value}"
        last = slicer.app.userSettings().value(name, None)
        image = own.inputVolume.GetImageData() if own.inputVolume is not None else None
        if last is not None and image is not None:
            seconds = float(last) * image.GetNumberOfPoints() * 1e-9
            estimate = _("about {seconds:.0f} s for this CT, by the last run on this computer")
            estimate = estimate.format(seconds=max(1.0, seconds))
        else:
            estimate = _("slower than a GPU; the first run measures how much on this computer")
        self.ui.deviceNote.text = _("Runs on the CPU: {estimate}.").format(estimate=estimate)

    # ------------------------------------------------------------ model packages

    def onAbout(self):
        """Show the card of the chosen model; needs no package."""
        from KidneySegLib.core.errors import KidneySegError
        from KidneySegLib.models.registry import about_model

        try:
            text = about_model(self.chosen())
        except KidneySegError as error:
            self._panel.say(texts.worded(error), "error")
            return
        self.ui.advancedSection.collapsed = False
        self._panel.support.log(text)

    def onImport(self):
        """Add a model package that lies in a folder."""
        folder = qt.QFileDialog.getExistingDirectory(None, _("Folder of a model package"))
        if folder and self._panel.support.packagesAreThere():
            self._import(lambda: Path(folder))

    def onImportFile(self):
        """Add a model package from a ZIP archive, unpacked beside Slicer's settings."""
        archive = qt.QFileDialog.getOpenFileName(None, _("Model package"), "", "ZIP (*.zip)")
        if not archive or not self._panel.support.packagesAreThere():
            return
        from KidneySegLib.models.archive import unpack_model

        models = Path(slicer.app.slicerUserSettingsFilePath).parent / "KidneySeg" / "models"
        self._import(lambda: unpack_model(Path(archive), models))

    def _import(self, fetch):
        """Check a package and offer it; scenes store its name, never its folder."""
        from KidneySegLib.models.manifest import load_package
        from KidneySegLib.models.registry import model_folders

        with self._panel.working():
            folder = fetch()
            name = load_package(folder).name
            if name in model_folders():
                name = _("{name} (imported)").format(name=name)
            known = {**imported(), name: str(folder)}
            slicer.app.userSettings().setValue(_IMPORTED, json.dumps(known))
            selector = self.ui.modelSelector
            if selector.findData(name) < 0:
                selector.addItem(name, name)
            selector.setCurrentIndex(selector.findData(name))

    def onRemove(self):
        """Forget an imported model; its files stay where they are."""
        name, known = self._panel.session.parameters.model, imported()
        if name not in known:
            self._panel.say(_("Only imported models can be removed; this one came with KidneySeg."))
            return
        folder = known.pop(name)
        slicer.app.userSettings().setValue(_IMPORTED, json.dumps(known))
        selector = self.ui.modelSelector
        selector.setCurrentIndex(0)
        selector.removeItem(selector.findData(name))
        text = _("'{name}' is no longer offered. Its files stay in {folder}.")
        self._panel.say(text.format(name=name, folder=folder))


def imported():
    """Name and folder of models that the user imported, on this computer."""
    return json.loads(slicer.app.userSettings().value(_IMPORTED, "") or "{}")
