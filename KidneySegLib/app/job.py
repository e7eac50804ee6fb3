"""A segmentation or a measurement in a child process, seen from the parent: start, poll, cancel.

Needs no Qt: two threads read what the child says, and a GUI polls from a timer. A crash, a GPU
fault or a kill ends the child only, and its memory is free afterwards.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..core.errors import CanceledError, InputError, KidneySegError, OutputError
from ..core.volume import Volume
from ..core.warp import Warp
from ..kidney_ct.measured import Measured
from ..kidney_ct.settings import Settings
from ..result import Result

NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # Windows: no console flashes up
CT, LABELS, WARP, REQUEST = "ct.npy", "to_measure.npy", "warp.npy", "request.json"
_ROOT = Path(__file__).parents[2]
_SPARE_BYTES = 50 * 2**20
_KEPT_LINES = 30
_KILL_SECONDS = 2.0
_PREFIX = "kidneyseg-"
_LEFT_BEHIND_SECONDS = 24 * 3600


class JobError(KidneySegError):
    """The child process ended without a result."""


@dataclass(frozen=True)
class Progress:
    """Stage, share done (0..1), seconds left (None while unknown)."""

    stage: str
    share: float
    left_s: float | None


@dataclass(frozen=True, eq=False)
class Done:
    """What a child process found: numbers in world coordinates, and the result of a segmentation.

    ``result`` is None where a label map was measured.
    """

    measured: Measured
    result: Result | None = None


def child_environment() -> dict[str, str]:
    """Environment in which a child process finds this library."""
    environment = dict(os.environ)
    paths = [str(_ROOT), environment.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = os.pathsep.join(p for p in paths if p)
    return environment


class Job:
    """One piece of work in a child process (see `segment_job` and `measure_job`).

    Parameters
    ----------
    volume : Volume
        CT; its array is written to the temporary disk and removed with the job.
    request : mapping
        What the child is to do, for JSON.
    arrays : mapping of str to array
        Files beside the CT.
    command : sequence of str, optional
        How Python is started; Slicer passes its PythonSlicer.
    temporary : Path, optional
        Folder for the job's own; without it the system's.

    Raises
    ------
    OutputError
        If the temporary disk has no room for the CT.
    JobError
        If Python could not be started.
    """

    def __init__(
        self,
        volume: Volume,
        request: Mapping[str, Any],
        arrays: Mapping[str, np.ndarray],
        *,
        command: Sequence[str] | None = None,
        temporary: Path | None = None,
    ) -> None:
        self._folder = _job_folder(volume, temporary or Path(tempfile.gettempdir()))
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._said: deque[str] = deque(maxlen=_KEPT_LINES)
        self._outcome: dict[str, Any] | None = None
        self._shape = volume.array.shape
        self._segments = "settings" in request
        try:
            self._write_request(volume, request, arrays)
            self._process = self._start(command or (sys.executable,))
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        listener = threading.Thread(target=self._listen, daemon=True)
        listener.start()
        threading.Thread(target=self._read, args=(listener,), daemon=True).start()

    def _write_request(
        self, volume: Volume, request: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
    ) -> None:
        """Leave CT, request and what else is needed in the job's folder."""
        whole = {"ijk_to_ras": volume.geometry.ijk_to_ras.tolist(), **request}
        try:
            for name, array in {CT: volume.array, **arrays}.items():
                np.save(self._folder / name, array)
            (self._folder / REQUEST).write_text(json.dumps(whole), encoding="utf-8")
        except OSError as error:
            raise _full_disk(self._folder.parent, error) from error

    def _start(self, command: Sequence[str]) -> subprocess.Popen:
        """Start the child in a process group of its own, so that all of it can be killed."""
        try:
            return subprocess.Popen(
                [*command, "-u", "-m", "KidneySegLib.app.worker", str(self._folder)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=child_environment(),
                start_new_session=os.name == "posix",
                creationflags=NO_WINDOW,
                text=True,
                encoding="utf-8",
                errors="replace",
            )
        except OSError as error:
            raise JobError(
                f"Python could not be started ({error.strerror or error}): {command[0]}. "
                "Reinstall Slicer, or run without a child process."
            ) from error

    def _listen(self) -> None:
        """Keep the last of what libraries print, for the message when the child dies."""
        for line in self._process.stderr:
            self._said.append(line.rstrip())

    def _read(self, listener: threading.Thread) -> None:
        """Collect the child's lines until it ends."""
        for line in self._process.stdout:
            self._lines.put(line)
        self._process.wait()
        listener.join(_KILL_SECONDS)
        self._lines.put(None)

    def poll(self, *, wait_s: float = 0.0) -> Progress | Done | None:
        """What happened since the last call.

        Returns
        -------
        Progress, Done or None
            The newest progress; what was found when the child has ended; None without news.

        Raises
        ------
        JobError
            If the child ended without a result; the message says why.
        """
        news = None
        with contextlib.suppress(queue.Empty):
            while True:
                line = self._lines.get(timeout=wait_s) if wait_s else self._lines.get_nowait()
                wait_s = 0.0
                if line is None:
                    return self._finish()
                news = self._understand(line) or news
        return news

    def _understand(self, line: str) -> Progress | None:
        """Take a line as progress or outcome; anything else is kept for the message at the end."""
        with contextlib.suppress(ValueError, KeyError, TypeError):
            event = json.loads(line)
            if event["event"] == "progress":
                return Progress(event["stage"], float(event["share"]), event["left_s"])
            if event["event"] == "result" or (event["event"] == "error" and event["message"]):
                self._outcome = event
            return None
        self._said.append(line.rstrip())
        return None

    def _finish(self) -> Done:
        """Read what the child left, and remove the job's folder."""
        try:
            if self._outcome is None:
                raise JobError(self._why_it_ended())
            if self._outcome["event"] == "error":
                remedy = self._outcome.get("remedy", "")
                raise JobError(self._outcome["message"], remedy=remedy)
            return self._load()
        finally:
            self.close()

    def _load(self) -> Done:
        """What the child saved."""
        try:
            measured = Measured.load(self._folder)
            result = Result.load(self._folder) if self._segments else None
        except (OSError, ValueError, KeyError, TypeError, InputError) as error:
            raise JobError(
                "The child process ended, but its result cannot be read (is the temporary disk "
                f"full?): {error}. Free some space and run again."
            ) from error
        if result is not None and result.labels.array.shape != self._shape:
            raise JobError(
                f"The result has {result.labels.array.shape} voxels, the CT {self._shape}."
            )
        return Done(measured, result)

    def _why_it_ended(self) -> str:
        """Message for a child that said nothing of its own about its end."""
        code = self._process.returncode
        how = f"was ended by signal {-code}" if code and code < 0 else f"ended with code {code}"
        said = "\n".join(self._said)
        advice = (
            "Memory may have run out, or something stopped it. Close other programs, or cut the CT "
            "to the abdomen, and run again."
        )
        return f"The child process {how} without a result. {advice}" + (
            f"\nThe last lines of its log:\n{said}" if said else ""
        )

    def cancel(self) -> None:
        """Kill the child and everything it started; returns when they are gone.

        Raises
        ------
        JobError
            If the child does not end within 2 s.
        """
        try:
            if self._process.poll() is None:
                _kill_tree(self._process)
                self._process.wait(_KILL_SECONDS)
        except subprocess.TimeoutExpired:
            raise JobError(
                f"Process {self._process.pid} could not be ended. End it in the system's task "
                "manager."
            ) from None
        finally:
            self.close()

    def close(self) -> None:
        """Remove the job's folder; a child that still runs sees its input end, and stops."""
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        end = time.monotonic() + _KILL_SECONDS
        shutil.rmtree(self._folder, ignore_errors=True)
        while self._folder.exists() and time.monotonic() < end:  # Windows: a file is still open
            time.sleep(0.05)
            shutil.rmtree(self._folder, ignore_errors=True)


def segment_job(
    volume: Volume,
    settings: Settings,
    *,
    models: Mapping[str, Any] | None = None,
    device: str = "auto",
    warp: Warp | None = None,
    **start: Any,
) -> Job:
    """Start to segment a CT and measure what is found.

    Parameters
    ----------
    volume : Volume
    settings : Settings
    models : mapping, optional
        What `WantedModels.from_dict` takes: ``model``, or ``kidneys`` and ``lesions``.
    device : str
    warp : Warp, optional
        The transform over the CT, where a matrix does not describe it: numbers are then of the
        world, the label map is on the CT's grid.
    **start
        ``command`` and ``temporary`` of `Job`.
    """
    request = {"settings": settings.as_dict(), "device": device, **(models or {"model": None})}
    warp_request, arrays = _warp_parts(warp)
    return Job(volume, request | warp_request, arrays, **start)


def measure_job(volume: Volume, labels: Volume, *, warp: Warp | None = None, **start: Any) -> Job:
    """Start to measure a label map on its CT (see `segment_job`)."""
    request, arrays = _warp_parts(warp)
    return Job(volume, request, {LABELS: labels.array, **arrays}, **start)


def _warp_parts(warp: Warp | None) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """A warp as entries of the request, and as files."""
    if warp is None:
        return {}, {}
    return {"warp_ijk_to_ras": warp.grid.ijk_to_ras.tolist()}, {WARP: warp.kji}


def run_job(job: Job, *, progress: Any = None, cancel: Any = None) -> Done:
    """Wait for a job, for scripts without an event loop.

    Parameters
    ----------
    progress : callable, optional
        Called with stage, share and seconds left.
    cancel : callable, optional
        Asked ten times a second; True kills the child.

    Raises
    ------
    CanceledError
        If ``cancel`` said so.
    JobError
        If the child ended without a result.
    """
    try:
        while True:
            if cancel and cancel():
                raise CanceledError("Canceled. Nothing was written.")
            news = job.poll(wait_s=0.1)
            if isinstance(news, Done):
                return news
            if news is not None and progress:
                progress(news.stage, news.share, news.left_s)
    except BaseException:  # Ctrl-C and errors in the callbacks too: no child is left behind
        job.cancel()
        raise


def _job_folder(volume: Volume, root: Path) -> Path:
    """New private folder on the temporary disk, with room for the CT and what comes back."""
    needed = volume.array.nbytes + 6 * volume.array.size + _SPARE_BYTES  # with probabilities
    _sweep(root)
    try:
        if shutil.disk_usage(root).free < needed:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return Path(tempfile.mkdtemp(prefix=_PREFIX, dir=root))
    except OSError as error:
        raise _full_disk(root, error) from error


def _sweep(root: Path) -> None:
    """Remove job folders that a computer which lost power, or the like, left a day ago."""
    for folder in root.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            if (folder / CT).stat().st_mtime < time.time() - _LEFT_BEHIND_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)


def _full_disk(root: Path, error: OSError) -> OutputError:
    """Message for a temporary disk that cannot take the job."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        what = "has no room left for the CT"
    else:
        what = f"cannot be written ({error.strerror or error})"
    return OutputError(
        f"The temporary disk ('{root}') {what}. Free some space there, or choose another "
        "temporary folder in Slicer's application settings."
    )


def _kill_tree(process: subprocess.Popen) -> None:
    """Kill a process and its children at once."""
    if os.name == "posix":
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        subprocess.run(
            ["taskkill", "/F", "/T", "/PID", str(process.pid)],
            capture_output=True,
            check=False,
            creationflags=NO_WINDOW,
        )
