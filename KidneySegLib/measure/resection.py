"""Resection planning: parenchyma that goes with a tumor and its margin, and what stays."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import ndimage

from ..core.anatomy import KIDNEY_OF_SIDE, Label
from ..core.errors import InputError
from ..core.volume import Box, Volume

MARGINS_MM = (0.0, 30.0)
DEFAULT_MARGIN_MM = 5.0  # a usual margin
_FINEST_MM = 1.25  # for speed; margins are whole mm
_BORDER = 0.2  # voxels from the nearest tumor voxel's center to the border: unbiased on balls


@dataclass(frozen=True)
class Resection:
    """Removing the tumors of a side with a margin. Volumes in mL, shares 0..1.

    ``preserved_share`` is that of this kidney's parenchyma, ``preserved_share_of_both`` what is
    left of both kidneys' together when nothing else is removed. They are None where a kidney
    that they count is cut by the end of the scan: what is preserved is then more than is seen.
    """

    side: str
    margin_mm: float
    removed_ml: float
    preserved_ml: float
    preserved_share: float | None
    preserved_share_of_both: float | None

    def as_dict(self) -> dict[str, Any]:
        """Plain dictionary for JSON."""
        return asdict(self)


@dataclass(frozen=True, eq=False)
class ResectionPlanner:
    """A kidney with a tumor in reach, ready to be planned with any margin at once.

    ``distances_mm`` are those of the kidney's points to the nearest tumor, in ascending order;
    ``own_is_whole`` and ``both_are_whole`` say whether the scan holds all of them.
    """

    side: str
    own_ml: float
    both_ml: float
    distances_mm: np.ndarray
    own_is_whole: bool = True
    both_are_whole: bool = True

    def plan(self, margin_mm: float) -> Resection:
        """Plan with a margin of 0 to 30 mm.

        Raises
        ------
        InputError
            If the margin is out of range.
        """
        low, high = MARGINS_MM
        if not low <= margin_mm <= high:
            raise InputError(
                f"A margin of {margin_mm:g} mm was given. Expected {low:g} to {high:g} mm."
            )
        count = int(np.searchsorted(self.distances_mm, margin_mm, side="right"))
        removed = self.own_ml * count / len(self.distances_mm) if margin_mm else 0.0
        return Resection(
            side=self.side,
            margin_mm=float(margin_mm),
            removed_ml=removed,
            preserved_ml=self.own_ml - removed,
            preserved_share=1 - removed / self.own_ml if self.own_is_whole else None,
            preserved_share_of_both=1 - removed / self.both_ml if self.both_are_whole else None,
        )


def resection_planner(
    labels: Volume, side: str, *, cut_sides: Collection[str] | None = None
) -> ResectionPlanner | None:
    """Prepare a side; None without a kidney there, or without a tumor within 30 mm of it.

    Parameters
    ----------
    labels : Volume
        `Label` numbers. Every tumor in reach counts, whichever kidney it grew from.
    cut_sides : collection of str, optional
        Sides whose kidney the scan cuts; without it those that reach the end of ``labels``, which
        must then be the whole scan.
    """
    if cut_sides is None:
        cut_sides = sides_cut(labels)
    kidney = labels.array == KIDNEY_OF_SIDE[side]
    box = Box.of_mask(kidney)
    if box is None:
        return None
    reach = labels.geometry.voxels_covering(MARGINS_MM[1]) + 1
    around = box.grown(reach, labels.array.shape).slices
    tumor = labels.array[around] == Label.TUMOR
    if not tumor.any():
        return None
    both = sum(int((labels.array == number).sum()) for number in KIDNEY_OF_SIDE.values())
    return ResectionPlanner(
        side,
        float(kidney[around].sum()) * labels.geometry.voxel_volume_ml,
        both * labels.geometry.voxel_volume_ml,
        _distances_mm(kidney[around], tumor, labels.geometry.spacing_mm),
        own_is_whole=side not in cut_sides,
        both_are_whole=not cut_sides,
    )


def sides_cut(labels: Volume) -> tuple[str, ...]:
    """Sides whose kidney reaches the end of a scan.

    Parameters
    ----------
    labels : Volume
        `Label` numbers of the whole scan.
    """
    faces = [np.take(labels.array, end, axis) for axis in range(3) for end in (0, -1)]
    return tuple(
        side
        for side, number in KIDNEY_OF_SIDE.items()
        if any((face == number).any() for face in faces)
    )


def plan_resection(
    labels: Volume, side: str, *, margin_mm: float = DEFAULT_MARGIN_MM
) -> Resection | None:
    """Parenchyma of a side within a margin of a tumor; None without a tumor there.

    Raises
    ------
    InputError
        If the margin is not 0 to 30 mm.
    """
    planner = resection_planner(labels, side)
    return None if planner is None else planner.plan(margin_mm)


def _distances_mm(kidney: np.ndarray, tumor: np.ndarray, spacing_mm: np.ndarray) -> np.ndarray:
    """Sorted distances of a kidney's points to a tumor's border, on a grid without thick slices."""
    parts = np.ceil(spacing_mm / _FINEST_MM - 1e-6).astype(int)
    fine = ndimage.zoom(tumor.astype(np.float32), parts, order=1, mode="nearest", grid_mode=True)
    solid = fine >= 0.5
    if not solid.any():  # a lesion of one voxel
        solid = _repeated(tumor, parts)
    spacing = spacing_mm / parts
    away = ndimage.distance_transform_edt(~solid, sampling=spacing) - _BORDER * spacing.min()
    return np.sort(away[_repeated(kidney, parts)])


def _repeated(mask: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """Each voxel as a block of voxels."""
    for axis, count in enumerate(parts):
        mask = mask.repeat(count, axis=axis)
    return mask
