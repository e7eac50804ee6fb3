"""Click to correct: add a tumor that was missed, remove a lesion that is none. Needs no Qt."""

import slicer
from slicer.i18n import tr as _

from .inputs import interaction_node, place

_MOST_KEPT = 3


class Clicks:
    """The buttons 'Add tumor' and 'Remove lesion': the next click in a view does it."""

    def __init__(self, panel):
        self._panel, self.ui = panel, panel.ui
        self._node, self._adds, self._percent = None, False, {}
        self.ui.addTumorButton.connect("toggled(bool)", self.onAdd)
        self.ui.removeLesionButton.connect("toggled(bool)", self.onRemove)

    def show(self, case):
        """Only where the CT of the result is there."""
        self._percent = {n: p for n, p in self._percent.items() if n.GetScene() is not None}
        possible = case is not None and case.ct is not None and not self._panel.runner.isRunning
        for name in ("addTumorButton", "removeLesionButton"):
            getattr(self.ui, name).enabled = possible
        if not possible:
            self.stop()

    def remember(self, segmentation, ct, probabilities):
        """Keep the probabilities of a run while its result is there: they help to find borders."""
        from KidneySegLib.mrml import placement_of

        if probabilities is not None:
            percent = (probabilities.percent, probabilities.geometry)
            self._percent.pop(segmentation, None)
            self._percent[segmentation] = (percent, placement_of(ct, ct))
            for old in list(self._percent)[:-_MOST_KEPT]:  # tens of MB each
                del self._percent[old]

    def forget(self):
        """Forget all probabilities: the scene was closed."""
        self._percent = {}

    def _known(self, segmentation, ct):
        """Probabilities of a result, where its CT lies as it did in the run."""
        from KidneySegLib.mrml import placement_of, same_placement

        percent, where = self._percent.get(segmentation, (None, None))
        return percent if where and same_placement(where, placement_of(ct, ct)) else None

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
        interaction = interaction_node()
        if interaction is not None:
            event = interaction.InteractionModeChangedEvent
            self._panel.addObserver(interaction, event, self.onMode)
        self._panel.say(_("Click into the lesion in a slice view."))

    def onClick(self, caller, event):
        """Do what the click asks for, when the event of placing is over."""
        where = [0.0] * 3
        caller.GetNthControlPointPositionWorld(caller.GetNumberOfControlPoints() - 1, where)
        adds = self._adds
        self._panel.later(lambda: self._clicked(where, adds))

    def _clicked(self, where, adds):
        """The click is over."""
        if self._node is not None:
            self.stop()
            self.at(where, adds=adds)

    def onMode(self, caller, event):
        """The user has left the mode of placing, by Esc or another button."""
        if caller.GetCurrentInteractionMode() != caller.Place:
            self._panel.later(self.stop)

    def at(self, where, *, adds):
        """Add or remove the lesion at a place (mm, world), and measure again."""
        from KidneySegLib import mrml

        panel, case = self._panel, self._panel.case
        if case is None or panel.runner.isRunning:
            return
        made = case.segmentation
        changed = []
        with panel.working():
            ct = panel.session.ct_to_measure()
            title = _("adding a tumor") if adds else _("removing a lesion")
            point = panel.session.begin_step(title, made)
            if adds:
                changed = [mrml.add_lesion(made, ct, where, percent=self._known(made, ct))]
            else:
                changed = mrml.remove_lesion(made, ct, where)
            panel.session.end_step(point, made)
            for segment_id in changed:
                panel.correct.setTool(made, segment_id, _("click"))
        panel.refresh()
        if changed:
            panel.runner.onMeasure()

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
            interaction = interaction_node()
            if interaction is not None:
                event = interaction.InteractionModeChangedEvent
                self._panel.removeObserver(interaction, event, self.onMode)
                if interaction.GetCurrentInteractionMode() == interaction.Place:
                    self._panel.inputs.stopPlacing()  # else the next click makes a list of its own
            remove_with_display(node)
