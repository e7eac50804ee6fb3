"""Apply, progress, cancel: runs of the child process, and what becomes of their results."""

import logging
import time
from dataclasses import replace

import qt
from slicer.i18n import tr as _

from . import texts, views
from .parameters import ASK
from .run import Run

logger = logging.getLogger(__name__)
POLL_MS = 100


class Runner:
    """One run at a time, polled from a timer."""

    def __init__(self, panel):
        self._panel, self.ui = panel, panel.ui
        self.run, self.state = None, "idle"
        self._begun, self.whenOver = 0.0, None
        self._timer = qt.QTimer()
        self._timer.setInterval(POLL_MS)
        self._timer.connect("timeout()", self.onTimer)
        self.ui.applyButton.connect("clicked()", self.onApply)
        self.ui.measureButton.connect("clicked()", self.onMeasure)

    @property
    def isRunning(self):
        """Whether a child process works."""
        return self.run is not None

    def isOf(self, node):
        """Whether the run is of a CT."""
        return self.run is not None and self.run.sent.node is node

    # ------------------------------------------------------------ starting

    def onApply(self):
        """Start a run, or cancel the one that runs."""
        if self.isRunning:
            measures = self.run.measures
            self.stop()
            told = _("Canceled. The numbers are as they were.") if measures else ""
            self.show("canceled", told or _("Canceled. The scene is as it was."))
            return
        self.start()

    def start(self):
        """Check, ask what must be asked, and start the child process."""
        from KidneySegLib import mrml

        panel, session = self._panel, self._panel.session
        if not panel.support.packagesAreThere():
            return
        made = session.segmentation
        with panel.working():
            ct = session.ct
            mrml.volume_from_node(ct)
            mrml.require_output(made, ct)
            policy = self._policy(made)
            if policy is None:
                return
            made = None if policy == "beside" else made
            own = session.parameters
            settings = panel.logic.settings(
                ct, own.quality.value, own.kidneysOnly, own.points, own.roi, refine=own.refine
            )
            settings = replace(settings, probabilities=True)  # for clicks that correct
            sent = mrml.Sent(ct)
            job = panel.logic.startJob(ct, settings, model=panel.models.chosen(), device=own.device)
            point = session.begin_step(_("the run"), made)
            self._begin(Run(job, sent, segmentation=made, policy=policy, checkpoint=point))

    def _policy(self, made):
        """What becomes of the user's corrections; None where the user cancels."""
        from KidneySegLib import mrml

        found = mrml.corrections(made) if made is not None else ()
        asked = [c for c in found if c.what not in ("added", "locked")]
        chosen = self._panel.session.parameters.corrections
        if not asked or chosen != ASK:
            return "keep" if chosen == ASK else chosen
        return self.ask(asked)

    def ask(self, corrections):
        """Ask what a new run does with corrections."""
        listed = "\n".join(f"  {c.name} ({texts.CORRECTION[c.what]})" for c in corrections)
        box = qt.QMessageBox()
        box.setWindowTitle("KidneySeg")
        box.setText(_("You have corrected this result:\n\n{list}").format(list=listed))
        box.setInformativeText(
            _("What becomes of it in the new run? (Advanced, 'Corrections', decides for good.)")
        )
        buttons = {
            box.addButton(_("Keep mine"), qt.QMessageBox.AcceptRole): "keep",
            box.addButton(_("Replace"), qt.QMessageBox.DestructiveRole): "replace",
            box.addButton(_("New segmentation beside"), qt.QMessageBox.ActionRole): "beside",
        }
        box.addButton(qt.QMessageBox.Cancel)
        box.exec_()
        return buttons.get(box.clickedButton())

    def onMeasure(self):
        """Measure the segments as they are now, in a child process."""
        if self.isRunning or self._panel.session.segmentation is None:
            return
        with self._panel.working():
            ct = self._panel.session.ct_to_measure()
            self._measure(self._panel.session.segmentation, ct)

    def _measure(self, made, ct):
        """Start to measure."""
        from KidneySegLib import mrml

        sent, state = mrml.Sent(ct), mrml.state_of(made, ct)
        job = self._panel.logic.startMeasuring(made, ct)
        self._begin(Run(job, sent, segmentation=made, state=state))

    def _begin(self, run):
        """Poll a run from now on."""
        self.run, self._begun = run, time.monotonic()
        self.show("running", _("Starting..."))
        self._timer.start()

    # ------------------------------------------------------------ while it runs

    def onTimer(self):
        """Look what the child process says."""
        from KidneySegLib.app.job import Done
        from KidneySegLib.core.errors import KidneySegError

        if self.run is None:
            return
        try:
            news = self.run.poll()
            if isinstance(news, Done):
                self._finish(news)
            elif news is not None:
                self._showProgress(news)
        except Exception as error:  # whatever happens, the panel must not stay "running"
            self.stop()
            if not isinstance(error, KidneySegError):
                logger.exception("a run of KidneySeg failed")
            self.show("failed", texts.worded(error))
        if not self.isRunning and self.whenOver is not None:
            self.whenOver()

    def _showProgress(self, news):
        """Stage, percent and remaining time."""
        self.ui.progressBar.value = round(1000 * news.share)
        text = _("{stage}: {percent:.0f} %").format(
            stage=texts.STAGES.get(news.stage, news.stage), percent=100 * news.share
        )
        if news.left_s is not None:
            text += _(", about {seconds:.0f} s left").format(seconds=news.left_s)
        self._panel.say(text)

    def stop(self):
        """End the child process, if one runs."""
        self._timer.stop()
        if self.run is not None:
            run, self.run = self.run, None
            run.cancel()

    # ------------------------------------------------------------ results

    def _finish(self, done):
        """Put what was found into the scene and show it."""
        run, self.run = self.run, None
        self._timer.stop()
        if run.segmentation is not None and run.segmentation.GetScene() is None:
            if run.measures:
                self.show("canceled", _("Canceled: the segmentation was removed."))
                return
            run.segmentation = run.checkpoint = None
        if run.measures:
            self._finishMeasuring(run, done)
        else:
            self._finishSegmenting(run, done)

    def _finishMeasuring(self, run, done):
        """Numbers into the table."""
        from KidneySegLib import mrml

        made, panel = run.segmentation, self._panel
        tools = panel.correct.tools(made)
        found = mrml.complete(made, done.measured)
        mrml.fill_table(found, made, run.sent.node, state=run.state, tools=tools)
        self.show("done", _("Measured."))
        panel.refresh()

    def _finishSegmenting(self, run, done):
        """Segments and numbers into the scene; measured again where the user's were kept."""
        panel, ct = self._panel, run.sent.node
        session = panel.session
        point = run.checkpoint or session.begin_step(_("the run"), None)
        policy = "keep" if run.policy == "beside" else run.policy
        made, whole = panel.logic.addResult(done, ct, run.segmentation, policy)
        session.end_step(point, made)
        panel.clicks.remember(made, done.result.probabilities)
        parameters = session.parameters
        if parameters is not None and session.ct in (ct, None):
            parameters.outputSegmentation = made
            self._prepareViews(ct)
        seconds = time.monotonic() - self._begun
        panel.models.remember(done.result, seconds)
        panel.support.log(texts.record_text(done.result))
        self.show("done", _("Done in {seconds:.0f} s.").format(seconds=seconds))
        panel.refresh()
        if not whole:
            with panel.working():
                self._measure(made, ct)

    def _prepareViews(self, ct):
        """The CT as background where nothing else is shown, and surfaces where 3D is."""
        shown = views.shown_volume()
        if shown is None:
            views.show_volume(ct)
        if shown in (None, ct):
            self._panel.results.prepareViews = True

    # ------------------------------------------------------------ showing

    def show(self, state, text=""):
        """Set button, progress bar and status for idle, running, failed, canceled or done."""
        self.state = state
        running = state == "running"
        self.ui.progressBar.visible = running
        self.ui.applyButton.text = _("Cancel") if running else _("Apply")
        if running:
            self.ui.progressBar.value = 0
        self._panel.say(text, "error" if state == "failed" else "info")
        self.showButtons()

    def showButtons(self):
        """Enable what can be used now."""
        session, running = self._panel.session, self.isRunning
        ready = session.ct is not None
        case = self._panel.case
        self.ui.applyButton.enabled = running or ready
        self.ui.applyButton.toolTip = (
            _("Segment the CT and measure.") if ready else _("Load a CT and choose it above.")
        )
        for name in ("inputsSection", "hintsSection", "runAllButton"):
            getattr(self.ui, name).enabled = not running
        self.ui.measureButton.enabled = case is not None and not running
