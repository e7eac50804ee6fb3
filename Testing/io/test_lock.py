import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from KidneySegLib.core.errors import OutputError
from KidneySegLib.io import lock
from KidneySegLib.io.lock import reserved

HOLD = """
import sys, time
from pathlib import Path
from KidneySegLib.io.lock import reserved
with reserved(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the folder."""
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "out")], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout.readline() == "held\n"
    yield child
    child.kill()
    child.wait()


def test_a_second_run_is_refused_and_changes_nothing(tmp_path, holder, monkeypatch):
    monkeypatch.setattr(lock, "_PATIENCE_SECONDS", 0.2)
    with pytest.raises(OutputError, match="Another run is writing"), reserved(tmp_path / "out"):
        pytest.fail("must not get here")
    with reserved(tmp_path / "other"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_killed_run_lets_go(tmp_path, holder):
    holder.kill()
    holder.wait()
    with reserved(tmp_path / "out"):
        pass


def test_one_that_is_about_to_end_is_waited_for(tmp_path, holder):
    import threading

    threading.Timer(0.5, holder.kill).start()
    with reserved(tmp_path / "out"):
        pass


def test_nothing_is_left_and_the_same_folder_by_another_way_is_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "_PATIENCE_SECONDS", 0.1)
    before = set(Path(tempfile.gettempdir()).glob("kidneyseg-*.lock"))
    (tmp_path / "out").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "out")
    with (
        reserved(tmp_path / "out"),
        pytest.raises(OutputError, match="Another run"),
        reserved(tmp_path / "link"),
    ):
        pytest.fail("must not get here")
    assert set(Path(tempfile.gettempdir()).glob("kidneyseg-*.lock")) == before
