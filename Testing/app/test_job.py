"""Segmenting in a child process: results, errors, cancel, crashes, garbage."""

import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
from phantom import make_phantom

from KidneySegLib.app import job as job_module
from KidneySegLib.app.job import Done, JobError, Progress, measure_job, run_job, segment_job
from KidneySegLib.core.anatomy import Label
from KidneySegLib.core.errors import CanceledError, OutputError
from KidneySegLib.core.volume import Geometry
from KidneySegLib.core.warp import Warp
from KidneySegLib.kidney_ct.measured import measured
from KidneySegLib.kidney_ct.settings import Settings

CHILD = """
import json, os, sys, time
import numpy as np
folder = sys.argv[-1]
{body}
"""
SUCCEED = """
ct = np.load(folder + "/ct.npy")
print("a library talks", file=sys.stderr)
print("not json"); print('{"event": "progress"}'); print("[1, 2]")
print(json.dumps(dict(event="progress", stage="locate", share=0.5, left_s=3.0)), flush=True)
np.save(folder + "/labels.npy", (ct > 100).astype(np.uint8))
np.save(folder + "/rejected.npy", (ct > 400).astype(np.uint16))
empty = dict(sides=[], lesions=[], nephrometry=[])
phase = dict(phase="unknown", kidney_hu=None, aorta_hu=None)
data = dict(measurements=empty, contrast_phase=phase, findings=[], removed_components=[], record={})
data["ijk_to_ras"] = np.eye(4).tolist()
open(folder + "/result.json", "w").write(json.dumps(data))
measured = dict(measurements=empty, findings=[], resections=[])
open(folder + "/measured.json", "w").write(json.dumps(measured))
print(json.dumps(dict(event="result")), flush=True)
"""
SLEEP = """
import subprocess
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(json.dumps(dict(event="progress", stage=str(child.pid), share=0.1, left_s=None)), flush=True)
time.sleep(60)
"""


@pytest.fixture
def ct():
    return make_phantom().ct


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "t"))
    (tmp_path / "t").mkdir()
    return tmp_path / "t"


@pytest.fixture
def imitate(tmp_path):
    """Command of a child that does what the test says instead of segmenting."""

    def make(body):
        script = tmp_path / "child.py"
        script.write_text(CHILD.replace("{body}", body))
        return (sys.executable, str(script))

    return make


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


def wait_for_progress(job):
    while not isinstance(news := job.poll(wait_s=0.1), Progress):
        pass
    return news


def test_result_and_progress_arrive_and_the_folder_goes(ct, imitate, temporary):
    seen = []
    job = segment_job(ct, Settings(), command=imitate(SUCCEED))
    result = run_job(job, progress=lambda *news: seen.append(news))
    np.testing.assert_array_equal(result.result.labels.array, ct.array > 100)
    assert result.measured.measurements.lesions == ()
    assert seen[-1] == ("locate", 0.5, 3.0)
    assert list(temporary.iterdir()) == []


@pytest.mark.slow
def test_the_real_worker_segments_like_the_pipeline(ct, shipped):
    from phantom import segment

    from KidneySegLib.engine import open_engine

    settings = Settings(quality="fast", points=((60.0, -20.0, 0.0),))
    result = run_job(segment_job(ct, settings, device="cpu")).result
    expected = segment(ct, shipped, open_engine("cpu"), settings)
    np.testing.assert_array_equal(result.labels.array, expected.labels.array)
    assert result.record["settings"] == settings.as_dict()
    assert result.record["model"]["sha256"] == shipped.sha256


@pytest.fixture
def labels(ct):
    phantom = make_phantom()
    found = np.where(phantom.tissue == 1, np.uint8(Label.LEFT_KIDNEY), np.uint8(0))
    found[phantom.tissue == 2] = Label.TUMOR
    return ct.with_array(found)


def test_the_real_worker_measures_a_label_map(ct, labels):
    done = run_job(measure_job(ct, labels))
    assert done.result is None
    expected = measured(labels, ct)
    assert done.measured.measurements.as_dict() == expected.measurements.as_dict()
    assert done.measured.resections == expected.resections
    assert [f.code for f in done.measured.findings] == [f.code for f in expected.findings]


def test_the_real_worker_measures_in_world_under_a_warp(ct, labels):
    step = np.diag([6.0, 6.0, 6.0, 1.0])
    step[:3, 3] = ct.geometry.ras_from_kji([[0, 0, 0]])[0] * 1.1 - 6
    shape = tuple(int(n) for n in np.ceil(np.ptp(corners(ct), axis=0)[::-1] * 1.1 / 6) + 3)
    grid = Geometry(shape, step)
    points = grid.ras_from_kji(np.indices(shape).reshape(3, -1).T) / 1.1
    kji = ct.geometry.kji_from_ras(points).T.reshape(3, *shape).astype(np.float32)
    found = run_job(measure_job(ct, labels, warp=Warp(grid, kji))).measured.measurements
    straight = measured(labels, ct).measurements
    ratio = found.lesions[0].volume_ml / straight.lesions[0].volume_ml
    assert ratio == pytest.approx(1.331, rel=0.02)


def corners(ct):
    return ct.geometry.ras_from_kji([[0, 0, 0], [n - 1 for n in ct.geometry.shape]])


def test_the_real_worker_says_what_is_wrong_with_the_input(ct):
    flat = ct.with_array(np.zeros_like(ct.array))
    with pytest.raises(JobError, match="same value"):
        run_job(segment_job(flat, Settings(), device="cpu"))


def test_a_model_that_is_gone_is_named(ct):
    with pytest.raises(JobError, match="There is no model 'gone'"):
        run_job(segment_job(ct, Settings(), models={"model": "gone"}, device="cpu"))


def test_cancel_kills_the_whole_tree_within_two_seconds(ct, imitate, temporary):
    job = segment_job(ct, Settings(), command=imitate(SLEEP))
    grandchild = int(wait_for_progress(job).stage)
    assert is_alive(grandchild)
    begun = time.monotonic()
    job.cancel()
    assert time.monotonic() - begun < 2
    time.sleep(0.1)
    assert not is_alive(grandchild)
    assert list(temporary.iterdir()) == []


def test_a_script_can_cancel(ct, imitate):
    with pytest.raises(CanceledError):
        run_job(segment_job(ct, Settings(), command=imitate(SLEEP)), cancel=lambda: True)


def test_cancel_at_any_moment_leaves_nothing(ct, imitate, temporary):
    rng = random.Random(3)
    for _ in range(5):
        job = segment_job(ct, Settings(), device="cpu")
        time.sleep(rng.uniform(0, 1.0))
        job.cancel()
        assert list(temporary.iterdir()) == []


def test_a_child_killed_from_outside_is_explained(ct, imitate, temporary):
    job = segment_job(ct, Settings(), command=imitate(SLEEP))
    wait_for_progress(job)
    os.killpg(job._process.pid, signal.SIGKILL)
    with pytest.raises(JobError, match=r"ended by signal 9 without a result\. Memory may"):
        run_job(job)
    assert list(temporary.iterdir()) == []


def test_a_crash_shows_the_childs_last_words(ct, imitate):
    with pytest.raises(JobError, match=r"code 1 without[\s\S]*ZeroDivisionError"):
        run_job(segment_job(ct, Settings(), command=imitate("1 / 0")))


def test_garbage_alone_is_no_result(ct, imitate):
    with pytest.raises(JobError, match="without a result"):
        run_job(segment_job(ct, Settings(), command=imitate("print('{{{'); print('\\x00\\x01')")))


def test_the_real_child_ends_without_a_crash(ct):
    job = segment_job(ct, Settings(), models={"model": "gone"}, device="cpu")
    with pytest.raises(JobError):
        run_job(job)
    assert job._process.returncode == 2


def test_a_callback_that_fails_leaves_no_child(ct, imitate, temporary):
    job = segment_job(ct, Settings(), command=imitate(SLEEP))
    with pytest.raises(ZeroDivisionError):
        run_job(job, progress=lambda *_: 1 / 0)
    assert job._process.poll() is not None
    assert list(temporary.iterdir()) == []


def test_folders_left_behind_long_ago_are_removed(ct, imitate, temporary):
    old, new = temporary / "kidneyseg-old", temporary / "kidneyseg-new"
    for folder in (old, new):
        folder.mkdir()
        (folder / "ct.npy").touch()
    os.utime(old / "ct.npy", (0, 0))
    run_job(segment_job(ct, Settings(), command=imitate(SUCCEED)))
    assert [p.name for p in temporary.iterdir()] == ["kidneyseg-new"]


def test_a_result_that_was_not_written_whole_is_refused(ct, imitate):
    body = 'open(folder + "/labels.npy", "w").write("half"); print(\'{"event": "result"}\')'
    with pytest.raises(JobError, match="cannot be read"):
        run_job(segment_job(ct, Settings(), command=imitate(body)))


def test_the_child_stops_when_the_parent_is_gone(ct, temporary):
    job = segment_job(ct, Settings(quality="best"), device="cpu")
    wait_for_progress(job)
    job._process.stdin.close()
    job._process.wait(5)
    assert job._process.returncode == 3
    assert list(temporary.iterdir()) == []


def test_a_full_temporary_disk_is_refused_before_anything_is_written(ct, monkeypatch, temporary):
    usage = job_module.shutil.disk_usage(temporary)._replace(free=1000)
    monkeypatch.setattr(job_module.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(OutputError, match="has no room left for the CT"):
        segment_job(ct, Settings())
    assert list(temporary.iterdir()) == []


def test_python_that_cannot_be_started(ct, temporary):
    with pytest.raises(JobError, match="could not be started"):
        segment_job(ct, Settings(), command=("/nowhere/PythonSlicer",))
    assert list(temporary.iterdir()) == []


def test_settings_survive_the_way(ct):
    places = ((1.0, 2.0, 3.0),), (((0.0, 0.0, 0.0), (9.0, 9.0, 9.0)),)
    settings = Settings("fast", True, *places, keep=(2,), refine="contour")
    assert Settings.from_dict(settings.as_dict()) == settings


def test_results_are_told_from_progress(ct, imitate):
    job = segment_job(ct, Settings(), command=imitate(SUCCEED))
    news = None
    while not isinstance(news, Done):
        news = job.poll(wait_s=0.1)
    assert news.result.measurements.sides == ()
