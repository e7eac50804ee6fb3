"""The child process that works for Slicer: ``python -m KidneySegLib.app.worker FOLDER``.

The folder holds ``ct.npy``, ``request.json`` and what else the request needs (see `job`). The child
saves what it found beside them, and says on standard output what `console.JsonConsole` says: one
JSON object a line, ``progress``, then ``result`` or ``error``. When its standard input ends, the
parent is gone, or wants no result any more: the child removes the folder and stops.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from ..core.errors import KidneySegError
from ..core.volume import Geometry, Volume
from ..core.warp import Warp
from ..environment.crash import log_crash
from ..kidney_ct.measured import Measured, measured, of_result
from .console import JsonConsole
from .job import CT, LABELS, REQUEST, WARP

_ASK_SECONDS = 0.2


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
    while not input_ended():
        pass
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(3)


def input_ended() -> bool:
    """Wait a while; whether standard input has ended.

    On Windows the pipe is asked, never read: a thread that waits in a read there can block
    libraries while they load (numpy issue 24290, cpython issue 78961).
    """
    if os.name == "nt":
        time.sleep(_ASK_SECONDS)
        return not _pipe_is_open()
    return not os.read(0, 1024)  # not sys.stdin: Python aborts at its end while a thread waits


def _pipe_is_open() -> bool:
    """Whether the other end of standard input is open (Windows; not yet run there)."""
    import ctypes
    import msvcrt

    handle = msvcrt.get_osfhandle(0)
    return bool(ctypes.windll.kernel32.PeekNamedPipe(handle, None, 0, None, None, None))


def _run(folder: Path, console: JsonConsole) -> None:
    """Do what the job asks, and leave what was found in its folder."""
    from ..core.source import Source
    from ..environment.memory import explained, require_memory

    request = json.loads((folder / REQUEST).read_text(encoding="utf-8"))
    array = np.load(folder / CT)  # not mapped: Windows cannot remove a file that is mapped
    geometry = Geometry(array.shape, np.array(request["ijk_to_ras"]))
    volume = Volume(array, geometry, source=Source("volume of 3D Slicer"))
    warp = None
    if "warp_ijk_to_ras" in request:
        kji = np.load(folder / WARP)
        warp = Warp(Geometry(kji.shape[1:], np.array(request["warp_ijk_to_ras"])), kji)
    require_memory(array.shape)
    with explained(array.shape):
        if "settings" in request:
            found = _segment(folder, request, volume, warp, console)
        else:
            labels = Volume(np.load(folder / LABELS), geometry)
            found = measured(labels, volume, warp, progress=console.progress)
    found.save(folder)


def _segment(
    folder: Path, request: dict[str, Any], volume: Volume, warp: Warp | None, console: JsonConsole
) -> Measured:
    """Segment the CT, leave the result, and return its numbers in world coordinates."""
    from ..engine import open_engine
    from ..kidney_ct.settings import Settings
    from ..kidney_ct.task import KidneyCT
    from ..pipeline import run
    from .wanted_models import WantedModels, segmenter_of

    segmenter = segmenter_of(WantedModels.from_dict(request), open_engine(request["device"]))
    task = KidneyCT(Settings.from_dict(request["settings"]))
    result = run(task, volume, segmenter, progress=console.progress)
    result.save(folder)
    return of_result(result.labels, volume, result.measurements, result.findings, warp)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
