"""What a CT of a patient may hold beside kidneys and masses: dilated pelvis, stent, metal, arms.

None of these is a lesion: nothing gets a label, and what a pelvis takes of a kidney is no kidney
any more. Arrays are ``(k, j, i)`` in HU on an isotropic grid, changed in place; metal and arms may
be put into a single plane as well.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from ..core.anatomy import Tissue

_SINUS_MM = 9.0  # half of the widest gap that counts as the sinus between a kidney's lips
_LEAST_SINUS_ML = 0.3
_URINE_HU = (0.0, 20.0)
_CONTRAST_HU = (150.0, 600.0)  # excreted
_EXCRETORY_SHARE = 0.2
_PELVIS_RADIUS_MM = (8.0, 25.0)
_PELVIS_GROWTH_MM = (0.0, 6.0)  # into the parenchyma, which becomes thinner
_STENT_HU = (400.0, 1500.0)
_STENT_RADIUS_MM = 1.1  # 6 to 7 French
_METAL_HU = 3000.0
_METAL_RADIUS_MM = (1.5, 7.0)
_METAL_REACH_MM = (3.0, 20.0)  # above and below its middle
_STREAK_HU = (40.0, 200.0)
_STREAK_REACH_MM = (25.0, 90.0)
_WAVES = (5, 23)  # streaks around a piece of metal
_ARM_STREAKS_HU = (6.0, 22.0)
_ARM_STREAK_MM = (1.5, 5.0)


def sinus(label: np.ndarray, *, spacing_mm: float) -> np.ndarray:
    """Where the renal sinus is: what a closing of the kidney adds to it (mask).

    Parameters
    ----------
    label : (k, j, i) uint8
        `Tissue` numbers.
    """
    kidney = label == Tissue.KIDNEY
    if not kidney.any():
        return kidney
    reach = _SINUS_MM / spacing_mm
    margin = int(reach) + 2
    near = ndimage.distance_transform_edt(~np.pad(kidney, margin)) <= reach
    closed = ndimage.distance_transform_edt(near) > reach
    closed = closed[margin:-margin, margin:-margin, margin:-margin]
    return ndimage.binary_opening(closed & (label == Tissue.BACKGROUND))


def dilate_pelvis(
    image: np.ndarray, label: np.ndarray, rng: np.random.Generator, *, spacing_mm: float
) -> bool:
    """Fill a renal sinus with urine, or with contrast, and let it grow into the parenchyma.

    Returns
    -------
    bool
        Whether there was a sinus.
    """
    room = sinus(label, spacing_mm=spacing_mm)
    spots = np.argwhere(room)
    if len(spots) * spacing_mm**3 < 1000 * _LEAST_SINUS_ML:
        return False
    center = spots[rng.integers(len(spots))]
    steps = np.indices(label.shape) - center[:, None, None, None]
    core = room & (np.linalg.norm(steps, axis=0) <= rng.uniform(*_PELVIS_RADIUS_MM) / spacing_mm)
    growth = rng.uniform(*_PELVIS_GROWTH_MM) / spacing_mm
    grown = ndimage.distance_transform_edt(~core) <= growth
    pelvis = core | (grown & (label == Tissue.KIDNEY))
    soft = ndimage.gaussian_filter(pelvis.astype(np.float32), 0.6)
    bright = rng.random() < _EXCRETORY_SHARE
    density = rng.uniform(*(_CONTRAST_HU if bright else _URINE_HU))
    image += soft * (density + rng.normal(0, 8.0, image.shape) - image)
    label[(soft > 0.5) & (label == Tissue.KIDNEY)] = Tissue.BACKGROUND
    return True


def place_stent(
    image: np.ndarray, label: np.ndarray, rng: np.random.Generator, *, spacing_mm: float
) -> bool:
    """Lay a ureteral stent: a curl in the renal sinus, and a tube down from it.

    Returns
    -------
    bool
        Whether there was a sinus to lay it into.
    """
    spots = np.argwhere(sinus(label, spacing_mm=spacing_mm))
    if not len(spots):
        return False
    start = spots[rng.integers(len(spots))].astype(float)
    turns = np.linspace(0, 1.5 * np.pi, 40)
    radius = rng.uniform(4.0, 9.0) / spacing_mm
    tilt = rng.uniform(0, np.pi)
    curl = np.stack(
        [
            radius * np.sin(turns),
            radius * np.cos(turns) * np.sin(tilt),
            radius * np.cos(turns) * np.cos(tilt),
        ],
        axis=1,
    )
    down = np.arange(0, start[0] + 1, 0.5)
    drift = rng.normal(0, 0.25, 2)
    tube = np.stack([-down, drift[0] * down, drift[1] * down], axis=1) + curl[-1]
    path = np.rint(np.concatenate([curl, tube]) + start).astype(int)
    path = path[((path >= 0) & (path < label.shape)).all(axis=1)]
    if not len(path):
        return False
    wire = np.ones(label.shape, bool)
    wire[tuple(path.T)] = False
    share = np.clip(
        _STENT_RADIUS_MM / spacing_mm + 0.5 - ndimage.distance_transform_edt(wire), 0, 1
    )
    share *= min(1.0, np.pi * _STENT_RADIUS_MM**2 / spacing_mm**2)  # thinner than a voxel
    image += share * (rng.uniform(*_STENT_HU) - image)
    return True


def place_metal(image: np.ndarray, rng: np.random.Generator, *, spacing_mm: float) -> None:
    """Put a piece of metal (clip, screw, coil) somewhere, with streaks in the planes around it.

    Streaks are bright and dark rays that fade with the distance, as beam hardening and photon
    starvation leave them (Barrett and Keat, RadioGraphics 2004).
    """
    center = rng.uniform(0, image.shape)
    k, j, i = (
        (axis - c) * spacing_mm
        for axis, c in zip(np.indices(image.shape, np.float32), center, strict=True)
    )
    in_plane = np.hypot(j, i)
    reach = rng.uniform(*_METAL_REACH_MM)
    nearby = np.exp(-0.5 * (k / reach) ** 2)
    angle = np.arctan2(j, i)
    rays = np.zeros_like(angle)
    for waves in rng.integers(*_WAVES, 5):
        rays += np.cos(waves * angle + rng.uniform(0, 2 * np.pi))
    rays /= np.sqrt(5 / 2)
    fading = np.exp(-in_plane / rng.uniform(*_STREAK_REACH_MM))
    image += rng.uniform(*_STREAK_HU) * rays * fading * nearby
    radius = rng.uniform(*_METAL_RADIUS_MM)
    image[(in_plane <= radius) & (np.abs(k) <= reach)] = _METAL_HU


def lower_arms(image: np.ndarray, rng: np.random.Generator, *, spacing_mm: float) -> None:
    """Add the horizontal streaks, centimeters long, that arms beside the body leave."""
    streaks = rng.normal(size=image.shape).astype(np.float32)
    width = rng.uniform(*_ARM_STREAK_MM) / spacing_mm
    along = (0 if len(image) == 1 else 1.0, width, 12 * width)
    streaks = ndimage.gaussian_filter(streaks, along)
    image += streaks * (rng.uniform(*_ARM_STREAKS_HU) / max(float(streaks.std()), 1e-6))
