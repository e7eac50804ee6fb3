"""Warnings: what a user must know about a result before using a number of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..core.densities import FLUID_HU
from ..core.findings import Finding, info, place_text, said, warning
from ..measure.lesions import LesionMeasurement
from ..measure.measurements import Measurements
from ..measure.origin import OUTSIDE, RENAL
from ..measure.phase import PhaseEstimate
from ..measure.sides import SideMeasurement
from ..models.info import ModelInfo
from ..segmenters.places import Place

_CANDIDATE_ML = 10.0  # smaller candidates of the locator are no kidneys (sides.SURE_ML)
# Our own: adult kidneys are 100 to 250 mL, shrunken and hypertrophic ones beyond.
_PLAUSIBLE_KIDNEY_ML = (40.0, 450.0)
_POLYCYSTIC_SHARE = 0.5  # our own: of cysts in kidney and cysts
# Homogeneous masses of up to 30 HU in the portal venous phase are most likely benign cysts (source:
# see FLUID_HU). The phase is not asked for: it is itself estimated. A quarter of the real cysts of
# KiTS23 measured for training/lesions.py are denser. Below fluid is fat: the table gives its share.
_DENSE_HU = 30.0
# Longest diameter over that of a sphere of the same volume. In the 400 KiTS23 maps 6 of 439
# tumors and 18 of 267 cysts of 1 mL and more exceed it (studies/nephrometry.py).
ELONGATED = 1.7
# A lesion with more fat than that is an angiomyolipoma, or its contour spills into the fat around
# the kidney. In 141 tumor slices of KiTS23 (eroded by 2 pixels) the share under -20 HU is 0 up to
# the 75th percentile.
_FAT_SHARE = 0.15
# No kidney and no mass is denser in any phase, stones and contrast in the pelvis aside, and none is
# less dense than fat. KiTS23 slices: kidneys 64 to 220 HU, tumors 22 to 143 (medians, 5th to 95th
# percentile).
_POSSIBLE_HU = (-150.0, 350.0)
_LEAST_KIDNEY_HU = 0.0  # water: parenchyma is 25 HU and more without contrast
LEAST_ML = 1.0  # in smaller ones the border, blurred with what is around, is most of the lesion
_MOST_LISTED = 4
MEASURED_CODES = (
    "mass-origin",
    "cystic-mass",
    "polycystic",
    "incomplete",
    "implausible",
    "impossible-density",
    "tumor-like-fluid",
    "dense-cyst",
    "fat-in-lesion",
    "elongated-lesion",
)
"""Codes of `measurement_warnings`: they follow from the numbers alone."""
FIRST_CODES = ("mass-origin", "cystic-mass")
"""Codes of what is told before all else."""


def result_warnings(
    measurements: Measurements,
    phase: PhaseEstimate,
    model: ModelInfo,
    left_out: Sequence[Place],
    *,
    guided: bool,
    kidneys_only: bool,
) -> list[Finding]:
    """What the user must know about a result.

    Parameters
    ----------
    measurements : Measurements
    phase : PhaseEstimate
    model : ModelInfo
        Knows its weak phases and what to say of its lesions.
    left_out : sequence of Place
        Candidates for kidneys that were not looked at.
    guided : bool
        Whether the user gave the places of the kidneys.
    kidneys_only : bool
        Whether lesions were counted as kidney.

    Returns
    -------
    list of Finding
    """
    findings = _about_kidneys(measurements, left_out, guided=guided)
    findings += measurement_warnings(measurements)
    findings += _about_probabilities(measurements.lesions)
    if phase.phase in model.weak_phases:
        findings.append(
            warning(
                "weak-phase",
                said(
                    "The contrast phase looks {phase} (kidneys {kidney_hu:.0f} HU). The model is "
                    "weak there: lesions in particular may be missed.",
                    phase=phase.phase,
                    kidney_hu=phase.kidney_hu,
                ),
            )
        )
    if measurements.sides and not kidneys_only:
        findings += [warning("model", text) for text in model.lesion_warnings]
    return findings


def measurement_warnings(measurements: Measurements) -> list[Finding]:
    """What a user must know about measurements, whoever drew the labels."""
    findings = _about_origins(measurements.lesions) + _about_cystic(measurements.lesions)
    findings += [finding for side in measurements.sides for finding in _about_side(side)]
    findings += _about_impossible(measurements)
    findings += _about_densities(measurements.lesions)
    findings += _about_fat(measurements.lesions)
    return findings + _about_shapes(measurements.lesions)


def _about_origins(lesions: Sequence[LesionMeasurement]) -> list[Finding]:
    """Masses that may not be a kidney's, in one finding; lesions of one mass are told once."""
    found: dict[str, LesionMeasurement] = {}
    for x in lesions:
        if x.origin is not None and x.origin != RENAL and x.origin_reason is not None:
            found.setdefault(x.origin_reason, x)  # which names the mass
    if not found:
        return []
    masses = sorted(found.values(), key=lambda x: x.origin != OUTSIDE)
    text = said(
        "Masses that may not come from a kidney: {listed}. Such a mass may be of the adrenal "
        "gland, bowel, liver, spleen or the tissue behind, and only touch the kidney. Check it "
        "first: by shape alone nobody can tell.",
        listed=_listed(masses, _origin),
    )
    place = masses[0].center_ras_mm
    return [warning("mass-origin", text, place, remedy="keep-or-remove")]


def _about_cystic(lesions: Sequence[LesionMeasurement]) -> list[Finding]:
    """Cystic masses that one phase does not name, in one finding."""
    found = [x for x in lesions if x.is_cystic_mass]
    if not found:
        return []
    text = said(
        "Cystic masses that are not homogeneous fluid: {listed}. One contrast phase does not tell "
        "whether they enhance. Read wall, septa and nodules yourself; no Bosniak class is given.",
        listed=_listed(found, _made_of),
    )
    return [warning("cystic-mass", text, found[0].center_ras_mm)]


def _about_kidneys(
    measurements: Measurements, left_out: Sequence[Place], *, guided: bool
) -> list[Finding]:
    """Missing kidneys, and candidates that were left out."""
    findings = []
    found = {s.side: s for s in measurements.sides if s.parenchyma_ml > 0}
    if not measurements.sides:
        where = "at the given places" if guided else "in the scan"
        findings.append(
            warning(
                "no-kidney",
                said(
                    "No kidney was found {where}. If there is one, click into it, or draw a box "
                    "around it.",
                    where=where,
                ),
                remedy="point-or-box",
            )
        )
    elif len(found) == 1 and not guided:
        side = next(iter(found))
        findings.append(
            warning(
                "one-kidney",
                said(
                    "Only a {side} kidney was found. The other one may be absent, outside the scan,"
                    " or missed. If you see it, click into every kidney.",
                    side=side,
                ),
                remedy="point-or-box",
            )
        )
    for place in left_out:
        if place.volume_ml >= _CANDIDATE_ML:
            r, a, s = map(float, (place.low_ras + place.high_ras) / 2)
            findings.append(
                info(
                    "candidate-left-out",
                    said(
                        "A smaller kidney-like structure ({volume_ml:.0f} mL) around {place_text} "
                        "was left out. If it is a kidney, click into it and into the others.",
                        volume_ml=place.volume_ml,
                        place_text=place_text((r, a, s)),
                    ),
                    (r, a, s),
                    remedy="point-or-box",
                )
            )
    return findings


def _about_side(side: SideMeasurement) -> list[Finding]:
    """Incomplete, mostly cystic and implausible kidneys."""
    findings = []
    low, high = _PLAUSIBLE_KIDNEY_ML
    if side.cyst_ml > _POLYCYSTIC_SHARE * (side.cyst_ml + side.parenchyma_ml):
        findings.append(
            warning(
                "polycystic",
                said(
                    "Cysts make up {cyst_ml:.0f} mL of the {side} kidney, parenchyma "
                    "{parenchyma_ml:.0f} mL: polycystic disease, a very large cyst, or a dilated "
                    "pelvis. The model was not trained for it; check every contour.",
                    cyst_ml=side.cyst_ml,
                    side=side.side,
                    parenchyma_ml=side.parenchyma_ml,
                ),
                side.center_ras_mm,
            )
        )
    if side.incomplete:
        findings.append(
            warning(
                "incomplete",
                said(
                    "The {side} kidney reaches the end of the scan: it is incomplete, and its "
                    "volumes are lower bounds.",
                    side=side.side,
                ),
                side.center_ras_mm,
            )
        )
    elif side.parenchyma_ml > 0 and not low <= side.parenchyma_ml <= high:
        findings.append(
            warning(
                "implausible",
                said(
                    "The {side} kidney measures {parenchyma_ml:.0f} mL; {low:.0f} to {high:.0f} mL "
                    "are usual. Check its contour.",
                    side=side.side,
                    parenchyma_ml=side.parenchyma_ml,
                    low=low,
                    high=high,
                ),
                side.center_ras_mm,
            )
        )
    return findings


def _about_impossible(measurements: Measurements) -> list[Finding]:
    """Densities that no kidney and no lesion has, in one finding."""
    low, high = _POSSIBLE_HU
    wrong = [
        (f"the {s.side} kidney has {s.density_mean_hu:.0f} HU", s.center_ras_mm)
        for s in measurements.sides
        if s.density_mean_hu is not None
        and s.parenchyma_ml >= LEAST_ML
        and not _LEAST_KIDNEY_HU <= s.density_mean_hu <= high
    ]
    wrong += [
        (f"a {x.kind} of {x.volume_ml:.1f} mL has {x.density_median_hu:.0f} HU", x.center_ras_mm)
        for x in measurements.lesions
        if x.density_median_hu is not None
        and x.volume_ml >= LEAST_ML
        and not low <= x.density_median_hu <= high
    ]
    if not wrong:
        return []
    text = said(
        "Densities that such tissue does not have: {listed} ({least_kidney_hu:.0f} to "
        "{high:.0f} HU are possible in a kidney). The CT's rescale to HU is wrong, or "
        "something else was taken for it. Do not use these volumes before you know.",
        listed="; ".join((t for t, _ in wrong[:_MOST_LISTED])),
        least_kidney_hu=_LEAST_KIDNEY_HU,
        high=high,
    )
    return [warning("impossible-density", text, wrong[0][1])]


def _about_fat(lesions: Sequence[LesionMeasurement]) -> list[Finding]:
    """Lesions with much fat in them, in one finding."""
    fat = [
        x
        for x in lesions
        if x.fat_share is not None and x.fat_share > _FAT_SHARE and x.volume_ml >= LEAST_ML
    ]
    if not fat:
        return []
    text = said(
        "Lesions with fat inside their contour: {listed}. The contour may spill into "
        "the fat around the kidney, so that volume and diameters are too large; or it "
        "is an angiomyolipoma. Check the contour.",
        listed=_listed(fat, _fat),
    )
    return [warning("fat-in-lesion", text, fat[0].center_ras_mm)]


def _about_densities(lesions: Sequence[LesionMeasurement]) -> list[Finding]:
    """Tumors as low in density as fluid, and cysts that are denser, each in one finding."""
    measured = [x for x in lesions if x.density_median_hu is not None and x.volume_ml >= LEAST_ML]
    low, high = FLUID_HU
    fluid = [x for x in measured if x.kind == "tumor" and low <= x.density_median_hu <= high]
    dense = [x for x in measured if x.kind == "cyst" and x.density_median_hu > _DENSE_HU]
    findings = []
    if fluid:
        text = said(
            "Called tumor, but as low in density as fluid: {listed}. It may be a cyst, or a"
            " tumor that is cystic, necrotic, or holds fat. Check its kind.",
            listed=_listed(fluid, _density),
        )
        findings.append(warning("tumor-like-fluid", text, fluid[0].center_ras_mm))
    if dense:
        text = said(
            "Called cyst, but denser than fluid: {listed}. It may be a tumor, a cyst with "
            "blood or protein, or a filled calyx; a single phase does not tell. Check its "
            "kind.",
            listed=_listed(dense, _density),
        )
        findings.append(warning("dense-cyst", text, dense[0].center_ras_mm))
    return findings


def _about_shapes(lesions: Sequence[LesionMeasurement]) -> list[Finding]:
    """Lesions longer than most, in one finding: they may be two, or a rim of something."""
    long = [
        x
        for x in lesions
        if x.volume_ml >= LEAST_ML and x.feret_3d_mm > ELONGATED * x.sphere_equivalent_mm
    ]
    if not long:
        return []
    text = said(
        "Longer than most lesions of their volume: {listed}. It may be two that touch, "
        "taken as one, or the rim of something else. Check it before using a diameter.",
        listed=_listed(long, _length),
    )
    return [warning("elongated-lesion", text, long[0].center_ras_mm)]


def _about_probabilities(lesions: Sequence[LesionMeasurement]) -> list[Finding]:
    """Lesions of which the network is not sure, in one finding: a total does not show them."""
    unsure = [x for x in lesions if x.doubtful and x.volume_ml >= LEAST_ML]
    if not unsure:
        return []
    first = max(unsure, key=lambda x: x.volume_ml)
    count = "a lesion" if len(unsure) == 1 else f"{len(unsure)} lesions, the largest"
    text = said(
        "The network is not sure of {count}: {kind} of {volume_ml:.1f} mL, probability "
        "{percent:.0f} %, around {place_text}. What the table calls unsure may be "
        "healthy tissue, another organ, or a lesion of the other kind. Check it before "
        "using its volume.",
        count=count,
        kind=first.kind,
        volume_ml=first.volume_ml,
        percent=100 * first.probability,
        place_text=place_text(first.center_ras_mm),
    )
    return [warning("unsure-lesion", text, first.center_ras_mm)]


def _origin(lesion: LesionMeasurement) -> str:
    """Its kind, origin and the reason, as a list names them."""
    return f"{lesion.kind}, {lesion.origin}: {lesion.origin_reason}"


def _made_of(lesion: LesionMeasurement) -> str:
    """Its kind and what it is made of, as a list names them."""
    made_of = lesion.composition
    assert made_of is not None
    wall = "" if made_of.wall_mm is None else f", wall {made_of.wall_mm:.1f} mm"
    calcified = f", calcified {made_of.calcified_ml:.1f} mL" if made_of.calcified_ml > 0.1 else ""
    return (
        f"called {lesion.kind}, {made_of.kind}, solid share {100 * made_of.solid_share:.0f} %, "
        f"largest solid part {made_of.nodule_mm:.0f} mm{wall}{calcified}"
    )


def _density(lesion: LesionMeasurement) -> str:
    """Its density, as a list names it."""
    return f"{lesion.density_median_hu:.0f} HU"


def _fat(lesion: LesionMeasurement) -> str:
    """Its kind and share of fat, as a list names it."""
    return f"{lesion.kind}, {100 * lesion.fat_share:.0f} % under -20 HU"


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
