"""Clean: components by size and by distance to a kidney, one tissue a mass, right and left.

Thresholds follow statistics of 489 KiTS23 reference label maps (70 of them measured natively):
kidney components are over 10 mL or fragments under 0.4 mL; every tumor touches a kidney; tumor
components under 0.1 mL are dust; nearly half of the cysts are under 0.5 mL.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy import ndimage

from ..core.anatomy import FLUID_HU, MASSES, Label, Tissue
from ..core.errors import InputError, ModelError
from ..core.findings import Finding, place_text, warning
from ..core.masks import ALL_NEIGHBORS, components, gap_mm, moved, placed
from ..core.volume import Box, Geometry

KIDNEY_DROP_ML = 1.0
KIDNEY_SURE_ML = 10.0
TUMOR_DUST_ML = 0.1
CYST_DUST_ML = 0.03
# Of lesions that are smaller and doubted few are true (see ``studies/doubted.py``). A rule
# for tumors of up to 2 mL, doubted more, took 4 true and 3 false ones there, and was dropped.
DOUBTED_ML, _DOUBTED_PERCENT = 0.5, 50.0
_DOUBTED_KIDNEY_PERCENT = 75.0
# Bone is denser at its rim than in its core, and its rim denser than contrast makes kidneys. The
# limits lie between femurs that were taken for kidneys in fields of the pelvis of btcv_0010 and
# btcv_0023, and bright kidneys of KiTS23 slices.
_BONE_PERCENT, _BONE_RIM_HU, _BONE_CORE_BELOW_HU = 85.0, 260.0, 30.0
_RIM_MM, _CORE_MM = 2.5, 5.0  # the rim is less deep than the one, the core deeper than the other
_BONE_MASS_SHARE = 0.2  # with larger masses it may be a kidney with a tumor
DOUBTED, LIKE_BONE = "doubted by the network", "looks like bone, and the network is not sure"
# Bowel, liver and stomach beside a kidney are called mass with less certainty than what is one. The
# limit was chosen on CTs and slices that the networks had not seen (see the model card). Smaller
# masses are mostly rim, which is less sure in true ones, too.
_FOREIGN_ML, _SURE_PERCENT, _SUREST_PERCENTILE = 1.0, 80.0, 90.0
# What is kidney lies within some millimeters of where the network is sure of one; bowel, liver or
# stomach that hang on it reach further. On a coarse grid, for speed.
_CORE_PERCENT, _CORE_REACH_MM, _DOUBTED_PART_ML, _COARSE_MM = 90, 8.0, 2.0, 2.0
FOREIGN = "the network doubts that it belongs to a kidney"
_MOST_REMOVALS = 65_535  # what 16 bits can number; a trained network leaves a few dozen
HOLE_ML = 0.5
NEAR_KIDNEY_MM = 4.0
LARGE_MASS_ML = 50.0
_BOTH_SHARE, _BOTH_ML = 0.2, 1.0
_OWN_BODY_ML, _OWN_CONTACT = 0.5, 0.5  # of the surface that touches the other tissue
_ALIKE_HU = 20.0  # less does not tell two parts of a mass apart; a limit of our own
_FUSED_SHARE = 0.2  # of a kidney, and at least 10 mL, beyond the midline
_LOW_MM = 100.0  # between the centers of two kidneys; a few centimeters are usual


@dataclass(frozen=True)
class Removal:
    """A component that cleaning took out or relabeled, and why.

    ``tissue`` is what it was; ``restored`` says that the user took it back.
    """

    id: int
    tissue: str
    reason: str
    volume_ml: float
    center_ras: tuple[float, float, float]
    restored: bool = False

    def as_dict(self) -> dict[str, object]:
        """Plain dictionary for JSON."""
        return {
            "id": self.id,
            "tissue": self.tissue,
            "reason": self.reason,
            "volume_ml": round(self.volume_ml, 3),
            "center_ras_mm": [round(x, 1) for x in self.center_ras],
            "restored": self.restored,
        }


@dataclass(frozen=True)
class Cleaned:
    """Result of cleaning.

    Attributes
    ----------
    labels : (k, j, i) uint8
        `Label` numbers on the grid of the input.
    rejected : (k, j, i) uint16
        Number of the removal that took a voxel out or relabeled it last; 0 elsewhere.
    removals : list of Removal
    findings : list of Finding
    """

    labels: np.ndarray
    rejected: np.ndarray
    removals: list[Removal] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


@dataclass
class _Work:
    """Arrays of the part of the grid that holds anything, and what was found so far."""

    tissue: np.ndarray
    lead: np.ndarray
    percent: np.ndarray | None
    density: np.ndarray | None
    geometry: Geometry
    removals: list[Removal] = field(default_factory=list)
    parts: list[tuple[tuple, np.ndarray]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def volume_ml(self, mask: np.ndarray) -> float:
        """Volume of a mask's true voxels."""
        return float(np.count_nonzero(mask)) * self.geometry.voxel_volume_ml

    def center_ras(self, part: np.ndarray, where: tuple) -> tuple[float, float, float]:
        """Center in RAS mm of a component inside the slices where."""
        first = np.array([s.start for s in where])
        center = self.geometry.ras_from_kji(np.argwhere(part).mean(axis=0) + first)[0]
        return tuple(float(x) for x in center)

    def organ_percent(self, part: np.ndarray | slice, where: tuple) -> np.ndarray:
        """Probability of kidney or mass in a component's voxels, inside the slices where."""
        shares = sum(percent[where][part].astype(np.uint16) for percent in self.percent)
        return np.minimum(shares, 100)  # each is the largest of several regions

    def record(self, tissue: Tissue, reason: str, part: np.ndarray, where: tuple) -> None:
        """Note a removal: part is the component inside the slices where."""
        self.removals.append(
            Removal(
                len(self.removals) + 1,
                tissue.name.lower(),
                reason,
                self.volume_ml(part),
                self.center_ras(part, where),
            )
        )
        self.parts.append((where, part.copy()))

    def drop(self, reason: str, part: np.ndarray, where: tuple) -> None:
        """Remove a component, one removal for each tissue in it."""
        tissue = self.tissue[where]
        for kind in (Tissue.KIDNEY, *MASSES):
            own = part & (tissue == kind)
            if own.any():
                self.record(kind, reason, own, where)
        tissue[part] = Tissue.BACKGROUND


def clean(
    tissue: np.ndarray,
    geometry: Geometry,
    *,
    midline_r_mm: float,
    percent: np.ndarray | None = None,
    density: np.ndarray | None = None,
    anchors: Sequence[Box] | None = None,
    guided: bool = False,
    points: Sequence[Sequence[float]] = (),
    keep: Collection[int] = (),
) -> Cleaned:
    """Turn raw tissues into right kidney, left kidney, tumor and cyst.

    Parameters
    ----------
    tissue : (k, j, i) uint8
        `Tissue` numbers on a canonical grid.
    geometry : Geometry
    midline_r_mm : float
        R coordinate of the body's midline in mm.
    percent : (3, k, j, i) uint8, optional
        Probability of kidney, tumor and cyst, for the vote inside a mass and to drop small lesions
        that the network itself doubts; without it voxels vote by their label.
    density : (k, j, i) array, optional
        HU: with them a cyst as dense as the tumor that it touches becomes tumor and, given
        ``percent`` too, a doubted kidney that looks like bone is removed.
    anchors : sequence of Box, optional
        Places where kidneys were looked for; a kidney that reaches into none of them (seen by
        chance in the margin of a region) is removed.
    guided : bool
        Whether the user said where kidneys are: then none is removed because it looks like bone.
    points : sequence of 3 floats
        Where, in RAS mm: a mass around such a point is not left out as foreign to the kidney.
    keep : collection of int
        Numbers of removals to take back: those voxels get the tissue that they had.

    Returns
    -------
    Cleaned

    Raises
    ------
    InputError
        If a number to keep is none of a removal.
    ModelError
        If there are more removals than ``rejected`` can number.
    """
    labels, rejected = np.zeros(tissue.shape, np.uint8), np.zeros(tissue.shape, np.uint16)
    box = Box.of_mask(tissue)
    if box is None:
        _require_known(keep, 0)
        return Cleaned(labels, rejected)
    margin = geometry.voxels_covering(NEAR_KIDNEY_MM) + 2
    box = box.grown(margin, tissue.shape)
    part = tissue[box.slices].copy()
    if percent is None:
        lead = np.where(part == Tissue.TUMOR, 100, 0) - np.where(part == Tissue.CYST, 100, 0)
        lead = lead.astype(np.int8)
    else:
        tumor, cyst = (percent[t - 1][box.slices] for t in MASSES)
        lead = tumor.astype(np.int8) - cyst.astype(np.int8)
        percent = percent[(slice(None), *box.slices)]
    density = None if density is None else density[box.slices]
    work = _Work(part, lead, percent, density, geometry.cropped(box))
    if percent is not None and density is not None and not guided:
        _drop_bone(work)
    _drop_fragments(work)
    if anchors is not None:
        _drop_beside_anchors(work, [_shifted(a, box.start) for a in anchors])
    if percent is not None:  # after the anchors: a mass may join parts of one kidney
        _drop_foreign_masses(work, points)
        _drop_fragments(work)
    _tell_small_kidneys(work)
    if percent is not None:
        _tell_doubted_kidneys(work)
    _one_tissue_a_mass(work)
    _drop_dust(work, Tissue.TUMOR, TUMOR_DUST_ML)
    _drop_dust(work, Tissue.CYST, CYST_DUST_ML)
    _keep_near_kidney(work)
    _fill_holes(work)
    if len(work.removals) > _MOST_REMOVALS:
        raise ModelError(
            f"The network's output falls into more than {_MOST_REMOVALS} pieces that would be "
            "left out: it is noise. Use another model, or train this one longer."
        )
    _restore(work, keep)
    _tell_bone(work)
    _tell_foreign_masses(work)
    if percent is not None:
        _tell_doubted_parts(work)
    sided, findings = assign_sides(work.tissue, work.geometry, midline_r_mm=midline_r_mm)
    labels[box.slices] = sided
    for removal, (where, spots) in zip(work.removals, work.parts, strict=True):
        if not removal.restored:
            rejected[box.slices][where][spots] = removal.id
    return Cleaned(labels, rejected, work.removals, work.findings + findings)


def _require_known(keep: Collection[int], count: int) -> None:
    """Refuse numbers that no removal has."""
    unknown = sorted(n for n in keep if not 1 <= n <= count)
    if unknown:
        known = f"has the numbers 1 to {count}" if count else "removed nothing"
        raise InputError(
            f"There is no removed component {unknown[0]}: this run {known} (see "
            "removed_components in measurements.json). Quality, model and points must be the "
            "same as in the run that was looked at."
        )


def _restore(work: _Work, keep: Collection[int]) -> None:
    """Give components that the user wants back the tissue that they had."""
    _require_known(keep, len(work.removals))
    for n in sorted(keep):
        where, part = work.parts[n - 1]
        work.tissue[where][part] = Tissue[work.removals[n - 1].tissue.upper()]
        work.removals[n - 1] = replace(work.removals[n - 1], restored=True)


def _drop_fragments(work: _Work) -> None:
    """Remove kidney fragments."""
    for where, part in components(work.tissue > 0):
        tissue = work.tissue[where]
        kidney_ml = work.volume_ml(part & (tissue == Tissue.KIDNEY))
        if kidney_ml == 0:
            continue  # a mass without kidney: judged by its distance to one
        if work.volume_ml(part) < KIDNEY_DROP_ML:
            work.drop(f"fragment under {KIDNEY_DROP_ML:g} mL", part, where)
        elif kidney_ml < KIDNEY_DROP_ML:
            _give_rim_to_mass(work, where, part)


def _tell_small_kidneys(work: _Work) -> None:
    """Warn about kidneys larger than fragments and smaller than kidneys are."""
    for where, part in components(work.tissue > 0):
        total_ml = work.volume_ml(part)
        if total_ml < KIDNEY_SURE_ML and (part & (work.tissue[where] == Tissue.KIDNEY)).any():
            work.findings.append(
                warning(
                    "small-kidney",
                    f"A kidney component of only {total_ml:.1f} mL was kept. Check whether it is "
                    "a shrunken kidney or a mistake.",
                    work.center_ras(part, where),
                )
            )


def _drop_bone(work: _Work) -> None:
    """Remove kidneys that look like bone where the network is not sure."""
    for where, part in components(work.tissue > 0):
        kidney = part & (work.tissue[where] == Tissue.KIDNEY)
        if not kidney.any() or kidney.sum() < (1 - _BONE_MASS_SHARE) * part.sum():
            continue
        unsure = work.organ_percent(kidney, where).mean() < _BONE_PERCENT
        if unsure and _looks_like_bone(part, where, work):
            work.drop(LIKE_BONE, part, where)


def _looks_like_bone(part: np.ndarray, where: tuple, work: _Work) -> bool:
    """Whether a kidney has a rim denser than contrast makes kidneys, and denser than its core."""
    wide = _grown(where, work.tissue.shape, (1, 1, 1))
    own = placed(part, where, wide)
    depth_mm = ndimage.distance_transform_edt(own, work.geometry.spacing_mm)
    kidney, hu = own & (work.tissue[wide] == Tissue.KIDNEY), work.density[wide]
    rim, core = hu[kidney & (depth_mm <= _RIM_MM)], hu[kidney & (depth_mm > _CORE_MM)]
    if not rim.size or not core.size:
        return False
    rim_hu = float(np.median(rim))
    return rim_hu > _BONE_RIM_HU and rim_hu - float(np.median(core)) > _BONE_CORE_BELOW_HU


def _doubted_percent(work: _Work, kidney: np.ndarray, where: tuple) -> float | None:
    """Mean probability of a kidney that the network doubts; None of others, and of small ones."""
    if work.volume_ml(kidney) < KIDNEY_SURE_ML:
        return None
    percent = float(work.organ_percent(kidney, where).mean())
    return percent if percent < _DOUBTED_KIDNEY_PERCENT else None


def _drop_foreign_masses(work: _Work, points: Sequence[Sequence[float]]) -> None:
    """Remove masses that the network is nowhere sure to be a kidney's, but for the user's."""
    clicked = [tuple(np.rint(work.geometry.kji_from_ras(p))[0].astype(int)) for p in points]
    for where, part in components(work.tissue >= Tissue.TUMOR):
        if work.volume_ml(part) < _FOREIGN_ML:
            continue
        surest = np.percentile(work.organ_percent(part, where), _SUREST_PERCENTILE)
        if surest < _SURE_PERCENT and not any(_holds(part, where, p) for p in clicked):
            work.drop(FOREIGN, part, where)


def _holds(part: np.ndarray, where: tuple, kji: tuple[int, int, int]) -> bool:
    """Whether a voxel of the whole lies in a component inside the slices where."""
    inside = all(s.start <= n < s.stop for s, n in zip(where, kji, strict=True))
    return inside and bool(part[tuple(n - s.start for s, n in zip(where, kji, strict=True))])


def _tell_doubted_kidneys(work: _Work) -> None:
    """Warn about kidneys that the network doubts."""
    for where, part in components(work.tissue > 0):
        kidney = part & (work.tissue[where] == Tissue.KIDNEY)
        percent = _doubted_percent(work, kidney, where)
        if percent is not None:
            work.findings.append(
                warning(
                    "doubted-kidney",
                    f"The network doubts a kidney of {work.volume_ml(kidney):.0f} mL (mean "
                    f"probability {percent:.0f} %). Check whether it is one.",
                    work.center_ras(kidney, where),
                )
            )


def _tell_doubted_parts(work: _Work) -> None:
    """Warn, once, about kidney that lies far from where the network is sure of kidney or mass."""
    parts = _doubted_parts(work)
    if not parts:
        return
    ml, place = max(parts)
    largest = f", the largest part ({ml:.0f} mL)" if len(parts) > 1 else ""
    work.findings.append(
        warning(
            "doubted-part",
            f"At least {sum(ml for ml, _ in parts):.0f} mL that are called kidney are in doubt: "
            f"they lie more than {_CORE_REACH_MM:g} mm from where the network is sure of kidney or "
            f"mass{largest} around {place_text(place)}. Check whether it is bowel, liver, spleen "
            "or stomach; what is nearer may be, too.",
            place,
        )
    )


def _doubted_parts(work: _Work) -> list[tuple[float, tuple[float, float, float]]]:
    """Volume in mL, and a place in RAS mm, of kidney far from where the network is sure.

    Where it is nowhere sure that is a whole component, but for kidneys doubted as a whole.
    """
    steps = [max(1, round(_COARSE_MM / mm)) for mm in work.geometry.spacing_mm]
    voxel_ml = work.geometry.voxel_volume_ml * float(np.prod(steps))
    parts = []
    for where, part in components(work.tissue > 0):
        far = part & (work.tissue[where] == Tissue.KIDNEY)
        near = _sure_within_reach(work, part, where, steps)
        if not near.any() and _doubted_percent(work, far, where) is not None:
            continue
        far = far[_every(steps)]
        for inner, spots in components(far & ~near):
            volume_ml = np.count_nonzero(spots) * voxel_ml
            if volume_ml >= _DOUBTED_PART_ML:
                inside = np.argwhere(spots)[np.count_nonzero(spots) // 2]
                kji = (inside + [s.start for s in inner]) * steps + [s.start for s in where]
                parts.append((volume_ml, tuple(map(float, work.geometry.ras_from_kji(kji)[0]))))
    return parts


def _every(steps: Sequence[int]) -> tuple[slice, slice, slice]:
    """Every n-th voxel of each axis."""
    return tuple(slice(None, None, n) for n in steps)


def _sure_within_reach(
    work: _Work, part: np.ndarray, where: tuple, steps: Sequence[int]
) -> np.ndarray:
    """Where a component's sure voxels are near, on every n-th voxel of its slices."""
    coarse = tuple(slice(s.start, s.stop, n) for s, n in zip(where, steps, strict=True))
    percent = work.organ_percent(slice(None), coarse)
    sure = part[_every(steps)] & (percent >= _CORE_PERCENT)
    if not sure.any():
        return sure
    away_mm = ndimage.distance_transform_edt(~sure, steps * work.geometry.spacing_mm)
    return away_mm <= _CORE_REACH_MM


def _shifted(box: Box, start: tuple[int, int, int]) -> Box:
    """Box in the voxels of a part that begins at ``start``."""
    return Box(
        tuple(a - s for a, s in zip(box.start, start, strict=True)),
        tuple(b - s for b, s in zip(box.stop, start, strict=True)),
    )


def _drop_beside_anchors(work: _Work, anchors: list[Box]) -> None:
    """Remove kidneys, with the masses on them, that reach into no anchor."""
    anchored = np.zeros(work.tissue.shape, bool)
    for box in anchors:
        anchored[box.grown((0, 0, 0), anchored.shape).slices] = True
    for where, part in components(work.tissue > 0):
        tissue = work.tissue[where]
        kidney = part & (tissue == Tissue.KIDNEY)
        if kidney.any() and not (part & anchored[where]).any():
            work.drop("outside the places looked at", part, where)


def _give_rim_to_mass(work: _Work, where: tuple, part: np.ndarray) -> None:
    """Let a mass whose only kidney is a thin rim be a mass: the rim must not vouch for it."""
    tissue = work.tissue[where]
    rim = part & (tissue == Tissue.KIDNEY)
    work.record(Tissue.KIDNEY, f"rim under {KIDNEY_DROP_ML:g} mL on a mass", rim, where)
    tissue[rim] = _majority(tissue[part & ~rim])


def _majority(values: np.ndarray) -> int:
    """Most frequent tissue of an array without background."""
    return int(1 + np.bincount(values.ravel(), minlength=4)[1:].argmax())


def _drop_dust(work: _Work, tissue: Tissue, dust_ml: float) -> None:
    """Give specks of a lesion class, and small lesions that are doubted, to what surrounds them."""
    for where, part in components(work.tissue == tissue):
        reason = _why_dust(work, tissue, where, part, dust_ml)
        if reason:
            work.record(tissue, reason, part, where)
            wide = _grown(where, work.tissue.shape, (1, 1, 1))
            around = _ring(part, where, wide) & (work.tissue[wide] == Tissue.KIDNEY)
            work.tissue[where][part] = Tissue.KIDNEY if around.any() else Tissue.BACKGROUND


def _why_dust(
    work: _Work, tissue: Tissue, where: tuple, part: np.ndarray, dust_ml: float
) -> str | None:
    """Why a lesion is not kept; None where it is."""
    volume_ml = work.volume_ml(part)
    if volume_ml < dust_ml:
        return f"speck under {dust_ml:g} mL"
    if work.percent is None or volume_ml >= DOUBTED_ML:
        return None
    doubted = work.percent[tissue - 1][where][part].mean() < _DOUBTED_PERCENT
    return f"under {DOUBTED_ML:g} mL and {DOUBTED}" if doubted else None


def _tell_bone(work: _Work) -> None:
    """Name what was left out as bone: it may be a kidney."""
    for bone in work.removals:
        if bone.reason == LIKE_BONE and bone.tissue == "kidney" and not bone.restored:
            work.findings.append(
                warning(
                    "bone-left-out",
                    f"A structure of {bone.volume_ml:.0f} mL around {place_text(bone.center_ras)} "
                    "that looks like bone, and of which the network is not sure, was left out. If "
                    "it is a kidney, take it back, or click into it and into the others (--point "
                    "R,A,S).",
                    bone.center_ras,
                )
            )


def _tell_foreign_masses(work: _Work) -> None:
    """Name masses that were left out as foreign to the kidney: they may be tumors."""
    for mass in work.removals:
        told = mass.reason == FOREIGN and mass.volume_ml >= TUMOR_DUST_ML  # not a speck of its kind
        if told and not mass.restored:
            work.findings.append(
                warning(
                    "mass-left-out",
                    f"A {mass.tissue} of {mass.volume_ml:.1f} mL around "
                    f"{place_text(mass.center_ras)}, of which the network is nowhere sure that it "
                    "belongs to a kidney, was left out: it may be bowel, another organ, or a tumor "
                    "of a kind that the network does not know. Look at it. If it is a kidney's, "
                    "take it back, or click into it and into the kidneys (--point R,A,S).",
                    mass.center_ras,
                )
            )


def _one_tissue_a_mass(work: _Work) -> None:
    """Let each connected mass be tumor or cyst by mean probability, unless both are large.

    Two large ones stay both, but for a cyst that is smaller than the tumor and as dense. What is
    smaller stands where it is a body of its own (a cyst that touches a tumor).
    """
    mass = (work.tissue == Tissue.TUMOR) | (work.tissue == Tissue.CYST)
    for where, part in components(mass):
        tissue = work.tissue[where]
        tumor = part & (tissue == Tissue.TUMOR)
        cyst = part & (tissue == Tissue.CYST)
        if not tumor.any() or not cyst.any():
            continue
        smaller = min((tumor, cyst), key=np.count_nonzero)
        small_ml = work.volume_ml(smaller)
        if small_ml > _BOTH_ML and small_ml > _BOTH_SHARE * work.volume_ml(part):
            if smaller is cyst and _is_as_dense(cyst, tumor, where, work):
                work.record(Tissue.CYST, "as dense as the tumor that it touches", cyst, where)
                tissue[cyst] = Tissue.TUMOR
            continue
        winner = Tissue.TUMOR if work.lead[where][part].mean() >= 0 else Tissue.CYST
        was = Tissue.CYST if winner == Tissue.TUMOR else Tissue.TUMOR
        lost = cyst if winner == Tissue.TUMOR else tumor
        for spot, loser in components(lost):
            rest = part & ~lost
            if lost is not smaller or not _is_own_body(loser, spot, rest, work):
                reason = f"relabeled {winner.name.lower()} by vote of its mass"
                work.record(was, reason, loser, moved(spot, where))
                tissue[spot][loser] = winner


def _is_as_dense(cyst: np.ndarray, tumor: np.ndarray, where: tuple, work: _Work) -> bool:
    """Whether a cyst is denser than fluid, and hardly less dense than a tumor."""
    if work.density is None:
        return False
    cyst_hu, tumor_hu = (float(np.median(work.density[where][part])) for part in (cyst, tumor))
    return cyst_hu > FLUID_HU[1] and tumor_hu - cyst_hu < _ALIKE_HU


def _is_own_body(part: np.ndarray, where: tuple, other: np.ndarray, work: _Work) -> bool:
    """Whether a part of a mass is large enough, and mostly free of the mass's other tissue."""
    if work.volume_ml(part) < _OWN_BODY_ML:
        return False
    wide = _grown(where, other.shape, (1, 1, 1))
    ring = _ring(part, where, wide)
    return (ring & other[wide]).sum() < _OWN_CONTACT * ring.sum()


def _keep_near_kidney(work: _Work) -> None:
    """Remove masses that neither touch a kidney nor lie within 4 mm; keep large ones, warn."""
    mass = (work.tissue == Tissue.TUMOR) | (work.tissue == Tissue.CYST)
    reach = work.geometry.voxels_covering(NEAR_KIDNEY_MM) + 1
    for where, part in components(mass):
        wide = _grown(where, mass.shape, reach)
        kidney = work.tissue[wide] == Tissue.KIDNEY
        if _gap_to_kidney_mm(part, where, wide, kidney, work) <= NEAR_KIDNEY_MM:
            continue
        volume_ml = work.volume_ml(part)
        if volume_ml >= LARGE_MASS_ML:
            work.findings.append(
                warning(
                    "unattached-mass",
                    f"A mass of {volume_ml:.0f} mL was kept although it touches no kidney: it may "
                    "have replaced one, or belong to another organ. Check it.",
                    work.center_ras(part, where),
                )
            )
            continue
        work.drop(f"more than {NEAR_KIDNEY_MM:g} mm from any kidney", part, where)


def _gap_to_kidney_mm(
    part: np.ndarray, where: tuple, wide: tuple, kidney: np.ndarray, work: _Work
) -> float:
    """Shortest distance in mm between the faces of a component and a kidney nearby."""
    return gap_mm(placed(part, where, wide), kidney, work.geometry.spacing_mm)


def _grown(where: tuple, shape: tuple, reach: Sequence[int]) -> tuple[slice, slice, slice]:
    """Slices widened by reach voxels on each side."""
    return Box.of_slices(where).grown(reach, shape).slices


def _ring(part: np.ndarray, where: tuple, wide: tuple) -> np.ndarray:
    """Voxels that touch a component, in the wider slices."""
    own = placed(part, where, wide)
    return ndimage.binary_dilation(own, ALL_NEIGHBORS) & ~own


def _fill_holes(work: _Work) -> None:
    """Give interior holes under 0.5 mL to what surrounds them; larger ones (sinus fat) stay."""
    for where, part in components(work.tissue > 0):
        holes = ndimage.binary_fill_holes(part) & ~part
        if not holes.any():
            continue
        for spot, hole in components(holes):
            if work.volume_ml(hole) < HOLE_ML:
                wide = _grown(spot, part.shape, (1, 1, 1))
                around = work.tissue[where][wide][_ring(hole, spot, wide)]
                work.tissue[where][spot][hole] = _majority(around)


def assign_sides(
    tissue: np.ndarray, geometry: Geometry, *, midline_r_mm: float
) -> tuple[np.ndarray, list[Finding]]:
    """Labels with right and left kidneys, by patient coordinates of each component.

    Parameters
    ----------
    tissue : (k, j, i) uint8
        `Tissue` numbers.
    midline_r_mm : float
        R coordinate of the body's midline in mm.

    Returns
    -------
    labels : (k, j, i) uint8
        `Label` numbers.
    findings : list of Finding
        Fused kidneys, several kidneys on a side, a kidney far lower than the highest.
    """
    labels = np.zeros_like(tissue)
    labels[tissue == Tissue.TUMOR] = Label.TUMOR
    labels[tissue == Tissue.CYST] = Label.CYST
    findings: list[Finding] = []
    count = {Label.RIGHT_KIDNEY: 0, Label.LEFT_KIDNEY: 0}
    centers = []
    for where, part in components(tissue > 0):
        kidney = part & (tissue[where] == Tissue.KIDNEY)
        if not kidney.any():
            continue
        first = np.array([s.start for s in where])
        ras = geometry.ras_from_kji(np.argwhere(kidney) + first)
        right = ras[:, 0] > midline_r_mm
        if len(ras) * geometry.voxel_volume_ml >= KIDNEY_SURE_ML:
            centers.append(tuple(float(x) for x in ras.mean(axis=0)))
        sides = np.where(right, Label.RIGHT_KIDNEY, Label.LEFT_KIDNEY).astype(np.uint8)
        smaller = min(right.mean(), 1 - right.mean())
        smaller_ml = smaller * kidney.sum() * geometry.voxel_volume_ml
        if smaller >= _FUSED_SHARE and smaller_ml >= KIDNEY_SURE_ML:
            findings.append(_FUSED)
        else:
            sides[:] = Label.RIGHT_KIDNEY if right.mean() >= 0.5 else Label.LEFT_KIDNEY
            large = kidney.sum() * geometry.voxel_volume_ml >= KIDNEY_SURE_ML
            count[Label(int(sides[0]))] += large
        labels[where][kidney] = sides
    findings += [_several(label, n) for label, n in count.items() if n > 1]
    centers.sort(key=lambda center: center[2])
    drop_mm = centers[-1][2] - centers[0][2] if centers else 0.0
    return labels, findings + ([_low(drop_mm, centers[0])] if drop_mm > _LOW_MM else [])


def merge_lesions(labels: np.ndarray, geometry: Geometry, *, midline_r_mm: float) -> np.ndarray:
    """Count tumors and cysts as kidney: of the kidney they touch, else of their own side.

    Parameters
    ----------
    labels : (k, j, i) uint8
        `Label` numbers.
    """
    merged = labels.copy()
    for where, part in components(labels >= Label.TUMOR):
        wide = _grown(where, labels.shape, (1, 1, 1))
        around = labels[wide][_ring(part, where, wide)]
        touching = np.bincount(around, minlength=3)[1:3]
        first = np.array([s.start for s in where])
        center_r = geometry.ras_from_kji(np.argwhere(part).mean(axis=0) + first)[0, 0]
        side = Label.RIGHT_KIDNEY if center_r > midline_r_mm else Label.LEFT_KIDNEY
        merged[where][part] = 1 + touching.argmax() if touching.any() else side
    return merged


_FUSED = warning(
    "fused",
    "One kidney crosses the midline (horseshoe or fused kidney?). It was cut at the midline for "
    "the volumes per side only.",
)


def _low(drop_mm: float, place_ras_mm: tuple[float, float, float]) -> Finding:
    """Warn about a kidney that lies far below the other."""
    return warning(
        "low-kidney",
        f"One kidney lies {drop_mm:.0f} mm lower than another: a pelvic or transplanted kidney, or "
        "a mistake. Check it.",
        place_ras_mm,
    )


def _several(label: Label, count: int) -> Finding:
    """Warn about more than one kidney on a side."""
    side = "right" if label == Label.RIGHT_KIDNEY else "left"
    return warning(
        "several-kidneys",
        f"{count} separate kidneys were found on the {side}. Check whether this is a third "
        "kidney, a split kidney, or a mistake.",
    )
