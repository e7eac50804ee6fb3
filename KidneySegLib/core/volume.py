"""Volume and Geometry: the one spatial type of the library.

Arrays are ``(k, j, i)`` (slices first), as 3D Slicer, SimpleITK's array view and torch have
them. ``ijk_to_ras`` is a 4x4 float64 matrix in mm that maps the homogeneous voxel index
``(i, j, k, 1)`` of a voxel's center to RAS. No other file transposes or flips.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from .errors import GeometryError

if TYPE_CHECKING:
    from .findings import Finding
    from .source import Source

_SLAB_VOXELS = 16_000_000
_FEW_SLABS, _MOST_THREADS = 4, 4
_SPLINE_PAD = 12  # as scipy.ndimage pads before it fits a spline to an image with repeated borders
_LEAST_WEIGHT = 1e-5


@dataclass(frozen=True)
class Box:
    """A block of voxels, ``start`` inclusive and ``stop`` exclusive, both ``(k, j, i)``."""

    start: tuple[int, ...]
    stop: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Voxels per axis, ``(k, j, i)``."""
        return tuple(b - a for a, b in zip(self.start, self.stop, strict=True))

    @property
    def slices(self) -> tuple[slice, ...]:
        """Index that selects the box in an array."""
        return tuple(slice(a, b) for a, b in zip(self.start, self.stop, strict=True))

    @property
    def is_empty(self) -> bool:
        """True where an axis has no voxel."""
        return any(n <= 0 for n in self.shape)

    def grown(self, margin: Sequence[int] | np.ndarray, shape: Sequence[int]) -> Box:
        """Box with ``margin`` voxels more on both sides of each axis, cut at ``shape``."""
        start = tuple(max(0, int(a - m)) for a, m in zip(self.start, margin, strict=True))
        stop = tuple(min(n, int(b + m)) for b, m, n in zip(self.stop, margin, shape, strict=True))
        return Box(start, stop)

    def inside(self, wide: Box) -> tuple[slice, ...]:
        """Index that selects this box in an array of a wider one."""
        return tuple(
            slice(a - w, b - w) for a, b, w in zip(self.start, self.stop, wide.start, strict=True)
        )

    def seen_from(self, start: Sequence[int]) -> Box:
        """The same box in the voxels of a part that begins at ``start``."""
        return Box(
            tuple(a - s for a, s in zip(self.start, start, strict=True)),
            tuple(b - s for b, s in zip(self.stop, start, strict=True)),
        )

    def union(self, other: Box) -> Box:
        """Smallest box that holds both."""
        return Box(tuple(map(min, self.start, other.start)), tuple(map(max, self.stop, other.stop)))

    def overlaps(self, other: Box) -> bool:
        """True where the two share a voxel."""
        return all(
            max(a, c) < min(b, d)
            for a, b, c, d in zip(self.start, self.stop, other.start, other.stop, strict=True)
        )

    @classmethod
    def of_slices(cls, where: Sequence[slice]) -> Box:
        """Box that three slices with start and stop select."""
        return cls(tuple(s.start for s in where), tuple(s.stop for s in where))

    @classmethod
    def of_mask(cls, mask: np.ndarray) -> Box | None:
        """Bounding box of the true voxels of a ``(k, j, i)`` mask, None where there are none."""
        start, stop = [], []
        for axis in range(3):
            hit = np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis)))
            if hit.size == 0:
                return None
            start.append(int(hit[0]))
            stop.append(int(hit[-1]) + 1)
        return cls(tuple(start), tuple(stop))


@dataclass(frozen=True, eq=False)
class Geometry:
    """Where the voxels of a ``(k, j, i)`` array lie in the patient.

    Parameters
    ----------
    shape : (int, int, int)
        Voxels per axis, ``(k, j, i)``.
    ijk_to_ras : (4, 4) float64
        Voxel index ``(i, j, k, 1)`` to RAS in mm.

    Raises
    ------
    GeometryError
        If the matrix is singular, not finite, or not a 4x4 affine.
    """

    shape: tuple[int, ...]
    ijk_to_ras: np.ndarray = field(repr=False)

    def __post_init__(self):
        """Freeze the matrix and refuse one that maps voxels onto a plane."""
        matrix = np.array(self.ijk_to_ras, dtype=np.float64)
        if matrix.shape != (4, 4) or not np.isfinite(matrix).all():
            raise GeometryError(
                "The image's position matrix is not a finite 4x4 matrix. "
                "Export the CT again from the original DICOM files."
            )
        if abs(np.linalg.det(matrix[:3, :3])) < 1e-9:
            raise GeometryError(
                "The image's axes do not span 3D space (voxel size zero or parallel axes). "
                "Export the CT again from the original DICOM files."
            )
        matrix.setflags(write=False)
        object.__setattr__(self, "ijk_to_ras", matrix)
        object.__setattr__(self, "shape", tuple(int(n) for n in self.shape))

    @property
    def spacing_mm(self) -> np.ndarray:
        """Voxel size in mm in array order ``(k, j, i)``."""
        return np.linalg.norm(self.ijk_to_ras[:3, :3], axis=0)[::-1]

    @property
    def voxel_volume_ml(self) -> float:
        """Volume of one voxel in mL (1 mL = 1000 mm3)."""
        return float(abs(np.linalg.det(self.ijk_to_ras[:3, :3]))) / 1000.0

    def voxels_covering(self, length_mm: float) -> np.ndarray:
        """Whole voxels along ``(k, j, i)`` that cover a length in mm."""
        return np.ceil(length_mm / self.spacing_mm).astype(int)

    def ras_from_kji(self, points_kji: ArrayLike) -> np.ndarray:
        """Map ``(n, 3)`` voxel coordinates ``(k, j, i)`` to RAS in mm."""
        ijk = np.atleast_2d(np.asarray(points_kji, dtype=np.float64))[:, ::-1]
        return ijk @ self.ijk_to_ras[:3, :3].T + self.ijk_to_ras[:3, 3]

    def kji_from_ras(self, points_ras: ArrayLike) -> np.ndarray:
        """Map ``(n, 3)`` RAS points in mm to voxel coordinates ``(k, j, i)``."""
        ras = np.atleast_2d(np.asarray(points_ras, dtype=np.float64)) - self.ijk_to_ras[:3, 3]
        return np.linalg.solve(self.ijk_to_ras[:3, :3], ras.T).T[:, ::-1]

    def cropped(self, box: Box) -> Geometry:
        """Geometry of the voxels inside a box."""
        matrix = self.ijk_to_ras.copy()
        matrix[:3, 3] = self.ras_from_kji(box.start)[0]
        return Geometry(box.shape, matrix)

    def with_spacing(self, spacing_mm: ArrayLike) -> Geometry:
        """Grid over the same field with the same axes and another voxel size.

        Parameters
        ----------
        spacing_mm : (float, float, float)
            Voxel size wanted, ``(k, j, i)``. The field's center stays where it is; the number
            of voxels is rounded up, so that no voxel of the old grid lies outside the new one.
        """
        step = np.asarray(spacing_mm, dtype=np.float64) / self.spacing_mm
        old = np.array(self.shape)
        shape = np.maximum(1, np.ceil(old / step - 1e-6)).astype(int)
        first = (old - 1 - (shape - 1) * step) / 2
        matrix = self.ijk_to_ras.copy()
        matrix[:3, :3] *= step[::-1]
        matrix[:3, 3] = self.ras_from_kji(first)[0]
        return Geometry(tuple(shape), matrix)

    def anchored_with(self, spacing_mm: ArrayLike) -> Geometry:
        """Grid with the same first voxel center and axes and another voxel size.

        Its last voxels lie within half a voxel of the old grid's, as MONAI's Spacing has it.
        """
        step = np.asarray(spacing_mm, dtype=np.float64) / self.spacing_mm
        shape = np.round((np.array(self.shape) - 1) / step + 1).astype(int)
        matrix = self.ijk_to_ras.copy()
        matrix[:3, :3] *= step[::-1]
        return Geometry(tuple(shape), matrix)

    def with_shape(self, shape: Sequence[int]) -> Geometry:
        """Grid over exactly the same field with the same axes and another number of voxels."""
        step = np.array(self.shape) / np.array(shape)
        matrix = self.ijk_to_ras.copy()
        matrix[:3, :3] *= step[::-1]
        matrix[:3, 3] = self.ras_from_kji((step - 1) / 2)[0]
        return Geometry(tuple(shape), matrix)

    def to_canonical(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Axis order and flips that bring the array closest to ``k``: S, ``j``: A, ``i``: R.

        Returns
        -------
        order : (int, int, int)
            Which array axis becomes axis k, j, i.
        flips : (int, int, int)
            1 or -1 for each new axis.
        """
        from itertools import permutations

        directions = self.ijk_to_ras[:3, ::-1][:, 1:] / self.spacing_mm  # columns k, j, i
        wanted = np.array([2, 1, 0])  # RAS row of S, A, R
        order = max(
            permutations(range(3)),
            key=lambda p: sum(abs(directions[wanted[n], p[n]]) for n in range(3)),
        )
        flips = tuple(1 if directions[wanted[n], order[n]] > 0 else -1 for n in range(3))
        return order, flips

    def reoriented(self, order: Sequence[int], flips: Sequence[int]) -> Geometry:
        """Geometry after ``transpose(order)`` and then flipping the axes where flips is -1."""
        start = np.zeros(3)
        columns = self.ijk_to_ras[:3, 2::-1]  # columns k, j, i
        new = np.empty((3, 3))
        for axis in range(3):
            old = order[axis]
            new[:, axis] = columns[:, old] * flips[axis]
            if flips[axis] < 0:
                start[old] = self.shape[old] - 1
        matrix = np.eye(4)
        matrix[:3, :3] = new[:, ::-1]
        matrix[:3, 3] = self.ras_from_kji(start)[0]
        return Geometry(tuple(self.shape[a] for a in order), matrix)

    def matches(self, other: Geometry, *, tolerance_mm: float = 0.05) -> bool:
        """True where both grids have the same shape and corners within the tolerance in mm."""
        if self.shape != other.shape:
            return False
        corners = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]) * (
            np.array(self.shape) - 1
        )
        gap = self.ras_from_kji(corners) - other.ras_from_kji(corners)
        return bool(np.abs(gap).max() <= tolerance_mm)


@dataclass(frozen=True, eq=False)
class Volume:
    """A ``(k, j, i)`` array with its geometry.

    ``findings`` says what reading had to decide or change (such as a corrected gantry tilt),
    ``source`` what the volume was before; both belong to the volume as it was read, and stay with
    other arrays on its grid.
    """

    array: np.ndarray
    geometry: Geometry
    findings: tuple[Finding, ...] = ()
    source: Source | None = None

    def __post_init__(self):
        """Refuse an array that does not fit its geometry."""
        if self.array.shape != self.geometry.shape:
            raise GeometryError(
                f"The array has shape {self.array.shape}, its geometry {self.geometry.shape}."
            )

    def cropped(self, box: Box) -> Volume:
        """Volume of the voxels inside a box (a view)."""
        return Volume(self.array[box.slices], self.geometry.cropped(box))

    def reoriented(self, order: Sequence[int], flips: Sequence[int]) -> Volume:
        """Volume with axes permuted and flipped (a view); the patient stays where it is."""
        array = self.array.transpose(order)[tuple(slice(None, None, f) for f in flips)]
        return Volume(array, self.geometry.reoriented(order, flips))

    def canonical(self) -> Volume:
        """Volume (a view) with axes closest to ``k``: superior, ``j``: anterior, ``i``: right."""
        return self.reoriented(*self.geometry.to_canonical())

    def with_array(self, array: np.ndarray) -> Volume:
        """Another array on the same grid."""
        return replace(self, array=array)

    def resampled_to(
        self, target: Geometry, *, limits: tuple[float, float] | None = None
    ) -> Volume:
        """Float32 values on another grid with the same axis directions (see `resample`)."""
        return Volume(resample(self.array, self.geometry, target, limits=limits), target)


def restore_orientation(
    array: np.ndarray, order: Sequence[int], flips: Sequence[int]
) -> np.ndarray:
    """Undo `Volume.reoriented` on the last three axes of an array (a view)."""
    lead = array.ndim - 3
    where: tuple[Any, ...] = (..., *(slice(None, None, f) for f in flips))
    flipped = array[where]
    inverse = np.argsort(order)
    return flipped.transpose(*range(lead), *(lead + inverse))


def axis_weights(
    n_source: int, first: float, step: float, n_target: int, *, smooth: bool = True
) -> np.ndarray:
    """Interpolation weights along one axis.

    Parameters
    ----------
    n_source, n_target : int
        Voxels of the source and target axis.
    first, step : float
        Source coordinate of the first target voxel, and source voxels per target voxel.
    smooth : bool
        When the target is coarser, widen the triangle to one target voxel, so that noise and
        thin structures are averaged instead of skipped. Finer targets get linear
        interpolation either way.

    Returns
    -------
    (n_target, n_source) float32
        Rows sum to 1. Outside the source the border value is repeated.
    """
    coordinates = np.clip(first + step * np.arange(n_target), 0, n_source - 1)
    width = max(1.0, abs(step)) if smooth else 1.0
    distance = np.abs(coordinates[:, None] - np.arange(n_source)[None, :]) / width
    weights = np.maximum(0.0, 1.0 - distance)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def spline_weights(
    n_source: int, first: float, step: float, n_target: int, order: int
) -> np.ndarray:
    """Weights along one axis of interpolating splines, as scipy and scikit-image have them.

    Parameters
    ----------
    n_source, n_target, first, step
        As for `axis_weights`.
    order : int
        0 (the nearest voxel), 1 or 3.

    Returns
    -------
    (n_target, n_source) float32
        Outside the source the border value is repeated.
    """
    if order == 1:
        return axis_weights(n_source, first, step, n_target, smooth=False)
    coordinates = first + step * np.arange(n_target)
    if order == 0:
        nearest = np.clip(np.floor(coordinates + 0.5), 0, n_source - 1).astype(int)
        return (nearest[:, None] == np.arange(n_source)).astype(np.float32)
    n = n_source + 2 * _SPLINE_PAD
    x = np.clip(coordinates + _SPLINE_PAD, 0, n - 1)
    grid = _cubic(np.arange(n)[:, None] - np.arange(n)[None, :])
    grid[0, 1] = grid[-1, -2] = 2 * grid[1, 0]  # mirrored past the padding, which hides it
    padded = np.linalg.solve(grid.T, _cubic(x[:, None] - np.arange(n)[None, :]).T).T
    weights = padded[:, _SPLINE_PAD : n - _SPLINE_PAD].copy()
    weights[:, 0] += padded[:, :_SPLINE_PAD].sum(axis=1)
    weights[:, -1] += padded[:, n - _SPLINE_PAD :].sum(axis=1)
    weights[np.abs(weights) < _LEAST_WEIGHT] = 0  # so that far voxels need not be read
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def _cubic(x: np.ndarray) -> np.ndarray:
    """The cubic B-spline."""
    x = np.abs(x)
    inner = 2 / 3 - x**2 + x**3 / 2
    return np.where(x < 1, inner, np.where(x < 2, (2 - x) ** 3 / 6, 0.0))


def axis_maps(source: Geometry, target: Geometry) -> list[tuple[float, float]]:
    """Source coordinate of the first target voxel and step, for the axes k, j, i.

    Raises
    ------
    GeometryError
        If the axes of the two grids are not parallel.
    """
    matrix = np.linalg.solve(source.ijk_to_ras, target.ijk_to_ras)
    linear = matrix[:3, :3]
    reach = np.abs(linear - np.diag(np.diag(linear))) * np.array(target.shape[::-1])
    if reach.max() > 0.05:
        raise GeometryError(
            "The two images' axes are not parallel. Resample one of them onto the other's grid."
        )
    return [(float(matrix[a, 3]), float(linear[a, a])) for a in (2, 1, 0)]


def resample(
    array: np.ndarray,
    source: Geometry,
    target: Geometry,
    *,
    smooth: bool = True,
    limits: tuple[float, float] | None = None,
    orders: Sequence[int] | None = None,
) -> np.ndarray:
    """Interpolate the last three axes of an array onto a grid with parallel axes.

    Separable: one small matrix product per axis, slab by slab, so that neither time nor memory
    follows the product of both grids.

    Parameters
    ----------
    array : (..., k, j, i)
        Any real type; leading axes are channels.
    source, target : Geometry
        Grids of the array and of the result.
    smooth : bool
        Average when the target is coarser (see `axis_weights`).
    limits : (float, float), optional
        Clip values to this range before they are averaged.
    orders : (int, int, int), optional
        Interpolate by splines of these orders along the axes instead (see `spline_weights`).

    Returns
    -------
    (..., k, j, i) float32
    """
    maps = zip(source.shape, target.shape, axis_maps(source, target), strict=True)
    if orders is None:
        weights = [axis_weights(n, *at, m, smooth=smooth) for n, m, at in maps]
    else:
        pairs = zip(maps, orders, strict=True)
        weights = [spline_weights(n, *at, m, order) for (n, m, at), order in pairs]
    lead = array.shape[:-3]
    flat = array.reshape((-1, *source.shape)) if lead else array[None]
    out = np.stack([_resample_one(channel, weights, limits) for channel in flat])
    return out.reshape((*lead, *target.shape))


def _resample_one(
    array: np.ndarray, weights: list[np.ndarray], limits: tuple[float, float] | None
) -> np.ndarray:
    """Apply the three weight matrices to a ``(k, j, i)`` array."""
    w_k, w_j, w_i = weights
    k_used = np.flatnonzero(w_k.any(axis=0))
    j_used = np.flatnonzero(w_j.any(axis=0))
    i_used = np.flatnonzero(w_i.any(axis=0))
    k0, k1 = k_used[0], k_used[-1] + 1
    j_cut, i_cut = slice(j_used[0], j_used[-1] + 1), slice(i_used[0], i_used[-1] + 1)
    w_k, w_j, w_i = w_k[:, k0:k1], w_j[:, j_cut], np.ascontiguousarray(w_i[:, i_cut].T)
    middle = np.empty((k1 - k0, w_j.shape[0], w_i.shape[1]), np.float32)
    step = max(1, _SLAB_VOXELS // (w_j.shape[1] * max(w_i.shape)))

    def bring(start: int) -> None:
        slab = array[start : min(start + step, k1), j_cut, i_cut].astype(np.float32)
        if limits:
            np.clip(slab, *limits, out=slab)
        middle[start - k0 : start - k0 + slab.shape[0]] = np.matmul(w_j, slab @ w_i)

    starts = range(k0, k1, step)
    if len(starts) < _FEW_SLABS:
        for start in starts:
            bring(start)
    else:  # copying and clipping take as long as the products, and use one core
        with ThreadPoolExecutor(min(_MOST_THREADS, os.cpu_count() or 1)) as pool:
            list(pool.map(bring, starts))
    out = w_k @ middle.reshape(middle.shape[0], -1)
    return out.reshape(w_k.shape[0], *middle.shape[1:])
