"""Folders and files that appear whole or not at all; what a failed write tells."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from ..core.errors import OutputError
from .paths import shown

SPARE_BYTES = 20 * 2**20
_KEPT_CHARACTERS = 40  # of a name, at up to 4 bytes each; file systems take 255 bytes


@contextlib.contextmanager
def atomic_folder(
    target: Path, names: tuple[str, ...], *, overwrite: bool = False
) -> Iterator[Path]:
    """Fill a temporary folder; move it, or its files, in place only at the end.

    It lies beside the target, or inside a target that exists: the same file system either way.

    Files of the user's that are already in the target stay. Whatever happens before the end
    (an error, Ctrl-C, a full disk) leaves the target as it was.

    Parameters
    ----------
    target : Path
        Folder to write; made where it is not there.
    names : tuple of str
        Files that may be written.
    overwrite : bool
        Replace files of these names; those that are not written anew are removed, so that nothing
        of an older result stays beside the new one.

    Yields
    ------
    Path
        The temporary folder.

    Raises
    ------
    OutputError
        If a file is there already, or the place cannot be written.
    """
    check_target(target, names, overwrite=overwrite)
    partial = None
    try:
        home = target if target.exists() else target.parent
        home.mkdir(parents=True, exist_ok=True)
        partial = home / _partial_name(target)
        partial.mkdir()
        yield partial
        check_target(target, names, overwrite=overwrite)  # another run may have been faster
        _move_in(partial, target, names)
    except OSError as error:
        raise _output_error(target, error) from error
    finally:
        if partial is not None:
            shutil.rmtree(partial, ignore_errors=True)


@contextlib.contextmanager
def atomic_file(path: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Write one file under a temporary name, renamed only when it is whole.

    Raises
    ------
    OutputError
        If the file is there already, or the place cannot be written.
    """
    if path.exists() and not overwrite:
        raise OutputError(
            f"'{shown(path)}' is there already. Choose another name, or replace it.",
            remedy="overwrite",
        )
    partial = path.with_name(_partial_name(path))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        partial.replace(path)
    except OSError as error:
        raise _output_error(path, error) from error
    finally:
        partial.unlink(missing_ok=True)


def _partial_name(path: Path) -> str:
    """Hidden name for what is not whole yet, short enough beside the longest names."""
    return f".{path.name[:_KEPT_CHARACTERS]}.partial-{secrets.token_hex(4)}"


def check_target(target: Path, names: tuple[str, ...], *, overwrite: bool) -> None:
    """Refuse a target that cannot be written, before any work is done.

    Raises
    ------
    OutputError
        If it is a file, holds results already, or is read-only.
    """
    if target.exists() and not target.is_dir():
        raise OutputError(f"'{shown(target)}' is a file. Expected a folder to write results into.")
    there = [n for n in names if (target / n).exists()]
    if there and not overwrite:
        raise OutputError(
            f"'{shown(target)}' already holds {', '.join(there)}. Choose another folder, or "
            "replace them.",
            remedy="overwrite",
        )
    nearest = next(p for p in (target, *target.absolute().parents) if p.exists())
    if not os.access(nearest, os.W_OK):
        raise OutputError(
            f"The folder '{shown(nearest)}' is read-only. Choose a folder that you may write to."
        )


def _move_in(partial: Path, target: Path, names: tuple[str, ...]) -> None:
    """Rename the finished folder, or its files one by one into a folder that exists."""
    if not target.exists():
        partial.rename(target)
        return
    for name in names:
        if not (partial / name).exists():
            (target / name).unlink(missing_ok=True)
    for path in sorted(partial.iterdir()):
        path.replace(target / path.name)


def _output_error(target: Path, error: OSError) -> OutputError:
    """One clear message for a failed write."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return OutputError(
            f"The disk is full: the results do not fit into '{shown(target.parent)}'. Nothing was "
            "written. Free some space or choose another folder."
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return OutputError(
            f"'{shown(target.parent)}' cannot be written ({error.strerror}). Choose a folder that "
            "you may write to."
        )
    return OutputError(f"Writing to '{shown(target.parent)}' failed: {error.strerror or error}.")


def require_space(folder: Path, expected_bytes: int) -> None:
    """Fail early where the disk has too little room.

    Raises
    ------
    OSError
        ENOSPC, as a full disk would.
    """
    if shutil.disk_usage(folder).free < expected_bytes + SPARE_BYTES:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
