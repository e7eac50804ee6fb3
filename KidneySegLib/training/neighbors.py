"""What lies beside the kidneys, as it looks in other patients: organs, and bowel with contrast.

Short trainings without btcv_0006, 0021 and 0028 took spleen, bowel with oral contrast and a liver
with fat for tumors and kidneys in them (164 to 256 mL too much, and 2 to 5 mL too little;
`studies/folds.py`); whether it is that they had seen few was not tested. Arrays are
``(k, j, i)`` in HU on an isotropic grid, ``j`` to the front, and changed in place; nothing gets a
label.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy import ndimage

from ..core.anatomy import Tissue
from ..core.densities import PURE_FAT_HU
from .lesions import smooth_noise
from .pack import LIVER, SPLEEN, STOMACH

# Medians in HU: a liver with fat to one with contrast, a spleen without contrast to an arterial
# one, and what fills a stomach: water, food, or oral contrast.
_ORGAN_HU = {SPLEEN: (35.0, 240.0), LIVER: (-15.0, 180.0)}
_MOST_CHANGED_HU = 120.0
_MOTTLED_SHARE = {SPLEEN: 0.4, LIVER: 0.2}  # a spleen's arterial bands, a liver's uneven fat
_MOTTLE_HU = (8.0, 45.0)
_MOTTLE_MM = (3.0, 9.0)
_CHANGED_SHARE = 0.6  # of the organs in a patch
_WATER_HU, _FOOD_HU, _ORAL_CONTRAST_HU = (-5.0, 25.0), (20.0, 100.0), (110.0, 600.0)
_FILLINGS = (_WATER_HU, _FOOD_HU, _ORAL_CONTRAST_HU)
_FILLING_ODDS = (0.2, 0.2, 0.6)
_GAS_HU = -1000.0
_VESSEL_MM = 2.0
_WALL_HU = (30.0, 110.0)
_WALL_MM = (1.5, 3.5)
_BOWEL_RADIUS_MM = (6.0, 22.0)
_BOWEL_LENGTH_MM = (20.0, 90.0)
_STEP_MM = 2.0
_BOWEL_DISTANCE_MM = 40.0  # of its start from a kidney, at most
_GAS_SHARE = 0.3
_BORDER_VOXELS = 0.6


def change_organs(
    image: np.ndarray,
    organs: Mapping[int, np.ndarray],
    rng: np.random.Generator,
    *,
    spacing_mm: float,
) -> None:
    """Give some organs of a patch another density, and another content to a stomach.

    Parameters
    ----------
    image : (k, j, i) float32
    organs : mapping
        Masks ``(k, j, i)`` by number of the experts' organ maps.
    """
    for number, mask in organs.items():
        solid = mask & (image > PURE_FAT_HU[1])  # gas, and fat of the rim, stay
        if not solid.any() or rng.random() > _CHANGED_SHARE:
            continue
        if number == STOMACH:
            content = ndimage.binary_erosion(solid, iterations=max(1, round(2.5 / spacing_mm)))
            change = _filling(solid.shape, rng, spacing_mm=spacing_mm) - image
        else:
            content = solid
            change = _organ_shift(image, solid, number, rng, spacing_mm=spacing_mm)
        image += ndimage.gaussian_filter(content.astype(np.float32), _BORDER_VOXELS) * change


def _organ_shift(
    image: np.ndarray,
    solid: np.ndarray,
    number: int,
    rng: np.random.Generator,
    *,
    spacing_mm: float,
) -> np.ndarray:
    """Change in HU, here and there more or less where the organ is to be mottled."""
    wanted = rng.uniform(*_ORGAN_HU[number]) - float(np.median(image[solid]))
    shift = np.full(image.shape, np.clip(wanted, -_MOST_CHANGED_HU, _MOST_CHANGED_HU), np.float32)
    if rng.random() < _MOTTLED_SHARE[number]:
        grain = rng.uniform(*_MOTTLE_MM) / spacing_mm
        shift += rng.uniform(*_MOTTLE_HU) * smooth_noise(rng, image.shape, grain)
    return shift


def _filling(shape: tuple[int, ...], rng: np.random.Generator, *, spacing_mm: float) -> np.ndarray:
    """Densities of what fills stomach or bowel."""
    low, high = _FILLINGS[rng.choice(len(_FILLINGS), p=_FILLING_ODDS)]
    level = rng.uniform(low, high)
    uneven = smooth_noise(rng, shape, rng.uniform(*_MOTTLE_MM) / spacing_mm)
    grain = rng.normal(0, 8.0, shape)
    return (level + rng.uniform(0.02, 0.2) * max(level, 60.0) * uneven + grain).astype(np.float32)


def fill_bowel(
    image: np.ndarray, label: np.ndarray, rng: np.random.Generator, *, spacing_mm: float
) -> bool:
    """Lay a loop of bowel into the fat beside a kidney, filled with oral contrast, food or water.

    What is neither fat nor gas stays, but for vessels in them. In a single plane the loop is a
    section.

    Returns
    -------
    bool
        Whether there was fat within reach of a kidney to lay it into.
    """
    organ = label != Tissue.BACKGROUND
    if not organ.any():
        return False
    fat = (image > PURE_FAT_HU[0]) & (image < PURE_FAT_HU[1]) & ~organ
    away = ndimage.distance_transform_edt(~organ) * spacing_mm
    starts = np.argwhere(fat & (away < _BOWEL_DISTANCE_MM))
    if not len(starts):
        return False
    start = starts[rng.integers(len(starts))].astype(float)
    inside_mm = _tube_depth(image.shape, start, rng, spacing_mm=spacing_mm)
    loose = (image < PURE_FAT_HU[1]).astype(np.float32)
    loose = ndimage.gaussian_filter(loose, _VESSEL_MM / spacing_mm) > 0.5  # over vessels too
    free = ndimage.gaussian_filter((loose & ~organ).astype(np.float32), 0.4)
    wall = np.clip(inside_mm / spacing_mm + 0.5, 0, 1) * free * (away > 0)
    wall_mm = rng.uniform(*_WALL_MM)
    content = np.clip((inside_mm - wall_mm) / spacing_mm + 0.5, 0, 1) * (away > wall_mm)
    filling = _filling(image.shape, rng, spacing_mm=spacing_mm)
    if rng.random() < _GAS_SHARE:
        level = start[1] + rng.uniform(-0.5, 1.0) * _BOWEL_RADIUS_MM[0] / spacing_mm
        filling[:, max(0, int(level)) :] = _GAS_HU
    lining = rng.uniform(*_WALL_HU) + rng.normal(0, 8.0, image.shape)
    image += wall * (lining - image)
    image += wall * content * (filling - image)
    return True


def _tube_depth(
    shape: tuple[int, ...], start: np.ndarray, rng: np.random.Generator, *, spacing_mm: float
) -> np.ndarray:
    """Depth in mm under the surface of a bent tube of changing width; negative outside."""
    steps = int(rng.uniform(*_BOWEL_LENGTH_MM) / _STEP_MM)
    course = rng.normal(size=3) + 0.25 * np.cumsum(rng.normal(size=(steps, 3)), axis=0)
    if shape[0] == 1:
        course[:, 0] = 0
    course /= np.maximum(np.linalg.norm(course, axis=1, keepdims=True), 1e-6)
    path = start + np.cumsum(course, axis=0) * _STEP_MM / spacing_mm
    base = np.exp(rng.uniform(*np.log(_BOWEL_RADIUS_MM)))
    radii = base * (1 + 0.25 * np.sin(np.arange(steps) * rng.uniform(0.1, 0.6)))  # haustra
    depth = np.full(shape, -np.inf, np.float32)
    for center, radius in zip(path, radii, strict=True):
        low = np.maximum(np.floor(center - radius / spacing_mm - 2).astype(int), 0)
        high = np.minimum(np.ceil(center + radius / spacing_mm + 3).astype(int), shape)
        if (low >= high).any():
            continue
        block = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
        axes = np.ogrid[block]
        squared = sum((axis - c) ** 2 for axis, c in zip(axes, center, strict=True))
        np.maximum(depth[block], radius - np.sqrt(squared) * spacing_mm, out=depth[block])
    return depth
