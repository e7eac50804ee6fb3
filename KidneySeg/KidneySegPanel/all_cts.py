"""All CTs of the scene, one after the other, and one table of them. Needs no Qt."""

import slicer
from slicer.i18n import tr as _

TABLE = "KidneySeg, all CTs"


class AllCTs:
    """The button 'Run on all loaded CTs'."""

    def __init__(self, panel):
        self._panel, self._waiting, self._done = panel, [], []
        panel.ui.runAllButton.connect("clicked()", self.onRunAll)

    def onRunAll(self):
        """Segment every CT of the scene."""
        from .session import is_ct

        if self._panel.runner.isRunning:
            return
        nodes = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
        self._waiting, self._done = [node for node in nodes if is_ct(node)], []
        self._panel.runner.whenOver = self._over
        self._next()

    def _next(self):
        """Begin with the next CT that waits; at the end fill the table."""
        runner = self._panel.runner
        while self._waiting and not runner.isRunning:
            ct = self._waiting.pop(0)
            if ct.GetScene() is None:
                continue
            self._panel.session.parameters.inputVolume = ct
            runner.start()
            self._done.append(ct)
        if not runner.isRunning:
            self._finish()

    def _over(self):
        """A run has ended: go on, or stop where the user has canceled it."""
        if self._panel.runner.state == "canceled":
            self._waiting = []
        self._next()

    def _finish(self):
        """One table with the numbers of every CT that has some."""
        from KidneySegLib import mrml

        self._panel.runner.whenOver = None
        made = []
        for ct in self._done:
            if ct.GetScene() is not None:
                made += mrml.results_on(ct)[-1:]
        if made:
            mrml.fill_joint_table(made, TABLE)
            text = _("{count} CT(s) done: see the table '{name}'.")
            self._panel.say(text.format(count=len(made), name=TABLE))
