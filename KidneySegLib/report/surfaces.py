"""A 3D picture of one kidney with its masses, cast with parallel rays from the front.

Drawn without a graphics card: VTK's offscreen window needs OpenGL, which a server may lack, and
ends the process where it does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO

import numpy as np
from scipy import ndimage

from ..core.anatomy import KIDNEY_OF_SIDE, PICTURE_COLORS, Label
from ..core.volume import Box, Volume, resample
from ..measure.lesions import LesionComponent

_PIXEL_MM = 0.7
_MARGIN_MM = 12.0
_SMOOTH_MM, _SMOOTH_VOXELS = 1.2, 0.5
_LIGHT = np.array([0.45, 0.75, 0.35])  # S, A, R: from the front, above and the patient's right
_AMBIENT = 0.35
_KIDNEY_OVER_MASS = 0.45


def draw_surfaces(
    labels: Volume, side: str, target: IO[bytes], lesions: Sequence[LesionComponent]
) -> bool:
    """Draw a kidney and the masses around it as PNG, seen from the front.

    Masses show through the kidney.

    Parameters
    ----------
    labels : Volume
        `Label` numbers, canonical.
    lesions : sequence of LesionComponent
        Of these labels.

    Returns
    -------
    bool
        False, and nothing drawn, where there is no such kidney.
    """
    from matplotlib.image import imsave

    kidney = KIDNEY_OF_SIDE[side]
    box = Box.of_mask(labels.array == kidney)
    if box is None:
        return False
    for lesion in lesions:
        if lesion.side == side:
            box = box.union(Box.of_slices(lesion.where))
    margin = labels.geometry.voxels_covering(_MARGIN_MM)
    part = labels.cropped(box.grown(margin, labels.array.shape))
    depth, picture = _cast(part, kidney)
    for mass in (Label.CYST, Label.TUMOR):
        nearer, color = _cast(part, mass)
        shown = np.isfinite(nearer)
        behind = shown & (depth <= nearer)
        color[behind] += _KIDNEY_OVER_MASS * (picture[behind] - color[behind])
        picture[shown] = color[shown]
    imsave(target, picture[::-1, ::-1], format="png")  # head up, the patient's right on the left
    return True


def _cast(labels: Volume, label: Label) -> tuple[np.ndarray, np.ndarray]:
    """Depth from the front (infinite beside it) and shaded RGB of a label's surface.

    Returns
    -------
    depth : (k, i) float
    picture : (k, i, 3) float
        White beside the surface.
    """
    from matplotlib.colors import to_rgb

    spacing = labels.geometry.spacing_mm
    mask = labels.array == label
    grid = labels.geometry.with_spacing((_PIXEL_MM,) * 3)
    if not mask.any():
        shape = (grid.shape[0], grid.shape[2])
        return np.full(shape, np.inf), np.ones((*shape, 3))
    smooth = ndimage.gaussian_filter(
        mask.astype(np.float32), np.maximum(_SMOOTH_MM / spacing, _SMOOTH_VOXELS)
    )
    fine = resample(smooth, labels.geometry, grid, smooth=False)[:, ::-1]  # the front first
    solid = fine > 0.5
    hit = solid.any(axis=1)
    first = solid.argmax(axis=1)
    depth = np.where(hit, first, np.inf)
    k, i = np.nonzero(hit)
    normal = -_gradient_at(fine, (k, first[k, i], i))
    normal[:, 1] *= -1  # back to an axis that points to the front
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    light = _LIGHT / np.linalg.norm(_LIGHT)
    shade = _AMBIENT + (1 - _AMBIENT) * np.clip(normal @ light, 0, 1)
    picture = np.ones((*hit.shape, 3))
    picture[k, i] = np.array(to_rgb(PICTURE_COLORS[label])) * shade[:, None] * 1.15
    return depth, np.clip(picture, 0, 1)


def _gradient_at(array: np.ndarray, index: tuple[np.ndarray, ...]) -> np.ndarray:
    """Central differences ``(n, 3)`` of an array at some voxels; at its ends one-sided."""
    parts = []
    for axis, n in enumerate(array.shape):
        before, after = list(index), list(index)
        before[axis] = np.maximum(index[axis] - 1, 0)
        after[axis] = np.minimum(index[axis] + 1, n - 1)
        steps = np.maximum(after[axis] - before[axis], 1)
        parts.append((array[tuple(after)] - array[tuple(before)]) / steps)
    return np.stack(parts, axis=1)
