"""Figures of the Slicer module on the real scene: time, cancel, crashes, memory.

``python studies/slicer_module.py`` prints JSON. The scene is Slicer's own (slicer-core),
the child process the real one; the window around them is not Slicer's.
"""

import contextlib
import json
import os
import random
import resource
import signal
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(Path(__file__).parent), str(ROOT / "Testing" / "support"), str(ROOT)]

import numpy as np  # noqa: E402

os.environ["QT_QPA_PLATFORM"] = "offscreen"
import scene as scenes  # noqa: E402
import slicer  # noqa: E402
from common import parser, save  # noqa: E402

from KidneySegLib import mrml  # noqa: E402
from KidneySegLib.app.job import (  # noqa: E402
    Done,
    JobError,
    measure_job,
    run_job,
    segment_job,
)
from KidneySegLib.core.volume import Geometry, Volume  # noqa: E402
from KidneySegLib.io.images import read_volume  # noqa: E402
from KidneySegLib.kidney_ct.measured import measured  # noqa: E402
from KidneySegLib.kidney_ct.settings import Settings  # noqa: E402


def big_case(slices: int) -> tuple[Volume, np.ndarray]:
    """The demo CT's label map and density on a 512 x 512 grid of many slices."""
    demo = read_volume(ROOT / "Resources" / "Demo" / "demo_ct.nii.gz").canonical()
    truth = read_volume(ROOT / "Resources" / "Demo" / "demo_truth.nii.gz").canonical()
    shape = np.array((slices, 512, 512))
    steps = np.array(demo.geometry.shape) / shape
    index = [
        np.minimum((np.arange(n) * s).astype(int), m - 1)
        for n, s, m in zip(shape, steps, demo.geometry.shape, strict=True)
    ]
    matrix = demo.geometry.ijk_to_ras.copy()
    matrix[:3, :3] *= steps[::-1]
    geometry = Geometry(tuple(shape), matrix)
    grid = np.ix_(*index)
    return Volume(demo.array[grid].astype(np.int16), geometry), truth.array[grid].astype(np.uint8)


def scene_xml() -> str:
    """The scene as XML."""
    slicer.mrmlScene.SetSaveToXMLString(1)
    slicer.mrmlScene.Commit()
    return slicer.mrmlScene.GetSceneXMLString()


def overhead_seconds(slices: int, *, bent: bool = False) -> dict[str, float]:
    """What Slicer's own thread does of a run: handing over, and taking the segments and numbers.

    The child process works meanwhile; its time is not counted.
    """
    ct, labels = big_case(slices)
    node = scenes.add_ct(ct)
    if bent:
        scenes.put_under_bend(node, scale=1.1)
    begun = time.perf_counter()
    mrml.Sent(node)
    warp = mrml.warp_of(node)
    volume = mrml.volume_from_node(node)
    job = segment_job(volume, Settings(), warp=warp, command=("/bin/true",))
    handed_over = time.perf_counter() - begun
    with contextlib.suppress(JobError):  # the child does nothing: only handing over is timed
        run_job(job)
    found = measured(Volume(labels, ct.geometry), ct, warp)  # as the child does
    begun = time.perf_counter()
    update = mrml.add_to_scene(labels, node, record={})
    mrml.add_candidates(labels, *removed_from(labels), node, update.segmentation)
    mrml.fill_table(found, update.segmentation, node)
    into = time.perf_counter() - begun
    begun = time.perf_counter()
    mrml.why_stale(update.segmentation)
    mrml.corrections(update.segmentation)
    looked = time.perf_counter() - begun
    begun = time.perf_counter()
    own = mrml.labels_from_segmentation(update.segmentation, node)
    job = measure_job(volume, own, warp=mrml.warp_of(node), command=("/bin/true",))
    again = time.perf_counter() - begun
    with contextlib.suppress(JobError):
        run_job(job)
    return {
        "hand_over_s": handed_over,
        "into_the_scene_s": into,
        "look_for_changes_s": looked,
        "hand_over_to_measure_s": again,
    }


def removed_from(labels: np.ndarray) -> tuple[np.ndarray, list[dict]]:
    """Three components that cleaning might have removed, and what it says of them."""
    rejected = np.zeros(labels.shape, np.uint16)
    rejected[2:8, 10:30, 10:30], rejected[2:8, 40:60, 10:30] = 1, 2
    rejected[2:8, 10:30, 40:60] = 3
    rejected[labels > 0] = 0
    said = [
        {"number": n, "id": f"T{n}", "tissue": "tumor", "reason": "far", "volume_ml": 2.0}
        for n in (1, 2, 3)
    ]
    return rejected, said


def opening_seconds() -> float:
    """Import of the module and set-up of its panel, on stand-ins for Slicer's widgets."""
    import standins
    from PySide6 import QtWidgets

    application = QtWidgets.QApplication([])
    standins.install(Path(tempfile.gettempdir()))
    sys.path.insert(0, str(ROOT / "KidneySeg"))
    begun = time.perf_counter()
    import KidneySeg

    widget = KidneySeg.KidneySegWidget()
    widget.setup()
    seconds = time.perf_counter() - begun
    widget.cleanup()
    del application
    return seconds


def interrupted(how: str, count: int) -> dict[str, float]:
    """Cancel, or kill from outside, at random moments of real runs."""
    rng = random.Random(how)
    ct = read_volume(ROOT / "Resources" / "Demo" / "demo_ct.nii.gz")
    node = scenes.add_ct(ct)
    before, slowest, left = scene_xml(), 0.0, 0
    for _ in range(count):
        job = segment_job(mrml.volume_from_node(node), Settings(), device="cpu")
        end = time.monotonic() + rng.uniform(0, 8)
        news = None
        while time.monotonic() < end and not isinstance(news, Done):
            news = job.poll(wait_s=0.05)
        begun = time.monotonic()
        if how == "cancel":
            job.cancel()
        elif not isinstance(news, Done):
            os.kill(job._process.pid, signal.SIGKILL)
            with contextlib.suppress(JobError):
                run_job(job)
        slowest = max(slowest, time.monotonic() - begun)
        left += job._process.poll() is None
    leftovers = [p for p in Path(tempfile.gettempdir()).glob("kidneyseg-*") if p.is_dir()]
    return {
        "runs": count,
        "slowest_s": slowest,
        "children_left": left,
        "folders_left": len(leftovers),
        "scene_unchanged": scene_xml() == before,
    }


def memory_growth_mb(runs: int) -> float:
    """Resident memory after many results were put into one segmentation, against the tenth."""
    demo = read_volume(ROOT / "Resources" / "Demo" / "demo_ct.nii.gz")
    truth = read_volume(ROOT / "Resources" / "Demo" / "demo_truth.nii.gz").array.astype(np.uint8)
    node, segmentation = scenes.add_ct(demo), None
    for n in range(runs):
        update = mrml.add_to_scene(truth, node, segmentation, record={})
        segmentation = update.segmentation
        mrml.add_candidates(truth, *removed_from(truth), node, segmentation)
        found = mrml.measure_segmentation(segmentation, node)
        mrml.fill_table(found, segmentation, node)
        if n == 9:
            tenth = _resident_mb()
    return _resident_mb() - tenth


def _resident_mb() -> float:
    """Resident memory of this process in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> None:
    """Measure and print."""
    options = parser(__doc__).parse_args()
    cache = Path(tempfile.mkdtemp())
    scenes.RealScene(cache)
    figures = {"open_s": opening_seconds(), "overhead_512x512x300": overhead_seconds(300)}
    slicer.mrmlScene.Clear(True)
    figures["overhead_512x512x400"] = overhead_seconds(400)
    figures["peak_gb_512x512x400"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    for slices in (200, 400):
        slicer.mrmlScene.Clear(True)
        figures[f"overhead_bent_512x512x{slices}"] = overhead_seconds(slices, bent=True)
    slicer.mrmlScene.Clear(True)
    for how in ("cancel", "kill"):
        figures[how] = interrupted(how, 20)
        slicer.mrmlScene.Clear(True)
    figures["memory_growth_100_runs_mb"] = memory_growth_mb(100)
    print(json.dumps(figures, indent=2))
    save(figures, options.json)


if __name__ == "__main__":
    main()
