"""What becomes of a finished run: segments, numbers and a step in the scene."""

import time

import slicer
from slicer.i18n import tr as _

from . import texts, views


class Outcome:
    """Takes what child processes found."""

    def __init__(self, panel, runner):
        self._panel, self._runner, self.made = panel, runner, None

    def finish(self, run, done):
        """Put what a run found into the scene and show it."""
        if run.segmentation is not None and run.segmentation.GetScene() is None:
            if run.measures:
                self._runner.over("canceled", _("Canceled: the segmentation was removed."))
                return
            run.segmentation = None
        if run.measures:
            self._measured(run, done)
        else:
            self._segmented(run, done)

    def _measured(self, run, done):
        """Numbers into the table."""
        from KidneySegLib import mrml

        made = run.segmentation
        found = mrml.complete(made, done.measured)
        tools = self._panel.correct.tools(made)
        mrml.fill_table(found, made, run.sent.node, state=run.state, tools=tools)
        self._runner.over("done", self._doneText(made) if run.follows else _("Measured."))

    def _segmented(self, run, done):
        """Segments and numbers into the scene; measured again where the user's were kept."""
        panel, ct = self._panel, run.sent.node
        made, whole = self._add(run, done)
        self.made = made
        panel.clicks.remember(made, ct, done.result.probabilities)
        parameters = panel.session.parameters
        if parameters is not None and panel.session.ct in (ct, None):
            parameters.outputSegmentation = made
            self._prepareViews(ct)
        panel.models.remember(done.result, time.monotonic() - self._runner.begun)
        panel.support.log(texts.record_text(done.result))
        if whole:
            self._runner.over("done", self._doneText(made))
        else:
            self._runner.measure(made, ct, follows=True)

    def _add(self, run, done):
        """Put a result into the scene as one step; where that fails, the scene is as it was."""
        from KidneySegLib import mrml

        session, before = self._panel.session, run.segmentation
        point = session.begin_step(_("the run"), before)
        there = slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
        policy = "keep" if run.policy == "beside" else run.policy
        tools = self._panel.correct.tools(before) if before is not None else {}
        try:
            made, whole = self._panel.logic.addResult(
                done, run.sent.node, before, policy, tools=tools
            )
        except Exception:
            point.restore()
            for node in slicer.util.getNodesByClass("vtkMRMLSegmentationNode"):
                if before is None and node not in there:
                    mrml.remove_result(node)
            raise
        session.end_step(point, made)
        return made, whole

    def _doneText(self, made):
        """How long a run took, and its result where another one is shown."""
        text = _("Done in {seconds:.0f} s.").format(seconds=time.monotonic() - self._runner.begun)
        if made is self._panel.session.segmentation:
            return text
        return f"{text} {made.GetName()}"

    def _prepareViews(self, ct):
        """The CT as background where nothing else is shown, and surfaces where 3D is."""
        shown = views.shown_volume()
        if shown is None:
            views.show_volume(ct)
        if shown in (None, ct):
            self._panel.results.prepareViews = True
