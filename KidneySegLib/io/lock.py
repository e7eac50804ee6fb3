"""One run at a time into one folder, on this computer."""

from __future__ import annotations

import contextlib
import getpass
import hashlib
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ..core.errors import OutputError
from .paths import shown

_PATIENCE_SECONDS = 3.0


@contextlib.contextmanager
def reserved(target: Path) -> Iterator[None]:
    """Hold a folder for this process; the system lets go of it however the process ends.

    The lock is a file on the temporary disk, so that nothing is left beside the results. A run that
    is about to end is waited for.

    Raises
    ------
    OutputError
        If another run holds it.
    """
    where = os.fsencode(target.absolute().resolve())
    key = hashlib.sha256(where + _user().encode()).hexdigest()[:24]
    try:
        path = Path(tempfile.gettempdir()) / f"kidneyseg-{key}.lock"
        stream, end = _open_locked(path), time.monotonic() + _PATIENCE_SECONDS
        while stream is None and time.monotonic() < end:
            time.sleep(0.1)
            stream = _open_locked(path)
    except OSError:  # no temporary disk, or one without locks: the check before moving in remains
        yield
        return
    if stream is None:
        raise OutputError(
            f"Another run is writing into '{shown(target)}'. Wait until it is done, or choose "
            "another folder."
        )
    try:
        yield
    finally:
        if os.name == "nt":  # a file that is open cannot be removed there
            stream.close()
        with contextlib.suppress(OSError):
            path.unlink()  # before it is let go: afterwards it may be another run's
        stream.close()


def _user() -> str:
    """Who runs this: locks of others cannot be opened."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return str(getattr(os, "getuid", lambda: "")())


def _open_locked(path: Path) -> BinaryIO | None:
    """The lock file, locked and still in its place; None where another process has it."""
    while True:
        stream = path.open("a+b")
        if not _lock(stream):
            stream.close()
            return None
        with contextlib.suppress(OSError):
            if os.path.samestat(os.fstat(stream.fileno()), path.stat()):
                return stream
        stream.close()  # its owner removed it just now


def _lock(stream: BinaryIO) -> bool:
    """Lock a file without waiting."""
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True
