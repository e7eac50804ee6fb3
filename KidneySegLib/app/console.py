"""What a terminal or a calling program sees: a progress line, or JSON lines.

Nothing said here may end a run: a terminal that is closed, or cannot write a letter, is not a
reason to lose a result.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Iterator
from typing import Any, TextIO

_WIDTH = 28


def prepare_streams() -> None:
    """Let standard output and error take any letter: what they cannot write becomes ``?``."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by whoever started us, or no console at all
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def close_streams() -> None:
    """Write what is left; where nobody reads any more, Python must not complain at its end."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            with contextlib.suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


@contextlib.contextmanager
def _whether_heard_or_not() -> Iterator[None]:
    """Go on where the stream is closed."""
    with contextlib.suppress(OSError, ValueError):
        yield


class Console:
    """Progress and messages on a terminal.

    A progress line is drawn only where the stream is a terminal; a log file stays clean.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._live = not self._stream.closed and self._stream.isatty()
        self._drawn, self._last = False, 0.0

    def progress(self, stage: str, share: float, left_s: float | None) -> None:
        """Draw the progress line, at most ten times a second."""
        now = time.monotonic()
        if not self._live or (now - self._last < 0.1 and share < 1):
            return
        self._last, self._drawn = now, True
        full = round(_WIDTH * share)
        left = "" if left_s is None else f"  about {left_s:.0f} s left"
        bar = "#" * full + "." * (_WIDTH - full)
        with _whether_heard_or_not():
            self._stream.write(f"\r[{bar}] {100 * share:3.0f} %  {stage}{left}\x1b[K")
            self._stream.flush()

    def message(self, kind: str, text: str) -> None:
        """One line of text; warnings are marked."""
        self.clear()
        mark = "" if kind == "info" else f"{kind}: "
        with _whether_heard_or_not():
            print(f"{mark}{text}", file=self._stream, flush=True)

    def result(self, data: dict[str, Any], text: str) -> None:
        """Final result: text for people, on standard output."""
        del data
        self.clear()
        with _whether_heard_or_not():
            print(text, flush=True)

    def clear(self) -> None:
        """Remove the progress line."""
        if self._drawn:
            self._drawn = False
            with _whether_heard_or_not():
                self._stream.write("\r\x1b[K")
                self._stream.flush()


class JsonConsole(Console):
    """One JSON object a line, on standard output where no stream is given."""

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__(stream or sys.stdout)

    def progress(self, stage: str, share: float, left_s: float | None) -> None:
        """Progress event, at most ten times a second."""
        now = time.monotonic()
        if now - self._last >= 0.1:
            self._last = now
            left = None if left_s is None else round(left_s, 1)
            self._line(event="progress", stage=stage, share=round(share, 3), left_s=left)

    def message(self, kind: str, text: str, *, remedy: str = "") -> None:
        """Message event; with the code of what helps, for whoever can word it."""
        self._line(event=kind, message=text, **({"remedy": remedy} if remedy else {}))

    def result(self, data: dict[str, Any], text: str) -> None:
        """Result event."""
        del text
        self._line(event="result", **data)

    def clear(self) -> None:
        """Nothing is drawn, so nothing is to be removed."""

    def _line(self, **data: Any) -> None:
        with _whether_heard_or_not():
            print(json.dumps(data), file=self._stream, flush=True)
