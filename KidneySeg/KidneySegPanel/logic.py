"""The logic for scripts and for the panel: needs no widget and no main window."""

import shutil
import sys
from pathlib import Path

import slicer
from slicer.ScriptedLoadableModule import ScriptedLoadableModuleLogic

from . import parameters
from .export import export


class KidneySegLogic(ScriptedLoadableModuleLogic):
    """For scripts and for the panel.

    ``KidneySegLogic().process(volumeNode)`` returns segmentation node, table node and JSON data.
    """

    def getParameterNode(self):
        """Parameter node of this module in the scene."""
        return parameters.wrapped(super().getParameterNode())

    def process(
        self,
        volumeNode,
        segmentationNode=None,
        *,
        model=None,
        quality="balanced",
        device="auto",
        kidneysOnly=False,
        refine="off",
        operatingPoint="standard",
        pointsNode=None,
        roiNode=None,
        corrections="keep",
        inChild=True,
        progress=None,
        cancel=None,
    ):
        """Segment a CT, and wait for it; Slicer stays usable meanwhile.

        :param volumeNode: CT in HU.
        :param segmentationNode: where the segments go; made where None.
        :param model: name or folder of a model; None is the one that ships.
        :param quality: ``fast``, ``balanced`` or ``best``.
        :param device: ``auto``, ``cuda``, ``cuda:N``, ``mps`` or ``cpu``.
        :param refine: ``off``, ``levelset`` or ``contour``: move borders to the edges in the CT.
        :param operatingPoint: ``sensitive``, ``standard`` or ``specific``: more tumors, or fewer
            false ones.
        :param pointsNode: markups with points inside kidneys; they replace the search.
        :param roiNode: markups box around kidneys; it replaces the search.
        :param corrections: ``keep`` or ``replace`` what a user changed of the segments.
        :param inChild: False runs in this process; its memory then stays with Slicer.
        :param progress: called with stage, share done and seconds left.
        :param cancel: asked now and then; True stops the run and leaves the scene as it was.
        :return: segmentation node, table node, and the result as JSON data.
        """
        from KidneySegLib import mrml

        settings = self.settings(
            volumeNode,
            quality,
            kidneysOnly,
            pointsNode,
            roiNode,
            refine=refine,
            operatingPoint=operatingPoint,
        )
        mrml.require_output(segmentationNode, volumeNode)
        if inChild:
            done = self._waitFor(volumeNode, settings, model, device, progress, cancel)
        else:
            done = self._segmentHere(volumeNode, settings, model, device, progress, cancel)
        made, whole = self.addResult(done, volumeNode, segmentationNode, corrections)
        if not whole:
            self.measureAgain(made, volumeNode)
        return made, mrml.table_of(made), done.result.as_dict()

    def _waitFor(self, volumeNode, settings, model, device, progress, cancel):
        """Segment in a child process, while events of the application go on."""
        from KidneySegLib import mrml
        from KidneySegLib.app.job import run_job

        from .run import Run

        sent = mrml.Sent(volumeNode)
        run = Run(self.startJob(volumeNode, settings, {"model": model}, device=device), sent)

        def stop():
            slicer.app.processEvents()
            return cancel is not None and cancel()

        return run_job(run, progress=progress, cancel=stop)

    def _segmentHere(self, volumeNode, settings, model, device, progress, cancel):
        """Segment in this process; the result as a child process would give it."""
        from KidneySegLib import mrml
        from KidneySegLib.app.job import Done
        from KidneySegLib.app.wanted_models import WantedModels, segmenter_of
        from KidneySegLib.engine import open_engine
        from KidneySegLib.kidney_ct.measured import of_result
        from KidneySegLib.kidney_ct.task import KidneyCT
        from KidneySegLib.pipeline import run

        segmenter = segmenter_of(WantedModels(model), open_engine(device))
        volume = mrml.volume_from_node(volumeNode)
        result = run(KidneyCT(settings), volume, segmenter, progress=progress, cancel=cancel)
        warp = mrml.warp_of(volumeNode)
        measured = of_result(result.labels, volume, result.measurements, result.findings, warp)
        return Done(measured, result)

    def settings(
        self,
        volumeNode,
        quality,
        kidneysOnly,
        pointsNode=None,
        roiNode=None,
        *,
        refine="off",
        operatingPoint="standard",
    ):
        """Settings of the library; markups become points in mm."""
        from KidneySegLib import mrml
        from KidneySegLib.kidney_ct.settings import Settings

        mrml.volume_from_node(volumeNode)
        points = mrml.points_from_node(pointsNode, volumeNode) if pointsNode else ()
        box = mrml.roi_from_node(roiNode, volumeNode) if roiNode else None
        rois = (box,) if box else ()
        return Settings(
            quality=quality,
            kidneys_only=kidneysOnly,
            points=points,
            rois=rois,
            refine=refine,
            operating_point=operatingPoint,
        )

    def startJob(self, volumeNode, settings, models=None, *, device="auto"):
        """Start the child process that segments; ``models`` is what `WantedModels` takes."""
        from KidneySegLib.app.job import segment_job
        from KidneySegLib.mrml import volume_from_node, warp_of

        return segment_job(
            volume_from_node(volumeNode),
            settings,
            models=models,
            device=device,
            warp=warp_of(volumeNode),
            **childOptions(),
        )

    def startMeasuring(self, segmentationNode, volumeNode):
        """Start the child process that measures the segments as they are now."""
        from KidneySegLib.app.job import measure_job
        from KidneySegLib.mrml import labels_from_segmentation, volume_from_node, warp_of

        labels = labels_from_segmentation(segmentationNode, volumeNode)
        volume = volume_from_node(volumeNode)
        return measure_job(volume, labels, warp=warp_of(volumeNode), **childOptions())

    def addResult(self, done, volumeNode, segmentationNode=None, corrections="keep", *, tools=None):
        """Put a result into the scene, and what cleaning removed as hidden candidates.

        :return: segmentation node, and whether its numbers are complete: where the user's own
            segments were kept beside the run's, everything must be measured again.
        """
        from KidneySegLib import mrml

        result, data = done.result, done.result.as_dict()
        labels, record = result.labels.array, {key: data[key] for key in mrml.RECORDED}
        update = mrml.add_to_scene(
            labels, volumeNode, segmentationNode, record=record, policy=corrections, tools=tools
        )
        made, removed = update.segmentation, data["removed_components"]
        mrml.add_candidates(labels, result.rejected.array, removed, volumeNode, made)
        others = None if result.structures is None else result.structures.array
        mrml.add_structures(others, result.measurements.structures, volumeNode, made)
        if update.kept or mrml.corrections(made):
            mrml.keep_pending(made, done.measured)
            return made, False
        mrml.fill_table(done.measured, made, volumeNode)
        return made, True

    def measureAgain(self, segmentationNode, volumeNode):
        """Measure the segments as they are now, in this process; returns the table node.

        :raises InputError: if they were made on a CT with other voxels.
        """
        from KidneySegLib import mrml

        found = mrml.measure_segmentation(segmentationNode, volumeNode)
        return mrml.fill_table(found, segmentationNode, volumeNode)

    def export(self, segmentationNode, volumeNode, folder):
        """Write table, label map, surfaces, picture and report into a folder (see `export`)."""
        return export(segmentationNode, volumeNode, Path(folder))

    def missingPackages(self):
        """Packages that must be installed before the first run."""
        from .install import missing

        return missing(to_run=True)

    def loadSample(self, name="KidneySegDemo"):
        """Load the CT that ships with the library, or one that Slicer's Sample Data downloads."""
        if name != "KidneySegDemo":
            import SampleData

            return SampleData.SampleDataLogic().downloadSample(name)
        from KidneySegLib.environment.resources import resource_folder

        path = resource_folder("Demo") / "demo_ct.nii.gz"
        return slicer.util.loadVolume(str(path), {"name": "KidneySegDemo"})


def childOptions():
    """How a child process is started here."""
    return {"command": (pythonExecutable(),), "temporary": Path(slicer.app.temporaryPath)}


def pythonExecutable():
    """Slicer's own Python as a program; this Python where there is none."""
    return shutil.which("PythonSlicer") or sys.executable
