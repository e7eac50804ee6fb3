"""Looks of real lesions, cut out of KiTS23 slices, to fill composed lesions with.

A plane through a real tumor or cyst fills a solid shape so that its rim stays at the rim and its
core in the core: a point takes the density found at its own relative depth and direction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ..core.anatomy import MASSES, Tissue
from ..measure.phase import NON_CONTRAST_HU
from .pack import PackedCase, to_hu

_LEAST_PIXELS = 12
_LEAST_KIDNEY_PIXELS = 40
_SCALE = (0.6, 1.6)


@dataclass(frozen=True)
class Texture:
    """A plane through a real lesion.

    Attributes
    ----------
    tissue : Tissue
    plane : (rows, columns) float32
        HU; outside the lesion that of the nearest lesion pixel.
    center, radii : (2,) float
        Of the lesion, in pixels: its mean, and the half axes of an ellipse of the same spread.
    kidney_hu : float
        Median density of the kidney in the same slice.
    """

    tissue: Tissue
    plane: np.ndarray
    center: np.ndarray
    radii: np.ndarray
    kidney_hu: float


def cut_textures(
    slices: list[PackedCase], window_hu: tuple[float, float]
) -> dict[Tissue, list[Texture]]:
    """Textures of every tumor and cyst large enough, in slices with contrast in the kidney.

    Parameters
    ----------
    slices : list of PackedCase
        Stacks of equal slices (see slices.py).
    window_hu : (low, high)
        What the packed 0..255 stand for.
    """
    found: dict[Tissue, list[Texture]] = {tissue: [] for tissue in MASSES}
    for case in slices:
        image = to_hu(case.image[0], window_hu)
        label = case.label[0]
        kidney = ndimage.binary_erosion(label == Tissue.KIDNEY)
        if kidney.sum() < _LEAST_KIDNEY_PIXELS:
            continue
        kidney_hu = float(np.median(image[kidney]))
        if kidney_hu < NON_CONTRAST_HU:
            continue
        for tissue, textures in found.items():
            parts, count = ndimage.label(label == tissue)
            for n in range(1, count + 1):
                core = ndimage.binary_erosion(parts == n)  # the rim is blurred with what is around
                if core.sum() >= _LEAST_PIXELS:
                    textures.append(_cut(tissue, image, core, kidney_hu))
    return found


def _cut(tissue: Tissue, image: np.ndarray, core: np.ndarray, kidney_hu: float) -> Texture:
    """One texture, cropped to its lesion."""
    box = ndimage.find_objects(core.astype(np.uint8))[0]
    mask, values = core[box], image[box]
    nearest = ndimage.distance_transform_edt(~mask, return_distances=False, return_indices=True)
    spots = np.argwhere(mask)
    radii = np.maximum(2 * spots.std(axis=0), 1.0)
    plane = values[tuple(nearest)].astype(np.float32)
    return Texture(tissue, plane, spots.mean(axis=0), radii, kidney_hu)


def draw_texture(
    textures: Mapping[Tissue, list[Texture]],
    tissue: Tissue,
    share: float,
    rng: np.random.Generator,
) -> Texture | None:
    """One of a tissue's looks; none in the rest of the cases, where it is drawn by the rules."""
    looks = textures.get(tissue)
    if looks and rng.random() < share:
        return looks[rng.integers(len(looks))]
    return None


def fill(
    solid: np.ndarray, texture: Texture, kidney_hu: float, rng: np.random.Generator
) -> np.ndarray:
    """Densities in HU for a block that holds a solid shape.

    A tumor's densities follow the kidney around it; a cyst's stay what they are.

    Parameters
    ----------
    solid : (k, j, i) bool
        Where the lesion is, or a plane of it ``(1, j, i)``; not empty.
    kidney_hu : float
        Median density of the kidney in the CT to paint into.

    Returns
    -------
    (k, j, i) float32
    """
    spots = np.argwhere(solid)
    to_surface = 2.0 if len(solid) == 1 else np.sqrt(5)  # SDs of a disk, of a ball
    center, radii = spots.mean(axis=0), np.maximum(to_surface * spots.std(axis=0), 1.0)
    axes = [(np.arange(n) - c) / r for n, c, r in zip(solid.shape, center, radii, strict=True)]
    place = np.stack(np.meshgrid(*axes, indexing="ij")) + _wobble(solid.shape, rng)
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    u, v, w = np.tensordot(turn, place, axes=1)
    in_plane = np.hypot(u, v)
    stretch = np.sqrt(in_plane**2 + w**2) / np.maximum(in_plane, 0.15)
    where = [
        c + r * stretch * x for c, r, x in zip(texture.center, texture.radii, (u, v), strict=True)
    ]
    density = ndimage.map_coordinates(texture.plane, where, order=1, mode="nearest")
    if texture.tissue == Tissue.TUMOR:
        density = density * np.clip(kidney_hu / texture.kidney_hu, *_SCALE)
    return density.astype(np.float32)


def _wobble(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Smooth displacement, a few percent of the lesion's size: no two fillings are alike."""
    coarse = rng.normal(0, 0.12, (3, 4, 4, 4))
    zoom = [n / 4 for n in shape]
    return np.stack(
        [ndimage.zoom(c, zoom, order=1, mode="nearest", grid_mode=True) for c in coarse]
    )
