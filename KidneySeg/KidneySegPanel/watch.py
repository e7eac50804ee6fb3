"""What happens in the scene while the panel is there. Needs no Qt."""

import slicer
import vtk
from slicer.i18n import tr as _

_SEGMENT_EVENTS = (
    slicer.vtkSegmentation.SourceRepresentationModified,
    slicer.vtkSegmentation.SegmentAdded,
    slicer.vtkSegmentation.SegmentRemoved,
    slicer.vtkSegmentation.SegmentModified,
    slicer.vtkMRMLTransformableNode.TransformModifiedEvent,
    vtk.vtkCommand.ModifiedEvent,
)
_CT_EVENTS = (
    vtk.vtkCommand.ModifiedEvent,
    slicer.vtkMRMLVolumeNode.ImageDataModifiedEvent,
    slicer.vtkMRMLTransformableNode.TransformModifiedEvent,
)


class Watch:
    """Observes the scene, and the CT and segmentation of the case that is shown."""

    def __init__(self, panel):
        self._panel, self._followed, self._orphans = panel, {}, []
        scene = slicer.mrmlScene
        for event, slot in (
            (scene.StartCloseEvent, self.onStartClose),
            (scene.EndCloseEvent, self.onEndClose),
            (scene.EndImportEvent, self.onEndImport),
            (scene.NodeAboutToBeRemovedEvent, self.onAboutToBeRemoved),
            (scene.NodeRemovedEvent, self.onRemoved),
            (scene.NodeAddedEvent, self.onAdded),
        ):
            panel.addObserver(scene, event, slot)

    def follow(self, case):
        """Be told when CT or segments of a case change."""
        wanted = {}
        if case is not None:
            wanted["segmentation"] = (case.segmentation, _SEGMENT_EVENTS)
            if case.ct is not None:
                wanted["ct"] = (case.ct, _CT_EVENTS)
        for name in ("segmentation", "ct"):
            before, now = self._followed.get(name), wanted.get(name)
            if before is not None and (now is None or before[0] is not now[0]):
                for event in before[1]:
                    self._panel.removeObserver(before[0], event, self.onChanged)
                before = None
            if now is not None and before is None:
                for event in now[1]:
                    self._panel.addObserver(now[0], event, self.onChanged)
        self._followed = wanted

    def onChanged(self, caller, event):
        """CT or segments have changed: note with which tool, and look soon."""
        self._panel.correct.noteTool()
        self._panel.refreshSoon()

    def onStartClose(self, caller, event):
        """Stop the run: its volume is going away."""
        runner = self._panel.runner
        if runner.isRunning:
            runner.stop()
            runner.show("canceled", _("Canceled: the scene was closed."))

    def onEndClose(self, caller, event):
        """Nothing is left to be shown."""
        self._orphans = []
        self._panel.closeScene()

    def onEndImport(self, caller, event):
        """Show choices and results of a scene that was loaded."""
        self._panel.initializeParameterNode()

    def onAdded(self, caller, event):
        """Something may fit what is chosen."""
        self._panel.refreshSoon()

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def onAboutToBeRemoved(self, caller, event, node):
        """Stop the run whose volume is deleted; note what goes with a segmentation."""
        if slicer.mrmlScene.IsClosing():
            return
        runner = self._panel.runner
        if runner.isOf(node):
            runner.stop()
            runner.show("canceled", _("Canceled: the CT was removed from the scene."))
        if node.IsA("vtkMRMLSegmentationNode"):
            from KidneySegLib import mrml

            others = [*mrml.belongings(node), node.GetDisplayNode()]
            self._orphans.append((node, others, mrml.folder_of(node)))

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def onRemoved(self, caller, event, node):
        """Remove what has no meaning without the segmentation that is gone."""
        from KidneySegLib import mrml

        gone = [entry for entry in self._orphans if entry[0] is node]
        self._orphans = [entry for entry in self._orphans if entry[0] is not node]
        for _node, others, folder in gone:
            for other in (o for o in others if o is not None):
                mrml.remove_with_display(other)
            if folder:
                mrml.remove_folder(mrml.hierarchy_of(slicer.mrmlScene), folder)
        self._panel.refreshSoon()
