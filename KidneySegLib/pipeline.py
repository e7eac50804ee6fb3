"""The one way through: a task, a volume and a segmenter in, a result out.

Check, locate, probabilities, native grid, and what the task makes of them, in this order; the
command line, the Slicer module, batches and servers all call `run`.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from . import __version__
from .core.errors import ModelError
from .core.findings import Finding, info, raise_errors
from .core.places import with_slices
from .core.progress import Cancel, Progress, Stages
from .core.source import describe_input
from .core.volume import Volume, restore_orientation
from .environment.requirements import installed_version
from .kidney_ct.settings import Settings
from .kidney_ct.task import Outcome
from .measure.measurements import Measurements
from .models.info import ModelInfo
from .result import DISCLAIMER, Probabilities, Result
from .segmenters.base import QUALITIES, Segmenter
from .segmenters.decision import Decision
from .segmenters.places import Found
from .segmenters.to_native import TissueMap, to_native

_PACKAGES = ("torch", "monai", "SimpleITK", "numpy", "scipy")
_SHARES = {"check": 0.03, "export": 0.08}


class Task(Protocol):
    """What is looked for, and what counts as true."""

    name: str
    classes: tuple[str, ...]
    label_scheme: Mapping[str, int]
    first_codes: Sequence[str]
    settings: Settings

    @property
    def stages(self) -> Mapping[str, float]:
        """Stages of a run that are the task's, and about how much of the time each takes."""
        ...

    def check(self, volume: Volume) -> Sequence[Finding]:
        """What is wrong with an image, or in doubt."""
        ...

    def conclude(
        self, ct: Volume, tissue: TissueMap, found: Found, model: ModelInfo, report: Stages
    ) -> Outcome:
        """What the probabilities mean."""
        ...


def run(
    task: Task,
    volume: Volume,
    segmenter: Segmenter,
    *,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
) -> Result:
    """Find and measure what a task looks for.

    Parameters
    ----------
    task : Task
        Such as `KidneyCT`, with the user's settings.
    volume : Volume
        Any orientation.
    segmenter : Segmenter
    progress, cancel : callable, optional

    Returns
    -------
    Result

    Raises
    ------
    InputError
        If the volume cannot be used, or a point or region lies outside of it.
    ModelError
        If the segmenter tells other classes apart than the task needs, or does not have the
        operating point.
    CanceledError
        If ``cancel`` said so.
    """
    if segmenter.classes[: len(task.classes)] != task.classes:
        raise ModelError(
            f"The model '{segmenter.model.name}' tells {', '.join(segmenter.classes)} apart. "
            f"Expected {', '.join(task.classes)}. Use another model."
        )
    settings = task.settings
    shares = {**_SHARES, **segmenter.stages(settings.hints), **task.stages}
    decision = Decision.of(segmenter.model, settings.operating_point)
    stages = Stages(shares, progress, cancel)
    told = len(segmenter.notices)
    stages.begin("check")
    findings = list(task.check(volume))
    raise_errors(findings)
    image, ct = segmenter.oriented(volume), volume.canonical()
    found = segmenter.locate(image, settings.hints, stages)
    regions = segmenter.probabilities(
        image, found.places, quality=QUALITIES[settings.quality], report=stages
    )
    stages.begin("export")
    tissue = to_native(regions, ct.geometry, segmenter.extras, decision)
    outcome = task.conclude(ct, tissue, found, segmenter.model, stages)
    stages.end()
    findings += [info("model", text) for text in segmenter.model.remarks]
    findings += [*outcome.findings, *(info("engine", t) for t in segmenter.notices[told:])]
    findings.sort(key=lambda f: f.code not in task.first_codes)
    return _assembled(task, volume, segmenter, outcome, tissue, findings, stages.seconds)


def _assembled(
    task: Task,
    volume: Volume,
    segmenter: Segmenter,
    outcome: Outcome,
    tissue: TissueMap,
    findings: Sequence[Finding],
    seconds: Mapping[str, float],
) -> Result:
    """A result on the grid and in the words of the volume as it was stored."""

    def native(array: np.ndarray) -> Volume:
        turned = restore_orientation(array, *volume.geometry.to_canonical())
        return volume.with_array(np.ascontiguousarray(turned))

    sides_known = volume.source is None or volume.source.sides_known
    kept = task.settings.probabilities
    raw = tissue.numbers if task.settings.raw_labels else None
    return Result(
        labels=native(outcome.labels.array),
        measurements=outcome.measurements.with_slices(volume).with_sides_known(sides_known),
        phase=outcome.phase,
        findings=tuple(with_slices(findings, volume)),
        removals=outcome.removals,
        rejected=native(outcome.rejected),
        refinements=outcome.refinements,
        record=run_record(task, volume, segmenter, seconds) | _scheme(task, outcome.measurements),
        probabilities=Probabilities.of(tissue, outcome.labels.geometry) if kept else None,
        structures=None if outcome.structures is None else native(outcome.structures),
        raw_labels=None if raw is None else native(raw),
    )


def _scheme(task: Task, measurements: Measurements) -> dict[str, Any]:
    """The label scheme with the numbers of a model's other structures."""
    own = {s.name: s.label for s in measurements.structures if s.label is not None}
    return {"label_scheme": {**own, **task.label_scheme}} if own else {}


def run_record(
    task: Task, volume: Volume, segmenter: Segmenter, seconds: Mapping[str, float]
) -> dict[str, Any]:
    """Everything needed to repeat a run; no patient data, no paths."""
    model = segmenter.model
    return {
        "task": task.name,
        "software": {"kidneyseg": __version__, "python": platform.python_version()}
        | {name.lower(): installed_version(name) for name in _PACKAGES},
        "model": model.as_record(),
        "input": describe_input(volume),
        "device": segmenter.device,
        "settings": task.settings.as_dict(),
        "seconds": dict(seconds),
        "label_scheme": dict(task.label_scheme),
        "disclaimer": DISCLAIMER,
    }
