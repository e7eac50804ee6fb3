"""A lesion around a click, and what becomes of one that a click calls false.

The region around the click competes with its surroundings: a random walk over the CT, drawn by
density and by the network's probabilities where they are known, ends either at the click or in what
cannot belong to it. All limits are our own, chosen on a drawn lesion with noise (24 combinations);
`studies/click.py` says how well that goes on patients.
"""

from __future__ import annotations

import numpy as np

from ..core.anatomy import KIDNEY_OF_SIDE, Label
from ..core.errors import InputError
from ..core.findings import Point
from ..core.masks import ALL_NEIGHBORS
from ..core.volume import Box, Geometry, Volume, resample

_REACHES_MM = (25.0, 70.0)  # first near the click; wider where the lesion goes on
_BALL_MM = 3.0
_MOST_VOXELS = 60  # along an axis, for speed
_SMOOTH_MM = 0.8
_FAT_HU = -20.0
_LEAST_SPREAD_HU, _MOST_SPREAD_HU = 12.0, 35.0
_ANYTHING = 0.05  # how likely any density is outside the lesion
_EDGE, _LEAST_WEIGHT, _PULL, _SURE = 0.3, 1e-4, 0.02, 1e3
_NEVER = 0.02  # lesion probability under which the network saw nothing at the click
_CLOSING_MM = 10.0  # dents of a kidney up to twice that wide are filled where a lesion goes


def lesion_at(
    click_ras: Point, ct: Volume, labels: Volume, percent: tuple[np.ndarray, Geometry] | None = None
) -> np.ndarray:
    """Mask of what a click points at.

    Parameters
    ----------
    click_ras : (R, A, S)
        mm.
    ct, labels : Volume
        HU and `Label` numbers, canonical, on one grid.
    percent : ((3, k, j, i) uint8, Geometry), optional
        Probabilities of kidney, tumor and cyst in percent, on a part of that grid.

    Returns
    -------
    (k, j, i) bool
        On the CT's grid; other lesions are left out.

    Raises
    ------
    InputError
        If the click is outside the CT, in a lesion already, or in air or fat.
    """
    seed = _voxel(click_ras, labels.geometry)
    if labels.array[seed] >= Label.TUMOR:
        raise InputError("There is a lesion already where you clicked. Nothing was added.")
    for reach in _REACHES_MM:
        box = _around(seed, labels.geometry, reach)
        part, known = ct.cropped(box), labels.cropped(box)
        share, grid = _outlined(click_ras, part, known, percent)
        fine = Volume(share, grid).resampled_to(part.geometry).array >= 0.5
        mask = np.zeros(labels.array.shape, bool)
        mask[box.slices] = fine & (known.array < Label.TUMOR)
        if not _reaches_end(share >= 0.5):
            break
    mask[seed] = True
    return mask


def _outlined(
    click_ras: Point,
    ct: Volume,
    labels: Volume,
    percent: tuple[np.ndarray, Geometry] | None,
) -> tuple[np.ndarray, Geometry]:
    """Share of every voxel of a coarser grid in what a click points at, and that grid."""
    extent = np.array(ct.geometry.shape) * ct.geometry.spacing_mm
    step = np.maximum(ct.geometry.spacing_mm, extent.max() / _MOST_VOXELS)
    grid = ct.geometry.with_spacing(step)
    density = ct.resampled_to(grid, limits=(-200.0, 400.0)).array
    every = grid.ras_from_kji(np.indices(grid.shape).reshape(3, -1).T)
    kji = np.rint(labels.geometry.kji_from_ras(every)).astype(int)
    kji = np.clip(kji, 0, np.array(labels.geometry.shape) - 1).T
    known = labels.array[tuple(kji)].reshape(grid.shape)
    ball = _ball(click_ras, grid)
    share = _region(density, ball, known, _lesion_probability(percent, grid), grid)
    piece = _one_piece(share >= 0.5, ball)
    share = np.where(piece, np.maximum(share, 0.5), np.minimum(share, 0.49))
    return share.astype(np.float32), grid


def _reaches_end(mask: np.ndarray) -> bool:
    """Whether a region comes near the end of the part that was looked at."""
    inner = mask.copy()
    inner[3:-3, 3:-3, 3:-3] = False
    return bool(inner.any())


def false_lesion_at(click_ras: Point, labels: Volume) -> tuple[np.ndarray, np.ndarray]:
    """The lesion that a click points at, and which of its voxels are kidney without it.

    Parameters
    ----------
    labels : Volume
        `Label` numbers, canonical.

    Returns
    -------
    tuple of (k, j, i) bool
        The lesion; what of it fills a dent of the kidney, and is kidney where it is no lesion.

    Raises
    ------
    InputError
        If there is no lesion.
    """
    from scipy import ndimage

    seed = _voxel(click_ras, labels.geometry)
    kind = labels.array[seed]
    if kind < Label.TUMOR:
        raise InputError("There is no lesion where you clicked. Nothing was removed.")
    numbered, _count = ndimage.label(labels.array == kind, ALL_NEIGHBORS)
    lesion = numbered == numbered[seed]
    box = Box.of_mask(lesion)
    assert box is not None
    room = labels.geometry.voxels_covering(2 * _CLOSING_MM)
    wide = box.grown(room, labels.array.shape)
    part = labels.array[wide.slices]
    kidney = np.isin(part, list(KIDNEY_OF_SIDE.values()))
    closed = _closed(kidney, labels.geometry.spacing_mm)
    inside = np.zeros_like(lesion)
    inside[wide.slices] = closed & lesion[wide.slices]
    return lesion, inside


def _closed(mask: np.ndarray, spacing_mm: np.ndarray) -> np.ndarray:
    """Morphological closing by a ball, by distances."""
    from scipy import ndimage

    if not mask.any():
        return mask
    grown = ndimage.distance_transform_edt(~mask, sampling=spacing_mm) <= _CLOSING_MM
    if grown.all():
        return grown
    return ndimage.distance_transform_edt(grown, sampling=spacing_mm) > _CLOSING_MM


def _voxel(point_ras: Point, geometry: Geometry) -> tuple[int, ...]:
    """Voxel of a place.

    Raises
    ------
    InputError
        If it is outside.
    """
    kji = np.rint(geometry.kji_from_ras(point_ras)[0]).astype(int)
    if (kji < 0).any() or (kji >= geometry.shape).any():
        raise InputError("You clicked outside the CT. Click into it.")
    return tuple(int(n) for n in kji)


def _around(seed: tuple[int, ...], geometry: Geometry, reach_mm: float) -> Box:
    """Box of voxels within reach of a click."""
    here = Box(seed, tuple(n + 1 for n in seed))
    return here.grown(geometry.voxels_covering(reach_mm), geometry.shape)


def _ball(center_ras: Point, grid: Geometry) -> np.ndarray:
    """Ball of 3 mm around the click."""
    center, spacing = grid.kji_from_ras(center_ras)[0], grid.spacing_mm
    axes = [(np.arange(n) - c) * mm for n, c, mm in zip(grid.shape, center, spacing, strict=True)]
    k, j, i = np.ix_(*axes)
    return np.asarray(k**2 + j**2 + i**2 <= max(_BALL_MM, float(spacing.max())) ** 2)


def _lesion_probability(
    percent: tuple[np.ndarray, Geometry] | None, grid: Geometry
) -> np.ndarray | None:
    """Probability (0..1) of tumor or cyst on a grid; None where it is not known."""
    if percent is None or not _covers(percent[1], grid):
        return None
    return np.asarray(resample(percent[0][1:], percent[1], grid).sum(axis=0) / 100)


def _covers(own: Geometry, grid: Geometry) -> bool:
    """Whether probabilities are known everywhere on a grid (beyond, their border is repeated)."""
    ends = own.kji_from_ras(grid.ras_from_kji([[n // 2 for n in grid.shape]]))[0]
    return bool((ends >= 0).all() and (ends <= np.array(own.shape) - 1).all())


def _walk(density: np.ndarray, ball: np.ndarray, never: np.ndarray, odds: np.ndarray) -> np.ndarray:
    """Probability that a random walk ends at the click, before it ends in what is no lesion.

    Grady's random walker with priors: neighbors of like density hang together, and every voxel
    pulls by how likely it is to be lesion by itself.

    Parameters
    ----------
    density : (k, j, i)
        In units of noise.
    ball, never : (k, j, i) bool
        Where it is sure, either way.
    odds : (k, j, i)
        Probability (0..1) of each voxel by itself.
    """
    from scipy import sparse
    from scipy.sparse.linalg import cg

    number = np.arange(density.size).reshape(density.shape)
    rows, columns, weights = [], [], []
    for axis in range(3):
        one = tuple(slice(None, -1) if a == axis else slice(None) for a in range(3))
        other = tuple(slice(1, None) if a == axis else slice(None) for a in range(3))
        rows.append(number[one].ravel())
        columns.append(number[other].ravel())
        step = (density[one] - density[other]).ravel()
        weights.append(np.exp(-_EDGE * step**2) + _LEAST_WEIGHT)
    r, c, w = (np.concatenate(x) for x in (rows, columns, weights))
    size = density.size
    between = sparse.coo_matrix((w, (r, c)), shape=(size, size)).tocsr()
    between = between + between.T
    pull = np.where(ball | never, _SURE, _PULL).ravel()
    ends = np.where(ball, 1.0, np.where(never, 0.0, odds)).ravel()
    diagonal = np.asarray(between.sum(axis=1)).ravel() + pull
    system = sparse.diags(diagonal) - between
    found, _info = cg(
        system, pull * ends, x0=ends, rtol=1e-3, maxiter=200, M=sparse.diags(1 / diagonal)
    )
    return np.asarray(found).reshape(density.shape)


def _region(
    density: np.ndarray,
    ball: np.ndarray,
    labels: np.ndarray,
    lesion: np.ndarray | None,
    grid: Geometry,
) -> np.ndarray:
    """Share (0..1) of each voxel in the region of the ball.

    Parameters
    ----------
    labels : (k, j, i)
        `Label` numbers, nearest to the grid's voxels.
    lesion : (k, j, i), optional
        Probability by the network.
    """
    from scipy import ndimage

    smooth = ndimage.gaussian_filter(density, _SMOOTH_MM / grid.spacing_mm)
    near = ndimage.distance_transform_edt(~ball, sampling=grid.spacing_mm) <= _BALL_MM
    level, sd = float(np.median(smooth[ball])), float(smooth[near].std())
    if level < _FAT_HU:
        raise InputError("You clicked into fat or air. Click into the lesion.")
    spread = float(np.clip(sd, _LEAST_SPREAD_HU, _MOST_SPREAD_HU))
    like = np.exp(-0.5 * ((smooth - level) / spread) ** 2)
    kidney = np.isin(labels, list(KIDNEY_OF_SIDE.values()))
    unlike = np.full(smooth.shape, _ANYTHING)
    if kidney.any():
        middle = float(np.median(smooth[kidney]))
        unlike += np.exp(-0.5 * ((smooth - middle) / spread) ** 2) * (abs(middle - level) > spread)
    odds = like / (like + unlike)
    if lesion is not None and lesion[ball].mean() > _NEVER:
        odds = np.sqrt(odds * np.clip(lesion / max(0.5, float(lesion[ball].max())), 0, 1))
    shell = np.ones_like(ball)
    shell[1:-1, 1:-1, 1:-1] = False
    never = (shell | (labels >= Label.TUMOR) | (smooth < _FAT_HU)) & ~ball
    return _walk(smooth / spread, ball, never, odds)


def _one_piece(found: np.ndarray, ball: np.ndarray) -> np.ndarray:
    """What hangs together with the click, its holes filled."""
    from scipy import ndimage

    numbered, _count = ndimage.label(found | ball, ndimage.generate_binary_structure(3, 1))
    own = np.isin(numbered, np.unique(numbered[ball]))
    return np.asarray(ndimage.binary_fill_holes(own))
