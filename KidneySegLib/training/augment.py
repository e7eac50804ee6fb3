"""Augmentation: geometry by one interpolation, contrast phase of the kidneys, scanner effects.

Arrays are ``(k, j, i)`` on an isotropic grid; densities in HU.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from ..core.anatomy import Tissue
from ..core.volume import Box

_LEAST_KIDNEY_HU = 20.0
_BLOOD_HU = 30.0  # without contrast
_CONTRAST_SHARE, _CONTRAST_GAIN = 0.25, (0.7, 2.0)
_DENSEST_CONTRAST_HU = 270.0  # the clipped CTs end at 275
_NOISE_HU, _STRONG_NOISE_HU, _STRONG_NOISE_SHARE = (2.0, 22.0), (22.0, 45.0), 0.3
_THICK_MM = (0.8, 3.0)  # SD of the blur along the body's axis: slices of about 3 to 10 mm
# Half of the spread between KiTS23 patients (training facts: tumors 22 to 143 HU, cysts -3 to 62):
# the kidney beside them stays, and a tumor must not become a cyst.
_LESION_CHANGES = {Tissue.TUMOR: (35.0, 0.25), Tissue.CYST: (10.0, 0.15)}  # HU, log of gain


def sampling_grid(
    center_kji: np.ndarray,
    patch: tuple[int, ...],
    rng: np.random.Generator,
    *,
    strength: float = 1.0,
) -> np.ndarray:
    """Source coordinates of a randomly rotated, scaled, mirrored and bent patch.

    Parameters
    ----------
    strength : float
        Factor on every angle, scaling and bend.

    Returns
    -------
    (3, k, j, i) float32
        Source voxel coordinates, ``(k, j, i)`` first.
    """
    angles = np.radians(rng.normal(0, (10, 7, 7))) * strength
    scale = np.exp(strength * (rng.normal(0, 0.1) + rng.normal(0, 0.05, 3)))
    scale[2] *= rng.choice((-1.0, 1.0))
    if rng.random() < 0.08:
        scale[1] *= -1.0
    matrix = _rotation(angles) * scale[None, :]
    axes = [np.arange(n, dtype=np.float32) - (n - 1) / 2 for n in patch]
    base = np.stack(np.meshgrid(*axes, indexing="ij"))
    grid = np.tensordot(matrix.astype(np.float32), base, axes=1)
    if rng.random() < 0.5:
        grid += strength * _bend(patch, rng)
    return (grid + center_kji[:, None, None, None]).astype(np.float32)


def _rotation(angles: np.ndarray) -> np.ndarray:
    """Rotation matrix about the axes k, j, i (radians)."""
    matrix = np.eye(3)
    for axis, angle in enumerate(angles):
        a, b = [n for n in range(3) if n != axis]
        turn = np.eye(3)
        turn[a, a] = turn[b, b] = np.cos(angle)
        turn[a, b], turn[b, a] = -np.sin(angle), np.sin(angle)
        matrix = matrix @ turn
    return matrix


def _bend(patch: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Smooth random displacement, up to about three voxels."""
    coarse = rng.normal(0, 1.6, (3, 4, 4, 4))
    zoom = [n / 4 for n in patch]
    return np.stack([ndimage.zoom(c, zoom, order=1, mode="nearest") for c in coarse])


def source_box(grid: np.ndarray, shape: tuple[int, ...]) -> Box:
    """The part of an array that source coordinates ``(3, k, j, i)`` touch; at least two voxels."""
    size = np.array(shape)
    low = np.clip(np.floor(grid.min(axis=(1, 2, 3))).astype(int) - 1, 0, size - 2)
    high = np.clip(np.ceil(grid.max(axis=(1, 2, 3))).astype(int) + 2, low + 2, size)
    return Box(tuple(map(int, low)), tuple(map(int, high)))


def sample_patch(channels: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Interpolate channels at source coordinates (linear; zero outside).

    Parameters
    ----------
    channels : (c, k, j, i) uint8 or float32
    grid : (3, k', j', i') float32
        Source voxel coordinates.

    Returns
    -------
    (c, k', j', i') float32
    """
    import torch
    from torch.nn.functional import grid_sample

    scaled = [2 * grid[a] / (channels.shape[1 + a] - 1) - 1 for a in (2, 1, 0)]
    source = torch.from_numpy(np.ascontiguousarray(channels, dtype=np.float32))[None]
    where = torch.from_numpy(np.stack(scaled, axis=-1).astype(np.float32))[None]
    return grid_sample(source, where, align_corners=True)[0].numpy()


def change_phase(
    image: np.ndarray, label: np.ndarray, rng: np.random.Generator, *, spacing_mm: float
) -> None:
    """Shift the kidneys' density, and sometimes part cortex and medulla (in place)."""
    kidney = label == Tissue.KIDNEY
    if kidney.sum() < 50 or rng.random() > 0.5:
        return
    soft = ndimage.gaussian_filter(kidney.astype(np.float32), 0.6)
    level = float(np.median(image[kidney]))
    shift = np.full(image.shape, max(rng.uniform(-90, 60), _LEAST_KIDNEY_HU - level), np.float32)
    if rng.random() < 0.3:
        shift += rng.uniform(20, 110) * (_cortex(kidney, rng, spacing_mm=spacing_mm) - 0.5)
    image += soft * shift


def change_lesions(image: np.ndarray, label: np.ndarray, rng: np.random.Generator) -> None:
    """Change density and inner contrast of real lesions, whatever the kidney does (in place).

    The few real tumors at hand are learned by heart otherwise (measured: 17 of 23 found on slices
    that were trained on, 13 of 32 on others).
    """
    for tissue, (most, spread) in _LESION_CHANGES.items():
        mask = label == tissue
        if not mask.any() or rng.random() < 0.4:
            continue
        level = float(np.median(image[mask]))
        gain = np.exp(rng.normal(0, spread))
        moved = level + rng.uniform(-most, most) + gain * (image - level)
        soft = ndimage.gaussian_filter(mask.astype(np.float32), 0.6)
        image += soft * (moved - image)


def _cortex(kidney: np.ndarray, rng: np.random.Generator, *, spacing_mm: float) -> np.ndarray:
    """Share of cortex, 0..1: a rim of about 6 mm, and columns between pyramids."""
    deep = ndimage.gaussian_filter(kidney.astype(np.float32), 5.0 / spacing_mm)
    noise = rng.normal(size=kidney.shape).astype(np.float32)
    columns = ndimage.gaussian_filter(noise, 3.75 / spacing_mm)
    columns = np.clip(columns / columns.std() - rng.uniform(0.3, 1.5), 0, 1)
    return np.maximum(np.clip((0.85 - deep) / 0.15, 0, 1), columns)


def change_contrast(image: np.ndarray, label: np.ndarray, rng: np.random.Generator) -> None:
    """Sometimes more or less contrast medium in all that may have some (in place).

    What is denser than blood without it is stretched, but for cysts, which take none, and what is
    as dense as bone; muscle takes little, but cannot be told. The phase of kidneys alone is another
    thing (`change_phase`).
    """
    if rng.random() < _CONTRAST_SHARE:
        gain = np.exp(rng.uniform(*np.log(_CONTRAST_GAIN)))
        without = (label == Tissue.CYST) | (image > _DENSEST_CONTRAST_HU)
        takes = 1 - ndimage.gaussian_filter(without.astype(np.float32), 0.6)
        image += takes * (gain - 1) * np.maximum(image - _BLOOD_HU, 0)


def change_scanner(image: np.ndarray, rng: np.random.Generator, *, spacing_mm: float) -> np.ndarray:
    """Global contrast, noise, blur, thick slices, clipped exports (HU in, HU out)."""
    image = image * rng.uniform(0.9, 1.12) + rng.uniform(-15, 15)
    if rng.random() < 0.25:
        sigma = rng.uniform(0.3, 0.8)
        image = ndimage.gaussian_filter(image, (sigma if rng.random() < 0.5 else 0, sigma, sigma))
    if rng.random() < 0.2:
        image = ndimage.gaussian_filter1d(image, rng.uniform(*_THICK_MM) / spacing_mm, axis=0)
    if rng.random() < 0.5:
        image = image + _noise(image.shape, rng)
    if rng.random() < 0.15:
        image = np.clip(image, -45, 160)
    return image.astype(np.float32)


def _noise(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Noise in HU, of one voxel or, as a soft kernel leaves it, of a few in the plane."""
    strong = rng.random() < _STRONG_NOISE_SHARE
    sd = rng.uniform(*(_STRONG_NOISE_HU if strong else _NOISE_HU))
    noise = rng.normal(size=shape).astype(np.float32)
    if rng.random() < 0.4:
        grain = rng.uniform(0.4, 0.9)
        noise = ndimage.gaussian_filter(noise, (0, grain, grain))
        noise /= noise.std()
    return sd * noise


def cut_field(
    image: np.ndarray, label: np.ndarray, rng: np.random.Generator, *, air_hu: float
) -> None:
    """Sometimes end the scan inside the patch, above or below (in place)."""
    if rng.random() > 0.12:
        return
    n = image.shape[0]
    cut = int(rng.uniform(0.1, 0.4) * n)
    where = slice(0, cut) if rng.random() < 0.5 else slice(n - cut, n)
    image[where], label[where] = air_hu, 0
