"""Apply, progress, cancel: runs of the child process."""

import logging
import time
from dataclasses import replace

import qt
import slicer
from slicer.i18n import tr as _

from . import texts
from .ask import ask
from .outcome import Outcome
from .parameters import ASK
from .run import Run

logger = logging.getLogger(__name__)
POLL_MS = 100


class Runner:
    """One run at a time, polled from a timer."""

    def __init__(self, panel):
        self._panel, self.ui = panel, panel.ui
        self.run, self.state, self.ask = None, "idle", ask
        self.outcome = Outcome(panel, self)
        self.begun, self.ctName, self.whenOver = 0.0, "", None
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
        if not self.isRunning:
            self.start()
        elif not self.run.measures:
            self.cancel(_("Canceled. The scene is as it was."))
        elif self._panel.case is not None and self._panel.case.numbers is not None:
            self.cancel(_("Canceled. The numbers are as they were."))
        else:
            self.cancel(_("Canceled. The segments are there, but not measured."))

    def start(self):
        """Check, ask what must be asked, and start the child process; whether it was started."""
        from KidneySegLib import mrml

        panel, session = self._panel, self._panel.session
        if not panel.support.packagesAreThere():
            return False
        made = session.segmentation if panel.case is not None else None  # else it is not readable
        ct, asked = session.ct, None
        with panel.working():
            mrml.volume_from_node(ct)
            mrml.require_output(made, ct)
            asked = [c for c in _corrections(made) if c.what not in ("added", "locked")]
        policy = self._policy(asked) if asked is not None else None
        if policy is None:
            return False
        with panel.working():
            own = session.parameters
            settings = panel.logic.settings(
                ct,
                own.quality.value,
                own.kidneysOnly,
                own.points,
                own.roi,
                refine=own.refine,
                operatingPoint=own.operatingPoint,
            )
            settings = replace(settings, probabilities=True)  # for clicks that correct
            sent = mrml.Sent(ct)
            job = panel.logic.startJob(ct, settings, panel.models.wanted(), device=own.device)
            self._begin(
                Run(job, sent, segmentation=None if policy == "beside" else made, policy=policy)
            )
        return self.isRunning

    def _policy(self, corrections):
        """What becomes of the user's corrections; None where the user cancels."""
        chosen = self._panel.session.parameters.corrections
        if not corrections:
            return "keep"
        return self.ask(corrections) if chosen == ASK else chosen

    def onMeasure(self):
        """Measure the segments as they are now, in a child process."""
        if self.isRunning or self._panel.session.segmentation is None:
            return
        with self._panel.working():
            ct = self._panel.session.ct_to_measure()
            self.measure(self._panel.session.segmentation, ct)

    def measure(self, made, ct, *, follows=False):
        """Start to measure, by itself or after a run."""
        from KidneySegLib import mrml

        sent, state = mrml.Sent(ct), mrml.state_of(made, ct)
        job = self._panel.logic.startMeasuring(made, ct)
        self._begin(Run(job, sent, segmentation=made, state=state, follows=follows))

    def _begin(self, run):
        """Poll a run from now on."""
        if not run.follows:
            self.begun = time.monotonic()
        self.run, self.ctName = run, run.sent.node.GetName()
        self.show("running", _("Starting..."))
        self._panel.refresh()
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
                run, self.run = self.run, None
                self._timer.stop()
                self.outcome.finish(run, news)
            elif news is not None:
                self._showProgress(news)
        except Exception as error:  # whatever happens, the panel must not stay "running"
            if not isinstance(error, KidneySegError):
                logger.exception("a run of KidneySeg failed")
            self.stop()
            self.over("failed", texts.worded(error))

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

    def cancel(self, text):
        """End the child process because of what a text says."""
        self.stop()
        self.over("canceled", text)

    def over(self, state, text):
        """A run has ended, one way or another: say it, show the scene, and let a batch go on."""
        self.show(state, text)
        if not slicer.mrmlScene.IsClosing():
            self._panel.refresh()
        if self.whenOver is not None:
            self.whenOver(state)

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


def _corrections(made):
    """What a user changed of a result."""
    from KidneySegLib.mrml import corrections

    return corrections(made) if made is not None else ()
