"""Files below a folder: links are followed once; what macOS leaves beside files is passed over."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from pathlib import Path


def is_left_by_macos(path: Path) -> bool:
    """True for files that macOS makes for itself."""
    return path.name.startswith("._") or path.name == ".DS_Store"


def files_below(
    folder: Path,
    *,
    leave_out: Collection[Path] = (),
    macos: bool = False,
    on_closed: Callable[[Path], None] | None = None,
) -> Iterator[Path]:
    """All files below a folder, sorted by path; linked folders too, each real folder once.

    Hidden folders are passed over, and what macOS leaves on foreign disks: ``._name`` beside each
    file, and ``.DS_Store``.

    Parameters
    ----------
    leave_out : collection of Path
        Folders not to go into, such as the one for the results.
    macos : bool
        Files that macOS made for itself too.
    on_closed : callable, optional
        Called with a folder that may not be opened.
    """
    seen = {path.resolve() for path in leave_out}

    def walk(current: Path) -> Iterator[Path]:
        real = current.resolve()
        if real in seen:
            return
        seen.add(real)
        try:
            entries = sorted(current.iterdir(), key=lambda p: os.fsencode(p.name))
        except OSError:
            if on_closed:
                on_closed(current)
            return
        for path in entries:
            if path.is_dir():
                if not path.name.startswith("."):
                    yield from walk(path)
            elif path.is_file() and (macos or not is_left_by_macos(path)):
                yield path

    yield from walk(folder)
