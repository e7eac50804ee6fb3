"""The last line of defense: a log file and one clear message instead of a traceback."""

from __future__ import annotations

import sys
import tempfile
import traceback
from datetime import datetime

from .. import __version__


def log_crash(error: Exception) -> str:
    """Write the traceback to a log file and return one clear message."""
    stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
    text = "".join(traceback.format_exception(error))
    try:
        with tempfile.NamedTemporaryFile(
            "w",
            prefix=f"kidneyseg-{stamp}-",
            suffix=".log",
            delete=False,
            encoding="utf-8",
            errors="backslashreplace",
        ) as stream:
            stream.write(f"kidneyseg {__version__}, Python {sys.version}\n{text}")
        where = (
            f"Details are in {stream.name}; please attach that file when you report this (it may "
            "name your files)."
        )
    except OSError:
        where = "No details could be written: the temporary disk cannot be used."
    return (
        f"Something unexpected happened ({type(error).__name__}). Nothing half-written was left. "
        f"{where}"
    )
