"""Random walks of a user over the panel and the scene, with what must hold after every step.

The child process is replaced by recorded results, but for one walk in ten, which has the real one.
"""

from __future__ import annotations

import random
import re
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import panels
import slicer
from scene import add_ct, put_under_bend, put_under_matrix

from KidneySegLib import mrml
from KidneySegLib.app.job import Done
from KidneySegLib.core.source import describe_input
from KidneySegLib.kidney_ct.measured import Measured, measured
from KidneySegLib.mrml.placement import reference_volume
from KidneySegLib.mrml.segments import segment_ml
from KidneySegLib.result import Result


class Replay:
    """A job that gives a recorded result, or measures, after some polls."""

    alive = 0

    def __init__(self, done, polls: int) -> None:
        self._done, self._polls, self._over = done, polls, False
        Replay.alive += 1

    def poll(self, *, wait_s: float = 0.0):
        del wait_s
        self._polls -= 1
        if self._polls > 0:
            return None
        self.cancel()
        return self._done()

    def cancel(self) -> None:
        Replay.alive -= not self._over
        self._over = True


class Walk:
    """One user, one panel, one scene.

    Parameters
    ----------
    panel : KidneySegWidget
    recorded : Path
        Folder with a result of `Result.save` and `Measured.save`.
    ct : Volume
        That the result is of.
    folder : Path
        For scenes that are saved.
    """

    def __init__(self, panel, recorded: Path, ct, folder: Path, *, seed: int, real: bool) -> None:
        self.panel, self._ct, self._recorded = panel, ct, recorded
        self._rng, self._folder, self._count, self.done = random.Random(seed), folder, 0, []
        self._recorded_jobs, Replay.alive = not real, 0
        slicer.app.userSettings().setValue("KidneySeg/quality", "fast")
        panel.enter()
        panel.runner.ask = lambda _found: self._rng.choice(["keep", "replace", "beside", None])
        if not real:
            panel.logic.startJob = self._replay
            panel.logic.startMeasuring = self._measure_here

    def _replay(self, ct_node, settings, _models=None, **_options):
        del settings
        result, numbers = Result.load(self._recorded), Measured.load(self._recorded)
        volume, warp = mrml.volume_from_node(ct_node), mrml.warp_of(ct_node)
        result = replace(result, record={**result.record, "input": describe_input(volume)})

        def done():
            found = numbers
            if warp is not None or not volume.geometry.matches(result.labels.geometry):
                found = measured(volume.with_array(result.labels.array), volume, warp)
            return Done(found, result)

        return Replay(done, self._rng.randint(1, 4))

    def _measure_here(self, made, ct_node):
        labels = mrml.labels_from_segmentation(made, ct_node)
        volume, warp = mrml.volume_from_node(ct_node), mrml.warp_of(ct_node)
        return Replay(lambda: Done(measured(labels, volume, warp)), self._rng.randint(1, 4))

    # ------------------------------------------------------------ what a user does

    def actions(self) -> list[str]:
        return [name[3:] for name in dir(self) if name.startswith("do_")]

    def step(self) -> None:
        """One random action, then all that must hold."""
        name = self._rng.choice(self.actions())
        self.done.append(name)
        getattr(self, f"do_{name}")()
        self.panel.watch.sweep()  # as the timers do a moment later
        self.panel.refresh()
        self.check()

    def _cts(self) -> list:
        nodes = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
        return [n for n in nodes if n.GetImageData() is not None]

    def _results(self) -> list:
        nodes = slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
        return [n for n in nodes if mrml.owner_of_candidates(n) is None]

    def _some(self, nodes: list):
        return self._rng.choice(nodes) if nodes else None

    def _wait(self) -> None:
        panels.wait(self.panel, seconds=300)

    def _press(self, name: str) -> None:
        button = getattr(self.panel.ui, name)
        if button.enabled:
            button.click()

    def do_load(self) -> None:
        if len(self._cts()) < 4:
            self._count += 1
            shifted = self._ct.with_array(self._ct.array + np.int16(self._count))
            add_ct(shifted, f"patient {self._count}")
            self.panel.initializeParameterNode()

    def do_choose_ct(self) -> None:
        if (node := self._some(self._cts())) is not None:
            self.panel.session.parameters.inputVolume = node

    def do_choose_result(self) -> None:
        every = slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
        self.panel.session.parameters.outputSegmentation = self._some([*every, None])

    def do_run(self) -> None:
        if not self.panel.runner.isRunning:
            self._press("applyButton")
        self._wait()

    do_run_again = do_run

    def do_start(self) -> None:
        if not self.panel.runner.isRunning:
            self._press("applyButton")

    def do_cancel(self) -> None:
        if self.panel.runner.isRunning:
            self._press("applyButton")

    def do_poll(self) -> None:
        self.panel.runner.onTimer()

    def do_measure(self) -> None:
        self._press("measureButton")
        if self._rng.random() < 0.7:
            self._wait()

    def do_move_ct(self) -> None:
        if (node := self._some(self._cts())) is not None:
            matrix = np.eye(4)
            matrix[:3, 3] = [self._rng.uniform(-20, 20) for _ in range(3)]
            put_under_matrix(node, matrix)

    def do_move_result(self) -> None:
        if (node := self._some(self._results())) is not None:
            put_under_matrix(node, np.diag([1.0, 1.0, 1.05, 1.0]))

    def do_bend(self) -> None:
        if (node := self._some(self._cts())) is not None and self._rng.random() < 0.3:
            put_under_bend(node, scale=1.05)

    def do_align(self) -> None:
        if (node := self._some(self._results())) is not None:
            ct = reference_volume(node)
            if ct is not None:
                node.SetAndObserveTransformNodeID(ct.GetTransformNodeID())

    def do_change_voxels(self) -> None:
        if (node := self._some(self._cts())) is not None and self._rng.random() < 0.3:
            slicer.util.arrayFromVolume(node)[:5] += 1
            slicer.util.arrayFromVolumeModified(node)

    def _segment(self):
        node = self._some(self._results())
        ids = node.GetSegmentation().GetSegmentIDs() if node is not None else []
        return (node, self._rng.choice(list(ids))) if ids else (None, None)

    def do_edit(self) -> None:
        node, segment_id = self._segment()
        ct = reference_volume(node) if node is not None else None
        if ct is None or segment_ml(node, segment_id) == 0:
            return
        mask = slicer.util.arrayFromSegmentBinaryLabelmap(node, segment_id, ct).copy()
        slices = np.flatnonzero(mask.any(axis=(1, 2)))
        if len(slices) > 2:
            mask[slices[-1]] = 0
            slicer.util.updateSegmentBinaryLabelmapFromArray(mask, node, segment_id, ct)

    def do_delete_segment(self) -> None:
        node, segment_id = self._segment()
        if node is not None and self._rng.random() < 0.5:
            node.GetSegmentation().RemoveSegment(segment_id)

    def do_rename(self) -> None:
        node = self._some([*self._cts(), *self._results()])
        if node is not None:
            node.SetName(f"renamed {self._rng.randint(1, 99)}")

    def do_delete_ct(self) -> None:
        if len(self._cts()) > 1 and (node := self._some(self._cts())) is not None:
            slicer.mrmlScene.RemoveNode(node)

    def do_delete_result(self) -> None:
        if (node := self._some(self._results())) is not None:
            slicer.mrmlScene.RemoveNode(node)

    def do_step_back(self) -> None:
        self._press("stepBackButton")

    def do_diameters(self) -> None:
        self._press("diametersButton")

    def do_restore(self) -> None:
        self._press("restoreButton")
        self._wait()

    def do_next(self) -> None:
        self._press("nextLesionButton")

    def do_click(self) -> None:
        case = self.panel.case
        if case is not None and case.numbers is not None and case.ct is not None:
            lesion = self._some(list(case.numbers.measurements.lesions))
            if lesion is not None:
                self.panel.clicks.at(lesion.center_ras_mm, adds=False)
                self._wait()

    def do_lock(self) -> None:
        node, segment_id = self._segment()
        if node is not None:
            mrml.set_locked(node, segment_id, not mrml.is_locked(node, segment_id))

    def do_leave_and_come_back(self) -> None:
        self.panel.exit()
        self.panel.enter()

    def do_save_and_load(self) -> None:
        if self._rng.random() < 0.4:
            path = str(self._folder / "walk.mrb")
            assert slicer.mrmlScene.WriteToMRB(path, None)
            if self._rng.random() < 0.7:
                slicer.mrmlScene.Clear(False)
                assert slicer.mrmlScene.ReadFromMRB(path, True)
            elif len(self._cts()) < 3:
                assert slicer.mrmlScene.ReadFromMRB(path, False)  # beside what is there
            Path(path).unlink()

    def do_close(self) -> None:
        if self._rng.random() < 0.15:
            slicer.mrmlScene.Clear(False)

    def do_views(self) -> None:
        if (node := self._some(self._cts())) is not None:
            panels.add_views(node)

    # ------------------------------------------------------------ what must hold

    def check(self) -> None:
        """Every number on the panel is of the CT and segmentation named beside it, or is marked."""
        panel, ui = self.panel, self.panel.ui
        shown = panels.answers(panel)
        made = panel.session.segmentation
        if shown:
            assert made is not None
            self._check_numbers(shown, made)
        else:
            assert ui.lesionTable.rowCount == 0 or made is not None
        if made is None:
            assert ui.lesionTable.rowCount == 0
            assert ui.warningsLabel.text == ""
            assert ui.marginText.text == ""
            assert not ui.copyButton.enabled
        self._check_orphans()
        if self._recorded_jobs:
            assert Replay.alive == int(panel.runner.isRunning)

    def _check_numbers(self, shown: list[str], made) -> None:
        """Numbers are those of the segmentation that is named, measured now, or marked as stale."""
        panel, ui = self.panel, self.panel.ui
        heading = re.sub(r"<[^>]*>", "", ui.caseLabel.text)
        ct = reference_volume(made)
        assert made.GetName() in heading
        if ct is not None:
            assert ct.GetName() in heading
            assert panel.session.ct is ct
        stored = mrml.stored_numbers(made).measurements
        assert len(shown) == len(stored.sides) + len(stored.lesions)
        assert ui.lesionTable.rowCount == 4 * len(stored.sides) + len(stored.lesions)
        marked = bool(re.sub(r"<[^>]*>", "", ui.staleLabel.text))
        if marked:
            return
        assert ct is not None
        now = mrml.measure_segmentation(made, ct).measurements
        for kind in ("sides", "lesions"):
            old, new = getattr(stored, kind), getattr(now, kind)
            assert len(old) == len(new), f"{kind} differ and are not marked"
        for one, other in zip(stored.lesions, now.lesions, strict=True):
            assert abs(one.volume_ml - other.volume_ml) <= 0.02 * other.volume_ml + 0.01
            np.testing.assert_allclose(one.center_ras_mm, other.center_ras_mm, atol=1.0)
        for one, other in zip(stored.sides, now.sides, strict=True):
            assert abs(one.parenchyma_ml - other.parenchyma_ml) <= 0.02 * other.parenchyma_ml + 0.01

    def _check_orphans(self) -> None:
        """No table, line or candidates without their segmentation."""
        for table in slicer.util.getNodesByClass("vtkMRMLTableNode"):
            assert table.GetNodeReference("KidneySeg.Segmentation") is not None, table.GetName()
        for line in slicer.util.getNodesByClass("vtkMRMLMarkupsLineNode"):
            assert line.GetNodeReference("KidneySeg.DiametersOf") is not None, line.GetName()
        for node in slicer.util.getNodesByClass("vtkMRMLSegmentationNode"):
            if "rejected candidates" in node.GetName():
                assert mrml.owner_of_candidates(node) is not None, node.GetName()

    def end(self) -> None:
        """Stop what runs; no child process may be left."""
        runner = self.panel.runner
        job = runner.run.job if runner.isRunning else None
        runner.stop()
        process = getattr(job, "_process", None)
        end = time.monotonic() + 5
        while process is not None and process.poll() is None and time.monotonic() < end:
            time.sleep(0.05)
        assert process is None or process.poll() is not None
        assert Replay.alive == 0
