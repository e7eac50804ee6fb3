"""Self-tests: in Slicer (Reload and Test, CTest), and in this project's own tests."""

import time

import slicer
from slicer.ScriptedLoadableModule import ScriptedLoadableModuleTest

from . import install
from .logic import KidneySegLogic

_MOST_SECONDS = 600


class KidneySegTest(ScriptedLoadableModuleTest):
    """The sample CT through the whole chain: run, cancel, correct and run again, save and load."""

    def setUp(self):
        """Begin with an empty scene."""
        slicer.mrmlScene.Clear()

    def runTest(self):
        """Run every test; without the packages that is a failure, not a pass."""
        missing = [p.spec for p in install.missing(to_run=True)]
        if missing:
            raise RuntimeError(f"KidneySeg cannot be tested: {missing} are not installed.")
        for name in sorted(n for n in dir(self) if n.startswith("test_")):
            self.setUp()
            getattr(self, name)()
        self.delayDisplay("KidneySeg: test passed")

    def test_a_sample_is_segmented(self):
        """Two kidneys of plausible size and a table whose numbers are true."""
        from KidneySegLib import mrml

        logic = KidneySegLogic()
        volume = logic.loadSample()
        made, table, data = logic.process(volume, quality="fast", device="cpu")
        sides = {s["side"]: s["parenchyma_ml"] for s in data["measurements"]["sides"]}
        assert set(sides) == {"right", "left"}, sides
        assert all(60 < ml < 300 for ml in sides.values()), sides
        segmentation = made.GetSegmentation()
        assert segmentation.GetSegmentIdBySegmentName("Right kidney")
        assert table.GetNumberOfRows() >= 6
        assert mrml.why_stale(made) == (), mrml.why_stale(made)
        return logic, volume, made

    def test_d_a_correction_survives_a_second_run(self):
        """A kidney that was deleted does not come back, and is not counted."""
        from KidneySegLib import mrml

        logic, volume, made = self.test_a_sample_is_segmented()
        segmentation = made.GetSegmentation()
        segmentation.RemoveSegment(segmentation.GetSegmentIdBySegmentName("Left kidney"))
        assert mrml.why_stale(made) == ("segments",)
        logic.process(volume, made, quality="fast", device="cpu")
        assert not segmentation.GetSegmentIdBySegmentName("Left kidney")
        found = mrml.stored_numbers(made).measurements
        assert [s.side for s in found.sides if s.parenchyma_ml] == ["right"]

    def test_b_a_run_is_canceled(self):
        """Cancel leaves the scene as it was."""
        from KidneySegLib.core.errors import CanceledError

        logic = KidneySegLogic()
        volume = logic.loadSample()
        before, begun = slicer.mrmlScene.GetNumberOfNodes(), time.monotonic()
        try:
            logic.process(volume, device="cpu", cancel=lambda: time.monotonic() - begun > 1)
        except CanceledError:
            pass
        else:
            raise AssertionError("the run was not canceled")
        assert slicer.mrmlScene.GetNumberOfNodes() == before
        assert time.monotonic() - begun < _MOST_SECONDS

    def test_c_a_scene_is_saved_and_loaded(self):
        """Numbers come back with their scene, and are still true."""
        from pathlib import Path

        from KidneySegLib import mrml

        logic = KidneySegLogic()
        made = logic.process(logic.loadSample(), quality="fast", device="cpu")[0]
        stored = mrml.stored_numbers(made).as_dict()
        path = Path(slicer.app.temporaryPath) / "kidneyseg-test.mrb"
        try:
            assert slicer.mrmlScene.WriteToMRB(str(path), None)
            slicer.mrmlScene.Clear()
            assert slicer.mrmlScene.ReadFromMRB(str(path), True)
        finally:
            path.unlink(missing_ok=True)
        nodes = slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
        (again,) = [node for node in nodes if mrml.table_of(node) is not None]
        assert mrml.stored_numbers(again).as_dict() == stored
        assert mrml.why_stale(again) == (), mrml.why_stale(again)
