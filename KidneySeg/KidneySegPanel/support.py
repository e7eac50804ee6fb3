"""Set-up, check of the computer, and the log."""

import subprocess
import time

import qt
import slicer
from slicer.i18n import tr as _

from . import install, texts
from .logic import pythonExecutable

POLL_MS = 100
_CHECK_SECONDS = 120


class Support:
    """The lower part of 'Advanced'."""

    def __init__(self, panel):
        self._panel, self.ui = panel, panel.ui
        self._check = None
        self._timer = qt.QTimer()
        self._timer.setInterval(POLL_MS)
        self._timer.connect("timeout()", self.onTimer)
        clicks = {
            "setupButton": self.onSetup,
            "wheelsButton": self.onWheels,
            "computerButton": self.onComputer,
            "copyLogButton": self.onCopyLog,
        }
        for name, slot in clicks.items():
            getattr(self.ui, name).connect("clicked()", slot)

    # ------------------------------------------------------------ packages

    def packagesAreThere(self):
        """Install what a run needs and is missing, if the user agrees; False where it still is."""
        if not install.missing(to_run=True):
            return True
        return self._installed(install.missing())

    def _installed(self, packages, wheels=None):
        """Ask, install, and say what is still missing; whether a run is possible now."""
        if not slicer.util.confirmOkCancelDisplay(install.question(packages), "KidneySeg"):
            text = _("Not installed. KidneySeg cannot run without these packages.")
            self._panel.say(text, "error")
            return False
        self.log("")
        try:
            install.install(packages, wheels=wheels, tell=self.ui.detailsText.appendPlainText)
        except RuntimeError as error:
            self._panel.runner.show("failed", texts.worded(error))
            return False
        still = ", ".join(p.spec for p in install.missing(to_run=True))
        if still:
            text = _("Still missing: {names}. Restart Slicer and press Set up, or update them.")
            self._panel.runner.show("failed", text.format(names=still))
        self.showSetup()
        return not still

    def showSetup(self):
        """What is missing, above the set-up button."""
        missing = install.missing()
        needed = ", ".join(p.spec for p in missing if not p.optional)
        more = ", ".join(f"{p.spec} ({p.purpose})" for p in missing if p.optional)
        parts = []
        if needed:
            parts.append(_("Needed to run, not installed: {names}.").format(names=needed))
        if more:
            parts.append(_("Optional, not installed: {names}.").format(names=more))
        text = " ".join(parts) or _("All Python packages that are needed are installed.")
        self.ui.setupLabel.text = text

    def onSetup(self):
        """Install what is missing, the optional packages too."""
        missing = install.missing()
        if not missing or self._installed(missing):
            self._panel.say(_("Everything that is needed is installed."))

    def onWheels(self):
        """Install from a folder of wheels, without a network."""
        missing = install.missing()
        if not missing:
            self._panel.say(_("Everything that is needed is installed."))
            return
        folder = qt.QFileDialog.getExistingDirectory(None, _("Folder of wheels"))
        if folder and self._installed(missing, wheels=folder):
            self._panel.say(_("Everything that is needed is installed."))

    # ------------------------------------------------------------ this computer

    def onComputer(self):
        """Find out what this computer can do; Slicer stays usable meanwhile."""
        from KidneySegLib.app.job import NO_WINDOW, child_environment

        if self._check is not None:
            return
        process = subprocess.Popen(
            [pythonExecutable(), "-m", "KidneySegLib.environment.computer"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=child_environment(),
            creationflags=NO_WINDOW,
        )
        self._check = (process, time.monotonic())
        self.log(_("Looking..."))
        self._timer.start()

    def onTimer(self):
        """Show and copy what the child process found."""
        process, begun = self._check
        late = time.monotonic() - begun > _CHECK_SECONDS
        if process.poll() is None and not late:
            return
        if late:
            process.kill()
        text = process.communicate()[0].strip() or _("No answer; see Slicer's log.")
        self._check = None
        self._timer.stop()
        self.log(text)
        self.onCopyLog()

    def stop(self):
        """End the check, if one runs."""
        self._timer.stop()
        if self._check is not None:
            process, self._check = self._check[0], None
            process.kill()
            process.communicate()

    # ------------------------------------------------------------ log

    def log(self, text):
        """Put a text into the log below 'Advanced'."""
        self.ui.detailsText.plainText = text

    def onCopyLog(self):
        """Copy the log."""
        qt.QApplication.clipboard().setText(self.ui.detailsText.plainText)
        self._panel.say(_("Copied. Paste it into your question to support."))
