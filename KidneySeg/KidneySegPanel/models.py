"""Model, quality, device and the other choices of the next run."""

import shutil
import sys

import slicer
from slicer.i18n import tr as _

from .model_store import ModelStore
from .parameters import ASK, CORRECTIONS, DEVICES, OPERATING_POINTS, REFINEMENTS, Quality


class Models:
    """The choices in 'Advanced'."""

    def __init__(self, panel):
        self._panel, self.ui = panel, panel.ui
        self._fill()
        self.store = ModelStore(panel, self)
        for name in self._selectors():
            getattr(self.ui, name).connect("currentIndexChanged(int)", self.onChoice)

    def _selectors(self):
        """Combo boxes and the parameter of each."""
        return {
            "modelSelector": "model",
            "lesionsSelector": "lesions",
            "qualitySelector": "quality",
            "deviceSelector": "device",
            "refineSelector": "refine",
            "operatingPointSelector": "operatingPoint",
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
            "sensitive": _("Sensitive: more tumors"),
            "standard": _("Standard"),
            "specific": _("Specific: fewer false ones"),
            ASK: _("Ask at every run"),
            "keep": _("Keep mine"),
            "replace": _("Replace"),
            "beside": _("New segmentation beside"),
        }
        entries = {
            self.ui.qualitySelector: [quality.value for quality in Quality],
            self.ui.deviceSelector: DEVICES,
            self.ui.refineSelector: REFINEMENTS,
            self.ui.operatingPointSelector: OPERATING_POINTS,
            self.ui.correctionsSelector: CORRECTIONS,
        }
        for selector, values in entries.items():
            for value in values:
                selector.addItem(words[value], value)
        self.ui.lesionsSelector.addItem(_("The same model"), "")
        for name in sorted(model_folders(), key=lambda n: n != DEFAULT_MODEL):
            self.ui.modelSelector.addItem(name, name)
            if name != DEFAULT_MODEL:
                self.ui.lesionsSelector.addItem(name, name)

    def offer(self, name):
        """Offer a model that was imported, and choose it."""
        for selector in (self.ui.modelSelector, self.ui.lesionsSelector):
            if selector.findData(name) < 0:
                selector.addItem(name, name)
        self.ui.modelSelector.setCurrentIndex(self.ui.modelSelector.findData(name))

    def withdraw(self, name):
        """No longer offer a model; what was chosen falls back to the first."""
        for selector in (self.ui.modelSelector, self.ui.lesionsSelector):
            at = selector.findData(name)
            if at >= 0:
                if selector.currentIndex == at:
                    selector.setCurrentIndex(0)
                selector.removeItem(at)

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
        for parameter in ("model", "lesions", "device", "quality", "corrections"):
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
        node.lesions = settings.value("KidneySeg/lesions", "") or ""

    def chosen(self):
        """Name of the chosen model; None for the one that ships."""
        return self._panel.session.parameters.model or None

    def wanted(self):
        """The models of the next run, as a job's request names them."""
        lesions = self._panel.session.parameters.lesions
        if lesions:
            return {"model": None, "kidneys": self.chosen(), "lesions": [lesions]}
        return {"model": self.chosen()}

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
