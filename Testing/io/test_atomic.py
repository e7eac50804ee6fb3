import errno
import os

import pytest

from KidneySegLib.core.errors import OutputError
from KidneySegLib.io import atomic
from KidneySegLib.io.atomic import atomic_folder

NAMES = ("a.txt", "b.txt")


def fill(folder):
    for name in NAMES:
        (folder / name).write_text("new")


def test_folder_appears_whole(tmp_path):
    with atomic_folder(tmp_path / "deep" / "out", NAMES) as partial:
        fill(partial)
        assert not (tmp_path / "deep" / "out").exists()
    assert sorted(os.listdir(tmp_path / "deep" / "out")) == list(NAMES)
    assert os.listdir(tmp_path / "deep") == ["out"]


@pytest.mark.parametrize("fault", [KeyboardInterrupt, ValueError])
def test_nothing_stays_after_a_fault(tmp_path, fault):
    def fail():
        with atomic_folder(tmp_path / "out", NAMES) as partial:
            (partial / "a.txt").write_text("half")
            raise fault

    with pytest.raises(fault):
        fail()
    assert os.listdir(tmp_path) == []


def test_results_are_not_replaced_without_overwrite(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.txt").write_text("old")
    with (
        pytest.raises(OutputError, match=r"already holds a\.txt") as caught,
        atomic_folder(tmp_path / "out", NAMES),
    ):
        pytest.fail("must not get here")
    assert caught.value.remedy == "overwrite"
    assert (tmp_path / "out" / "a.txt").read_text() == "old"


def test_overwrite_leaves_nothing_of_an_older_result(tmp_path):
    (tmp_path / "b.txt").write_text("old")
    with atomic_folder(tmp_path, NAMES, overwrite=True) as partial:
        (partial / "a.txt").write_text("new")
    assert os.listdir(tmp_path) == ["a.txt"]


def test_overwrite_replaces_own_files_and_keeps_the_users(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.txt").write_text("old")
    (out / "mine.txt").write_text("mine")
    with atomic_folder(out, NAMES, overwrite=True) as partial:
        fill(partial)
    assert {p.name: p.read_text() for p in out.iterdir()} == {
        "a.txt": "new",
        "b.txt": "new",
        "mine.txt": "mine",
    }


def test_target_that_is_a_file(tmp_path):
    (tmp_path / "out").write_text("x")
    with pytest.raises(OutputError, match="is a file"):
        atomic.check_target(tmp_path / "out", NAMES, overwrite=True)


def test_read_only_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write anywhere
    with pytest.raises(OutputError, match="read-only"):
        atomic.check_target(tmp_path / "out", NAMES, overwrite=False)


@pytest.mark.parametrize(
    ("number", "match"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EROFS, "cannot be written"),
        (errno.EIO, "Writing to"),
    ],
)
def test_system_errors_become_one_message(tmp_path, number, match):
    def fail():
        with atomic_folder(tmp_path / "out", NAMES) as partial:
            (partial / "a.txt").write_text("half")
            raise OSError(number, os.strerror(number))

    with pytest.raises(OutputError, match=match):
        fail()
    assert os.listdir(tmp_path) == []


def test_file_appears_whole_or_not_at_all(tmp_path):
    path = tmp_path / "t.csv"

    def fail():
        with atomic.atomic_file(path) as partial:
            partial.write_text("half")
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        fail()
    assert os.listdir(tmp_path) == []
    with atomic.atomic_file(path) as partial:
        partial.write_text("whole")
    with pytest.raises(OutputError, match="there already"), atomic.atomic_file(path):
        pytest.fail("must not get here")
    assert path.read_text() == "whole"


def test_existing_folder_needs_no_writable_parent(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    with atomic_folder(out, NAMES) as partial:
        assert partial.parent == out
        fill(partial)
    assert sorted(os.listdir(out)) == list(NAMES)
