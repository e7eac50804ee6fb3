import json
import subprocess
import sys

import numpy as np
import pytest
from phantom import make_phantom

from KidneySegLib.app import worker
from KidneySegLib.app.job import CT, REQUEST, child_environment
from KidneySegLib.kidney_ct.settings import Settings


@pytest.mark.parametrize(
    ("change", "message"),
    [({"model": "nowhere"}, "no model 'nowhere'"), ({"device": "cuda:77"}, "Use the CPU")],
)
def test_wrong_requests_end_with_one_error_and_code_two(tmp_path, change, message):
    """The way to a result is tested in test_job.py, from the parent's side."""
    ct = make_phantom().ct
    np.save(tmp_path / CT, ct.array)
    request = {
        "ijk_to_ras": ct.geometry.ijk_to_ras.tolist(),
        "settings": Settings().as_dict(),
        "model": None,
        "device": "cpu",
        **change,
    }
    (tmp_path / REQUEST).write_text(json.dumps(request))
    child = subprocess.Popen(
        [sys.executable, "-m", "KidneySegLib.app.worker", str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=child_environment(),
        text=True,
    )
    lines = child.stdout.read().splitlines()  # its standard input stays open: the parent lives
    assert child.wait(30) == 2
    child.stdin.close()
    event = json.loads(lines[-1])
    assert event["event"] == "error"
    assert message in event["message"]
    assert event.get("remedy", "") == ("device" if "cuda" in str(change) else "")


def test_on_windows_the_pipe_is_asked_and_never_read(monkeypatch):
    asked = iter([True, True, False])
    monkeypatch.setattr(worker.os, "name", "nt")
    monkeypatch.setattr(worker.os, "read", lambda *_: pytest.fail("was read"))
    monkeypatch.setattr(worker, "_pipe_is_open", lambda: next(asked))
    monkeypatch.setattr(worker, "_ASK_SECONDS", 0.0)
    assert [worker.input_ended() for _ in range(3)] == [False, False, True]
