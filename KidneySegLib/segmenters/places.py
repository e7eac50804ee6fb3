"""Places where a kidney is looked for: found by a network, or given by the user."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from ..core.errors import InputError
from ..core.volume import Box, Geometry

_POINT_REACH_MM = 10.0  # a click is hardly farther from the kidney that is meant
_POINT_EXTENT_MM = (140.0, 90.0, 90.0)  # a kidney around a point, k, j, i

Point = tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class Place:
    """Where to look for a kidney.

    Attributes
    ----------
    low_ras, high_ras : (3,) float64
        Corners in mm of a box that is parallel to the patient's axes.
    volume_ml : float
        What a coarse network found there; nan for a place given by the user.
    point_ras : (3,) float64 or None
        The user's point in mm.
    """

    low_ras: np.ndarray
    high_ras: np.ndarray
    volume_ml: float = float("nan")
    point_ras: np.ndarray | None = None

    def anchor(self, geometry: Geometry) -> Box:
        """Box that a kidney must reach into to be the one meant here: near the user's point."""
        if self.point_ras is None:
            return self.box(geometry)
        near = Place(self.point_ras - _POINT_REACH_MM, self.point_ras + _POINT_REACH_MM)
        return near.box(geometry)

    def box(self, geometry: Geometry, *, margin_mm: float = 0.0) -> Box:
        """Box of voxels of a canonical grid, cut at its field; empty outside of it."""
        ends = np.stack([self.low_ras, self.high_ras])
        all_ras = [[ends[a, 0], ends[b, 1], ends[c, 2]] for a, b, c in product((0, 1), repeat=3)]
        corners = geometry.kji_from_ras(np.array(all_ras))
        margin = margin_mm / geometry.spacing_mm
        low = np.floor(corners.min(axis=0) - margin + 0.5).astype(int)
        high = np.ceil(corners.max(axis=0) + margin + 0.5).astype(int)
        size = np.array(geometry.shape)
        return Box(
            tuple(int(n) for n in np.clip(low, 0, size)),
            tuple(int(n) for n in np.clip(high, 0, size)),
        )


@dataclass(frozen=True)
class Hints:
    """Where the user says that kidneys are.

    Attributes
    ----------
    points : tuple of (R, A, S)
        mm, inside kidneys.
    rois : tuple of pairs of (R, A, S)
        mm, opposite corners of boxes around kidneys.
    """

    points: tuple[Point, ...] = ()
    rois: tuple[tuple[Point, Point], ...] = ()

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.points or self.rois)

    def places(self, geometry: Geometry) -> list[Place]:
        """Places of points and boxes.

        Raises
        ------
        InputError
            If one lies outside the volume.
        """
        return places_from_points(self.points, geometry) + places_from_rois(self.rois, geometry)


@dataclass(frozen=True)
class Found:
    """Places to look at, and candidates that were left out."""

    places: list[Place]
    left_out: list[Place]


def whole_field(geometry: Geometry) -> Place:
    """The place of a network that sees all of the field."""
    half = np.abs(geometry.ijk_to_ras[:3, :3]).sum(axis=1) / 2
    low, high = field_corners(geometry)
    return Place(low - half, high + half)


def places_from_points(points_ras: Sequence[Sequence[float]], geometry: Geometry) -> list[Place]:
    """Places around points that the user set inside kidneys.

    Parameters
    ----------
    points_ras : sequence of (R, A, S)
        mm.

    Raises
    ------
    InputError
        If a point lies outside the volume.
    """
    places = []
    for point in np.asarray(points_ras, dtype=np.float64).reshape(-1, 3):
        index = geometry.kji_from_ras(point)[0]
        if (index < -0.5).any() or (index > np.array(geometry.shape) - 0.5).any():
            low, high = field_corners(geometry)
            raise InputError(
                f"The point {_mm(point)} lies outside the CT, which spans {_mm(low)} to "
                f"{_mm(high)} (R,A,S in mm). Give a point inside a kidney."
            )
        half = np.array(_POINT_EXTENT_MM[::-1]) / 2
        places.append(Place(point - half, point + half, point_ras=point))
    return places


def places_from_rois(
    rois: Sequence[tuple[Sequence[float], Sequence[float]]], geometry: Geometry
) -> list[Place]:
    """Places from boxes that the user drew: pairs of opposite corners in RAS mm.

    Raises
    ------
    InputError
        If a box does not overlap the volume.
    """
    places = []
    for corner, opposite in rois:
        corners = np.array([corner, opposite], dtype=np.float64)
        place = Place(corners.min(axis=0), corners.max(axis=0))
        if place.box(geometry).is_empty:
            low, high = field_corners(geometry)
            raise InputError(
                f"The region {_mm(corners[0])} to {_mm(corners[1])} does not overlap the CT, which "
                f"spans {_mm(low)} to {_mm(high)} (R,A,S in mm). Draw it around a kidney."
            )
        places.append(place)
    return places


def field_corners(geometry: Geometry) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest RAS coordinates in mm of the voxel centers at the field's corners."""
    last = np.array(geometry.shape) - 1
    corners = np.array([[k, j, i] for k in (0, 1) for j in (0, 1) for i in (0, 1)]) * last
    ras = geometry.ras_from_kji(corners)
    return ras.min(axis=0), ras.max(axis=0)


def _mm(point: np.ndarray) -> str:
    """Short text of a point."""
    return "(" + ", ".join(f"{x:.0f}" for x in point) + ")"
