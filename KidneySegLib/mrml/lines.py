"""Diameters of lesions as lines in the scene."""

from __future__ import annotations

from typing import Any

import slicer

from ..measure.measurements import Measurements
from .belongings import LINE_ROLE, diameter_lines, place_beside, remove_with_display

_HIDDEN = "KidneySeg.HiddenByPanel"


def show_diameters(measurements: Measurements, segmentation_node: Any) -> list[Any]:
    """Draw the largest axial diameter, the short axis and the largest 3D diameter, locked.

    Lines of earlier measurements of this segmentation are replaced.

    Returns
    -------
    list of vtkMRMLMarkupsLineNode
    """
    hide_diameters(segmentation_node)
    scene, lines = segmentation_node.GetScene(), []
    for lesion in measurements.lesions:
        name = f"{lesion.kind.capitalize()} {lesion.id}"
        for kind, mm, ends in (
            ("axial", lesion.feret_axial_mm, lesion.feret_axial_ends_ras_mm),
            ("short", lesion.short_axial_mm, lesion.short_axial_ends_ras_mm),
            ("3D", lesion.feret_3d_mm, lesion.feret_3d_ends_ras_mm),
        ):
            if mm is None or ends is None:
                continue
            line = scene.AddNewNodeByClass("vtkMRMLMarkupsLineNode", f"{name}, {kind} {mm:.0f} mm")
            line.CreateDefaultDisplayNodes()
            for point in ends:
                line.AddControlPointWorld(*point)
            line.SetLocked(True)
            line.SetNodeReferenceID(LINE_ROLE, segmentation_node.GetID())
            place_beside(line, segmentation_node)
            lines.append(line)
    return lines


def hide_diameters(segmentation_node: Any) -> None:
    """Remove the lines that were drawn for a segmentation, with what shows them."""
    for line in diameter_lines(segmentation_node):
        remove_with_display(line)


def hide_untrue_lines(scene: Any, true_segmentation: Any) -> None:
    """Hide the lines of every segmentation but one; show again what was hidden so, not by a user.

    Parameters
    ----------
    true_segmentation : vtkMRMLSegmentationNode, optional
        That whose numbers are true and shown.
    """
    for line in slicer.util.getNodesByClass("vtkMRMLMarkupsLineNode", scene=scene):
        owner, display = line.GetNodeReference(LINE_ROLE), line.GetDisplayNode()
        if owner is None or display is None:
            continue
        if owner is true_segmentation and line.GetAttribute(_HIDDEN):
            line.RemoveAttribute(_HIDDEN)
            display.SetVisibility(True)
        elif owner is not true_segmentation and display.GetVisibility():
            line.SetAttribute(_HIDDEN, "1")
            display.SetVisibility(False)
