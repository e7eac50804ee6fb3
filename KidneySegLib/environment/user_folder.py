"""The folder that belongs to KidneySeg in the user's home."""

from __future__ import annotations

import os
import sys
from pathlib import Path

VARIABLE = "KIDNEYSEG_HOME"


def user_folder() -> Path:
    """Where models that the user brought are kept: ``$KIDNEYSEG_HOME``, else as the system has it.

    It is not made here.
    """
    if os.environ.get(VARIABLE):
        return Path(os.environ[VARIABLE])
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData/Local") / "KidneySeg"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "KidneySeg"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "kidneyseg"
