"""What the panel uses of Slicer's and CTK's widgets, as their own headers declare it.

Read on 2026-11-28 from public copies of the headers; the stand-ins are compared with this table
(`Testing/slicer/test_standins.py`). Of each class: file, signals (name and C++ types), properties,
and methods that Python may call.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Api:
    """A widget class as its header declares it."""

    header: str
    signals: tuple[str, ...] = ()
    properties: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()


SLICER_API = {
    "qMRMLNodeComboBox": Api(
        "Slicer/Slicer 06536db Libs/MRML/Widgets/qMRMLNodeComboBox.h",
        ("currentNodeChanged(vtkMRMLNode*)",),
        (
            "nodeTypes",
            "showChildNodeTypes",
            "addEnabled",
            "removeEnabled",
            "renameEnabled",
            "noneEnabled",
            "noneDisplay",
        ),
        ("setMRMLScene", "currentNode", "setCurrentNode"),
    ),
    "qMRMLSegmentsTableView": Api(
        "Slicer/Slicer Modules/Loadable/Segmentations/Widgets/qMRMLSegmentsTableView.h",
        (),
        ("readOnly",),
        ("setMRMLScene", "setSegmentationNode", "selectedSegmentIDs"),
    ),
    "qMRMLSegmentEditorWidget": Api(
        "Slicer/Slicer Modules/Loadable/Segmentations/Widgets/qMRMLSegmentEditorWidget.h",
        (),
        (),
        (
            "setMRMLScene",
            "setMRMLSegmentEditorNode",
            "setSegmentationNode",
            "setSourceVolumeNode",
            "setSegmentationNodeSelectorVisible",
            "setSourceVolumeNodeSelectorVisible",
            "setMaximumNumberOfUndoStates",
            "setActiveEffectByName",
            "setupViewObservations",
            "removeViewObservations",
            "installKeyboardShortcuts",
            "uninstallKeyboardShortcuts",
        ),
    ),
    "ctkCollapsibleButton": Api(
        "commontk/CTK Libs/Widgets/ctkCollapsibleButton.h",
        ("contentsCollapsed(bool)",),
        ("collapsed", "text"),
    ),
}
