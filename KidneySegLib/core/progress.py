"""Progress of a run by stages: share done, seconds by stage, and the question whether to stop."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from .errors import CanceledError

Progress = Callable[[str, float, "float | None"], None]
"""Called with stage, share done (0..1) and seconds left (None while unknown)."""
Cancel = Callable[[], bool]
"""Asked between tiles and stages; True stops the run."""
OnTiles = Callable[[int, int], None]
"""Called with tiles done and tiles in all; may raise to cancel."""


class Stages:
    """Stages of a run, one after the other.

    Parameters
    ----------
    shares : mapping
        Name of each stage that this run has, and about how much of the time it takes; the sum does
        not matter.
    progress, cancel : callable, optional
    """

    def __init__(
        self,
        shares: Mapping[str, float],
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> None:
        self._progress, self._cancel = progress, cancel
        whole = sum(shares.values())
        self._shares = {name: share / whole for name, share in shares.items()}
        self._started = self._begun = time.monotonic()
        self._before, self._furthest, self._name = 0.0, 0.0, ""
        self.seconds: dict[str, float] = {}

    def begin(self, name: str) -> None:
        """Enter a stage."""
        self.end()
        self._name, self._begun = name, time.monotonic()
        self.report(0.0)

    def end(self) -> None:
        """Leave the current stage."""
        if self._name:
            spent = self.seconds.get(self._name, 0.0) + time.monotonic() - self._begun
            self.seconds[self._name] = round(spent, 3)
            self._before += self._shares[self._name]
            self._name = ""

    def report(self, share: float) -> None:
        """Say how much of the stage is done, 0..1.

        Raises
        ------
        CanceledError
            If the user canceled.
        """
        if self._cancel and self._cancel():
            raise CanceledError("Canceled. Nothing was written.")
        if self._progress:
            done = self._before + min(1.0, share) * self._shares[self._name]
            done = self._furthest = max(done, self._furthest)  # regions that grow run again
            elapsed = time.monotonic() - self._started
            left = elapsed * (1 - done) / done if done > 0.1 else None
            self._progress(self._name, done, left)

    def on_tiles(self, done: int, total: int) -> None:
        """Report tiles as a share of the stage."""
        self.report(done / total)
