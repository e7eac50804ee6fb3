"""Paths that a library cannot open, and names that a terminal cannot print."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

_WINDOWS_PATH = 250  # longer paths need a prefix that ITK does not know


def shown(path: Path | str) -> str:
    """A path or name as text that can always be written: bytes that are no UTF-8 become ``?``."""
    return os.fspath(path).encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def file_name(text: str) -> str:
    """A name that every file system takes, for a result: bytes that are no UTF-8 become ``_``."""
    clean = shown(text).replace("\N{REPLACEMENT CHARACTER}", "_")
    return "".join("_" if c in '<>:"/\\|?*' or ord(c) < 32 else c for c in clean).strip(". ") or "_"


def can_be_opened_by_itk(path: Path) -> bool:
    """Whether ITK can open a path: it takes UTF-8 only, others end the process.

    https://github.com/InsightSoftwareConsortium/ITK/issues/4388
    """
    text = str(path)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return os.name != "nt" or len(text) < _WINDOWS_PATH


@contextlib.contextmanager
def safe_folder(folder: Path) -> Iterator[Path]:
    """A path by which ITK can open what lies in a folder: itself, or a link for the time being."""
    if can_be_opened_by_itk(folder.absolute()):
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="kidneyseg-link-") as home:
        link = Path(home) / "folder"
        link.symlink_to(folder.absolute(), target_is_directory=True)
        yield link


@contextlib.contextmanager
def safe_files(paths: list[Path]) -> Iterator[list[Path]]:
    """Paths by which ITK can open files: themselves, or numbered links (copies without links)."""
    if all(can_be_opened_by_itk(p.absolute()) for p in paths):
        yield paths
        return
    with tempfile.TemporaryDirectory(prefix="kidneyseg-link-") as home:
        links = []
        for n, path in enumerate(paths):
            suffix = shown(path.suffix) if path.suffix.isascii() else ""
            link = Path(home) / f"{n:06d}{suffix}"
            try:
                link.symlink_to(path.absolute())
            except OSError:  # Windows without the right to make links
                shutil.copyfile(path, link)
            links.append(link)
        yield links
