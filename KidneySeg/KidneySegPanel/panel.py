"""The widget of the module: builds the panel, watches the scene, and shows the chosen result."""

import contextlib
import logging

import qt
import slicer
import vtk
from slicer.i18n import tr as _
from slicer.ScriptedLoadableModule import ScriptedLoadableModuleWidget
from slicer.util import VTKObservationMixin

from . import colors, texts, views
from .all_cts import AllCTs
from .clicks import Clicks
from .correct import Correct
from .inputs import Inputs
from .logic import KidneySegLogic
from .models import Models
from .results import Results
from .review import Review
from .runner import Runner
from .session import Session
from .support import Support
from .watch import Watch

logger = logging.getLogger(__name__)

_SCENE_WIDGETS = (
    "inputSelector",
    "outputSelector",
    "pointsSelector",
    "roiSelector",
    "segmentsTable",
)
_SOON_MS = 300


class KidneySegWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """The panel: every part shows the same case (see `session`)."""

    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.logic = None
        self.session = Session()
        self.case = None
        self._parameterNode = None
        self._guiTag, self._connected = None, None
        self.entered = False
        self._refreshing = False

    # ------------------------------------------------------------ life of the panel

    def setup(self):
        """Build the panel from the .ui file and connect it."""
        ScriptedLoadableModuleWidget.setup(self)
        uiWidget = slicer.util.loadUI(self.resourcePath("UI/KidneySeg.ui"))
        self.layout.addWidget(uiWidget)
        self.ui, self.whole = slicer.util.childWidgetVariables(uiWidget), uiWidget
        uiWidget.setMRMLScene(slicer.mrmlScene)
        for name in _SCENE_WIDGETS:
            getattr(self.ui, name).setMRMLScene(slicer.mrmlScene)
        self.logic = KidneySegLogic()
        self._soon = qt.QTimer()
        self._soon.setSingleShot(True)
        self._soon.setInterval(_SOON_MS)
        self._soon.connect("timeout()", self.refresh)
        self.runner, self.all = Runner(self), AllCTs(self)
        self.models, self.support = Models(self), Support(self)
        self.inputs, self.results = Inputs(self), Results(self)
        self.review, self.correct, self.clicks = Review(self), Correct(self), Clicks(self)
        self.watch = Watch(self)
        slicer.app.connect("aboutToQuit()", self.runner.stop)
        self.initializeParameterNode()
        self.runner.show("idle")
        self.support.showSetup()

    def cleanup(self):
        """Stop what runs, and let go of the application, when the module goes."""
        slicer.app.disconnect("aboutToQuit()", self.runner.stop)
        self.runner.stop()
        self.support.stop()
        self._soon.stop()
        self.clicks.stop()
        self.correct.close()
        self.setParameterNode(None)
        self.watch.stop()
        self.removeObservers()

    def onReload(self):
        """Reload the panel's own modules and the library's too (Developer Tools)."""
        import sys

        for name in list(sys.modules):
            if name.split(".")[0] in ("KidneySegPanel", "KidneySegLib"):
                del sys.modules[name]
        ScriptedLoadableModuleWidget.onReload(self)

    def enter(self):
        """Look at the scene again when the user comes to the module; a run has gone on."""
        self.entered = True
        self.initializeParameterNode()
        self.correct.enter()

    def exit(self):
        """Leave shortcuts and place mode to other modules; a run goes on."""
        self.entered = False
        self.clicks.stop()
        self.correct.exit()
        self.inputs.stopPlacing()

    def initializeParameterNode(self):
        """Take the scene's parameter node, and choose a CT where none is chosen."""
        fresh, own = self.logic.getParameterNode(), self._parameterNode
        if own is None or own.parameterNode is not fresh.parameterNode:
            self.setParameterNode(fresh)
        else:
            self.models.recall(own)
        self.session.choose_first(views.shown_volume())
        self.refresh()

    def setParameterNode(self, parameterNode):
        """Connect the panel to a parameter node, or to none.

        One wrapper serves a node for good, after the scene was closed too: connectGui cannot be
        undone in every Slicer.
        """
        if self._parameterNode is not None:
            self.removeObserver(
                self._parameterNode, vtk.vtkCommand.ModifiedEvent, self.onParameters
            )
        known = self._connected
        if known is not None and parameterNode is not None:
            if known.parameterNode is parameterNode.parameterNode:
                parameterNode = known
            elif self._guiTag is not None:
                known.disconnectGui(self._guiTag)
        self._parameterNode = parameterNode
        self.session.bind(parameterNode)
        if parameterNode is None:
            return
        self.models.recall(parameterNode)
        if parameterNode is not known:
            self._guiTag, self._connected = parameterNode.connectGui(self.ui), parameterNode
        self.addObserver(parameterNode, vtk.vtkCommand.ModifiedEvent, self.onParameters)

    def closeScene(self):
        """The scene was closed: show nothing; a fresh parameter node only where it is in view."""
        self.setParameterNode(None)
        self.clicks.forget()
        self.correct.forget()
        if self.entered:
            self.initializeParameterNode()
        if self.runner.state != "canceled":
            self.runner.show("idle")
        self.refresh()

    def onParameters(self, caller=None, event=None):
        """A choice has changed."""
        self.refresh()

    # ------------------------------------------------------------ showing

    def refreshSoon(self, caller=None, event=None, data=None):
        """Look at the scene soon, once, however many strokes the user makes."""
        self._soon.start()

    def refresh(self):
        """Read the case from the scene, and let every part of the panel show it."""
        if self._refreshing:  # the choices are being brought into line
            return
        self._refreshing = True
        self.case, problem = None, ""
        try:
            self.session.settle()
            self.case = self.session.case()
        except Exception as error:  # never leave another patient's numbers where they were
            logger.exception("a result cannot be read")
            problem = _("This result cannot be read ({error}). Segment the CT again.")
            problem = problem.format(error=error)
        finally:
            self._refreshing = False
        self.watch.follow(self.case)
        parts = (self.inputs, self.models, self.results, self.review, self.correct, self.clicks)
        for part in parts:
            part.show(self.case)
        self.runner.showButtons()
        if problem:
            self.say(problem, "error")

    def later(self, slot):
        """Call something when the event that is going on is over."""
        qt.QTimer.singleShot(0, slot)

    def say(self, text, kind="info"):
        """One sentence below the Apply button; what follows the first line goes to the log."""
        head, rest = texts.split(text)
        if rest:
            self.support.log(text)
            head += _(" Details are in the log (Advanced).")
        plain = texts.escaped(head)
        if kind == "error":
            color = colors.color("error", self.ui.statusLabel)
            plain = f"<span style='color:{color}'>{plain}</span>"
        self.ui.statusLabel.text = plain
        self.ui.statusLabel.visible = bool(head)

    def showPlace(self, point):
        """Go to a place in the slice views that show the CT of the case; else say why not."""
        case = self.case
        if case is None or case.ct is None:
            return
        if case.moved:
            self.say(_("The CT was moved since: press Measure again, then the places are right."))
        elif not views.show_place(point, case.ct):
            self.say(_("No slice view shows '{name}'.").format(name=case.ct_name))

    @contextlib.contextmanager
    def working(self):
        """Wait cursor meanwhile; what the library refuses is said, any other error shown."""
        from KidneySegLib.core.errors import KidneySegError

        with slicer.util.tryWithErrorDisplay(_("KidneySeg failed."), waitCursor=True):
            try:
                yield
            except KidneySegError as error:
                self.say(texts.worded(error), "error")
