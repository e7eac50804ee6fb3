"""Structures beside kidneys, tumors and cysts that a model tells: kept, and measured in mL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..core.anatomy import KIDNEY_OF_SIDE, Label
from ..core.volume import Box, Geometry
from ..models.class_roles import PARTS_OF_KIDNEY, ClassRole, OutputClass

FIRST_NUMBER = max(Label) + 1


@dataclass(frozen=True)
class StructureMeasurement:
    """A structure that a model tells, such as the ureter.

    Attributes
    ----------
    name : str
        As the model calls it.
    role : str
        `ClassRole` value.
    label : int or None
        Its number in the label map; None for parts of the kidney, which are kidney there.
    volume_ml : float
    incomplete : bool
        Whether it goes on outside of what was looked at: at least this much.
    """

    name: str
    role: str
    label: int | None
    volume_ml: float
    incomplete: bool

    def as_dict(self) -> dict[str, Any]:
        """Plain dictionary for JSON."""
        return asdict(self)


@dataclass(frozen=True, eq=False)
class Structures:
    """Structures of a result.

    Attributes
    ----------
    numbers : (k, j, i) uint16
        Number in the label map of the structure in each voxel, 0 elsewhere.
    found : tuple of StructureMeasurement
    left_out : tuple of str
        Names of those that mean nothing to us and that lie in what was looked at in part only.
    """

    numbers: np.ndarray
    found: tuple[StructureMeasurement, ...]
    left_out: tuple[str, ...]


def find_structures(
    extras: np.ndarray,
    classes: Sequence[OutputClass],
    labels: np.ndarray,
    boxes: Sequence[Box],
    geometry: Geometry,
) -> Structures:
    """Measure what a model tells beside kidneys, tumors and cysts.

    Parameters
    ----------
    extras : (k, j, i) uint16
        Number from 1 of the extra class in each voxel.
    classes : sequence of OutputClass
        The extra classes.
    labels : (k, j, i) uint8
        `Label` numbers after cleaning: they win.
    boxes : sequence of Box
        What was looked at.
    geometry : Geometry
        Of all arrays.
    """
    numbers = np.zeros(extras.shape, np.uint16)
    found, left_out = [], []
    in_kidney = np.isin(labels, list(KIDNEY_OF_SIDE.values()))
    for n, own in enumerate(classes, start=1):
        part_of_kidney = own.role in PARTS_OF_KIDNEY
        mask = (extras == n) & (in_kidney if part_of_kidney else labels == 0)
        count = int(mask.sum())
        if not count:
            continue
        cut = _meets_a_wall(mask, boxes)
        if cut and own.role is ClassRole.OTHER:
            left_out.append(own.name)
            continue
        number = None if part_of_kidney else FIRST_NUMBER + n - 1
        if number is not None:
            numbers[mask] = number
        volume_ml = count * geometry.voxel_volume_ml
        found.append(StructureMeasurement(own.name, own.role.value, number, volume_ml, cut))
    return Structures(numbers, tuple(found), tuple(left_out))


def _meets_a_wall(mask: np.ndarray, boxes: Sequence[Box]) -> bool:
    """Whether a mask reaches a wall of a box that is not the end of the scan."""
    for box in boxes:
        inside = mask[box.slices]
        for axis in range(3):
            first, last = np.take(inside, 0, axis), np.take(inside, -1, axis)
            if box.start[axis] > 0 and first.any():
                return True
            if box.stop[axis] < mask.shape[axis] and last.any():
                return True
    return False
