"""One CT from memory to a folder of results, with a model that stays loaded for the next one."""

from __future__ import annotations

import contextlib
import importlib
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..core.findings import Finding, info
from ..core.volume import Volume
from ..engine import open_engine
from ..environment.memory import explained, require_memory
from ..kidney_ct.settings import Settings
from ..kidney_ct.task import KidneyCT
from ..models.info import ModelInfo, choice_in
from ..models.registry import find_model
from ..pipeline import run
from ..report.case_folder import write_result
from ..report.table import as_text
from ..result import DISCLAIMER, Result
from .console import Console
from .wanted_models import WantedModels, segmenter_of

logger = logging.getLogger(__name__)


def load_what_reports_need() -> None:
    """Import what only the end of a run uses; for whoever waits for a CT to be read."""
    with contextlib.suppress(ImportError):  # said where it is used
        importlib.import_module("scipy.spatial")
        importlib.import_module("matplotlib.backends.backend_agg")


def _log_stages(seconds: Mapping[str, float]) -> None:
    """Seconds and share of each stage, for whoever asked for details."""
    whole = sum(seconds.values()) or 1.0
    for name, taken in seconds.items():
        logger.debug("%-12s %6.2f s %3.0f %%", name, taken, 100 * taken / whole)


class CaseRunner:
    """Segments CTs with the same model, device and settings.

    Parameters
    ----------
    settings : Settings
    models : WantedModels, optional
        Else the model that ships.
    device : str
    say : callable
        Says a finding to the user.
    """

    def __init__(
        self,
        settings: Settings,
        console: Console,
        *,
        models: WantedModels | None = None,
        device: str = "auto",
        say: Callable[[Finding], None],
    ) -> None:
        engine = open_engine(device, find_model().network("fine"))
        self._segmenter = segmenter_of(models or WantedModels(), engine)
        for text in engine.notices:  # of choosing it; those of a run stand with its findings
            say(info("engine", text))
        self._task, self._console, self._say = KidneyCT(settings), console, say

    @property
    def model(self) -> ModelInfo:
        """The model that is used."""
        return self._segmenter.model

    @property
    def made_with(self) -> dict[str, Any]:
        """Model and settings, by which a batch knows results that it may keep."""
        record = self.model.as_record()
        return {
            "model": self.model.sha256,
            "choice": choice_in(record),
            "settings": self._task.settings.as_dict(),
        }

    def run(self, volume: Volume, target: Path, *, overwrite: bool = False) -> Result:
        """Segment a CT, write its folder, and say what was found.

        Raises
        ------
        KidneySegError
            If the CT cannot be used, or the folder cannot be written.
        """
        require_memory(volume.array.shape)
        with explained(volume.array.shape):
            result = run(self._task, volume, self._segmenter, progress=self._console.progress)
            self._console.progress("write", 0.99, None)
            write_result(result, volume, target, overwrite=overwrite)
        _log_stages(result.record["seconds"])
        for finding in result.findings:
            self._say(finding)
        return result

    def text(self, result: Result) -> str:
        """Tables of a result, and what to know about them."""
        tables = as_text(result.measurements)
        return f"{tables}\n\n{DISCLAIMER}\nModel license: {self.model.license}"
