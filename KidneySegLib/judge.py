"""Judging: what a user must know about a result before using a number of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .anatomy import FLUID_HU
from .findings import Finding, info, place_text, warning
from .measure.phase import PhaseEstimate
from .measure.volumes import LesionMeasurement, Measurements, SideMeasurement
from .models.package import ModelPackage
from .stages.locate import Location

_CANDIDATE_ML = 10.0
_PLAUSIBLE_KIDNEY_ML = (40.0, 450.0)
_POLYCYSTIC_SHARE = 0.5
# Homogeneous masses of up to 30 HU in the portal venous phase are most likely benign cysts (source:
# see FLUID_HU). The phase is not asked for: it is itself estimated. A quarter of the real cysts of
# KiTS23 measured for training/lesions.py are denser. Below fluid is fat: the table gives its share.
_DENSE_HU = 30.0
# Longest diameter over that of a sphere of the same volume. In the 400 KiTS23 maps 6 of 439
# tumors and 18 of 267 cysts of 1 mL and more exceed it (Testing/figures/nephrometry.py).
ELONGATED = 1.7
LEAST_ML = 1.0  # in smaller ones the border, blurred with what is around, is most of the lesion
_MOST_LISTED = 4


def judge_result(
    measurements: Measurements,
    phase: PhaseEstimate,
    package: ModelPackage,
    left_out: Sequence[Location],
    *,
    guided: bool,
    kidneys_only: bool,
) -> list[Finding]:
    """What the user must know about a result.

    Parameters
    ----------
    measurements : Measurements
    phase : PhaseEstimate
    package : ModelPackage
        Knows its weak phases and what to say of its lesions.
    left_out : sequence of Location
        Candidates for kidneys that were not looked at.
    guided : bool
        Whether the user gave the places of the kidneys.
    kidneys_only : bool
        Whether lesions were counted as kidney.

    Returns
    -------
    list of Finding
    """
    findings = _judge_kidneys(measurements, left_out, guided=guided)
    for side in measurements.sides:
        findings += _judge_side(side)
    findings += _judge_densities(measurements.lesions)
    findings += _judge_shapes(measurements.lesions)
    findings += _judge_probabilities(measurements.lesions)
    if phase.phase in package.weak_phases:
        findings.append(
            warning(
                "weak-phase",
                f"The contrast phase looks {phase.phase} (kidneys {phase.kidney_hu:.0f} HU). The "
                "model is weak there: lesions in particular may be missed.",
            )
        )
    if measurements.sides and not kidneys_only:
        findings += [warning("model", text) for text in package.lesion_warnings]
    return findings


def _judge_kidneys(
    measurements: Measurements, left_out: Sequence[Location], *, guided: bool
) -> list[Finding]:
    """Missing kidneys, and candidates that were left out."""
    findings = []
    found = {s.side: s for s in measurements.sides if s.parenchyma_ml > 0}
    if not measurements.sides:
        where = "at the given places" if guided else "in the scan"
        findings.append(
            warning(
                "no-kidney",
                f"No kidney was found {where}. If there is one, click into it (--point R,A,S) or "
                "draw a region around it (--roi).",
            )
        )
    elif len(found) == 1 and not guided:
        side = next(iter(found))
        findings.append(
            warning(
                "one-kidney",
                f"Only a {side} kidney was found. The other one may be absent, outside the scan, "
                "or missed; if you see it, click into it (--point R,A,S).",
            )
        )
    for place in left_out:
        if place.volume_ml >= _CANDIDATE_ML:
            r, a, s = map(float, (place.low_ras + place.high_ras) / 2)
            findings.append(
                info(
                    "candidate-left-out",
                    f"A smaller kidney-like structure ({place.volume_ml:.0f} mL) around "
                    f"{place_text((r, a, s))} was left out. If it is a kidney, click into it "
                    "and into the others (--point R,A,S).",
                    (r, a, s),
                )
            )
    return findings


def _judge_side(side: SideMeasurement) -> list[Finding]:
    """Incomplete, mostly cystic and implausible kidneys."""
    findings = []
    low, high = _PLAUSIBLE_KIDNEY_ML
    if side.cyst_ml > _POLYCYSTIC_SHARE * (side.cyst_ml + side.parenchyma_ml):
        findings.append(
            warning(
                "polycystic",
                f"Cysts make up {side.cyst_ml:.0f} mL of the {side.side} kidney, parenchyma "
                f"{side.parenchyma_ml:.0f} mL: polycystic disease, a very large cyst, or a dilated "
                "pelvis. The model was not trained for it; check every contour.",
                side.center_ras_mm,
            )
        )
    if side.incomplete:
        findings.append(
            warning(
                "incomplete",
                f"The {side.side} kidney reaches the end of the scan: it is incomplete, and its "
                "volumes are lower bounds.",
                side.center_ras_mm,
            )
        )
    elif side.parenchyma_ml > 0 and not low <= side.parenchyma_ml <= high:
        findings.append(
            warning(
                "implausible",
                f"The {side.side} kidney measures {side.parenchyma_ml:.0f} mL; {low:.0f} to "
                f"{high:.0f} mL are usual. Check its contour.",
                side.center_ras_mm,
            )
        )
    return findings


def _judge_densities(lesions: Sequence[LesionMeasurement]) -> list[Finding]:
    """Tumors as low in density as fluid, and cysts that are denser, each in one finding."""
    measured = [x for x in lesions if x.density_median_hu is not None and x.volume_ml >= LEAST_ML]
    low, high = FLUID_HU
    fluid = [x for x in measured if x.kind == "tumor" and low <= x.density_median_hu <= high]
    dense = [x for x in measured if x.kind == "cyst" and x.density_median_hu > _DENSE_HU]
    findings = []
    if fluid:
        text = (
            f"Called tumor, but as low in density as fluid: {_listed(fluid, _density)}. It may be "
            "a cyst, or a tumor that is cystic, necrotic, or holds fat. Check its kind."
        )
        findings.append(warning("tumor-like-fluid", text, fluid[0].center_ras_mm))
    if dense:
        text = (
            f"Called cyst, but denser than fluid: {_listed(dense, _density)}. It may be a tumor, a "
            "cyst with blood or protein, or a filled calyx; a single phase does not tell. Check "
            "its kind."
        )
        findings.append(warning("dense-cyst", text, dense[0].center_ras_mm))
    return findings


def _judge_shapes(lesions: Sequence[LesionMeasurement]) -> list[Finding]:
    """Lesions longer than most, in one finding: they may be two, or a rim of something."""
    long = [
        x
        for x in lesions
        if x.volume_ml >= LEAST_ML and x.feret_3d_mm > ELONGATED * x.sphere_equivalent_mm
    ]
    if not long:
        return []
    text = (
        f"Longer than most lesions of their volume: {_listed(long, _length)}. It may be two that "
        "touch, taken as one, or the rim of something else. Check it before using a diameter."
    )
    return [warning("elongated-lesion", text, long[0].center_ras_mm)]


def _judge_probabilities(lesions: Sequence[LesionMeasurement]) -> list[Finding]:
    """Lesions of which the network is not sure, in one finding: a total does not show them."""
    unsure = [x for x in lesions if x.doubtful and x.volume_ml >= LEAST_ML]
    if not unsure:
        return []
    first = max(unsure, key=lambda x: x.volume_ml)
    count = "a lesion" if len(unsure) == 1 else f"{len(unsure)} lesions, the largest"
    text = (
        f"The network is not sure of {count}: {first.kind} of {first.volume_ml:.1f} mL, "
        f"probability {100 * first.probability:.0f} %, around {place_text(first.center_ras_mm)}. "
        "What the table calls unsure may be healthy tissue, another organ, or a lesion of the "
        "other kind. Check it before using its volume."
    )
    return [warning("unsure-lesion", text, first.center_ras_mm)]


def _density(lesion: LesionMeasurement) -> str:
    """Its density, as a list names it."""
    return f"{lesion.density_median_hu:.0f} HU"


def _length(lesion: LesionMeasurement) -> str:
    """Its kind and longest diameter, as a list names it."""
    return f"{lesion.kind}, {lesion.feret_3d_mm:.0f} mm long"


def _listed(
    lesions: Sequence[LesionMeasurement], describe: Callable[[LesionMeasurement], str]
) -> str:
    """Volume and place of lesions, and what there is to say of each.

    Not their numbers, which change when lesions are measured again.
    """
    texts = [
        f"{lesion.volume_ml:.1f} mL, {describe(lesion)}, around {place_text(lesion.center_ras_mm)}"
        for lesion in lesions[:_MOST_LISTED]
    ]
    rest = len(lesions) - len(texts)
    return "; ".join(texts) + (f"; and {rest} more" if rest else "")
