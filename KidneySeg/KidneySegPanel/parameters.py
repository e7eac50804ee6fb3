"""What the user chose, saved with the scene."""

from enum import Enum

from slicer import (
    vtkMRMLMarkupsFiducialNode,
    vtkMRMLMarkupsROINode,
    vtkMRMLScalarVolumeNode,
    vtkMRMLSegmentationNode,
)
from slicer.parameterNodeWrapper import parameterNodeWrapper

DEVICES = ("auto", "cuda", "mps", "cpu")
REFINEMENTS = ("off", "levelset", "contour")
OPERATING_POINTS = ("sensitive", "standard", "specific")
ASK = "ask"
CORRECTIONS = (ASK, "keep", "replace", "beside")


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
    points: vtkMRMLMarkupsFiducialNode
    roi: vtkMRMLMarkupsROINode
    model: str = ""
    lesions: str = ""
    quality: Quality = Quality.BALANCED
    device: str = "auto"
    kidneysOnly: bool = False
    refine: str = "off"
    operatingPoint: str = "standard"
    corrections: str = ASK


def wrapped(node):
    """A scene's parameter node, typed; what a newer version stored there becomes the default."""
    known = {
        "quality": [quality.name for quality in Quality],
        "device": DEVICES,
        "refine": REFINEMENTS,
        "operatingPoint": OPERATING_POINTS,
        "corrections": CORRECTIONS,
    }
    for name, values in known.items():
        stored = node.GetParameter(name)
        if stored and stored not in values:
            node.UnsetParameter(name)
    return KidneySegParameterNode(node)
