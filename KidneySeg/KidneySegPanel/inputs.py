"""CT, result, points and box: what the next run takes."""

import qt
import slicer
from slicer.i18n import tr as _

SAMPLES = {
    "KidneySegDemo": _("The CT that ships with KidneySeg"),
    "CTLiver": _("CTLiver (Slicer downloads it)"),
    "CTAAbdomenPanoramix": _("CTA abdomen, Panoramix (Slicer downloads it)"),
}


class Inputs:
    """The section 'CT', and 'Points and box'."""

    def __init__(self, panel):
        self._panel, self.ui = panel, panel.ui
        self.ui.placePointsButton.connect("clicked()", self.onPlacePoints)
        self.ui.placeRoiButton.connect("clicked()", self.onPlaceRoi)
        menu = qt.QMenu(self.ui.sampleButton)
        for name, text in SAMPLES.items():
            action = menu.addAction(text)
            action.connect("triggered()", lambda name=name: self.onSample(name))
        self.ui.sampleButton.setMenu(menu)

    def show(self, case):
        """Say what to do where nothing is loaded, and what the next run uses."""
        del case
        empty = self._panel.session.ct is None
        self.ui.emptyLabel.visible = self.ui.sampleButton.visible = empty
        self.ui.emptyLabel.text = _(
            "Load a CT: from the DICOM browser, or drag a file into this window."
        )
        self.ui.hintsLabel.text = self._hints()
        self.ui.hintsLabel.visible = bool(self.ui.hintsLabel.text)

    def _hints(self):
        """Points and box that the next run uses, whether their section is open or not."""
        points, boxes = self._panel.session.hints()
        parts = []
        if points:
            parts.append(_("{count} point(s)").format(count=points))
        if boxes:
            parts.append(_("a box"))
        if not parts:
            return ""
        text = _("The next run looks only at {hints} (section 'Points and box').").format(
            hints=_(" and ").join(parts)
        )
        if boxes and self._isTurned():
            text += _(" The box is turned: the upright box around it is used.")
        return text

    def _isTurned(self):
        """Whether the box is not along the axes of the body."""
        from KidneySegLib.mrml import is_turned

        return is_turned(self._panel.session.parameters.roi)

    def onSample(self, name="KidneySegDemo"):
        """Load a sample CT and choose it."""
        try:
            volume = self._panel.logic.loadSample(name)
        except Exception as error:  # whatever a download runs into: no network, no space
            text = _("'{name}' was not loaded: {error}").format(name=name, error=error)
            self._panel.say(text, "error")
            return
        self._panel.session.parameters.inputVolume = volume

    def onPlacePoints(self):
        """Let the user click points into the kidneys."""
        self._place("points", "vtkMRMLMarkupsFiducialNode", _("Kidney points"), several=True)

    def onPlaceRoi(self):
        """Let the user draw a box around a kidney."""
        self._place("roi", "vtkMRMLMarkupsROINode", _("Kidney box"), several=False)

    def _place(self, parameter, kind, name, *, several):
        """Start placing in the slice views, where there are any."""
        own = self._panel.session.parameters
        node = getattr(own, parameter)
        if node is None:
            node = slicer.mrmlScene.AddNewNodeByClass(kind, name)
            node.CreateDefaultDisplayNodes()
            setattr(own, parameter, node)
        place(node, several=several)

    def stopPlacing(self):
        """Leave place mode when the module is left."""
        interaction = interaction_node()
        if interaction is not None:
            interaction.SetCurrentInteractionMode(interaction.ViewTransform)


def place(node, *, several):
    """Let the next click in a view place a point of a markups node."""
    selection = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLSelectionNode")
    interaction = interaction_node()
    if selection is None or interaction is None:
        return
    selection.SetReferenceActivePlaceNodeClassName(node.GetClassName())
    selection.SetActivePlaceNodeID(node.GetID())
    interaction.SetPlaceModePersistence(1 if several else 0)
    interaction.SetCurrentInteractionMode(interaction.Place)


def interaction_node():
    """Node that says what clicks in views mean; None without views."""
    return slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLInteractionNode")
