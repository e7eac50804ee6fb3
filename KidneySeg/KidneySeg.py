"""KidneySeg in 3D Slicer: the panel, its logic for scripts, and a self-test.

The work is done by the library KidneySegLib, in a child process; this file only asks, shows and
stores. Nothing but Slicer, vtk and Qt is imported before the user presses a button.
"""

import json
import logging
import os
import shutil
import sys
import time
from enum import Enum
from pathlib import Path

import qt
import slicer
import vtk
from slicer import (
    vtkMRMLMarkupsFiducialNode,
    vtkMRMLMarkupsROINode,
    vtkMRMLScalarVolumeNode,
    vtkMRMLSegmentationNode,
    vtkMRMLTableNode,
)
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.parameterNodeWrapper import parameterNodeWrapper
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)
from slicer.util import VTKObservationMixin

try:
    import KidneySegLib
except ModuleNotFoundError:  # a checkout added as an additional module path, not built
    sys.path.insert(0, str(Path(__file__).parents[1]))
    import KidneySegLib

logger = logging.getLogger(__name__)

POLL_MS = 100
DEVICES = ("auto", "cuda", "mps", "cpu")


class KidneySeg(ScriptedLoadableModule):
    """Names, help and sample data of the module."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = "KidneySeg"
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Segmentation")]
        self.parent.dependencies = []
        self.parent.contributors = ["KidneySeg contributors"]
        self.parent.helpText = _(
            "Finds kidneys, renal tumors and cysts in CT and measures them. Research software, not "
            "a medical device: check every contour before using a number."
        )
        self.parent.acknowledgementText = _(
            "Trained on BTCV, LiTS, TCIA and KiTS23 data; see the model card for sources, licenses "
            "and limits."
        )
        slicer.app.connect("startupCompleted()", registerSampleData)


def registerSampleData():
    """Offer the CT of the demo in the Sample Data module."""
    import SampleData

    from KidneySegLib.environment.resources import resource_folder

    ct = resource_folder("Demo") / "demo_ct.nii.gz"
    SampleData.SampleDataLogic.registerCustomSampleDataSource(
        category="KidneySeg",
        sampleName="KidneySegDemo",
        thumbnailFileName=str(Path(__file__).parent / "Resources" / "Icons" / "KidneySeg.png"),
        uris=ct.as_uri(),
        fileNames=f"KidneySegDemo-{KidneySegLib.__version__}.nii.gz",
        nodeNames="KidneySegDemo",
        loadFileType="VolumeFile",
    )


class Quality(Enum):
    """Stored by name in saved scenes: never rename."""

    FAST = "fast"
    BALANCED = "balanced"
    BEST = "best"


@parameterNodeWrapper
class KidneySegParameterNode:
    """What the user chose; saved with the scene."""

    inputVolume: vtkMRMLScalarVolumeNode
    outputSegmentation: vtkMRMLSegmentationNode
    outputTable: vtkMRMLTableNode
    points: vtkMRMLMarkupsFiducialNode
    roi: vtkMRMLMarkupsROINode
    model: str = ""
    quality: Quality = Quality.BALANCED
    device: str = "auto"
    kidneysOnly: bool = False
    refine: str = "off"


class KidneySegLogic(ScriptedLoadableModuleLogic):
    """For scripts and for the panel: needs no widget and no main window.

    ``KidneySegLogic().process(volumeNode)`` returns segmentation node, table node and JSON data.
    """

    def getParameterNode(self):
        """Parameter node of this module in the scene."""
        return KidneySegParameterNode(super().getParameterNode())

    def process(
        self,
        volumeNode,
        segmentationNode=None,
        tableNode=None,
        *,
        model=None,
        quality="balanced",
        device="auto",
        kidneysOnly=False,
        refine="off",
        pointsNode=None,
        roiNode=None,
        inChild=True,
        progress=None,
        cancel=None,
    ):
        """Segment a CT, and wait for it.

        :param volumeNode: CT in HU.
        :param segmentationNode: where the segments go; made where None.
        :param tableNode: where the measurements go; made where None.
        :param model: name or folder of a model; None is the one that ships.
        :param quality: ``fast``, ``balanced`` or ``best``.
        :param device: ``auto``, ``cuda``, ``cuda:N``, ``mps`` or ``cpu``.
        :param refine: ``off``, ``levelset`` or ``contour``: move borders to the edges in the CT.
        :param pointsNode: markups with points inside kidneys; they replace the search.
        :param roiNode: markups box around kidneys; it replaces the search.
        :param inChild: False runs in this process; its memory then stays with Slicer.
        :param progress: called with stage, share done and seconds left.
        :param cancel: asked now and then; True stops the run and leaves the scene as it was.
        :return: segmentation node, table node, and the result as JSON data.
        """
        settings = self.settings(
            volumeNode, quality, kidneysOnly, pointsNode, roiNode, refine=refine
        )
        if inChild:
            from KidneySegLib.app.job import run_job

            job = self.startJob(volumeNode, settings, model=model, device=device)
            result = run_job(job, progress=progress, cancel=cancel)
        else:
            result = self._segmentHere(
                volumeNode, settings, model, device, progress=progress, cancel=cancel
            )
        nodes = self.addResult(result, volumeNode, segmentationNode, tableNode)
        return (*nodes[:2], result.as_dict())

    def _segmentHere(self, volumeNode, settings, model, device, *, progress, cancel):
        """Segment in this process; the result as a child process would give it."""
        from KidneySegLib.engine import open_engine
        from KidneySegLib.kidney_ct.task import KidneyCT
        from KidneySegLib.models.registry import find_model
        from KidneySegLib.mrml import volume_from_node
        from KidneySegLib.pipeline import run
        from KidneySegLib.segmenters import open_segmenter

        segmenter = open_segmenter(find_model(model), open_engine(device))
        volume = volume_from_node(volumeNode)
        return run(KidneyCT(settings), volume, segmenter, progress=progress, cancel=cancel)

    def settings(
        self, volumeNode, quality, kidneysOnly, pointsNode=None, roiNode=None, *, refine="off"
    ):
        """Settings of the library; markups become points in mm."""
        from KidneySegLib import mrml
        from KidneySegLib.kidney_ct.settings import Settings

        mrml.volume_from_node(volumeNode)
        points = mrml.points_from_node(pointsNode, volumeNode) if pointsNode else ()
        box = mrml.roi_from_node(roiNode, volumeNode) if roiNode else None
        rois = (box,) if box else ()
        return Settings(
            quality=quality, kidneys_only=kidneysOnly, points=points, rois=rois, refine=refine
        )

    def startJob(self, volumeNode, settings, *, model=None, device="auto"):
        """Start the child process that segments."""
        from KidneySegLib.app.job import Job
        from KidneySegLib.mrml import volume_from_node

        return Job(
            volume_from_node(volumeNode),
            settings,
            model=model or None,
            device=device,
            command=(pythonExecutable(),),
            temporary=Path(slicer.app.temporaryPath),
        )

    def addResult(self, result, volumeNode, segmentationNode=None, tableNode=None):
        """Put a result into the scene, and what cleaning removed as hidden candidates.

        :return: segmentation node, table node, names of edited segments that were kept.
        """
        from KidneySegLib import mrml

        labels, rejected, data = result.labels.array, result.rejected.array, result.as_dict()
        record = {key: data[key] for key in mrml.RECORDED}
        update = mrml.add_to_scene(labels, volumeNode, segmentationNode, record=record)
        removed = data["removed_components"]
        mrml.add_candidates(labels, rejected, removed, volumeNode, update.segmentation)
        own = not mrml.any_edited(update.segmentation)  # the user's segments count too
        if own and mrml.is_linear(volumeNode):
            measurements = result.measurements
        else:
            measurements = mrml.measure_segmentation(update.segmentation, volumeNode)
        table = mrml.fill_table(measurements, update.segmentation, tableNode)
        return update.segmentation, table, update.kept

    def measureAgain(self, segmentationNode, volumeNode, tableNode=None):
        """Measure the segments as they are now; returns the table node.

        :raises InputError: if they were made on a CT with other voxels.
        """
        from KidneySegLib import mrml

        mrml.require_own_ct(segmentationNode, volumeNode)
        measurements = mrml.measure_segmentation(segmentationNode, volumeNode)
        return mrml.fill_table(measurements, segmentationNode, tableNode)

    def export(self, segmentationNode, volumeNode, folder):
        """Write table (CSV), label map (NIfTI), surfaces (STL), picture and report into a folder.

        :return: the files written; without matplotlib there is no picture and no report.
        """
        from KidneySegLib import mrml
        from KidneySegLib.environment.requirements import installed_version
        from KidneySegLib.io.atomic import atomic_folder
        from KidneySegLib.io.segmentations import write_label_map
        from KidneySegLib.measure.intervals import with_intervals
        from KidneySegLib.measure.measurements import measure
        from KidneySegLib.report.table import write_csv

        labels = mrml.labels_from_segmentation(segmentationNode, volumeNode)
        world, ct = mrml.in_world(labels, volumeNode)
        measurements = mrml.stored_measurements(segmentationNode) or with_intervals(
            measure(world, ct), world
        )
        names = ["measurements.csv", "labels.nii.gz", "surfaces"]
        pictures = ["overview.png", "report.html"] if installed_version("matplotlib") else []
        with atomic_folder(Path(folder), tuple(names + pictures)) as partial:
            write_csv(measurements, partial / names[0])
            write_label_map(labels, partial / names[1])
            (partial / names[2]).mkdir()
            slicer.vtkSlicerSegmentationsModuleLogic.ExportSegmentsClosedSurfaceRepresentationToFiles(
                str(partial / names[2]), segmentationNode, None, "STL", True, 1.0, False
            )
            if pictures:
                self._writeReport(segmentationNode, ct, world, measurements, partial, pictures)
        return [Path(folder) / name for name in names + pictures]

    def _writeReport(self, segmentationNode, ct, labels, measurements, folder, names):
        """Overview picture and the page that embeds it, in world coordinates."""
        from KidneySegLib import mrml
        from KidneySegLib.report.overview import write_overview
        from KidneySegLib.report.page import write_page

        picture, page = (folder / name for name in names)
        write_overview(ct, labels, measurements, picture)
        write_page(
            labels,
            measurements,
            mrml.stored_record(segmentationNode),
            picture,
            page,
            edited=mrml.any_edited(segmentationNode),
        )

    def missingPackages(self):
        """Packages that must be installed before the first run."""
        from KidneySegLib.environment.requirements import missing

        return missing()

    def install(self, packages):
        """Install packages, torch through the PyTorch extension, the rest through pip.

        :raises RuntimeError: with the last lines of what failed, or that the PyTorch extension is
            missing.
        """
        from KidneySegLib.environment.requirements import TORCH, TORCH_RANGE, constraints_text

        if any(p.name == TORCH for p in packages):
            self._installTorch(TORCH_RANGE)
        specs = [p.spec for p in packages if p.name != TORCH]
        if not specs:
            return
        constraints = Path(slicer.app.temporaryPath) / f"kidneyseg-constraints-{os.getpid()}.txt"
        constraints.write_text(constraints_text(), encoding="utf-8")
        try:
            self._pip(specs, str(constraints))
        except Exception as error:
            raise RuntimeError(
                _("pip could not install {names}: {reason}").format(
                    names=", ".join(specs), reason=str(error)[-800:]
                )
            ) from error
        finally:
            constraints.unlink(missing_ok=True)

    def _pip(self, specs, constraints):
        """Install by the newest way that this Slicer has; the user has agreed already."""
        try:
            from slicer.packaging import pip_ensure
        except ImportError:  # Slicer 5.10: its pip_install tells nothing but that it failed
            self._runPip([*specs, "--constraint", constraints])
            return
        from packaging.requirements import Requirement

        pip_ensure(
            [Requirement(spec) for spec in specs],
            constraints=constraints,
            prompt_install=False,
            requester="KidneySeg",
        )

    def _runPip(self, arguments):
        """Run pip, and keep its last lines for the message when it fails."""
        import subprocess

        from KidneySegLib.app.job import NO_WINDOW

        said = subprocess.run(
            [pythonExecutable(), "-m", "pip", "install", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            creationflags=NO_WINDOW,
        )
        if said.returncode:
            raise RuntimeError("\n".join(said.stdout.splitlines()[-_PIP_LINES:]))

    def _installTorch(self, versions):
        """Ask the PyTorch extension for torch; it chooses the build that fits the GPU."""
        try:
            import PyTorchUtils
        except ModuleNotFoundError:
            raise RuntimeError(
                _(
                    "The extension 'PyTorch' is not installed. Install it in the Extensions "
                    "Manager, restart Slicer, and press Apply again."
                )
            ) from None
        try:
            installed = PyTorchUtils.PyTorchUtilsLogic().installTorch(
                torchVersionRequirement=versions
            )
        except Exception as error:  # whatever its pip runs into
            raise RuntimeError(
                _("The PyTorch extension could not install torch: {reason}").format(reason=error)
            ) from error
        if installed is None:
            raise RuntimeError(_("torch was not installed. Press Apply to try again."))

    def startComputerCheck(self):
        """Start the child process that describes this computer (torch stays out of Slicer)."""
        import subprocess

        from KidneySegLib.app.job import NO_WINDOW, child_environment

        return subprocess.Popen(
            [pythonExecutable(), "-m", "KidneySegLib.environment.computer"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=child_environment(),
            creationflags=NO_WINDOW,
        )

    def loadSample(self, name="KidneySegDemo"):
        """Load the CT that ships with the library, or one that Slicer's Sample Data downloads."""
        if name != "KidneySegDemo":
            import SampleData

            return SampleData.SampleDataLogic().downloadSample(name)
        from KidneySegLib.environment.resources import resource_folder

        path = resource_folder("Demo") / "demo_ct.nii.gz"
        return slicer.util.loadVolume(str(path), {"name": "KidneySegDemo"})


def pythonExecutable():
    """Slicer's own Python as a program; this Python where there is none."""
    return shutil.which("PythonSlicer") or sys.executable


class KidneySegWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """The panel."""

    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.logic = None
        self._parameterNode = None
        self._parameterNodeGuiTag = None
        self._job = None
        self._running = {}
        self._measurements = None
        self._centers = []
        self._watched = None
        self._check = None
        self._planners = None

    # ------------------------------------------------------------ life of the panel

    def setup(self):
        """Build the panel from the .ui file and connect it."""
        ScriptedLoadableModuleWidget.setup(self)
        uiWidget = slicer.util.loadUI(self.resourcePath("UI/KidneySeg.ui"))
        self.layout.addWidget(uiWidget)
        self.ui = slicer.util.childWidgetVariables(uiWidget)
        uiWidget.setMRMLScene(slicer.mrmlScene)
        for name in _SCENE_WIDGETS:
            getattr(self.ui, name).setMRMLScene(slicer.mrmlScene)
        self.logic = KidneySegLogic()
        self._timer = qt.QTimer()
        self._timer.setInterval(POLL_MS)
        self._timer.connect("timeout()", self.onTimer)
        self._checkTimer = qt.QTimer()
        self._checkTimer.setInterval(POLL_MS)
        self._checkTimer.connect("timeout()", self.onCheckTimer)
        self._staleTimer = qt.QTimer()
        self._staleTimer.setSingleShot(True)
        self._staleTimer.setInterval(300)
        self._staleTimer.connect("timeout()", self.updateStale)
        self._fillChoices()
        self._connectButtons()
        self._clearResults()
        self._showSetup()
        scene = slicer.mrmlScene
        self.addObserver(scene, scene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(scene, scene.EndCloseEvent, self.onSceneEndClose)
        self.addObserver(scene, scene.EndImportEvent, self.onSceneEndImport)
        self.addObserver(scene, scene.NodeAboutToBeRemovedEvent, self.onNodeAboutToBeRemoved)
        slicer.app.connect("aboutToQuit()", self.stopJob)
        self.initializeParameterNode()
        self._show("idle")

    def cleanup(self):
        """Stop what runs when the module goes."""
        self.stopJob()
        self._checkTimer.stop()
        self._staleTimer.stop()
        self.setParameterNode(None)
        self.removeObservers()

    def enter(self):
        """Look at the scene again when the user comes to the module; a run has gone on."""
        self.initializeParameterNode()

    def onSceneStartClose(self, caller, event):
        """Stop the run: its volume is going away."""
        if self._job is not None:
            self.stopJob()
            self._show("canceled", _("Canceled: the scene was closed."))

    def onSceneEndImport(self, caller, event):
        """Show choices and results of a scene that was loaded."""
        self._measurements = None
        self.initializeParameterNode()

    def onSceneEndClose(self, caller, event):
        """Begin with a fresh parameter node."""
        self._clearResults()
        if self._running.get("state") != "canceled":
            self._show("idle")
        self.initializeParameterNode()

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def onNodeAboutToBeRemoved(self, caller, event, node):
        """Stop the run when its volume is deleted."""
        if self._job is not None and node is self._running["volume"]:
            self.stopJob()
            self._show("canceled", _("Canceled: the CT was removed from the scene."))

    def initializeParameterNode(self):
        """Take the scene's parameter node, and choose the first volume where none is chosen.

        One wrapper serves a node for good: connectGui cannot be undone in every Slicer.
        """
        fresh, own = self.logic.getParameterNode(), self._parameterNode
        if own is None or own.parameterNode is not fresh.parameterNode:
            self.setParameterNode(fresh)
        else:
            self._recallChoices(own)
            self.updateFromParameterNode()
        if self._parameterNode.inputVolume is None:
            first = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLScalarVolumeNode")
            if first is not None:
                self._parameterNode.inputVolume = first
        if self._measurements is None and self._parameterNode.outputTable is not None:
            self._showResults(self._storedFindings())

    def setParameterNode(self, parameterNode):
        """Connect the panel to a parameter node, or to none."""
        if self._parameterNode is not None:
            if self._parameterNodeGuiTag is not None:
                self._parameterNode.disconnectGui(self._parameterNodeGuiTag)
            self.removeObserver(
                self._parameterNode, vtk.vtkCommand.ModifiedEvent, self.updateFromParameterNode
            )
        self._parameterNode, self._parameterNodeGuiTag = parameterNode, None
        if parameterNode is not None:
            self._recallChoices(parameterNode)
            self._parameterNodeGuiTag = parameterNode.connectGui(self.ui)
            self.addObserver(
                parameterNode, vtk.vtkCommand.ModifiedEvent, self.updateFromParameterNode
            )
            self.updateFromParameterNode()

    # ------------------------------------------------------------ choices

    def _fillChoices(self):
        """Entries of the combo boxes; the stored value is the item's data."""
        labels = {"fast": _("Fast"), "balanced": _("Balanced"), "best": _("Best")}
        for quality in Quality:
            self.ui.qualitySelector.addItem(labels[quality.value], quality.value)
        labels = {"auto": _("Automatic"), "cuda": _("NVIDIA GPU (CUDA)")}
        labels |= {"mps": _("Apple GPU (MPS)"), "cpu": _("CPU")}
        for device in DEVICES:
            self.ui.deviceSelector.addItem(labels[device], device)
        labels = {"off": _("Off"), "levelset": _("Level set"), "contour": _("Active contour")}
        for method, text in labels.items():
            self.ui.refineSelector.addItem(text, method)
        self._fillModels()
        menu = qt.QMenu(self.ui.modelButton)
        menu.addAction(_("About this model...")).connect("triggered()", self.onAboutModel)
        menu.addAction(_("Import from folder...")).connect("triggered()", self.onImportModel)
        menu.addAction(_("Import from file...")).connect("triggered()", self.onImportModelFile)
        self.ui.modelButton.setMenu(menu)
        menu = qt.QMenu(self.ui.sampleButton)
        for name, text in _SAMPLES.items():
            action = menu.addAction(text)
            action.connect("triggered()", lambda name=name: self.onSample(name))
        self.ui.sampleButton.setMenu(menu)

    def _fillModels(self):
        """Models that are installed."""
        from KidneySegLib.models.registry import DEFAULT_MODEL, model_folders

        for name in sorted(model_folders(), key=lambda n: n != DEFAULT_MODEL):
            self.ui.modelSelector.addItem(name, name)
        for name in _importedModels():
            if self.ui.modelSelector.findData(name) < 0:
                self.ui.modelSelector.addItem(name, name)

    def _model(self):
        """Chosen model as the library takes it: a name, or the folder of an imported one."""
        name = self._parameterNode.model
        return _importedModels().get(name, name) or None

    def _connectButtons(self):
        """Connect every button and selector."""
        clicks = {
            "applyButton": self.onApply,
            "placePointsButton": self.onPlacePoints,
            "placeRoiButton": self.onPlaceRoi,
            "previousLesionButton": self.onPreviousLesion,
            "nextLesionButton": self.onNextLesion,
            "copyButton": self.onCopy,
            "editButton": self.onEdit,
            "measureButton": self.onMeasure,
            "exportButton": self.onExport,
            "restoreButton": self.onRestore,
            "setupButton": self.onSetup,
            "computerButton": self.onComputer,
        }
        for name, slot in clicks.items():
            getattr(self.ui, name).connect("clicked()", slot)
        self.ui.show3DButton.connect("toggled(bool)", self.onShow3D)
        self.ui.diametersButton.connect("toggled(bool)", self.onDiameters)
        self.ui.candidateSelector.connect("activated(int)", self.onCandidate)
        self.ui.marginSlider.connect("valueChanged(int)", self.onMargin)
        for name in ("modelSelector", "qualitySelector", "deviceSelector", "refineSelector"):
            getattr(self.ui, name).connect("currentIndexChanged(int)", self.onChoice)
        self.ui.lesionTable.connect("currentCellChanged(int,int,int,int)", self.onRow)
        self.ui.lesionTable.connect("cellClicked(int,int)", self.onRow)
        self.ui.summaryLabel.connect("linkActivated(QString)", self.onPlace)

    def onChoice(self, index=None):
        """Store the combo boxes in the parameter node, and remember them for the next time."""
        node = self._parameterNode
        if node is None:
            return
        # read all before the first write: every write shows the node's values in the boxes again
        model = self.ui.modelSelector.currentData or ""
        quality = Quality(self.ui.qualitySelector.currentData)
        device = self.ui.deviceSelector.currentData
        refine = self.ui.refineSelector.currentData
        node.model, node.quality, node.device, node.refine = model, quality, device, refine
        settings = slicer.app.userSettings()
        for name in ("model", "device"):
            settings.setValue(f"KidneySeg/{name}", getattr(node, name))
        settings.setValue("KidneySeg/quality", node.quality.value)

    def _recallChoices(self, node):
        """Choices of the last time, for a scene that holds none yet."""
        if node.parameterNode.GetParameter("KidneySeg.Started"):
            return
        node.parameterNode.SetParameter("KidneySeg.Started", "1")
        settings = slicer.app.userSettings()
        quality = settings.value("KidneySeg/quality", "balanced")
        device = settings.value("KidneySeg/device", "auto")
        known = {q.value: q for q in Quality}
        node.quality = known.get(quality, Quality.BALANCED)
        node.device = device if device in DEVICES else "auto"
        node.model = settings.value("KidneySeg/model", "") or ""

    def updateFromParameterNode(self, caller=None, event=None):
        """Show what the parameter node holds."""
        node = self._parameterNode
        if node is None:
            return
        for selector, value in (
            (self.ui.modelSelector, node.model),
            (self.ui.qualitySelector, node.quality.value),
            (self.ui.deviceSelector, node.device),
            (self.ui.refineSelector, node.refine),
        ):
            blocked = selector.blockSignals(True)
            if value and selector.findData(value) < 0:
                selector.addItem(_("{name} (missing)").format(name=value), value)
            selector.setCurrentIndex(max(0, selector.findData(value)))
            selector.blockSignals(blocked)
        self.ui.segmentsTable.setSegmentationNode(node.outputSegmentation)
        self._showDeviceNote()
        self._showButtons()
        self._observeSegments()

    def _showDeviceNote(self):
        """How long it may take, by the last run on the CPU; red where no GPU is used."""
        device = self._parameterNode.device
        onCpu = device == "cpu" or (
            device == "auto" and sys.platform != "darwin" and not shutil.which("nvidia-smi")
        )
        self.ui.deviceNote.visible = onCpu
        if not onCpu:
            return
        last = slicer.app.userSettings().value(f"KidneySeg/ns-a-voxel/{self._quality()}", None)
        volume = self._parameterNode.inputVolume
        image = volume.GetImageData() if volume is not None else None
        if last is not None and image is not None:
            seconds = float(last) * image.GetNumberOfPoints() * 1e-9
            estimate = _("about {seconds:.0f} s for this CT, by the last run on this computer")
            estimate = estimate.format(seconds=max(1.0, seconds))
        else:
            estimate = _("slower than a GPU; the first run measures how much on this computer")
        text = _("Runs on the CPU: {estimate}.").format(estimate=estimate)
        self.ui.deviceNote.text = f"<span style='color:#c62828'>{text}</span>"

    def _quality(self):
        """Quality chosen, as the library names it."""
        return self._parameterNode.quality.value

    def onAboutModel(self):
        """Show the card of the chosen model."""
        from KidneySegLib.core.errors import KidneySegError
        from KidneySegLib.models.registry import find_model

        if not self._packagesAreThere():
            return
        try:
            package = find_model(self._model())
        except KidneySegError as error:
            self._say(_worded(error), "error")
            return
        self.ui.advancedSection.collapsed = False
        self.ui.detailsText.plainText = (
            f"{package.title}\n{package.name} {package.version}\n"
            f"License of the weights: {package.license}\n\n"
            + Path(package.card).read_text(encoding="utf-8")
        )

    def onImportModel(self):
        """Add a model package that lies in a folder."""
        folder = qt.QFileDialog.getExistingDirectory(None, _("Folder of a model package"))
        if folder and self._packagesAreThere():
            self._importModel(lambda: Path(folder))

    def onImportModelFile(self):
        """Add a model package from a ZIP archive, unpacked beside Slicer's settings."""
        archive = qt.QFileDialog.getOpenFileName(None, _("Model package"), "", "ZIP (*.zip)")
        if not archive or not self._packagesAreThere():
            return
        from KidneySegLib.models.archive import unpack_model

        models = Path(slicer.app.slicerUserSettingsFilePath).parent / "KidneySeg" / "models"
        self._importModel(lambda: unpack_model(Path(archive), models))

    def _importModel(self, fetch):
        """Check a package and offer it; scenes store its name, never its folder."""
        from KidneySegLib.core.errors import KidneySegError
        from KidneySegLib.models.manifest import load_package
        from KidneySegLib.models.registry import model_folders

        try:
            folder = fetch()
            package = load_package(folder)
        except KidneySegError as error:
            self._say(_worded(error), "error")
            return
        name = package.name
        if name in model_folders():
            name = _("{name} (imported)").format(name=name)
        known = {**_importedModels(), name: str(folder)}
        slicer.app.userSettings().setValue("KidneySeg/importedModels", json.dumps(known))
        if self.ui.modelSelector.findData(name) < 0:
            self.ui.modelSelector.addItem(name, name)
        self.ui.modelSelector.setCurrentIndex(self.ui.modelSelector.findData(name))

    # ------------------------------------------------------------ help for the search

    def onPlacePoints(self):
        """Let the user click points into the kidneys."""
        if self._parameterNode.points is None:
            node = slicer.mrmlScene.AddNewNodeByClass(
                "vtkMRMLMarkupsFiducialNode", _("Kidney points")
            )
            node.CreateDefaultDisplayNodes()
            self._parameterNode.points = node
        self._place(self._parameterNode.points, several=True)

    def onPlaceRoi(self):
        """Let the user draw a box around a kidney."""
        if self._parameterNode.roi is None:
            node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsROINode", _("Kidney box"))
            node.CreateDefaultDisplayNodes()
            self._parameterNode.roi = node
        self._place(self._parameterNode.roi, several=False)

    def _place(self, node, *, several):
        """Start placing in the slice views, where there are any."""
        selection = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLSelectionNode")
        interaction = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLInteractionNode")
        if selection is None or interaction is None:
            return
        selection.SetReferenceActivePlaceNodeClassName(node.GetClassName())
        selection.SetActivePlaceNodeID(node.GetID())
        interaction.SetPlaceModePersistence(1 if several else 0)
        interaction.SetCurrentInteractionMode(interaction.Place)

    # ------------------------------------------------------------ the run

    def onApply(self):
        """Start a run, or cancel the one that runs."""
        if self._job is not None:
            self.stopJob()
            self._show("canceled", _("Canceled. The scene is as it was."))
            return
        from KidneySegLib.core.errors import KidneySegError

        if not self._packagesAreThere():
            return
        node = self._parameterNode
        try:
            settings = self.logic.settings(
                node.inputVolume,
                self._quality(),
                node.kidneysOnly,
                node.points,
                node.roi,
                refine=node.refine,
            )
            self._job = self.logic.startJob(
                node.inputVolume, settings, model=self._model(), device=node.device
            )
        except KidneySegError as error:
            self._show("failed", _worded(error))
            return
        self._running = {"volume": node.inputVolume, "begun": time.monotonic()}
        self._running["outputs"] = (node.outputSegmentation, node.outputTable)
        self._show("running", _("Starting..."))
        self._timer.start()

    def onTimer(self):
        """Look what the child process says."""
        from KidneySegLib.core.errors import KidneySegError
        from KidneySegLib.result import Result

        if self._job is None:
            return
        try:
            news = self._job.poll()
            if isinstance(news, Result):
                self._finish(news)
            elif news is not None:
                self._showProgress(news)
        except Exception as error:  # whatever happens, the panel must not stay "running"
            self.stopJob()
            if not isinstance(error, KidneySegError):
                logger.exception("a run of KidneySeg failed")
            self._show("failed", _worded(error))

    def _finish(self, result):
        """Put the result into the scene and show it."""
        from KidneySegLib.mrml import fitting_outputs

        self._job = None
        self._timer.stop()
        run = self._running
        segmentation, table, kept = self.logic.addResult(
            result,
            run["volume"],
            *fitting_outputs(run["volume"], *run["outputs"]),
        )
        node = self._parameterNode
        node.outputSegmentation, node.outputTable = segmentation, table
        seconds = time.monotonic() - run["begun"]
        record = result.record
        if record["device"].lower().startswith("cpu"):
            name = f"KidneySeg/ns-a-voxel/{record['settings']['quality']}"
            slicer.app.userSettings().setValue(name, str(1e9 * seconds / result.labels.array.size))
        self._show("done", _("Done in {seconds:.0f} s.").format(seconds=seconds))
        self._showResults([f.as_dict() for f in result.findings], kept)
        self.ui.detailsText.plainText = json.dumps(record, indent=2)

    def stopJob(self):
        """End the child process, if one runs."""
        self._timer.stop()
        if self._job is not None:
            job, self._job = self._job, None
            job.cancel()

    # ------------------------------------------------------------ showing

    def _show(self, state, text=""):
        """Set button, progress bar and status for idle, running, failed, canceled or done."""
        self._running["state"] = state
        running = state == "running"
        self.ui.progressBar.visible = running
        self.ui.applyButton.text = _("Cancel") if running else _("Apply")
        if running:
            self.ui.progressBar.value = 0
        self._say(text, "error" if state == "failed" else "info")
        self._showButtons()

    def _say(self, text, kind):
        """One message below the Apply button; errors are red."""
        color = {"error": "#c62828"}.get(kind)
        plain = _escaped(text)
        self.ui.statusLabel.text = f"<span style='color:{color}'>{plain}</span>" if color else plain
        self.ui.statusLabel.visible = bool(text)

    def _showProgress(self, news):
        """Stage, percent and remaining time."""
        self.ui.progressBar.value = round(1000 * news.share)
        text = _("{stage}: {percent:.0f} %").format(
            stage=_STAGES.get(news.stage, news.stage), percent=100 * news.share
        )
        if news.left_s is not None:
            text += _(", about {seconds:.0f} s left").format(seconds=news.left_s)
        self._say(text, "info")

    def _showButtons(self):
        """Enable what can be used now."""
        node, running = self._parameterNode, self._job is not None
        ready = node is not None and node.inputVolume is not None
        self.ui.applyButton.enabled = running or ready
        self.ui.applyButton.toolTip = (
            _("Segment the CT and measure.") if ready else _("Load a CT and choose it above.")
        )
        for name in ("inputsSection", "helpSection"):
            getattr(self.ui, name).enabled = not running
        done = node is not None and node.outputSegmentation is not None and not running
        names = ("show3DButton", "editButton", "exportButton", "measureButton", "diametersButton")
        for name in names:
            getattr(self.ui, name).enabled = done and ready
        self.ui.copyButton.enabled = self._measurements is not None
        several = bool(self._centers) and not running
        self.ui.previousLesionButton.enabled = self.ui.nextLesionButton.enabled = several

    def _showResults(self, findings, kept=()):
        """Table and findings of the scene's table node."""
        from KidneySegLib import mrml
        from KidneySegLib.measure.measurements import Measurements

        table = self._parameterNode.outputTable if self._parameterNode is not None else None
        stored = table.GetAttribute(mrml.MEASUREMENTS) if table is not None else None
        if not stored:
            self._clearResults()
            return
        self._measurements = Measurements.from_dict(json.loads(stored))
        self._fillTable(*mrml.text_table(self._measurements))
        lines = [_("Kept beside the new result: {name}.").format(name=name) for name in kept]
        warnings = [self._asHtml(f) for f in findings if f["severity"] == "warning"]
        if not self._measurements.sides:
            warnings = warnings or [_("No kidney was found.")]
        parts = [f"<p style='color:#b26a00'>&#9888; {text}</p>" for text in warnings]
        parts += [f"<p>{_escaped(line)}</p>" for line in lines]
        parts += [f"<p>{self._asHtml(f)}</p>" for f in findings if f["severity"] == "info"]
        self.ui.summaryLabel.text = "".join(parts)
        self.ui.summaryLabel.visible = bool(parts)
        self._showTables(True)
        self._planners = None
        self._showCandidates()
        self.onMargin()
        self.onDiameters(self.ui.diametersButton.checked)
        self.updateStale()
        self._showDeviceNote()
        self._showButtons()

    def _asHtml(self, finding):
        """A finding as rich text, with a link to the place that it speaks of."""
        from KidneySegLib.mrml import is_linear

        remedy = _REMEDIES.get(finding.get("remedy", ""), "")
        text = _escaped(f"{_plain(finding)} {remedy}".strip())
        place = finding.get("place_ras_mm")
        volume = self._resultVolume()
        if place is None or volume is None or not is_linear(volume):
            return text
        where = ",".join(f"{x:.1f}" for x in place)
        return f"{text} <a href='{where}'>{_('Show')}</a>"

    def onPlace(self, place):
        """Show the place of a finding in the slice views."""
        center = [float(x) for x in place.split(",")]
        slicer.vtkMRMLSliceNode.JumpAllSlices(slicer.mrmlScene, *center)

    def _storedFindings(self):
        """Findings that a saved scene keeps with the segmentation."""
        from KidneySegLib.mrml import stored_record

        segmentation = self._parameterNode.outputSegmentation
        return stored_record(segmentation)["findings"] if segmentation is not None else []

    def _fillTable(self, headers, rows):
        """Show table rows; lesions remember where they are."""
        table = self.ui.lesionTable
        blocked = table.blockSignals(True)
        table.setColumnCount(len(headers))
        table.setHorizontalHeaderLabels([_(header) for header in headers])
        table.setRowCount(len(rows))
        for n, row in enumerate(rows):
            for column, text in enumerate(row):
                item = qt.QTableWidgetItem(text)
                if column > 1:
                    item.setTextAlignment(int(qt.Qt.AlignRight) | int(qt.Qt.AlignVCenter))
                item.setToolTip(row[-1] or text)
                table.setItem(n, column, item)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(_ROW_HEIGHT)
        table.resizeColumnsToContents()
        table.blockSignals(blocked)
        first = len(rows) - len(self._measurements.lesions)
        self._centers = [
            (first + n, lesion.center_ras_mm) for n, lesion in enumerate(self._measurements.lesions)
        ]

    def _clearResults(self):
        """Show that there is no result."""
        self._measurements, self._centers = None, []
        self.ui.lesionTable.setRowCount(0)
        self.ui.summaryLabel.text = _("No result yet.")
        self.ui.summaryLabel.visible = True
        self.ui.staleLabel.visible = False
        self._showTables(False)

    def _showTables(self, visible):
        """Hide tables that would be empty."""
        self.ui.lesionTable.visible = visible
        self.ui.segmentsTable.visible = visible
        if not visible:
            for name in (*_CANDIDATE_WIDGETS, *_MARGIN_WIDGETS):
                getattr(self.ui, name).visible = False

    def _observeSegments(self):
        """Watch the segments, so that the table can say when it is out of date."""
        node = self._parameterNode.outputSegmentation
        if node is self._watched:
            return
        for event in _SEGMENT_EVENTS:
            if self._watched is not None:
                self.removeObserver(self._watched, event, self.onSegmentsChanged)
            if node is not None:
                self.addObserver(node, event, self.onSegmentsChanged)
        self._watched = node
        self._planners = None
        self._showCandidates()
        self.onMargin()

    def onSegmentsChanged(self, caller=None, event=None):
        """Check soon, once, however many strokes the user makes."""
        self._planners = None
        self._staleTimer.start()

    def updateStale(self):
        """Say that the table is out of date where segments were edited after it was made."""
        from KidneySegLib import mrml

        node = self._parameterNode
        stale = (
            node is not None
            and node.outputTable is not None
            and node.outputSegmentation is not None
            and mrml.is_stale(node.outputTable, node.outputSegmentation)
        )
        text = _("The segments were changed: this table is out of date. Press Measure again.")
        self.ui.staleLabel.text = f"<b style='color:#c62828'>{text}</b>"
        self.ui.staleLabel.visible = stale

    # ------------------------------------------------------------ results

    def onRow(self, row, column, previousRow=None, previousColumn=None):
        """Show the clicked lesion in the slice views."""
        for line, center in self._centers:
            if line == row:
                slicer.vtkMRMLSliceNode.JumpAllSlices(slicer.mrmlScene, *center)

    def onNextLesion(self):
        """Show the next lesion."""
        self._step(1)

    def onPreviousLesion(self):
        """Show the previous lesion."""
        self._step(-1)

    def _step(self, by):
        """Go to another lesion, around the end."""
        lines = [line for line, _center in self._centers]
        row = self.ui.lesionTable.currentRow()
        place = lines.index(row) + by if row in lines else (0 if by > 0 else -1)
        row = lines[place % len(lines)]
        self.ui.lesionTable.setCurrentCell(row, 0)
        self.onRow(row, 0)  # the only lesion is current already: no signal tells of it

    def onCopy(self):
        """Copy the table with its units, tabs between the cells."""
        from KidneySegLib.mrml import text_table

        headers, rows = text_table(self._measurements, ranges=True)
        lines = ["\t".join(cells) for cells in ([_(header) for header in headers], *rows)]
        qt.QApplication.clipboard().setText("\n".join(lines))
        self._say(_("The table was copied."), "info")

    def onShow3D(self, checked):
        """Show or hide the surfaces."""
        node = self._parameterNode.outputSegmentation
        if node is None:
            return
        if checked:
            node.CreateClosedSurfaceRepresentation()
        node.GetDisplayNode().SetVisibility3D(checked)

    def onDiameters(self, checked):
        """Draw the diameters of every lesion, or take them away."""
        from KidneySegLib import mrml

        node = self._parameterNode.outputSegmentation
        if node is None:
            return
        mrml.hide_diameters(node)
        if checked and self._measurements is not None:
            mrml.show_diameters(self._measurements, node)

    def onEdit(self):
        """Go to the Segment Editor with this segmentation."""
        slicer.util.selectModule("SegmentEditor")
        editor = slicer.modules.segmenteditor.widgetRepresentation().self().editor
        editor.setSegmentationNode(self._parameterNode.outputSegmentation)
        editor.setSourceVolumeNode(self._resultVolume())

    def _showCandidates(self):
        """List what cleaning removed, where it removed anything."""
        from KidneySegLib import mrml

        found = mrml.candidate_list(self._parameterNode.outputSegmentation)
        selector = self.ui.candidateSelector
        selector.clear()
        for segmentId, name, _center in found:
            selector.addItem(name, segmentId)
        for name in _CANDIDATE_WIDGETS:
            getattr(self.ui, name).visible = bool(found)

    def onCandidate(self, index=None):
        """Show the chosen candidate in the slice views."""
        from KidneySegLib import mrml

        chosen = self.ui.candidateSelector.currentData
        node = self._parameterNode.outputSegmentation
        for segmentId, _name, center in mrml.candidate_list(node):
            display = mrml.candidates_of(node).GetDisplayNode()
            display.SetVisibility(True)
            display.SetSegmentVisibility(segmentId, segmentId == chosen)
            if segmentId == chosen:
                slicer.vtkMRMLSliceNode.JumpAllSlices(slicer.mrmlScene, *center)

    def onRestore(self):
        """Take the chosen candidate back, and measure again."""
        from KidneySegLib import mrml
        from KidneySegLib.core.errors import KidneySegError

        chosen, node = self.ui.candidateSelector.currentData, self._parameterNode
        volume = self._resultVolume()
        if not chosen or node.outputSegmentation is None or volume is None:
            self._say(_("Choose the CT and its segmentation first."), "error")
            return
        try:
            name = mrml.restore_candidate(node.outputSegmentation, chosen, volume)
        except KidneySegError as error:
            self._say(_worded(error), "error")
            self._showCandidates()
            return
        if self.onMeasure():
            self._say(_("Taken back and measured: {name}.").format(name=name), "info")
        else:
            self._showCandidates()

    def onMargin(self, margin=None):
        """Parenchyma that a resection with this margin leaves, as the slider moves."""
        from KidneySegLib.core.errors import KidneySegError

        if self._planners is None:
            try:
                self._planners = self._resectionPlanners()
            except KidneySegError as error:
                logger.info("no resection can be planned: %s", error)
                self._planners = []
        for name in _MARGIN_WIDGETS:
            getattr(self.ui, name).visible = bool(self._planners)
        plans = [planner.plan(self.ui.marginSlider.value) for planner in self._planners]
        self.ui.marginText.text = "<br>".join(map(_marginText, plans))

    def _resectionPlanners(self):
        """Kidneys of the segmentation that have a tumor, ready for any margin."""
        from KidneySegLib import mrml
        from KidneySegLib.core.volume import Box
        from KidneySegLib.measure.resection import resection_planner

        own = self._parameterNode
        node = own.outputSegmentation if own is not None else None
        tumors = self._measurements is not None and any(
            lesion.kind == "tumor" for lesion in self._measurements.lesions
        )
        volume = self._resultVolume() if node is not None else None
        if not tumors or volume is None:
            return []
        labels = mrml.in_world(mrml.labels_from_segmentation(node, volume), volume)[0]
        box = Box.of_mask(labels.array)
        if box is None:
            return []
        cut = [side.side for side in self._measurements.sides if side.incomplete]
        part = labels.cropped(box)
        found = [resection_planner(part, side, cut_sides=cut) for side in ("right", "left")]
        return [planner for planner in found if planner is not None]

    def _resultVolume(self):
        """CT that the segmentation was made on; the chosen one may be another by now."""
        from KidneySegLib.mrml import reference_volume

        node = self._parameterNode
        made = node.outputSegmentation
        return (reference_volume(made) if made is not None else None) or node.inputVolume

    def onMeasure(self):
        """Measure the segments as they are now; returns whether that was possible."""
        from KidneySegLib import mrml
        from KidneySegLib.core.errors import KidneySegError

        node, volume = self._parameterNode, self._resultVolume()
        outputs = mrml.fitting_outputs(volume, node.outputSegmentation, node.outputTable)
        try:
            node.outputTable = self.logic.measureAgain(node.outputSegmentation, volume, outputs[1])
        except KidneySegError as error:
            self._say(_worded(error), "error")
            return False
        self._showResults([])
        self._say(_("Measured again."), "info")
        return True

    def onExport(self):
        """Write everything into a folder."""
        folder = qt.QFileDialog.getExistingDirectory(None, _("Folder for the results"))
        if not folder:
            return
        from KidneySegLib.core.errors import KidneySegError

        node = self._parameterNode
        try:
            files = self.logic.export(node.outputSegmentation, self._resultVolume(), folder)
        except KidneySegError as error:
            self._say(_worded(error), "error")
            return
        names = ", ".join(path.name for path in files)
        self._say(_("Written: {names}.").format(names=names), "info")

    # ------------------------------------------------------------ set-up and support

    def _packagesAreThere(self):
        """Install what is missing, if the user agrees; False where something still is."""
        packages = self.logic.missingPackages()
        if not packages:
            return True
        lines = "\n".join(f"  {p.spec}: {p.purpose} ({p.megabytes} MB)" for p in packages)
        question = _(
            "KidneySeg needs these Python packages, which are downloaded and installed into "
            "Slicer:\n\n{packages}\n\nNothing that Slicer has already is replaced. Install them?"
        ).format(packages=lines)
        if not slicer.util.confirmOkCancelDisplay(question, "KidneySeg"):
            self._say(_("Not installed. KidneySeg cannot run without these packages."), "error")
            return False
        try:
            self.logic.install(packages)
        except RuntimeError as error:
            self._show("failed", _worded(error))
            return False
        still = ", ".join(p.spec for p in self.logic.missingPackages())
        if still:
            text = _("Still missing: {names}. Restart Slicer and press Set up, or update them.")
            self._show("failed", text.format(names=still))
        self._showSetup()
        return not still

    def _showSetup(self):
        """What is missing, above the set-up button."""
        names = ", ".join(p.spec for p in self.logic.missingPackages())
        self.ui.setupLabel.text = (
            _("Not installed yet: {names}").format(names=names)
            if names
            else _("All Python packages that are needed are installed.")
        )

    def onSetup(self):
        """Install what is missing."""
        if self._packagesAreThere():
            self._say(_("Everything that is needed is installed."), "info")

    def onComputer(self):
        """Find out what this computer can do; Slicer stays usable meanwhile."""
        if self._check is None:
            self._check = (self.logic.startComputerCheck(), time.monotonic())
            self.ui.detailsText.plainText = _("Looking...")
            self._checkTimer.start()

    def onCheckTimer(self):
        """Show and copy what the child process found."""
        process, begun = self._check
        late = time.monotonic() - begun > _CHECK_SECONDS
        if process.poll() is None and not late:
            return
        if late:
            process.kill()
        text = process.communicate()[0].strip() or _("No answer; see Slicer's log.")
        self._check = None
        self._checkTimer.stop()
        self.ui.detailsText.plainText = text
        qt.QApplication.clipboard().setText(text)
        self._say(_("Copied. Paste it into your question to support."), "info")

    def onSample(self, name="KidneySegDemo"):
        """Load a sample CT and choose it."""
        try:
            volume = self.logic.loadSample(name)
        except Exception as error:  # whatever a download runs into: no network, no space
            self._say(_("'{name}' was not loaded: {error}").format(name=name, error=error), "error")
            return
        self._parameterNode.inputVolume = volume


_CANDIDATE_WIDGETS = ("candidateLabel", "candidateSelector", "restoreButton")
_MARGIN_WIDGETS = ("marginLabel", "marginSlider", "marginText")
_SCENE_WIDGETS = (
    "inputSelector",
    "outputSelector",
    "pointsSelector",
    "roiSelector",
    "segmentsTable",
)
_SAMPLES = {
    "KidneySegDemo": _("The CT that ships with KidneySeg"),
    "CTLiver": _("CTLiver (Slicer downloads it)"),
    "CTAAbdomenPanoramix": _("CTA abdomen, Panoramix (Slicer downloads it)"),
}
_ROW_HEIGHT = 24
_SEGMENT_EVENTS = (
    slicer.vtkSegmentation.SourceRepresentationModified,
    slicer.vtkSegmentation.SegmentAdded,
    slicer.vtkSegmentation.SegmentRemoved,
    slicer.vtkSegmentation.SegmentModified,
)
_REMEDIES = {
    "point-or-box": _("Points and a box are set under 'Help the search'."),
    "take-back-or-click": _("Choose it under 'Removed' and press 'Take back'."),
    "device": _("Choose 'CPU' as device."),
    "overwrite": _("The panel never replaces files: choose an empty folder."),
}
_PIP_LINES = 15
_CHECK_SECONDS = 120
_STAGES = {
    "check": _("Checking the CT"),
    "load model": _("Loading the model"),
    "locate": _("Finding the kidneys"),
    "segment": _("Segmenting"),
    "second look": _("Looking at slices"),
    "export": _("Going back to the CT's grid"),
    "clean": _("Cleaning"),
    "refine": _("Refining borders"),
    "measure": _("Measuring"),
}


def _importedModels():
    """Name and folder of models that the user imported, on this computer."""
    return json.loads(slicer.app.userSettings().value("KidneySeg/importedModels", "") or "{}")


def _marginText(plan):
    """What a resection with a margin leaves; no share of a kidney that the scan cuts."""
    text = _("Margin {margin:.0f} mm: the {side} kidney loses {removed:.0f} mL").format(
        margin=plan.margin_mm, side=plan.side, removed=plan.removed_ml
    )
    if plan.preserved_share is not None:
        text += _(" and keeps {own:.0f} %").format(own=100 * plan.preserved_share)
    if plan.preserved_share_of_both is None:
        return text + _(" (no share: the scan cuts a kidney).")
    return text + _("; {both:.0f} % of both stays.").format(both=100 * plan.preserved_share_of_both)


def _plain(finding):
    """The words of a finding; scenes of format 4 and before named options of the command line."""
    import re

    if "remedy" in finding:
        return finding["message"]
    return re.sub(r" \(--[^)]*\)", "", finding["message"])


def _worded(error):
    """An error, and what helps, in the words of the panel."""
    remedy = _REMEDIES.get(getattr(error, "remedy", ""), "")
    return f"{str(error) or repr(error)} {remedy}".strip()


def _escaped(text):
    """Text for a rich-text label."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("\n", "<br>")


class KidneySegTest(ScriptedLoadableModuleTest):
    """Self-test: the sample CT through the whole chain (in Slicer, and in this project's tests)."""

    def setUp(self):
        """Begin with an empty scene."""
        slicer.mrmlScene.Clear()

    def runTest(self):
        """Run every test."""
        self.setUp()
        self.test_sample_is_segmented()

    def test_sample_is_segmented(self):
        """The CT that ships gives two kidneys of plausible size, and a table."""
        logic = KidneySegLogic()
        missing = logic.missingPackages()
        if missing:
            self.delayDisplay(f"Skipped: {[p.spec for p in missing]} are not installed")
            return
        volume = logic.loadSample()
        segmentation, table, data = logic.process(volume, quality="fast", device="cpu")
        sides = {s["side"]: s["parenchyma_ml"] for s in data["measurements"]["sides"]}
        assert set(sides) == {"right", "left"}, sides
        assert all(60 < ml < 300 for ml in sides.values()), sides
        names = [
            segmentation.GetSegmentation().GetNthSegment(n).GetName()
            for n in range(segmentation.GetSegmentation().GetNumberOfSegments())
        ]
        assert {"Right kidney", "Left kidney"} <= set(names), names
        assert table.GetNumberOfRows() >= 6
        self.delayDisplay("KidneySeg: test passed")
