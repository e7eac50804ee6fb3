"""Does a label map fit anatomy? Whatever its numbers are said to mean.

Limits are for what is drawn or converted by mistake, not for disease: a shrunken kidney of 10 mL,
one crossed to the other side and a large cyst do exist, and are said, not refused.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator

import numpy as np

from ..core.anatomy import KIDNEY_OF_SIDE, Label
from ..core.errors import InputError
from ..core.findings import Finding, place_text, said, warning
from ..core.masks import components, gap_mm
from ..core.schemes import KNOWN_SCHEMES, UNSURE, Scheme
from ..core.volume import Volume
from ..io.label_maps import UnknownNumbersError
from .sides import midline_mm, to_kidneyseg

_COARSE_MM = 3.0  # for speed
_KIDNEY_ML = 20.0  # of each of two parts that look like two kidneys
_SMALL_KIDNEY_ML, _LARGE_MASS_ML, _TIMES = 15.0, 50.0, 5.0
_ALONE_MM, _ALONE_ML, _KIDNEY_SIZED_ML = 20.0, 1.0, 40.0
SIDES_EXCHANGED, TWO_KIDNEYS = "sides-exchanged", "one-label-two-kidneys"
KIDNEY_SIZED, SMALLER = "kidney-sized-mass-alone", "kidney-smaller-than-mass"
_SEVERE = (SIDES_EXCHANGED, TWO_KIDNEYS, KIDNEY_SIZED, SMALLER)
_OFF_MIDLINE_MM = 10.0  # our own limit
_APART_MM = 60.0  # of two kidneys' centers, where no body shows the midline


def check_labels(labels: Volume, ct: Volume | None = None) -> list[Finding]:
    """What about a label map does not fit anatomy.

    Parameters
    ----------
    labels : Volume
        `Label` numbers, canonical.
    ct : Volume, optional
        For the body's midline.

    Returns
    -------
    list of Finding
        Warnings; empty where all fits.
    """
    step = np.maximum(1, np.round(_COARSE_MM / labels.geometry.spacing_mm)).astype(int)
    coarse = _thinned(labels, step)
    midline = None if ct is None else midline_mm(labels, ct)
    centers = {side: _center(coarse, number) for side, number in KIDNEY_OF_SIDE.items()}
    return [
        *_check_sides(centers, midline),
        *_check_both_sides(coarse, midline),
        *_check_alone(coarse),
        *_check_small(coarse, centers),
    ]


def _thinned(labels: Volume, step: np.ndarray) -> Volume:
    """Every n-th voxel: kidneys and masses of some mL need no more."""
    geometry = labels.geometry
    array = labels.array[:: step[0], :: step[1], :: step[2]]
    matrix = geometry.ijk_to_ras.copy()
    matrix[:3, :3] *= step[::-1]
    return Volume(array, type(geometry)(array.shape, matrix))


def _center(labels: Volume, number: int) -> np.ndarray | None:
    """Center of a label in RAS mm, None where it is not there or tiny."""
    voxels = np.argwhere(labels.array == number)
    if len(voxels) * labels.geometry.voxel_volume_ml < _ALONE_ML:
        return None
    return labels.geometry.ras_from_kji(voxels.mean(axis=0))[0]


def _check_sides(centers: dict[str, np.ndarray | None], midline: float | None) -> list[Finding]:
    """A right kidney to the left of the left one, or on the other side of the body."""
    right, left = centers["right"], centers["left"]
    if right is not None and left is not None:
        if right[0] >= left[0]:
            return []
        text = (
            "What the labels call the right kidney lies to the left of what they call the left "
            "one. The labels' sides are exchanged, or the image's position is wrong. Check both."
        )
        return [warning(SIDES_EXCHANGED, text, _point(right))]
    for side, center, sign in (("right", right, 1), ("left", left, -1)):
        if center is None or midline is None:
            continue
        if (center[0] - midline) * sign < -_OFF_MIDLINE_MM:
            text = said(
                "What the labels call the {side} kidney lies on the other side of the body. "
                "Check the labels' sides and the image's position.",
                side=side,
            )
            return [warning(SIDES_EXCHANGED, text, _point(center))]
    return []


def _check_both_sides(labels: Volume, midline: float | None) -> list[Finding]:
    """One side's label on two kidneys."""
    findings = []
    for side, number in KIDNEY_OF_SIDE.items():
        places = [center for _, center in _large_parts(labels, labels.array == number)]
        if len(places) < 2:
            continue
        low, high = min(p[0] for p in places), max(p[0] for p in places)
        split = low < midline < high if midline is not None else True
        if split and high - low > _APART_MM:
            text = said(
                "The label of the {side} kidney lies on two kidneys, {high:.0f} mm apart from "
                "right to left. Its number probably means kidney without a side.",
                side=side,
                high=high - low,
            )
            findings.append(warning(TWO_KIDNEYS, text, _point(places[0])))
    return findings


def _large_parts(labels: Volume, mask: np.ndarray) -> list[tuple[float, np.ndarray]]:
    """Volume (mL) and center (RAS mm) of parts as large as a kidney."""
    found = []
    for where, part in components(mask):
        volume_ml = float(part.sum()) * labels.geometry.voxel_volume_ml
        if volume_ml >= _KIDNEY_ML:
            first = np.array([s.start for s in where])
            center = np.argwhere(part).mean(axis=0) + first
            found.append((volume_ml, labels.geometry.ras_from_kji(center)[0]))
    return found


def _check_alone(labels: Volume) -> list[Finding]:
    """Tumors and cysts that have no kidney near them."""
    kidney = np.isin(labels.array, list(KIDNEY_OF_SIDE.values()))
    findings = []
    for kind in (Label.TUMOR, Label.CYST):
        for where, part in components(labels.array == kind):
            volume_ml = float(part.sum()) * labels.geometry.voxel_volume_ml
            if volume_ml < _ALONE_ML:
                continue
            reach = labels.geometry.voxels_covering(_ALONE_MM) + 1
            wide = tuple(
                slice(max(0, s.start - r), s.stop + r) for s, r in zip(where, reach, strict=True)
            )
            own = np.zeros(kidney[wide].shape, bool)
            inner = tuple(
                slice(s.start - w.start, s.stop - w.start) for s, w in zip(where, wide, strict=True)
            )
            own[inner] = part
            if gap_mm(own, kidney[wide], labels.geometry.spacing_mm) <= _ALONE_MM:
                continue
            first = np.array([s.start for s in where])
            center = labels.geometry.ras_from_kji(np.argwhere(part).mean(axis=0) + first)[0]
            name = kind.name.lower()
            large = volume_ml >= _KIDNEY_SIZED_ML
            text = (
                f"A {name} of {volume_ml:.0f} mL around {place_text(_point(center))} has no kidney "
                "near it. Its number may mean another structure"
                + (", or it is a whole kidney." if large else ".")
            )
            code = KIDNEY_SIZED if large else "mass-without-kidney"
            findings.append(warning(code, text, _point(center)))
    return findings


def _check_small(labels: Volume, centers: dict[str, np.ndarray | None]) -> list[Finding]:
    """A kidney that is tiny beside the mass at it: the mass may be the kidney."""
    volume_ml = labels.geometry.voxel_volume_ml
    findings = []
    for side, number in KIDNEY_OF_SIDE.items():
        own = float((labels.array == number).sum()) * volume_ml
        if centers[side] is None or own >= _SMALL_KIDNEY_ML:
            continue
        for kind in (Label.TUMOR, Label.CYST):
            for mass_ml, center in _large_parts(labels, labels.array == kind):
                near = np.linalg.norm(center - centers[side]) < 2 * _APART_MM
                if near and mass_ml >= max(_LARGE_MASS_ML, _TIMES * own):
                    text = said(
                        "The {side} kidney measures {own:.0f} mL beside a {value} of "
                        "{mass_ml:.0f} mL. Check whether the numbers of kidney and mass are "
                        "exchanged, or the kidney is labeled as a mass.",
                        side=side,
                        own=own,
                        value=kind.name.lower(),
                        mass_ml=mass_ml,
                    )
                    findings.append(warning(SMALLER, text, _point(center)))
    return findings


def _point(center: np.ndarray) -> tuple[float, float, float]:
    """A place as findings hold it."""
    return tuple(float(x) for x in center)


def fitting_schemes(labels: Volume, ct: Volume | None = None) -> list[Scheme]:
    """Known schemes by which a label map has kidneys and fits anatomy.

    Parameters
    ----------
    labels : Volume
        Numbers as stored.
    """
    found = []
    for scheme in KNOWN_SCHEMES.values():
        try:
            sided, _ = to_kidneyseg(labels, scheme, ct)
        except InputError:
            continue
        if _has_kidneys(sided, labels, scheme) and not check_labels(sided, ct):
            found.append(scheme)
    return found


@contextlib.contextmanager
def offering_schemes() -> Iterator[None]:
    """Where a label map that is read says nothing of its numbers, name the schemes that fit.

    Raises
    ------
    InputError
        In the place of `UnknownNumbersError`.
    """
    try:
        yield
    except UnknownNumbersError as error:
        fitting = fitting_schemes(error.labels, error.ct)
        offer = " or ".join(f"'{s.name}' ({s.meaning})" for s in fitting)
        advice = f"They would fit {offer}." if fitting else "They fit none of the known schemes."
        text = said(
            "{error} {advice} Say which scheme it follows.",
            error=error,
            advice=advice,
        )
        raise InputError(text, remedy=error.remedy) from error


def _has_kidneys(sided: Volume, labels: Volume, scheme: Scheme) -> bool:
    """Whether what is called a kidney is as large as one, and two are apart.

    One kidney alone is believed only where nothing as large is left without a role.
    """
    centers = []
    for number in KIDNEY_OF_SIDE.values():
        mask = sided.array == number
        volume_ml = float(mask.sum()) * sided.geometry.voxel_volume_ml
        if 0 < volume_ml < _KIDNEY_ML:
            return False
        if volume_ml:
            centers.append(sided.geometry.ras_from_kji(np.argwhere(mask).mean(axis=0))[0, 0])
    if len(centers) == 2:
        return abs(centers[0] - centers[1]) > _APART_MM
    counts = np.bincount(labels.array.ravel(), minlength=256) * labels.geometry.voxel_volume_ml
    left = [n for n in range(1, UNSURE) if counts[n] >= _KIDNEY_ML and n not in scheme.roles]
    return len(centers) == 1 and not left


def require_fitting(
    labels: Volume, scheme: Scheme, findings: Iterable[Finding], ct: Volume | None = None
) -> None:
    """Refuse a scheme that does not fit anatomy where another one does.

    Raises
    ------
    InputError
        Naming what does not fit, and the schemes that do.
    """
    findings = [f for f in findings if f.code in _SEVERE]
    if not findings:
        return
    better = [s for s in fitting_schemes(labels, ct) if s.roles != scheme.roles]
    if better:
        names = " or ".join(f"'{s.name}' ({s.meaning})" for s in better)
        raise InputError(
            f"The numbers of the label map do not fit the scheme '{scheme.name}' "
            f"({scheme.meaning}): {findings[0].message} They fit {names}.",
            remedy="labels",
        )
