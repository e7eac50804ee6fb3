"""Slice views and 3D views: shown and moved only where they show the CT that is meant."""

import slicer


def shown_volume():
    """Volume in the background of the slice views; None where there is none."""
    for composite in slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode"):
        node = slicer.mrmlScene.GetNodeByID(composite.GetBackgroundVolumeID() or "")
        if node is not None:
            return node
    return None


def show_place(point_ras, ct):
    """Go to a place (mm, world) in the slice views that show a CT; returns whether any does."""
    views = _views_of(ct)
    for view in views:
        view.JumpSliceByCentering(*point_ras)
    return bool(views)


def show_volume(ct):
    """Put a CT into the background of every slice view."""
    for composite in slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode"):
        composite.SetBackgroundVolumeID(ct.GetID())
    if slicer.app.layoutManager() is not None:
        slicer.util.resetSliceViews()


def has_3d_view():
    """Whether the layout shows a 3D view."""
    layout = slicer.app.layoutManager()
    return layout is not None and layout.threeDViewCount > 0


def _views_of(ct):
    """Slice views that show a CT."""
    if ct is None:
        return []
    layers = {
        composite.GetLayoutName(): (
            composite.GetBackgroundVolumeID(),
            composite.GetForegroundVolumeID(),
        )
        for composite in slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")
    }
    views = slicer.util.getNodesByClass("vtkMRMLSliceNode")
    return [view for view in views if ct.GetID() in layers.get(view.GetLayoutName(), ())]
