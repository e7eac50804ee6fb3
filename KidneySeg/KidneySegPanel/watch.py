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
            wanted[case.segmentation] = _SEGMENT_EVENTS
            if case.ct is not None:
                wanted[case.ct] = _CT_EVENTS
        for node in [node for node in self._followed if node not in wanted]:
            for tag in self._followed.pop(node):  # no mixin: it would keep the node in memory
                node.RemoveObserver(tag)
        for node, events in wanted.items():
            if node not in self._followed:
                tags = [node.AddObserver(event, self.onChanged) for event in events]
                self._followed[node] = tags

    def stop(self):
        """Follow nothing any more."""
        self.follow(None)

    def onChanged(self, caller, event):
        """CT or segments have changed: note with which tool, and look soon."""
        self._panel.correct.noteTool()
        self._panel.refreshSoon()

    def onStartClose(self, caller, event):
        """Stop the run: its volume is going away."""
        if self._panel.runner.isRunning:
            self._panel.runner.cancel(_("Canceled: the scene was closed."))

    def onEndClose(self, caller, event):
        """Nothing is left to be shown."""
        self._orphans = []
        self._panel.closeScene()

    def onEndImport(self, caller, event):
        """Show choices and results of a scene that was loaded."""
        if self._panel.entered or self._panel.session.parameters is not None:
            self._panel.initializeParameterNode()

    def onAdded(self, caller, event):
        """Something may fit what is chosen."""
        self._panel.refreshSoon()

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def onAboutToBeRemoved(self, caller, event, node):
        """Stop the run whose volume is deleted; note what goes with a segmentation."""
        if slicer.mrmlScene.IsClosing():
            return
        if self._panel.runner.isOf(node):
            self._panel.runner.cancel(_("Canceled: the CT was removed from the scene."))
        if node.IsA("vtkMRMLSegmentationNode"):
            from KidneySegLib import mrml

            others = [*mrml.belongings(node), node.GetDisplayNode()]
            self._orphans.append((node, others, mrml.folder_of(node)))

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def onRemoved(self, caller, event, node):
        """Look soon; what went with a segmentation is removed when nobody iterates any more."""
        self._panel.refreshSoon()
        if self._orphans:
            self._panel.later(self.sweep)

    def sweep(self):
        """Remove what has no meaning without a segmentation that is gone."""
        from KidneySegLib import mrml

        gone = [entry for entry in self._orphans if entry[0].GetScene() is None]
        self._orphans = [entry for entry in self._orphans if entry[0].GetScene() is not None]
        for _node, others, folder in gone:
            for other in (o for o in others if o is not None):
                mrml.remove_with_display(other)
            if folder:
                mrml.remove_folder(mrml.hierarchy_of(slicer.mrmlScene), folder)
