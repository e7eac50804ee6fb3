"""KidneySeg in 3D Slicer: the module, and the classes that Slicer looks for in this file.

The panel is in KidneySegPanel, the work is done by the library KidneySegLib in a child process.
Nothing but Slicer, vtk and Qt is imported before the user presses a button.
"""

import sys
from pathlib import Path

import slicer
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import ScriptedLoadableModule

try:
    import KidneySegLib
except ModuleNotFoundError:  # a checkout added as an additional module path, not built
    sys.path.insert(0, str(Path(__file__).parents[1]))
    import KidneySegLib

from KidneySegPanel.logic import KidneySegLogic
from KidneySegPanel.panel import KidneySegWidget
from KidneySegPanel.parameters import KidneySegParameterNode, Quality
from KidneySegPanel.tests import KidneySegTest

__all__ = [
    "KidneySeg",
    "KidneySegLogic",
    "KidneySegParameterNode",
    "KidneySegTest",
    "KidneySegWidget",
    "Quality",
]


class KidneySeg(ScriptedLoadableModule):
    """Names, help and sample data of the module."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = "KidneySeg"
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Segmentation")]
        self.parent.dependencies = [
            "Markups",
            "SampleData",
            "SegmentEditor",
            "Segmentations",
            "SubjectHierarchy",
            "Tables",
            "Terminologies",
            "Volumes",
        ]
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
