"""The task: kidneys, tumors and cysts in CT, from probabilities to what a user must know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..core.anatomy import Label
from ..core.findings import Finding, info, said, warning
from ..core.progress import Stages
from ..core.volume import Volume
from ..measure.agreement import with_votes
from ..measure.intervals import Doubt, with_intervals
from ..measure.measurements import Measurements, measure
from ..measure.phase import PhaseEstimate, estimate_phase
from ..measure.structures import find_structures
from ..models.info import ModelInfo
from ..segmenters.places import Found, Place, field_corners
from ..segmenters.to_native import TissueMap
from .agreement import tell_agreement
from .clean import Cleaned, clean
from .midline import Midline, find_midline
from .preflight import check_input
from .refine import Refinement, refine, tell_refinements
from .removals import Removal
from .rules import FROM_THE_MODEL, rules_for
from .scene import Scene
from .settings import Settings
from .sides import merge_lesions
from .warnings import FIRST_CODES, result_warnings

_MOST_LISTED = 6

ONE_SIDED = warning(
    "one-sided-field",
    "The scan cuts the body on one side, so its midline is not seen: right and left may be "
    "swapped. Check the sides.",
)


@dataclass(frozen=True, eq=False)
class Outcome:
    """What the task made of probabilities, on the canonical grid (see `Result`)."""

    labels: Volume
    rejected: np.ndarray
    measurements: Measurements
    phase: PhaseEstimate
    findings: tuple[Finding, ...]
    removals: tuple[Removal, ...]
    refinements: tuple[Refinement, ...]
    structures: np.ndarray | None = None


class KidneyCT:
    """Kidneys, tumors and cysts in a CT in HU (see `pipeline.Task`)."""

    name = "kidney-ct"
    classes: tuple[str, ...] = ("background", "kidney", "tumor", "cyst")
    first_codes = FIRST_CODES
    label_scheme: Mapping[str, int] = {n.name.lower(): int(n) for n in Label if n}

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()

    @property
    def stages(self) -> dict[str, float]:
        """Stages of a run here, and about how much of the time each takes."""
        shares = {"clean": 0.06, "refine": 0.15, "measure": 0.06}
        if self.settings.refine == "off":
            del shares["refine"]
        return shares

    def check(self, volume: Volume) -> list[Finding]:
        """What is wrong with a CT, or in doubt; errors stop the run."""
        return [*volume.findings, *check_input(volume)]

    def conclude(
        self, ct: Volume, tissue: TissueMap, found: Found, model: ModelInfo, report: Stages
    ) -> Outcome:
        """Clean, refine, measure and warn.

        Parameters
        ----------
        ct : Volume
            Canonical, HU.
        tissue : TissueMap
            On the same grid.
        found : Found
            Places looked at, and candidates left out.
        """
        settings = self.settings
        report.begin("clean")
        cleaned = self._clean(ct, tissue, found.places, model)
        labels, rejected = ct.with_array(cleaned.labels), cleaned.rejected
        refinements: Sequence[Refinement] = ()
        if settings.refine != "off":
            report.begin("refine")
            labels, refinements = refine(
                labels, ct, method=settings.refine, on_component=report.on_tiles
            )
            rejected = np.where((labels.array > 0) & (cleaned.labels == 0), 0, rejected)
        report.begin("measure")
        doubt = self._doubt(tissue, cleaned, model)
        measurements = with_intervals(measure(labels, ct), labels, doubt)
        if tissue.votes is not None:
            measurements = with_votes(measurements, tissue.votes, model.voters)
        phase = estimate_phase(ct, labels)
        findings = [*cleaned.findings, *tell_refinements(list(refinements))]
        findings += tell_agreement(measurements, model.voters)
        findings += result_warnings(
            measurements,
            phase,
            model,
            found.left_out,
            guided=bool(settings.hints),
            kidneys_only=settings.kidneys_only,
        )
        structures = None
        if tissue.extras is not None:
            structures = find_structures(
                tissue.extras, tissue.extra_classes, labels.array, tissue.boxes, ct.geometry
            )
            measurements = replace(measurements, structures=structures.found)
            findings += _tell_left_out(structures.left_out)
        return Outcome(
            labels=labels,
            rejected=rejected,
            measurements=measurements,
            phase=phase,
            findings=(*findings, *_without_limits(model)),
            removals=cleaned.removals,
            refinements=tuple(refinements),
            structures=structures and structures.numbers,
        )

    def _clean(
        self, ct: Volume, tissue: TissueMap, places: Sequence[Place], model: ModelInfo
    ) -> Cleaned:
        """Clean the tissues; the midline is taken where they are."""
        midline = _midline(ct, tissue)
        scene = Scene(
            tissue.labels,
            ct.geometry,
            percent=tissue.percent,
            density=ct.array,
            anchors=[place.anchor(ct.geometry) for place in places],
            guided=bool(self.settings.hints),
            points=self.settings.points,
            unwanted=self.settings.without,
        )
        rules = rules_for(model.limits)
        cleaned = clean(scene, rules, midline_r_mm=midline.r_mm, keep=self.settings.keep)
        if self.settings.kidneys_only:
            merged = merge_lesions(cleaned.labels, ct.geometry, midline_r_mm=midline.r_mm)
            cleaned = replace(cleaned, labels=merged)
        if midline.one_sided and cleaned.labels.any():
            cleaned = replace(cleaned, findings=(*cleaned.findings, ONE_SIDED))
        return cleaned

    def _doubt(self, tissue: TissueMap, cleaned: Cleaned, model: ModelInfo) -> Doubt:
        """The network's probabilities, but for what cleaning took out, and how much they count."""
        unsure = model.limits.get("unsure-lesion")
        return Doubt(
            tissue.percent,
            model.interval_factors,
            removed=cleaned.rejected,
            kept=cleaned.labels,
            as_kidney=self.settings.kidneys_only,
            unsure_below=None if unsure is None else unsure["percent"] / 100,
        )


def _midline(ct: Volume, tissue: TissueMap) -> Midline:
    """The body's midline at the height of what was looked at."""
    low, high = field_corners(ct.geometry)
    heights = (float(low[2]), float(high[2]))
    if tissue.boxes:
        k = [n for box in tissue.boxes for n in (box.start[0], box.stop[0])]
        ends = ct.geometry.ras_from_kji([[min(k), 0, 0], [max(k), 0, 0]])[:, 2]
        heights = (float(ends[0]), float(ends[1]))
    return find_midline(ct, heights)


def _tell_left_out(names: Sequence[str]) -> list[Finding]:
    """Say which of a model's structures are not in the result."""
    if not names:
        return []
    text = said(
        "The model tells {count} other structures that lie only partly in what was looked at "
        "({listed}). They are left out: their volumes would be wrong. The model's own way, over "
        "the whole scan, gives them whole.",
        count=len(names),
        listed=", ".join(names[:_MOST_LISTED]) + (", ..." if len(names) > _MOST_LISTED else ""),
    )
    return [info("structures-left-out", text)]


def _without_limits(model: ModelInfo) -> list[Finding]:
    """Say where a model brings no limits: what it is not sure of is then not held back."""
    missing = [name for name in (*FROM_THE_MODEL, "unsure-lesion") if name not in model.limits]
    if not missing:
        return []
    text = said(
        "The model '{name}' has no limits for uncertain findings ({listed}): bone, "
        "bowel and other organs may stay, without a warning. Check every contour.",
        name=model.name,
        listed=", ".join(missing),
    )
    return [info("no-limits", text)]
