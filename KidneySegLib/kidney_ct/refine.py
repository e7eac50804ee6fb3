"""Refine: move borders to where the CT shows them, where that is safe; else keep the network's.

Two deformable models, on an isotropic crop, in a narrow band around the mask: a threshold level set
(SimpleITK, from the signed distance) and a morphological geodesic active contour (scikit-image).
Only two borders may move: the outer border of a kidney with its masses, where it faces fat, and the
border between a cyst and parenchyma. The one between tumor and parenchyma may not: density does not
tell it. A component keeps its mask unless the change is small and clean (`_judge`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import ndimage

from ..core.anatomy import KIDNEY_OF_SIDE, Label
from ..core.densities import FAT_BELOW_HU
from ..core.findings import Finding, info, place_text, said
from ..core.masks import components
from ..core.volume import Box, Geometry, Volume, resample

METHODS = ("off", "levelset", "contour")
BAND_MM = 2.0  # as far as a border may move: about a voxel of the network's grid
_FAT_REACH_MM = 3.0  # fat that a border must face
_MARGIN_MM = 8.0  # around a kidney; four times the band
_FINE_MM = 1.0  # grid on which borders move
_LEAST_FAT_SHARE = 0.03  # less fat around means that there is no edge to move to
_LEAST_CONTRAST_HU = 60.0  # between kidney and fat; smaller edges are noise
_LEVELS = (0.2, 0.8)  # of the way from fat to kidney: a border lies between
_LEAST_ML = {"kidney": 10.0, "cyst": 1.0}  # smaller ones have too few inner voxels
_MOST_CHANGE = {"kidney": 0.03, "cyst": 0.05}  # of the volume; set on studies/refine.py
_LEAST_DICE = 0.97  # with the mask before; set on studies/refine.py
_NEW_HOLES_ML = 0.1  # more is no clean border
_LEVEL_SET_STEPS, _CONTOUR_STEPS = 40, 10  # enough to cross the band
_MOST_SHRINK_VOXELS = 0.5  # in the mean, inward

Evolve = Callable[[np.ndarray, np.ndarray, np.ndarray, float], np.ndarray]


@dataclass(frozen=True)
class Refinement:
    """What refinement did to one kidney (with its masses) or cyst: mL, and place in RAS mm.

    Where it was not accepted, ``after_ml`` is what it would have become.
    """

    component: str
    accepted: bool
    reason: str
    before_ml: float
    after_ml: float
    center_ras_mm: tuple[float, float, float]

    def as_dict(self) -> dict[str, Any]:
        """Plain dictionary for JSON."""
        return asdict(self) | {"center_ras_mm": list(self.center_ras_mm)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Refinement:
        """Refinement that `as_dict` wrote."""
        return cls(**{**data, "center_ras_mm": tuple(data["center_ras_mm"])})


def tell_refinements(refinements: list[Refinement]) -> list[Finding]:
    """One remark a kidney, and one for all cysts together."""
    findings = []
    for r in refinements:
        if r.component == "kidney":
            which = f"the kidney with its masses around {place_text(r.center_ras_mm)}"
            if r.accepted:
                change = f"{r.before_ml:.1f} mL became {r.after_ml:.1f} mL"
                text = said(
                    "The outer border of {which} was refined: {change}.",
                    which=which,
                    change=change,
                )
            else:
                text = said(
                    "The network's outer border of {which} was kept: {reason}.",
                    which=which,
                    reason=r.reason,
                )
            findings.append(info("refined" if r.accepted else "not-refined", text, r.center_ras_mm))
    cysts = [r for r in refinements if r.component == "cyst"]
    if cysts:
        moved = sum(r.accepted for r in cysts)
        text = said(
            "The borders of {moved} of {len} cysts were refined, the others kept.",
            moved=moved,
            len=len(cysts),
        )
        findings.append(info("refined" if moved else "not-refined", text))
    return findings


@dataclass(frozen=True, eq=False)
class _Part:
    """A component in its block of a grid.

    ``labels`` is a view on the label map: what is written there is changed for good (but for the
    copy that `on_fine_grid` makes).
    """

    kind: str
    mask: np.ndarray
    labels: np.ndarray
    hu: np.ndarray
    geometry: Geometry

    def away_mm(self, mask: np.ndarray) -> np.ndarray:
        """Distance of every voxel to a mask."""
        return ndimage.distance_transform_edt(~mask, sampling=self.geometry.spacing_mm)

    def band(self) -> np.ndarray:
        """Voxels within the band around the component's border."""
        return (self.away_mm(self.mask) <= BAND_MM) & (self.away_mm(~self.mask) <= BAND_MM)

    def nearest_label(self) -> np.ndarray:
        """Label of the component's nearest voxel."""
        _, nearest = ndimage.distance_transform_edt(
            ~self.mask, sampling=self.geometry.spacing_mm, return_indices=True
        )
        return self.labels[tuple(nearest)]

    def volume_ml(self, mask: np.ndarray) -> float:
        """Volume of a mask."""
        return float(np.count_nonzero(mask)) * self.geometry.voxel_volume_ml

    def on_fine_grid(self) -> _Part:
        """The same component on an isotropic grid: the likeliest of interpolated labels."""
        fine = self.geometry.with_spacing((_FINE_MM,) * 3)

        def moved(array: np.ndarray) -> np.ndarray:
            return resample(array.astype(np.float32), self.geometry, fine, smooth=False)

        there = np.unique(self.labels)
        shares = np.stack([moved(self.labels == n) for n in there])
        labels = there[shares.argmax(axis=0)]
        return _Part(self.kind, moved(self.mask) > 0.5, labels, moved(self.hu), fine)

    def told(self, accepted: bool, reason: str, refined: np.ndarray) -> Refinement:
        """What was done."""
        center = self.geometry.ras_from_kji(np.argwhere(self.mask).mean(axis=0))[0]
        before, after = self.volume_ml(self.mask), self.volume_ml(refined)
        return Refinement(
            self.kind, accepted, reason, before, after, tuple(float(x) for x in center)
        )


def refine(
    labels: Volume,
    ct: Volume,
    *,
    method: str,
    on_component: Callable[[int, int], None] | None = None,
) -> tuple[Volume, list[Refinement]]:
    """Refine the outer border of every kidney, and the border of every cyst in one.

    Parameters
    ----------
    labels : Volume
        `Label` numbers.
    ct : Volume
        HU on the same grid.
    method : str
        ``levelset`` or ``contour``; ``off`` returns the labels as they are.
    on_component : callable, optional
        Called before each component with how many are done, and of how many.

    Returns
    -------
    labels : Volume
    refinements : list of Refinement
    """
    if method == "off":
        return labels, []
    evolve = {"levelset": _level_set, "contour": _active_contour}[method]
    array = labels.array.copy()
    told = []
    box = Box.of_mask(array)
    if box is None:
        return labels, []
    box = box.grown(labels.geometry.voxels_covering(_MARGIN_MM), array.shape)
    block, geometry, hu = array[box.slices], labels.geometry.cropped(box), ct.array[box.slices]
    for kind, step in (("kidney", _refine_kidney), ("cyst", _refine_cyst)):
        inside = block > 0 if kind == "kidney" else block == Label.CYST
        least = _LEAST_ML[kind] / geometry.voxel_volume_ml
        parts = [(where, mask) for where, mask in components(inside) if mask.sum() >= least]
        for n, (where, mask) in enumerate(parts):
            if on_component:
                on_component(n, len(parts))
            outcome = step(_part(kind, block, where, mask, geometry, hu), evolve)
            if outcome is not None:
                told.append(outcome)
    return labels.with_array(array), told


def _part(
    kind: str,
    labels: np.ndarray,
    where: tuple,
    mask: np.ndarray,
    geometry: Geometry,
    hu: np.ndarray,
) -> _Part:
    """A component with a margin around it."""
    tight = Box.of_slices(where)
    box = tight.grown(geometry.voxels_covering(_MARGIN_MM), labels.shape)
    wide = np.zeros(box.shape, bool)
    wide[tight.inside(box)] = mask
    own_hu = np.nan_to_num(hu[box.slices].astype(np.float32), nan=-1000.0)
    return _Part(kind, wide, labels[box.slices], own_hu, geometry.cropped(box))


def _refine_kidney(part: _Part, evolve: Evolve) -> Refinement | None:
    """Move the outer border of a kidney with its masses, where it faces fat."""
    if not (part.mask & np.isin(part.labels, list(KIDNEY_OF_SIDE.values()))).any():
        return None
    fine = part.on_fine_grid()
    ring = ~fine.mask & (fine.away_mm(fine.mask) <= _MARGIN_MM)
    fat = ring & (fine.hu < FAT_BELOW_HU)
    if fat.sum() < _LEAST_FAT_SHARE * ring.sum():
        return part.told(False, "no fat around it", part.mask)
    other = (fine.labels > 0) & ~fine.mask
    free = (fine.away_mm(fat) <= _FAT_REACH_MM + BAND_MM) & ~other & fine.band()
    fat_hu = float(np.median(fine.hu[fat]))
    levels = np.full(fine.hu.shape, np.nan, np.float32)
    own = fine.nearest_label()
    for label in np.unique(own[free]):
        inner_hu = float(np.median(fine.hu[fine.mask & (fine.labels == label)]))
        level = _fair_level(fine, free & (own == label), inner_hu, fat_hu)
        if level is not None:
            levels[own == label] = level
    free &= np.isfinite(levels)
    if not free.any():
        return part.told(False, "its border does not lie between kidney and fat", part.mask)
    refined = _moved(part, fine, evolve, fine.hu - np.nan_to_num(levels), free)
    refined &= part.mask | (part.labels == 0)
    return _settle(part, refined, np.zeros_like(part.labels))


def _refine_cyst(part: _Part, evolve: Evolve) -> Refinement | None:
    """Move the border between a cyst and parenchyma."""
    fine = part.on_fine_grid()
    kidney = np.isin(fine.labels, list(KIDNEY_OF_SIDE.values()))
    core = ndimage.binary_erosion(fine.mask)
    beyond = kidney & (fine.away_mm(fine.mask) > BAND_MM)
    if not core.any() or not beyond.any():
        return part.told(False, "no parenchyma around it", part.mask)
    inside, outside = (float(np.median(fine.hu[m])) for m in (core, beyond))
    if outside - inside < _LEAST_CONTRAST_HU:
        return part.told(False, "too little contrast to the parenchyma", part.mask)
    free = (kidney | fine.mask) & (fine.away_mm(kidney) <= BAND_MM) & fine.band()
    level = _fair_level(fine, free, inside, outside)
    if level is None:
        return part.told(False, "its border does not lie between cyst and kidney", part.mask)
    kidney = np.isin(part.labels, list(KIDNEY_OF_SIDE.values()))
    refined = _moved(part, fine, evolve, level - fine.hu, free) & (kidney | part.mask)
    _, nearest = ndimage.distance_transform_edt(
        ~kidney, sampling=part.geometry.spacing_mm, return_indices=True
    )
    return _settle(part, refined, part.labels[tuple(nearest)])


def _fair_level(part: _Part, free: np.ndarray, inside_hu: float, outside_hu: float) -> float | None:
    """Density that puts as many of the free voxels inside as the mask does.

    Half way between the two tissues is where physics puts a border, but not where readers draw it:
    with that level every good mask grew or shrank. With this one the border moves locally, and the
    volume hardly does.

    Returns
    -------
    float or None
        HU; None where it is not well between the two tissues.
    """
    share = part.mask[free].mean() if free.any() else 0.0
    if not 0.0 < share < 1.0:
        return None
    brighter_inside = inside_hu > outside_hu
    level = float(np.quantile(part.hu[free], 1 - share if brighter_inside else share))
    place = (level - outside_hu) / (inside_hu - outside_hu)
    return level if _LEVELS[0] <= place <= _LEVELS[1] else None


def _moved(
    part: _Part, fine: _Part, evolve: Evolve, score_hu: np.ndarray, free: np.ndarray
) -> np.ndarray:
    """Mask on the native grid after the model has moved it on the fine one.

    Parameters
    ----------
    score_hu : (k, j, i) float
        Positive where the density speaks for the component.
    free : (k, j, i) bool
        Elsewhere the border is held.
    """
    level = evolve(fine.mask, score_hu, free, _FINE_MM)
    back = resample(level, fine.geometry, part.geometry, smooth=False) > 0
    near = resample(free.astype(np.float32), fine.geometry, part.geometry, smooth=False) > 0
    return np.where(near & part.band(), back, part.mask)


def _level_set(
    start: np.ndarray, score_hu: np.ndarray, free: np.ndarray, step_mm: float
) -> np.ndarray:
    """Threshold level set from the signed distance of a mask; positive inside.

    Parameters
    ----------
    start : (k, j, i) bool
        On an isotropic grid.
    free : (k, j, i) bool
        Elsewhere the border is held; somewhere it is not.
    """
    import SimpleITK as sitk

    distance = _signed_distance(start) * step_mm
    reach = 1.0 + np.abs(distance)
    held = np.where(distance > 0, reach, -reach)
    scale = max(float(np.abs(score_hu[free]).mean()), 1.0)
    speed = np.where(free & (np.abs(distance) <= BAND_MM), score_hu / scale, held)
    model = sitk.ThresholdSegmentationLevelSetImageFilter()
    model.SetLowerThreshold(0.0)
    model.SetUpperThreshold(1e4)
    model.SetCurvatureScaling(0.3)
    model.SetPropagationScaling(1.0)
    model.SetMaximumRMSError(0.005)
    model.SetNumberOfIterations(_LEVEL_SET_STEPS)
    initial = sitk.GetImageFromArray((-distance / step_mm).astype(np.float32))
    feature = sitk.GetImageFromArray(np.clip(speed, -3, 3).astype(np.float32))
    refined = -sitk.GetArrayFromImage(model.Execute(initial, feature))
    # the curvature term shrinks what is round, by a fifth of a voxel on a 12 mm cyst
    shrunk = np.quantile(refined[free], 1 - start[free].mean())
    return refined - np.clip(shrunk, -_MOST_SHRINK_VOXELS, _MOST_SHRINK_VOXELS)


def _active_contour(
    start: np.ndarray, score_hu: np.ndarray, free: np.ndarray, step_mm: float
) -> np.ndarray:
    """Morphological geodesic active contour along the density's edges; positive inside.

    Parameters as for `_level_set`.
    """
    from skimage.segmentation import (
        inverse_gaussian_gradient,
        morphological_geodesic_active_contour,
    )

    edges = inverse_gaussian_gradient(np.clip(score_hu, -150, 150) / 150, alpha=60, sigma=0.8)
    inside = morphological_geodesic_active_contour(
        edges, _CONTOUR_STEPS, init_level_set=start.astype(np.int8), smoothing=1, balloon=0
    )
    inside = np.where(free, inside > 0, start)
    return _signed_distance(inside)


def _signed_distance(inside: np.ndarray) -> np.ndarray:
    """Distance to the border in voxels, positive inside."""
    outward = ndimage.distance_transform_edt(~inside)
    return (ndimage.distance_transform_edt(inside) - outward).astype(np.float32)


def _settle(part: _Part, refined: np.ndarray, instead: np.ndarray) -> Refinement:
    """Write a refined mask into the labels if it is good, and tell.

    Parameters
    ----------
    instead : (k, j, i) uint8
        Labels for voxels that the component gives up.
    """
    fault = _judge(part, refined)
    if fault:
        return part.told(False, fault, refined)
    added, removed = refined & ~part.mask, part.mask & ~refined
    own = part.nearest_label()
    part.labels[added] = own[added]
    part.labels[removed] = instead[removed]
    return part.told(True, "", refined)


def _judge(part: _Part, refined: np.ndarray) -> str:
    """Why a refined mask is not taken; empty where it is."""
    before, after = int(part.mask.sum()), int(refined.sum())
    if after == 0:
        return "nothing was left"
    change = abs(after / before - 1)
    if change > _MOST_CHANGE[part.kind]:
        return f"volume changed by {100 * change:.0f} %"
    if 2 * (part.mask & refined).sum() < _LEAST_DICE * (before + after):
        return "too different"
    if len(components(refined)) > len(components(part.mask)):
        return "fell apart"
    holes = [ndimage.binary_fill_holes(m) & ~m for m in (part.mask, refined)]
    if part.volume_ml(holes[1]) > part.volume_ml(holes[0]) + _NEW_HOLES_ML:
        return "got holes"
    return ""
