"""Lesions put into real kidneys, to be found again: shapes of real maps, densities by the rules.

What is judged by it knows the truth to the voxel, and is easier than patients are: texture and
surroundings are drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ..core.anatomy import Tissue
from ..core.volume import Volume
from ..training.lesions import insert_lesion, plan_lesion, soft_shape
from ..training.pack import SHAPE_SPACING_MM, kits_number, shapes_of_map

GRID_MM = 1.5
KINDS = {"tumor": Tissue.TUMOR, "cyst": Tissue.CYST}
_TRIES = 20
Shapes = Mapping[str, Sequence[np.ndarray]]


def shapes_between(maps: Path, first: int, stop: float) -> dict[str, list[np.ndarray]]:
    """Tumor and cyst shapes of KiTS23 cases from a number on, up to another.

    Parameters
    ----------
    maps : Path
        ``.npz`` of label maps on 1.5 mm by case (see `training.pack`).
    """
    found: dict[str, list[np.ndarray]] = {kind: [] for kind in KINDS}
    with np.load(maps) as stored:
        for case in sorted(stored.files):
            if first <= kits_number(case) < stop:
                for kind, masks in shapes_of_map(stored[case]).items():
                    found[kind] += masks
    return found


def isotropic(volume: Volume, tissue: np.ndarray) -> tuple[Volume, np.ndarray]:
    """CT and tissues on a 1.5 mm grid, on which lesions are composed and then segmented.

    Parameters
    ----------
    volume : Volume
        Canonical, HU.
    tissue : (k, j, i) uint8
        `Tissue` numbers.
    """
    grid = volume.geometry.with_spacing((GRID_MM,) * 3)
    shares = [
        volume.with_array((tissue == n).astype(np.uint8)).resampled_to(grid).array for n in Tissue
    ]
    return volume.resampled_to(grid), np.stack(shares).argmax(axis=0).astype(np.uint8)


def compose(
    volume: Volume,
    tissue: np.ndarray,
    shapes: Shapes,
    kind: str,
    size_mm: float,
    rng: np.random.Generator,
) -> tuple[Volume, np.ndarray] | None:
    """A CT with one lesion more, and its mask; None where none fits.

    Parameters
    ----------
    volume, tissue : Volume, (k, j, i) uint8
        As `isotropic` gives them.
    kind : str
        ``tumor`` or ``cyst``.
    size_mm : float
        Sphere-equivalent diameter.
    """
    bank, number = shapes[kind], KINDS[kind]
    for _ in range(_TRIES):
        soft = soft_shape(
            bank[rng.integers(len(bank))],
            rng,
            shape_spacing_mm=SHAPE_SPACING_MM,
            spacing_mm=GRID_MM,
            volume_ml=np.pi / 6 * size_mm**3 / 1000,
        )
        plan = plan_lesion(
            tissue == Tissue.KIDNEY, soft, number, rng, distance_radii=rng.uniform(-0.7, 0.4)
        )
        image, marks = volume.array.copy(), tissue.copy()
        if plan is not None and insert_lesion(image, marks, plan, rng, spacing_mm=GRID_MM):
            return volume.with_array(image), (marks == number) & (tissue != number)
    return None
