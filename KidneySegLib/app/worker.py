"""The child process that segments for Slicer: ``python -m KidneySegLib.app.worker FOLDER``.

The folder holds ``ct.npy`` and ``request.json`` (see `job`). The child saves its `Result` beside
them, and says on standard output what `console.JsonConsole` says: one JSON object a line,
``progress``, then ``result`` or ``error``. When its standard input ends, the parent is gone, or
wants no result any more: the child removes the folder and stops.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
from pathlib import Path

import numpy as np

from ..core.errors import KidneySegError
from ..core.volume import Geometry, Volume
from ..environment.crash import log_crash
from .console import JsonConsole
from .job import CT, REQUEST


def main(arguments: list[str]) -> int:
    """Run one job; returns the exit code (0 done, 2 wrong input, 1 anything else)."""
    folder = Path(arguments[0])
    threading.Thread(target=_stop_with_parent, args=(folder,), daemon=True).start()
    console = JsonConsole(_own_output())
    try:
        _run(folder, console)
    except KidneySegError as error:
        console.message("error", str(error), remedy=error.remedy)
        return 2
    except Exception as error:  # the last line of defense, as in the command line
        console.message("error", log_crash(error))
        return 1
    console.result({}, "")
    return 0


def _own_output():
    """Standard output for the protocol alone: what libraries print goes to standard error."""
    stream = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return stream


def _stop_with_parent(folder: Path) -> None:
    """Wait for the end of standard input, then remove the job and stop at once."""
    while os.read(0, 1024):  # not sys.stdin: Python aborts at its end while a thread waits there
        pass
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(3)


def _run(folder: Path, console: JsonConsole) -> None:
    """Segment the job's CT and leave the result in its folder."""
    from ..core.source import Source
    from ..engine import open_engine
    from ..environment.memory import explained, require_memory
    from ..kidney_ct.settings import Settings
    from ..kidney_ct.task import KidneyCT
    from ..models.registry import find_model
    from ..pipeline import run
    from ..segmenters import open_segmenter

    request = json.loads((folder / REQUEST).read_text(encoding="utf-8"))
    array = np.load(folder / CT)  # not mapped: Windows cannot remove a file that is mapped
    geometry = Geometry(array.shape, np.array(request["ijk_to_ras"]))
    volume = Volume(array, geometry, source=Source("volume of 3D Slicer"))
    require_memory(array.shape)
    with explained(array.shape):
        segmenter = open_segmenter(find_model(request["model"]), open_engine(request["device"]))
        task = KidneyCT(Settings.from_dict(request["settings"]))
        result = run(task, volume, segmenter, progress=console.progress)
    result.save(folder)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
