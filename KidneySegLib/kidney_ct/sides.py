"""Right and left: the side of every kidney, and of lesions that are counted as kidney."""

from __future__ import annotations

import numpy as np

from ..core.anatomy import Label, Tissue
from ..core.findings import Finding, said, warning
from ..core.masks import components
from ..core.schemes import Role, Scheme, check_scheme, scheme_of, to_tissue
from ..core.volume import Geometry, Volume
from .midline import find_midline
from .scene import grown, ring

SURE_ML = 10.0  # kidneys of KiTS23 are larger, fragments of them under 0.4 mL (489 label maps)
_FUSED_SHARE = 0.2  # of a kidney, and at least 10 mL, beyond the midline
_LOW_MM = 100.0  # between the centers of two kidneys; a few centimeters are usual
_LABELS = {
    Role.RIGHT_KIDNEY: int(Label.RIGHT_KIDNEY),
    Role.LEFT_KIDNEY: int(Label.LEFT_KIDNEY),
    Role.TUMOR: int(Label.TUMOR),
    Role.CYST: int(Label.CYST),
}


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
        if len(ras) * geometry.voxel_volume_ml >= SURE_ML:
            centers.append(tuple(float(x) for x in ras.mean(axis=0)))
        sides = np.where(right, Label.RIGHT_KIDNEY, Label.LEFT_KIDNEY).astype(np.uint8)
        smaller = min(right.mean(), 1 - right.mean())
        smaller_ml = smaller * kidney.sum() * geometry.voxel_volume_ml
        if smaller >= _FUSED_SHARE and smaller_ml >= SURE_ML:
            findings.append(_FUSED)
        else:
            sides[:] = Label.RIGHT_KIDNEY if right.mean() >= 0.5 else Label.LEFT_KIDNEY
            large = kidney.sum() * geometry.voxel_volume_ml >= SURE_ML
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
        wide = grown(where, labels.shape, (1, 1, 1))
        around = labels[wide][ring(part, where, wide)]
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
        said(
            "One kidney lies {drop_mm:.0f} mm lower than another: a pelvic or transplanted "
            "kidney, or a mistake. Check it.",
            drop_mm=drop_mm,
        ),
        place_ras_mm,
    )


def _several(label: Label, count: int) -> Finding:
    """Warn about more than one kidney on a side."""
    side = "right" if label == Label.RIGHT_KIDNEY else "left"
    return warning(
        "several-kidneys",
        said(
            "{count} separate kidneys were found on the {side}. Check whether this is a "
            "third kidney, a split kidney, or a mistake.",
            count=count,
            side=side,
        ),
    )


def to_kidneyseg(
    labels: Volume, scheme: str | Scheme, ct: Volume | None = None
) -> tuple[Volume, list[Finding]]:
    """Canonical volume with `Label` numbers, whatever the scheme of the input.

    Where the scheme does not tell sides, they come from the body's midline if a CT is given, else
    from the middle of the field. The findings say where that is not sure.
    """
    scheme = scheme_of(scheme) if isinstance(scheme, str) else scheme
    canonical = labels.canonical()
    if scheme.tells_sides:
        check_scheme(canonical.array, scheme)
        return canonical.with_array(scheme.table(_LABELS)[canonical.array]), []
    tissue = to_tissue(canonical.array, scheme)
    midline = midline_mm(canonical, ct)
    array, findings = assign_sides(tissue, canonical.geometry, midline_r_mm=midline)
    return canonical.with_array(array), findings


def midline_mm(canonical: Volume, ct: Volume | None) -> float:
    """R coordinate of the body's middle: from a CT where there is one, else the field's."""
    if ct is not None:
        return find_midline(ct.canonical(), (-np.inf, np.inf)).r_mm
    center = (np.array(canonical.array.shape) - 1) / 2
    return float(canonical.geometry.ras_from_kji(center)[0, 0])
