import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from commands import run

pytestmark = pytest.mark.usefixtures("threshold_engine")

ROOT = Path(__file__).parents[2]


def test_json_lines(capsys, ct, tmp_path):
    code, out, _ = run(capsys, "segment", ct, "-o", tmp_path / "out", "--json")
    lines = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert lines[-1]["event"] == "result"
    assert {"progress"} <= {line["event"] for line in lines}
    assert lines[-1]["measurements"]["sides"][0]["side"] == "right"


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_a_terminal_that_cannot_write_a_letter_ends_no_run(ct, tmp_path, encoding):
    out = tmp_path / "Ergebnis 日本"
    done = subprocess.run(
        [sys.executable, "-m", "KidneySegLib", "evaluate", str(ct), str(tmp_path / "日本.nii.gz")],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"},
        cwd=ROOT,
    )
    assert done.returncode == 2
    assert b"error: " in done.stderr
    assert b"Traceback" not in done.stderr
    assert not out.exists()


def test_a_reader_that_goes_away_changes_nothing(tmp_path):
    child = subprocess.Popen(
        [sys.executable, "-m", "KidneySegLib", "models"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    )
    child.stdout.close()
    assert child.wait(60) == 0
    assert child.stderr.read() == b""
