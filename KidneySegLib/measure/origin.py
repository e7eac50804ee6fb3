"""Where a mass comes from: its kidney, or something beside it that only touches the kidney.

Radiologists look for a claw of parenchyma around the mass (the beak sign), for how much of the mass
lies inside the kidney's outline, and whether the kidney is pushed aside or eaten into. A label map
shows two of these: the share of the mass inside the convex hull of the parenchyma, and the share of
its surface that touches parenchyma. (A claw at the border did not tell them apart: a mass that
dents a kidney has one too.) Nothing is removed for it: the origin is a remark.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..core.masks import opened
from ..core.volume import Box, Geometry, resample
from .contact import face_area_cm2
from .frame import hull_mask

RENAL, UNCERTAIN, OUTSIDE = "renal", "uncertain", "probably outside"
LEAST_ML = 1.0
"""Smaller masses have no shape to judge by."""

_GRID_MM = 1.5  # on which limits were set
_RIM_MM = 6.0  # parenchyma thinner than that is the rim that outlines leave around a mass
# Means of both shares. Set on 464 masses of 1 mL and more of KiTS23 cases under 300, all renal, and
# 200 put beside such kidneys: of the renal ones 4 % lie under the first and, of those under 400 mL,
# none under twice the second; of the others 91 % and about half (studies/origin.py).
_SURE, _HARDLY = 0.10, 0.03
_AROUND = 8  # voxels around a mass: more than the smoothing of its surface needs
_GIANT_ML = 400.0  # of so large a renal mass hardly anything lies inside what is left of a kidney


@dataclass(frozen=True)
class Shape:
    """How a mass lies at its kidney.

    Attributes
    ----------
    inside_share : float
        Of the mass's volume, inside the convex hull of the parenchyma.
    contact_share : float
        Of its surface, against parenchyma.
    """

    inside_share: float
    contact_share: float

    def as_dict(self) -> dict[str, Any]:
        """Plain dictionary for JSON."""
        return asdict(self)


def origin_of(shape: Shape | None, volume_ml: float) -> tuple[str, str]:
    """Origin of a mass, and the reason.

    Parameters
    ----------
    shape : Shape, optional
        None is a mass that touches no parenchyma.
    volume_ml : float
        Of the mass.
    """
    if shape is None:
        return UNCERTAIN, f"the mass of {volume_ml:.1f} mL touches no parenchyma thicker than a rim"
    reason = (
        f"{100 * shape.inside_share:.0f} % of the mass of {volume_ml:.1f} mL lies inside the "
        f"kidney's outline, and {100 * shape.contact_share:.0f} % of its surface touches parenchyma"
    )
    attached = (shape.inside_share + shape.contact_share) / 2
    if attached >= _SURE:
        return RENAL, reason
    outside = attached < _HARDLY and volume_ml < _GIANT_ML
    return OUTSIDE if outside else UNCERTAIN, f"only {reason}"


@dataclass(frozen=True, eq=False)
class Outline:
    """A kidney's parenchyma without rims, and its convex hull.

    Attributes
    ----------
    kidney, hull : (k, j, i) bool
        On the grid.
    grid : Geometry
        On which limits were set.
    native : Geometry
        Of the masks that it was made of.
    """

    kidney: np.ndarray
    hull: np.ndarray
    grid: Geometry
    native: Geometry

    @classmethod
    def of(cls, kidney: np.ndarray, geometry: Geometry) -> Outline | None:
        """Of the parenchyma of one side; None where there is none.

        Parameters
        ----------
        kidney : (k, j, i) bool
        """
        grid = geometry.with_spacing((_GRID_MM,) * 3)
        own = _without_rims(_share_on(kidney, geometry, grid) >= 0.5)
        box = Box.of_mask(own)
        if box is None:
            return None
        hull = np.zeros_like(own)
        hull[box.slices] = hull_mask(own[box.slices])
        return cls(own, hull, grid, geometry)

    def around(self, where: Sequence[slice]) -> Box:
        """The part of the grid around slices of the native masks."""
        ends = np.array([[s.start for s in where], [s.stop - 1 for s in where]])
        corners = self.grid.kji_from_ras(self.native.ras_from_kji(ends))
        low, high = np.floor(corners.min(axis=0)), np.ceil(corners.max(axis=0)) + 1
        start = tuple(int(n) for n in np.clip(low, 0, None))
        return Box(start, tuple(map(int, high))).grown((_AROUND,) * 3, self.grid.shape)


def shape_of(mass: np.ndarray, where: Sequence[slice], outline: Outline) -> Shape | None:
    """How a mass lies at a kidney; None where they do not touch or are too small.

    Parameters
    ----------
    mass : (k, j, i) bool
        Inside the slices ``where`` of the kidney's native mask.
    """
    near = outline.around(where)
    grid = outline.grid.cropped(near)
    own = _share_on(mass, outline.native.cropped(Box.of_slices(where)), grid) >= 0.5
    rest = outline.kidney[near.slices] & ~own
    contact = face_area_cm2(own, rest, grid) if own.any() else 0.0
    if contact == 0:
        return None
    inside = float((own & outline.hull[near.slices]).sum() / own.sum())
    whole = face_area_cm2(own, ~own, grid, beyond=True)
    return Shape(inside, float(contact / whole))


def _share_on(mask: np.ndarray, geometry: Geometry, grid: Geometry) -> np.ndarray:
    """Share of a mask in the voxels of another grid; nothing lies outside of it.

    Half of one counts: where two masks share a voxel, there must be no gap between them.
    """
    wide = geometry.cropped(Box((-1, -1, -1), tuple(n + 1 for n in geometry.shape)))
    return resample(np.pad(mask, 1).astype(np.float32), wide, grid, smooth=False)


def _without_rims(kidney: np.ndarray) -> np.ndarray:
    """Parenchyma without what is thin.

    Labels of KiTS19's cases, and networks that learned from them, leave a rim of kidney all around
    a mass: by them every mass would lie inside.
    """
    voxels = opened(np.pad(kidney, 1), (1, 1, 1), _RIM_MM / _GRID_MM / 2)[1:-1, 1:-1, 1:-1]
    return voxels if voxels.any() else kidney
