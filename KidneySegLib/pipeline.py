"""The one way through: volume in, result out, with progress and cancel.

Reading, preflight, locate, segment, second look, export, clean, refine, measure, in this order;
the command line, the Slicer module and batch runs all call `segment`.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from . import __version__
from .core.anatomy import Label
from .core.errors import CanceledError, InputError
from .core.findings import Finding, info, raise_errors, warning
from .core.places import lesions_with_slices, with_slices
from .core.source import describe_input
from .core.volume import Volume, restore_orientation
from .engine.base import Engine
from .environment.requirements import installed_version
from .kidney_ct.clean import Cleaned, Removal, clean, merge_lesions
from .kidney_ct.midline import find_midline
from .kidney_ct.preflight import check_input
from .kidney_ct.refine import METHODS, Refinement, refine, tell_refinements
from .kidney_ct.warnings import judge_result
from .measure.intervals import Doubt, with_intervals
from .measure.phase import PhaseEstimate, estimate_phase
from .measure.volumes import Measurements, measure
from .models.manifest import AXIAL_STAGES, ModelPackage
from .segmenters.cascade.axial import look_at_slices
from .segmenters.cascade.fine import QUALITIES, segment_regions
from .segmenters.cascade.locate import (
    Location,
    field_corners,
    likely_kidneys,
    locate_kidneys,
    locations_from_points,
    locations_from_rois,
)
from .segmenters.to_native import TissueMap, export_regions

DISCLAIMER = "Research software, not a medical device. Check every contour before using a number."
_PACKAGES = ("torch", "monai", "SimpleITK", "numpy", "scipy")

ONE_SIDED = warning(
    "one-sided-field",
    "The scan cuts the body on one side, so its midline is not seen: right and left may be "
    "swapped. Check the sides.",
)

Progress = Callable[[str, float, "float | None"], None]
Cancel = Callable[[], bool]
Point = tuple[float, float, float]


@dataclass(frozen=True)
class Settings:
    """What the user decides.

    Attributes
    ----------
    quality : str
        ``fast``, ``balanced`` or ``best``.
    kidneys_only : bool
        Count tumors and cysts as kidney.
    points : tuple of (R, A, S)
        Points in mm inside kidneys; they replace the locator.
    rois : tuple of pairs of (R, A, S)
        Opposite corners in mm of boxes around kidneys; they replace the locator.
    keep : tuple of int
        Numbers of removals that cleaning must take back (see `Removal`).
    refine : str
        ``off``, ``levelset`` or ``contour`` (see `stages.refine`).
    """

    quality: str = "balanced"
    kidneys_only: bool = False
    points: tuple[Point, ...] = ()
    rois: tuple[tuple[Point, Point], ...] = ()
    keep: tuple[int, ...] = ()
    refine: str = "off"

    def __post_init__(self):
        """Refuse an unknown quality or refinement."""
        for what, value, known in (
            ("quality", self.quality, QUALITIES),
            ("refinement", self.refine, METHODS),
        ):
            if value not in known:
                raise InputError(f"Unknown {what} '{value}'. Expected {', '.join(known)}.")

    def as_dict(self) -> dict[str, Any]:
        """Plain dictionary for JSON."""
        return {
            "quality": self.quality,
            "kidneys_only": self.kidneys_only,
            "points_ras_mm": [list(map(float, p)) for p in self.points],
            "rois_ras_mm": [[list(map(float, c)) for c in roi] for roi in self.rois],
            "keep": list(self.keep),
            "refine": self.refine,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Settings:
        """Settings that `as_dict` wrote."""
        return cls(
            quality=data["quality"],
            kidneys_only=data["kidneys_only"],
            points=tuple(tuple(p) for p in data["points_ras_mm"]),
            rois=tuple((tuple(a), tuple(b)) for a, b in data["rois_ras_mm"]),
            keep=tuple(data["keep"]),
            refine=data["refine"],
        )


@dataclass(frozen=True)
class Result:
    """What a run found.

    Attributes
    ----------
    labels : Volume
        `Label` numbers on the input's own grid.
    measurements : Measurements
    phase : PhaseEstimate
    findings : list of Finding
        Warnings and remarks; errors never come this far.
    removals : list of Removal
        What cleaning took out, and why.
    rejected : Volume
        Where: the number of the removal in each voxel, 0 elsewhere.
    refinements : list of Refinement
        Which borders were moved, and which were not and why; empty where none was asked for.
    record : dict
        Model, versions, device, settings, seconds by stage. No name, no path.
    """

    labels: Volume
    measurements: Measurements
    phase: PhaseEstimate
    findings: list[Finding]
    removals: list[Removal]
    rejected: Volume
    refinements: list[Refinement] = field(default_factory=list)
    record: dict[str, Any] = field(default_factory=dict)


class _Stages:
    """Progress by stage, seconds by stage, and the check for cancel."""

    _SHARES = {
        "check": 0.03,
        "load model": 0.12,
        "locate": 0.30,
        "segment": 0.35,
        "second look": 0.30,
        "export": 0.08,
        "clean": 0.06,
        "refine": 0.15,
        "measure": 0.06,
    }

    def __init__(
        self, progress: Progress | None, cancel: Cancel | None, skipped: Collection[str]
    ) -> None:
        self._progress, self._cancel = progress, cancel
        whole = sum(share for name, share in self._SHARES.items() if name not in skipped)
        self._shares = {name: share / whole for name, share in self._SHARES.items()}
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
            self.seconds[self._name] = round(time.monotonic() - self._begun, 3)
            self._before += self._shares[self._name]
            self._name = ""

    def report(self, share: float) -> None:
        """Tell how much of the stage is done, 0..1; stop where the user canceled."""
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


def segment(
    volume: Volume,
    package: ModelPackage,
    engine: Engine,
    settings: Settings | None = None,
    *,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
) -> Result:
    """Find and measure kidneys, tumors and cysts in a CT.

    Parameters
    ----------
    volume : Volume
        CT in HU, any orientation.
    package : ModelPackage
    engine : Engine
    settings : Settings, optional
    progress : callable, optional
        Called with stage, share done (0..1) and seconds left (None while unknown).
    cancel : callable, optional
        Asked between tiles and stages; True stops the run.

    Returns
    -------
    Result

    Raises
    ------
    InputError
        If the volume is no usable CT, or a point or region lies outside of it.
    CanceledError
        If ``cancel`` said so.
    """
    settings = settings or Settings()
    stages = _Stages(progress, cancel, _skipped_stages(package, settings))
    told = len(engine.notices)
    stages.begin("check")
    findings = [*volume.findings, *check_input(volume)]
    raise_errors(findings)
    ct = volume.canonical()
    tissue, places, left_out = _find_tissue(ct, package, engine, settings, stages)
    stages.begin("clean")
    cleaned = _clean(ct, tissue, places, settings)
    labels, rejected, refinements = ct.with_array(cleaned.labels), cleaned.rejected, []
    if settings.refine != "off":
        stages.begin("refine")
        labels, refinements = refine(
            labels, ct, method=settings.refine, on_component=stages.on_tiles
        )
        rejected = np.where((labels.array > 0) & (cleaned.labels == 0), 0, rejected)
    stages.begin("measure")
    doubt = _doubt(package, tissue.percent, cleaned, settings)
    measurements = with_intervals(measure(labels, ct), labels, doubt)
    measurements = lesions_with_slices(measurements, volume)
    if volume.source is not None:
        measurements = replace(measurements, sides_known=volume.source.sides_known)
    phase = estimate_phase(ct, labels)
    stages.end()
    findings = findings + cleaned.findings + tell_refinements(refinements)
    findings += judge_result(
        measurements,
        phase,
        package,
        left_out,
        guided=bool(settings.points or settings.rois),
        kidneys_only=settings.kidneys_only,
    )
    findings += [info("engine", text) for text in engine.notices[told:]]

    def native(array: np.ndarray) -> Volume:
        turned = restore_orientation(array, *volume.geometry.to_canonical())
        return volume.with_array(np.ascontiguousarray(turned))

    return Result(
        labels=native(labels.array),
        measurements=measurements,
        phase=phase,
        findings=with_slices(findings, volume),
        removals=cleaned.removals,
        rejected=native(rejected),
        refinements=refinements,
        record=run_record(volume, package, engine, settings, stages.seconds),
    )


def _skipped_stages(package: ModelPackage, settings: Settings) -> list[str]:
    """Names of the stages that a run does without."""
    skipped = {
        "locate": settings.points or settings.rois,
        "second look": "axial" not in package.stages,
        "refine": settings.refine == "off",
    }
    return [name for name, is_skipped in skipped.items() if is_skipped]


def _find_tissue(
    ct: Volume, package: ModelPackage, engine: Engine, settings: Settings, stages: _Stages
) -> tuple[TissueMap, list[Location], list[Location]]:
    """Locate, segment and export; also the places looked at, and candidates left out."""
    places = locations_from_points(settings.points, ct.geometry)
    places += locations_from_rois(settings.rois, ct.geometry)
    left_out: list[Location] = []
    stages.begin("load model")
    fine = engine.predictor(package, "fine")
    axial = [
        (engine.predictor(package, stage), package.stages[stage])
        for stage in AXIAL_STAGES
        if stage in package.stages
    ]
    if not places:
        locator = engine.predictor(package, "locator")
        stages.begin("locate")
        spec = package.stages["locator"]
        found = locate_kidneys(ct, locator, spec, on_tiles=stages.on_tiles)
        places, left_out = likely_kidneys(found)
    stages.begin("segment")
    regions = segment_regions(
        ct,
        places,
        fine,
        package.stages["fine"],
        quality=QUALITIES[settings.quality],
        on_tiles=stages.on_tiles,
    )
    if axial:
        stages.begin("second look")
        regions = look_at_slices(
            ct,
            regions,
            axial,
            quality=QUALITIES[settings.quality],
            on_tiles=stages.on_tiles,
        )
    stages.begin("export")
    return export_regions(regions, ct.geometry), places, left_out


def _doubt(
    package: ModelPackage, percent: np.ndarray, cleaned: Cleaned, settings: Settings
) -> Doubt:
    """The network's probabilities, but for what cleaning took out, and how much they count.

    ``percent`` is changed in place.
    """
    removed = (cleaned.rejected > 0) & (cleaned.labels == 0)
    for tissue in percent:
        tissue[removed] = 0
    if settings.kidneys_only:
        for kidney, tumor, cyst in zip(*percent, strict=True):  # slice by slice, for memory's sake
            kidney[:] = np.minimum(kidney.astype(np.uint16) + tumor + cyst, 100)
    return Doubt(percent, package.interval_factors)


def _clean(ct: Volume, tissue: TissueMap, places: list[Location], settings: Settings) -> Cleaned:
    """Clean the exported tissues; the midline is taken where they are."""
    low, high = field_corners(ct.geometry)
    heights = (float(low[2]), float(high[2]))
    if tissue.boxes:
        k = [n for box in tissue.boxes for n in (box.start[0], box.stop[0])]
        ends = ct.geometry.ras_from_kji([[min(k), 0, 0], [max(k), 0, 0]])[:, 2]
        heights = (float(ends[0]), float(ends[1]))
    midline = find_midline(ct, heights)
    cleaned = clean(
        tissue.labels,
        ct.geometry,
        midline_r_mm=midline.r_mm,
        percent=tissue.percent,
        density=ct.array,
        anchors=[place.anchor(ct.geometry) for place in places],
        guided=bool(settings.points or settings.rois),
        points=settings.points,
        keep=settings.keep,
    )
    if settings.kidneys_only:
        merged = merge_lesions(cleaned.labels, ct.geometry, midline_r_mm=midline.r_mm)
        cleaned = replace(cleaned, labels=merged)
    if midline.one_sided and cleaned.labels.any():
        cleaned.findings.append(ONE_SIDED)
    return cleaned


def run_record(
    volume: Volume,
    package: ModelPackage,
    engine: Engine,
    settings: Settings,
    seconds: dict[str, float],
) -> dict[str, Any]:
    """Everything needed to repeat a run; no patient data, no paths."""
    return {
        "software": {"kidneyseg": __version__, "python": platform.python_version()}
        | {name.lower(): installed_version(name) for name in _PACKAGES},
        "model": {
            "name": package.name,
            "version": package.version,
            "sha256": package.sha256,
            "license": package.license,
        },
        "input": describe_input(volume),
        "device": engine.description,
        "settings": settings.as_dict(),
        "seconds": dict(seconds),
        "label_scheme": {label.name.lower(): int(label) for label in Label if label},
        "disclaimer": DISCLAIMER,
    }
