"""All CTs of the scene, frames of sequences too, one after the other, and one table of them.

Needs no Qt.
"""

import slicer
from slicer.i18n import tr as _

from .nodes import is_ct

TABLE = "KidneySeg, all CTs"
_FRAME_OF = "KidneySeg.FrameOf"  # reference to the sequence, attribute for the index


class AllCTs:
    """The button 'Run on all loaded CTs'."""

    def __init__(self, panel):
        self._panel, self._waiting, self._made, self._failed = panel, [], [], []
        panel.ui.runAllButton.connect("clicked()", self.onRunAll)

    def onRunAll(self):
        """Segment every CT of the scene, and every frame of its sequences if the user agrees."""
        if self._panel.runner.isRunning or not self._panel.support.packagesAreThere():
            return
        waiting = [(lambda node=node: node) for node in single_cts()]
        frames = sequence_frames()
        if frames:
            text = _(
                "{count} frames of sequences become CTs of their own in the scene and are "
                "segmented too. Go on?"
            )
            if slicer.util.confirmOkCancelDisplay(text.format(count=len(frames)), "KidneySeg"):
                waiting += [(lambda frame=frame: as_ct(*frame)) for frame in frames]
        self._waiting, self._made, self._failed = waiting, [], []
        self._panel.runner.whenOver = self._over
        self._next()

    def _next(self):
        """Begin with the next CT that waits; at the end fill the table."""
        runner = self._panel.runner
        while self._waiting:
            ct = self._waiting.pop(0)()
            if ct is None or ct.GetScene() is None:
                continue
            self._panel.session.parameters.inputVolume = ct
            if runner.start():
                return
            self._failed.append(ct.GetName())
        self._finish()

    def _over(self, state):
        """A run has ended: go on, or stop where it was canceled."""
        runner = self._panel.runner
        if state == "canceled":
            self._waiting = []
        elif state == "failed":
            self._failed.append(runner.ctName)
        else:
            self._made.append(runner.outcome.made)
        self._next()

    def _finish(self):
        """One table with the numbers of every CT of this batch, and what failed."""
        from KidneySegLib import mrml

        self._panel.runner.whenOver = None
        made = [node for node in self._made if node.GetScene() is not None]
        said = []
        if made:
            mrml.fill_joint_table(made, TABLE)
            text = _("{count} CT(s) done: see the table '{name}'.")
            said.append(text.format(count=len(made), name=TABLE))
        if self._failed:
            said.append(_("Not done: {names}.").format(names=", ".join(self._failed)))
        if said:
            self._panel.say(" ".join(said), "error" if self._failed else "info")


def single_cts():
    """CTs that are not the changing picture of a sequence."""
    browsers = slicer.util.getNodesByClass("vtkMRMLSequenceBrowserNode")
    cts = [node for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode") if is_ct(node)]
    return [ct for ct in cts if not any(browser.IsProxyNode(ct.GetID()) for browser in browsers)]


def sequence_frames():
    """Sequence and index of every frame that can be a CT."""
    return [
        (sequence, n)
        for sequence in slicer.util.getNodesByClass("vtkMRMLSequenceNode")
        for n in range(sequence.GetNumberOfDataNodes())
        if is_ct(sequence.GetNthDataNode(n))
    ]


def as_ct(sequence, n):
    """A frame of a sequence as a CT of its own in the scene; one that is there is taken again."""
    from KidneySegLib.mrml import voxels_of

    frame = sequence.GetNthDataNode(n)
    for node in single_cts():
        of_it = node.GetNodeReference(_FRAME_OF) is sequence
        if of_it and node.GetAttribute(_FRAME_OF) == str(n) and voxels_of(node) == voxels_of(frame):
            return node
    name = _("{sequence}, frame {number}").format(sequence=sequence.GetName(), number=n + 1)
    ct = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
    ct.CopyContent(frame, True)
    ct.CreateDefaultDisplayNodes()
    ct.SetNodeReferenceID(_FRAME_OF, sequence.GetID())
    ct.SetAttribute(_FRAME_OF, str(n))
    return ct
