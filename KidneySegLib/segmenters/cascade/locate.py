"""Locate kidneys: a coarse network over the whole field, or places that the user gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from ...core.errors import InputError
from ...core.volume import Box, Geometry, Volume
from ...engine.base import Predictor
from ...engine.tiling import predict_block
from ...models.manifest import StageSpec

_THRESHOLD = 0.4
_LEAST_ML = 4.0  # shrunken kidneys of 10 mL exist; the fine network has the last word
_OVERLAP = 0.3
_MOST_REGIONS = 6
_LEAST_OF_SECOND = 0.6  # of the second largest: false candidates on unlabeled CTs were up to 0.4
_POINT_REACH_MM = 10.0
_POINT_EXTENT_MM = (140.0, 90.0, 90.0)  # a kidney around a point, k, j, i


@dataclass(frozen=True)
class Location:
    """Where to look for a kidney.

    Attributes
    ----------
    low_ras, high_ras : (3,) float64
        Corners in mm of a box that is parallel to the patient's axes.
    volume_ml : float
        What the coarse network found there; nan for a place given by the user.
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
        near = Location(self.point_ras - _POINT_REACH_MM, self.point_ras + _POINT_REACH_MM)
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


def normalize(image: np.ndarray, window_hu: tuple[float, float]) -> np.ndarray:
    """HU to a network's input: the window becomes -1..1, what lies outside is clipped."""
    low, high = window_hu
    return ((np.clip(image, low, high) - low) * (2 / (high - low)) - 1).astype(np.float32)


def network_input(volume: Volume, grid: Geometry, window_hu: tuple[float, float]) -> np.ndarray:
    """Volume on a network's grid, the HU window as -1..1, clipped before averaging."""
    return normalize(volume.resampled_to(grid, limits=window_hu).array, window_hu)


def locate_kidneys(
    volume: Volume,
    predictor: Predictor,
    spec: StageSpec,
    *,
    on_tiles: Callable[[int, int], None] | None = None,
) -> list[Location]:
    """Find kidneys in the whole field.

    Parameters
    ----------
    volume : Volume
        Canonical, HU.
    spec : StageSpec
        Input of the coarse network.

    Returns
    -------
    list of Location
        Largest first; none, one, three are normal.
    """
    grid = volume.geometry.with_spacing((spec.spacing_mm,) * 3)
    shares = predict_block(
        network_input(volume, grid, spec.window_hu),
        predictor,
        tile=spec.patch,
        classes=len(spec.classes),
        overlap=_OVERLAP,
        on_tiles=on_tiles,
    )
    return find_locations(1.0 - shares[0], grid)


def find_locations(share: np.ndarray, grid: Geometry) -> list[Location]:
    """Places of the connected parts of a coarse probability map ``(k, j, i)``, largest first."""
    from scipy import ndimage

    labels, _ = ndimage.label(share > _THRESHOLD, np.ones((3, 3, 3)))
    places = []
    for n, where in enumerate(ndimage.find_objects(labels), start=1):
        volume_ml = float((labels[where] == n).sum() * grid.voxel_volume_ml)
        if volume_ml >= _LEAST_ML:
            ends = np.array([[s.start - 0.5, s.stop - 0.5] for s in where])
            corners = grid.ras_from_kji(np.array(list(product(*ends))))
            places.append(Location(corners.min(axis=0), corners.max(axis=0), volume_ml))
    places.sort(key=lambda p: -p.volume_ml)
    return places[:_MOST_REGIONS]


def likely_kidneys(places: list[Location]) -> tuple[list[Location], list[Location]]:
    """Part candidates of the locator, largest first, in those to segment and those to report.

    The two largest are always segmented, and every other one that is not much smaller than the
    second largest: shrunken, solitary and third kidneys stay, specks in bowel and bone do not.
    """
    if len(places) < 3:
        return places, []
    least = _LEAST_OF_SECOND * places[1].volume_ml
    return (
        [p for p in places if p.volume_ml >= least],
        [p for p in places if p.volume_ml < least],
    )


def locations_from_points(
    points_ras: Sequence[Sequence[float]], geometry: Geometry
) -> list[Location]:
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
        places.append(Location(point - half, point + half, point_ras=point))
    return places


def locations_from_rois(
    rois: Sequence[tuple[Sequence[float], Sequence[float]]], geometry: Geometry
) -> list[Location]:
    """Places from boxes that the user drew: pairs of opposite corners in RAS mm.

    Raises
    ------
    InputError
        If a box does not overlap the volume.
    """
    places = []
    for corner, opposite in rois:
        corners = np.array([corner, opposite], dtype=np.float64)
        place = Location(corners.min(axis=0), corners.max(axis=0))
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
