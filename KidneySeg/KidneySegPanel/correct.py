"""Correcting contours in the panel, and with which tool it was done."""

import logging

import slicer
from slicer.i18n import tr as _

logger = logging.getLogger(__name__)
_EDITOR_NODE = "KidneySegEditor"


class Correct:
    """The section 'Correct contours': Slicer's own Segment Editor, made when it is opened."""

    def __init__(self, panel):
        self._panel, self.ui = panel, panel.ui
        self._editor, self._listens, self._tools = None, False, {}
        self.ui.correctSection.connect("contentsCollapsed(bool)", self.onCollapsed)
        self.ui.editButton.connect("clicked()", self.onEdit)

    def show(self, case):
        """Edit the segmentation of the case on its own CT."""
        self.ui.editButton.enabled = case is not None
        self.ui.correctSection.enabled = case is not None and case.ct is not None
        if self._editor is not None:
            self._point(case)

    def onCollapsed(self, collapsed):
        """Make the editor when the section is opened first."""
        if not collapsed and self._editor is None:
            self._editor = self._made()
            self._point(self._panel.case)
        self._listen(not collapsed)

    def _made(self):
        """Slicer's Segment Editor widget below the hint; None where this Slicer has none."""
        try:
            editor = slicer.qMRMLSegmentEditorWidget()
        except AttributeError:
            logger.info("this application has no Segment Editor widget")
            return None
        editor.setMaximumNumberOfUndoStates(10)
        editor.setMRMLScene(slicer.mrmlScene)
        editor.setMRMLSegmentEditorNode(self._node())
        editor.setSegmentationNodeSelectorVisible(False)
        editor.setSourceVolumeNodeSelectorVisible(False)
        self.ui.correctSection.layout().addWidget(editor)
        return editor

    def _node(self):
        """Parameter node of this editor; Slicer's own module has another one."""
        scene = slicer.mrmlScene
        node = scene.GetSingletonNode(_EDITOR_NODE, "vtkMRMLSegmentEditorNode")
        if node is None:
            node = scene.CreateNodeByClass("vtkMRMLSegmentEditorNode")
            node.UnRegister(None)
            node.SetSingletonTag(_EDITOR_NODE)
            node = scene.AddNode(node)
        return node

    def _point(self, case):
        """Let the editor edit the segmentation of a case on its CT; nothing without one."""
        if self._editor is None:
            return
        self._editor.setMRMLSegmentEditorNode(self._node())  # a scene that was closed took it along
        whole = case is not None and case.ct is not None
        self._editor.setSegmentationNode(case.segmentation if whole else None)
        self._editor.setSourceVolumeNode(case.ct if whole else None)

    def _listen(self, on):
        """Let the editor hear mouse and keys only while it is in view."""
        if self._editor is None or on == self._listens:
            return
        self._listens = on
        if on:
            self._editor.setupViewObservations()
            self._editor.installKeyboardShortcuts()
        else:
            self._editor.setActiveEffectByName("")
            self._editor.uninstallKeyboardShortcuts()
            self._editor.removeViewObservations()

    def enter(self):
        """The module comes into view."""
        self._listen(not self.ui.correctSection.collapsed)

    def exit(self):
        """Another module comes into view."""
        self._listen(False)

    def close(self):
        """The panel goes."""
        self._listen(False)
        self._editor = None

    def onEdit(self):
        """Go to the module Segment Editor with this segmentation and its CT."""
        case = self._panel.case
        if case is None:
            return
        slicer.util.selectModule("SegmentEditor")
        editor = slicer.modules.segmenteditor.widgetRepresentation().self().editor
        editor.setSegmentationNode(case.segmentation)
        if case.ct is not None:
            editor.setSourceVolumeNode(case.ct)

    # ------------------------------------------------------------ with which tool

    def noteTool(self):
        """Note which effect is active while a segment is changed."""
        case = self._panel.case
        if case is None:
            return
        for node in slicer.util.getNodesByClass("vtkMRMLSegmentEditorNode"):
            effect, segment = node.GetActiveEffectName(), node.GetSelectedSegmentID()
            if node.GetSegmentationNode() is case.segmentation and effect and segment:
                key = (case.segmentation, segment)
                self._tools[key] = _("Segment Editor, {effect}").format(effect=effect)

    def setTool(self, segmentation, segment_id, tool):
        """Note what a segment was changed with by the panel itself."""
        self._tools[segmentation, segment_id] = tool

    def tools(self, segmentation):
        """What segments were changed with since the numbers before; then forgotten."""
        found = {key[1]: tool for key, tool in self._tools.items() if key[0] is segmentation}
        self._tools = {k: tool for k, tool in self._tools.items() if k[0] is not segmentation}
        return found

    def forget(self):
        """Forget the tools: the scene was closed."""
        self._tools = {}
