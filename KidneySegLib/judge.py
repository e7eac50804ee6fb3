"""Judging: what a user must know about a result before using a number of it."""

from __future__ import annotations

from collections.abc import Sequence

from .findings import Finding, info, warning
from .measure.phase import PhaseEstimate
from .measure.volumes import LesionMeasurement, Measurements, SideMeasurement
from .models.package import ModelPackage
from .stages.locate import Location

_CANDIDATE_ML = 10.0
_PLAUSIBLE_KIDNEY_ML = (40.0, 450.0)
_POLYCYSTIC_SHARE = 0.5
# Bosniak classification, version 2019 (Silverman et al., Radiology 2019): homogeneous masses of up
# to 20 HU are simple cysts, and up to 30 HU in the portal venous phase most likely benign ones.
_FLUID_HU = (-10.0, 20.0)
_DENSE_HU = 30.0
_LEAST_ML = 0.5  # of smaller ones the border is most of what is measured


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
    for lesion in measurements.lesions:
        findings += _judge_density(lesion)
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
            r, a, s = (place.low_ras + place.high_ras) / 2
            findings.append(
                info(
                    "candidate-left-out",
                    f"A smaller kidney-like structure ({place.volume_ml:.0f} mL) around R,A,S = "
                    f"{r:.0f},{a:.0f},{s:.0f} mm was left out. If it is a kidney, click into it "
                    "and into the others (--point R,A,S).",
                    (float(r), float(a), float(s)),
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


def _judge_density(lesion: LesionMeasurement) -> list[Finding]:
    """A tumor as thin as fluid, or a cyst that is denser."""
    density = lesion.density_median_hu
    if density is None or lesion.volume_ml < _LEAST_ML:
        return []
    name = f"{lesion.kind.capitalize()} {lesion.id} ({lesion.side}, {lesion.volume_ml:.1f} mL)"
    low, high = _FLUID_HU
    if lesion.kind == "tumor" and low <= density <= high:
        text = (
            f"{name} has the density of fluid (median {density:.0f} HU): it may be a cyst, or a "
            "tumor that is cystic or necrotic. Check what it is."
        )
        return [warning("tumor-like-fluid", text, lesion.center_ras_mm)]
    if lesion.kind == "cyst" and density > _DENSE_HU:
        text = (
            f"{name} is denser than fluid (median {density:.0f} HU): it may be a tumor, or a cyst "
            "with blood or protein. Check what it is."
        )
        return [warning("dense-cyst", text, lesion.center_ras_mm)]
    return []
