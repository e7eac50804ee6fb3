"""A kidney's own frame: outline without the tumor, long axis, sinus, polar lines.

Follows the open reference code of Heller et al. 2022 (seg-to-nephrometry), with its lengths in mm
and the kidney's own long axis instead of the scan's. What cannot be seen is estimated, and said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ..core.anatomy import KIDNEY_OF_SIDE, Label
from ..core.densities import FAT_BELOW_HU
from ..core.masks import components, opened
from ..core.volume import Box, Geometry, Volume

_OPENING_MM = 2.0  # vessels of the sinus' fat are thinner
_LEAST_SINUS_ML = 0.3  # less is fat at the border
_IMPLAUSIBLE_SINUS = 0.25  # of the hull; more is a notch, or fat around the kidney
_LEAST_PART_ML = 1.0  # a smaller part is a fragment (rules/fragment.py)
_LEAST_KIDNEY_ML = 5.0  # less has no axis to score against
_MARGIN_MM = 8.0  # around kidney and masses
_MIDDLE_MM = 10.0  # radius of the ball that stands for a sinus that is not seen


@dataclass(frozen=True, eq=False)
class KidneyFrame:
    """Landmarks of one kidney, in the block of voxels around it and its masses.

    Attributes
    ----------
    box : Box
        The block in the label map; ``geometry`` is its own.
    kidney, hull, sinus, middle : (k, j, i) bool
        Parenchyma; its convex hull (the outline that the kidney would have without its tumor);
        the sinus (empty where none was found); a ball of 1 cm radius in the hull's middle.
    center_ras : (3,) float
        Of the hull, in mm.
    long_axis : (3,) float
        Unit vector in RAS, pointing up.
    polar_mm : (float, float)
        Lower and upper polar line: places on the long axis in mm from the center.
    notes : tuple of str
        What was assumed.
    """

    box: Box
    geometry: Geometry
    kidney: np.ndarray
    hull: np.ndarray
    sinus: np.ndarray
    middle: np.ndarray
    center_ras: np.ndarray
    long_axis: np.ndarray
    polar_mm: tuple[float, float]
    notes: tuple[str, ...]

    def along_mm(self, mask: np.ndarray) -> np.ndarray:
        """Places of a mask's voxels on the long axis, in mm from the center."""
        ras = self.geometry.ras_from_kji(np.argwhere(mask))
        return (ras - self.center_ras) @ self.long_axis


def kidney_frame(
    labels: Volume, side: str, ct: Volume | None = None, *, masses: Sequence[Box] = ()
) -> KidneyFrame | None:
    """Landmarks of the kidney of a side; None where less than 5 mL of it is there.

    Parameters
    ----------
    labels : Volume
        `Label` numbers.
    ct : Volume, optional
        HU on the same grid: the sinus is then fat inside the outline; without it, everything
        inside the outline that has no label.
    masses : sequence of Box
        What the block must hold beside the kidney.
    """
    own = labels.array == KIDNEY_OF_SIDE[side]
    box = Box.of_mask(own)
    if box is None or own.sum() * labels.geometry.voxel_volume_ml < _LEAST_KIDNEY_ML:
        return None
    for mass in masses:
        box = box.union(mass)
    around = box.grown(labels.geometry.voxels_covering(_MARGIN_MM), labels.array.shape)
    part = labels.cropped(around)
    kidney = _large_parts(part.array == KIDNEY_OF_SIDE[side], part.geometry)
    hull = hull_mask(kidney)
    density = None if ct is None else ct.cropped(around).array
    inside = np.argwhere(hull)
    ras = part.geometry.ras_from_kji(inside)
    center = ras.mean(axis=0)
    medial_of = (center[0], -1.0 if side == "right" else 1.0)
    sinus, notes = _find_sinus(part, kidney, hull, density, medial_of)
    middle = np.zeros_like(hull)
    middle[tuple(inside[np.linalg.norm(ras - center, axis=1) <= _MIDDLE_MM].T)] = True
    axis = np.linalg.eigh(np.cov((ras - center).T))[1][:, -1]
    axis = axis if axis[2] >= 0 else -axis
    geometry = part.geometry
    lines, note = _polar_lines(geometry, kidney, hull, sinus, center, axis)
    return KidneyFrame(
        around, geometry, kidney, hull, sinus, middle, center, axis, lines, (*notes, *note)
    )


def _large_parts(kidney: np.ndarray, geometry: Geometry) -> np.ndarray:
    """A kidney without fragments: they would stretch its hull."""
    parts = components(kidney)
    largest = max(int(part.sum()) for _, part in parts)
    kept = np.zeros_like(kidney)
    for where, part in parts:
        if part.sum() == largest or part.sum() * geometry.voxel_volume_ml >= _LEAST_PART_ML:
            kept[where] |= part
    return kept


def hull_mask(mask: np.ndarray) -> np.ndarray:
    """Voxels whose centers lie in the convex hull of a mask's voxel centers.

    Parameters
    ----------
    mask : (k, j, i) bool
        A convex hull does not depend on the voxel's proportions.
    """
    from scipy.spatial import ConvexHull, QhullError

    edge = mask & ~ndimage.binary_erosion(mask)
    try:
        equations = ConvexHull(np.argwhere(edge)).equations
    except QhullError:
        return mask.copy()  # flat: nothing lies between
    k, j = np.meshgrid(*map(np.arange, mask.shape[:2]), indexing="ij")
    first, last = np.full(k.shape, -np.inf), np.full(k.shape, np.inf)
    for nk, nj, ni, offset in equations:  # where each row along i enters and leaves
        rest = nk * k + nj * j + offset
        if abs(ni) < 1e-9:
            last[rest > 1e-6] = -np.inf
        elif ni > 0:
            last = np.minimum(last, -rest / ni)
        else:
            first = np.maximum(first, -rest / ni)
    i = np.arange(mask.shape[2])
    return (i >= first[..., None] - 1e-6) & (i <= last[..., None] + 1e-6)


def _find_sinus(
    labels: Volume,
    kidney: np.ndarray,
    hull: np.ndarray,
    density: np.ndarray | None,
    medial_of: tuple[float, float],
) -> tuple[np.ndarray, list[str]]:
    """The largest opening inside the outline, and what was assumed.

    Parameters
    ----------
    medial_of : (float, float)
        R coordinate of the kidney's center, and the sign of the direction to the midline.
    """
    notes, spacing = [], labels.geometry.spacing_mm
    room = hull & (labels.array == Label.BACKGROUND)
    if density is None:
        notes.append("sinus from shape alone (no CT)")
    else:
        fat = opened(room & (density < FAT_BELOW_HU), spacing, _OPENING_MM)
        if _largest(fat, labels.geometry, medial_of)[0].any():
            room = fat
        else:
            notes.append("no fat in the sinus: taken from shape alone")
    sinus, is_medial = _largest(opened(room, spacing, _OPENING_MM), labels.geometry, medial_of)
    if not sinus.any():
        notes.append("no sinus found")
    elif not is_medial:
        notes.append("the only opening lies lateral: a scar, or a turned kidney?")
    elif sinus.sum() > _IMPLAUSIBLE_SINUS * (kidney.sum() + sinus.sum()):
        notes.append("sinus implausibly large: bent or fused kidney?")
    return sinus, notes


def _largest(
    mask: np.ndarray, geometry: Geometry, medial_of: tuple[float, float]
) -> tuple[np.ndarray, bool]:
    """The largest medial component of at least 0.3 mL, else the largest; and if it is medial."""
    out = np.zeros_like(mask)
    found = []
    for where, part in components(mask):
        if part.sum() * geometry.voxel_volume_ml >= _LEAST_SINUS_ML:
            center = np.argwhere(part).mean(axis=0) + [s.start for s in where]
            away = geometry.ras_from_kji(center)[0, 0] - medial_of[0]
            found.append((away * medial_of[1] > 0, int(part.sum()), where, part))
    if not found:
        return out, False
    is_medial, _, where, part = max(found, key=lambda f: f[:2])
    out[where] = part
    return out, bool(is_medial)


def _polar_lines(
    geometry: Geometry,
    kidney: np.ndarray,
    hull: np.ndarray,
    sinus: np.ndarray,
    center: np.ndarray,
    axis: np.ndarray,
) -> tuple[tuple[float, float], list[str]]:
    """Where the sinus opens to the outside along the axis; else its ends; else 30/70 %."""

    def along(mask: np.ndarray) -> np.ndarray:
        return (geometry.ras_from_kji(np.argwhere(mask)) - center) @ axis

    mouth = sinus & ~ndimage.binary_erosion(hull)
    if mouth.sum() >= 10:
        low, high = np.percentile(along(mouth), (2, 98))
        if high - low >= 5.0:
            return (float(low), float(high)), []
    if sinus.any():
        low, high = np.percentile(along(sinus), (5, 95))
        return (float(low), float(high)), ["polar lines from the ends of the sinus"]
    low, high = np.percentile(along(kidney), (30, 70))
    return (float(low), float(high)), ["polar lines at 30 % and 70 % of the kidney"]
