"""Click to correct: add a tumor that was missed, remove a lesion that is none. Needs no Qt."""

import slicer
from slicer.i18n import tr as _

from .inputs import place


class Clicks:
    """The buttons 'Add tumor' and 'Remove lesion': the next click in a view does it."""

    def __init__(self, panel):
        self._panel, self.ui = panel, panel.ui
        self._node, self._adds, self._percent = None, False, {}
        self.ui.addTumorButton.connect("toggled(bool)", self.onAdd)
        self.ui.removeLesionButton.connect("toggled(bool)", self.onRemove)

    def show(self, case):
        """Only where the CT of the result is there."""
        possible = case is not None and case.ct is not None and not self._panel.runner.isRunning
        for name in ("addTumorButton", "removeLesionButton"):
            getattr(self.ui, name).enabled = possible
        if not possible:
            self.stop()

    def remember(self, segmentation, probabilities):
        """Keep the probabilities of a run as long as this session: they help to find borders."""
        if probabilities is not None:
            self._percent[segmentation.GetID()] = (probabilities.percent, probabilities.geometry)

    def onAdd(self, checked):
        """Wait for a click into a tumor that was missed."""
        self._wait(checked, adds=True)

    def onRemove(self, checked):
        """Wait for a click into a lesion that is none."""
        self._wait(checked, adds=False)

    def _wait(self, checked, *, adds):
        """Begin to wait for a click, or stop."""
        if not checked:
            self.stop()
            return
        self.stop(but="addTumorButton" if adds else "removeLesionButton")
        self._adds = adds
        self._node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", _("Click"))
        self._node.SetSaveWithScene(False)
        self._node.SetHideFromEditors(True)
        self._node.CreateDefaultDisplayNodes()
        self._panel.addObserver(self._node, self._node.PointPositionDefinedEvent, self.onClick)
        place(self._node, several=False)
        self._panel.say(_("Click into the lesion in a slice view."))

    def onClick(self, caller, event):
        """Do what the click asks for."""
        where = [0.0] * 3
        caller.GetNthControlPointPositionWorld(caller.GetNumberOfControlPoints() - 1, where)
        adds = self._adds
        self.stop()
        self.at(where, adds=adds)

    def at(self, where, *, adds):
        """Add or remove the lesion at a place (mm, world), and measure again."""
        from KidneySegLib import mrml

        panel, case = self._panel, self._panel.case
        if case is None or panel.runner.isRunning:
            return
        made = case.segmentation
        with panel.working():
            ct = panel.session.ct_to_measure()
            title = _("adding a tumor") if adds else _("removing a lesion")
            point = panel.session.begin_step(title, made)
            if adds:
                percent = None if case.moved else self._percent.get(made.GetID())
                changed = [mrml.add_lesion(made, ct, where, percent=percent)]
            else:
                changed = mrml.remove_lesion(made, ct, where)
            panel.session.end_step(point, made)
            for segment_id in changed:
                panel.correct.setTool(made, segment_id, _("click"))
            panel.runner.onMeasure()
        panel.refresh()

    def stop(self, but=""):
        """Wait for no click any more."""
        for name in ("addTumorButton", "removeLesionButton"):
            if name != but and getattr(self.ui, name).checked:
                blocked = getattr(self.ui, name).blockSignals(True)
                getattr(self.ui, name).checked = False
                getattr(self.ui, name).blockSignals(blocked)
        node, self._node = self._node, None
        if node is not None:
            from KidneySegLib.mrml import remove_with_display

            self._panel.removeObserver(node, node.PointPositionDefinedEvent, self.onClick)
            remove_with_display(node)
