"""Boolean masks on one grid: connected parts, and the distance between two."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy import ndimage

from .volume import Box

ALL_NEIGHBORS = np.ones((3, 3, 3), bool)
_NO_CORNERS = ndimage.generate_binary_structure(3, 2)
Component = tuple[tuple[slice, ...], np.ndarray]  # bounding slices, and the part in them


def components(mask: np.ndarray) -> list[Component]:
    """Connected parts (26 neighbors) of a mask: bounding slices, and the part inside them."""
    box = Box.of_mask(mask)
    if box is None:
        return []
    labels, _ = ndimage.label(mask[box.slices], ALL_NEIGHBORS)
    return [
        (moved(where, box.slices), labels[where] == n)
        for n, where in enumerate(ndimage.find_objects(labels), start=1)
    ]


def bodies(mask: np.ndarray, least: int) -> list[Component]:
    """Connected parts of a mask, apart where two of them touch at voxels' corners only.

    Parameters
    ----------
    mask : (k, j, i) bool
    least : int
        Voxels of a body of its own; what is smaller goes to the nearest of these.
    """
    found = []
    for where, part in components(mask):
        labels, _ = ndimage.label(part, _NO_CORNERS)
        sizes = np.bincount(labels.ravel())[1:]
        own = np.flatnonzero(sizes >= least) + 1
        if len(own) < 2:
            found.append((where, part))
            continue
        nearest = ndimage.distance_transform_edt(
            ~np.isin(labels, own), return_distances=False, return_indices=True
        )
        labels = np.where(part, labels[tuple(nearest)], 0)
        inner = ndimage.find_objects(labels)
        found += [(moved(inner[n - 1], where), labels[inner[n - 1]] == n) for n in own]
    return found


def moved(where: Sequence[slice], by: Sequence[slice]) -> tuple[slice, ...]:
    """Slices inside a block as slices of the whole array."""
    return tuple(slice(a.start + b.start, a.stop + b.start) for a, b in zip(where, by, strict=True))


def placed(part: np.ndarray, where: Sequence[slice], wide: Sequence[slice]) -> np.ndarray:
    """A component inside the slices where, as a mask of wider slices."""
    own = np.zeros([s.stop - s.start for s in wide], bool)
    own[Box.of_slices(where).inside(Box.of_slices(wide))] = part
    return own


def opened(mask: np.ndarray, spacing_mm: ArrayLike, radius_mm: float) -> np.ndarray:
    """A mask without what is thinner than a ball; what lies outside of the array does not end it.

    Distances are taken in boxes around what is there: the nearest voxel that ends it lies in them.

    Parameters
    ----------
    mask : (k, j, i) bool
    spacing_mm : (float, float, float)
        ``(k, j, i)``.
    radius_mm : float
    """
    spacing, found = np.asarray(spacing_mm, float), np.zeros_like(mask)
    box = Box.of_mask(mask)
    if box is None:
        return found
    box = box.grown((1, 1, 1), mask.shape)
    part = mask[box.slices]
    core = ndimage.distance_transform_edt(part, sampling=spacing) > radius_mm
    inner = Box.of_mask(core)
    if inner is None:
        return found
    near = inner.grown(np.ceil(radius_mm / spacing).astype(int), part.shape)
    away = ndimage.distance_transform_edt(~core[near.slices], sampling=spacing)
    found[box.slices][near.slices] = (away <= radius_mm) & part[near.slices]
    return found


def gap_mm(part: np.ndarray, other: np.ndarray, spacing_mm: ArrayLike) -> float:
    """Shortest distance in mm between the faces of two masks on one grid; 0 where they touch.

    Parameters
    ----------
    part, other : (k, j, i) bool
        ``part`` holds a voxel.
    spacing_mm : (float, float, float)
        ``(k, j, i)``.

    Returns
    -------
    float
        Infinite where ``other`` is empty.
    """
    box = Box.of_mask(other)
    if box is None:
        return float("inf")
    own = Box.of_mask(part)
    assert own is not None
    box = box.union(own)
    part, other = part[box.slices], other[box.slices]
    _, nearest = ndimage.distance_transform_edt(~other, sampling=spacing_mm, return_indices=True)
    steps = np.abs(np.argwhere(part) - nearest[:, part].T)
    return float(np.linalg.norm(np.maximum(0, steps - 1) * np.asarray(spacing_mm), axis=1).min())
