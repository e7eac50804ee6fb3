"""Masses put beside kidneys, to be told from a kidney's own: shapes of other organs, and spheres.

What is judged by it has no density and no fat between: shape and contact alone, on 1.5 mm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import ndimage

from ..core.masks import components
from ..core.volume import Box

GRID_MM = 1.5
ORGANS = {"liver": 5, "spleen": 1, "adrenal": 8, "adrenal left": 9, "bowel": 18, "colon": 20}
"""Structures of the multi-organ maps whose shapes are put beside kidneys, by their numbers."""

_ORGAN_GRID_MM = 2.0
_VOLUME_ML = (5.0, 600.0)
_PRESSED_MM = (1.5, 6.0)  # how deep a mass meets the kidney's outline
_LEAST_CONTACT = 30  # voxels: some 0.7 cm2
_TRIES = 30


@dataclass(frozen=True, eq=False)
class Beside:
    """A kidney and a mass beside it.

    Attributes
    ----------
    mass, kidney : (k, j, i) bool
        They touch and do not overlap.
    shape : str
        Organ, or ``sphere``.
    contact : str
        ``flat``: the mass ends at the kidney's surface, which stays; ``pressed``: the kidney is
        indented.
    """

    mass: np.ndarray
    kidney: np.ndarray
    shape: str
    contact: str


def organ_shapes(folder: Path) -> dict[str, list[np.ndarray]]:
    """The largest part of each organ of the multi-organ maps, on their 2 mm grid."""
    found: dict[str, list[np.ndarray]] = {name: [] for name in ORGANS}
    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as stored:
            label = stored["label"].transpose(2, 1, 0)
        for name, number in ORGANS.items():
            parts = [part for _, part in components(label == number)]
            if parts:
                found[name].append(max(parts, key=np.count_nonzero))
    return found


def put_beside(
    kidney: np.ndarray, shapes: Sequence[tuple[str, np.ndarray]], rng: np.random.Generator
) -> Beside | None:
    """A mass at the surface of a kidney; None where none fits.

    Parameters
    ----------
    kidney : (k, j, i) bool
        On 1.5 mm, one side's parenchyma.
    shapes : sequence of (str, (k, j, i) bool)
        On 2 mm; a sphere is drawn where none is given.
    """
    box = Box.of_mask(kidney)
    if box is None:
        return None
    organ = kidney[box.slices]
    for _ in range(_TRIES):
        name, shape = _drawn_shape(shapes, rng)
        room, placed = _placed(organ, shape, rng)
        deepest = ndimage.distance_transform_edt(room)[placed].max() * GRID_MM
        if not 0 < deepest <= _PRESSED_MM[1] + GRID_MM:
            continue
        flat = bool(rng.integers(2))
        own = _largest(placed & ~room) if flat else placed
        rest = room if flat else room & ~placed
        if (ndimage.binary_dilation(own) & rest).sum() >= _LEAST_CONTACT:
            return Beside(own, rest, name, "flat" if flat else "pressed")
    return None


def _drawn_shape(
    shapes: Sequence[tuple[str, np.ndarray]], rng: np.random.Generator
) -> tuple[str, np.ndarray]:
    """A shape of a drawn size, turned by quarters."""
    ml = float(np.exp(rng.uniform(*np.log(_VOLUME_ML))))
    if not shapes:
        radius = (3000 * ml / (4 * np.pi)) ** (1 / 3) / GRID_MM
        reach = int(np.ceil(radius)) + 1
        grid = np.mgrid[[slice(-reach, reach + 1)] * 3]
        return "sphere", (grid**2).sum(axis=0) <= radius**2
    name, shape = shapes[int(rng.integers(len(shapes)))]
    own_ml = shape.sum() * _ORGAN_GRID_MM**3 / 1000
    scale = (ml / own_ml) ** (1 / 3) * _ORGAN_GRID_MM / GRID_MM
    zoomed = ndimage.zoom(np.pad(shape, 1).astype(np.float32), scale, order=1) > 0.5
    for axes in ((0, 1), (1, 2)):
        zoomed = np.rot90(zoomed, int(rng.integers(4)), axes)
    return name, zoomed


def _placed(
    organ: np.ndarray, shape: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Organ, and the shape moved along a normal of its surface until both meet by some mm."""
    surface = np.argwhere(organ & ~ndimage.binary_erosion(organ))
    spot = surface[int(rng.integers(len(surface)))].astype(float)
    outward = spot - np.argwhere(organ).mean(axis=0)
    normal = outward / max(float(np.linalg.norm(outward)), 1e-9)
    voxels = np.argwhere(shape)
    along = voxels @ normal
    nearest = voxels[along <= along.min() + 2].mean(axis=0)  # of the shape, toward the kidney
    depth = float(rng.uniform(*_PRESSED_MM)) / GRID_MM
    shift = np.rint(spot - normal * depth - nearest).astype(int)
    start = np.minimum(0, shift) - 2
    stop = np.maximum(organ.shape, shift + shape.shape) + 2
    room, placed = (np.zeros(stop - start, bool) for _ in range(2))
    for mask, block, first in ((room, organ, -start), (placed, shape, shift - start)):
        mask[tuple(slice(a, a + n) for a, n in zip(first, block.shape, strict=True))] = block
    return room, placed


def _largest(mask: np.ndarray) -> np.ndarray:
    """The largest connected part of a mask."""
    kept = np.zeros_like(mask)
    where, part = max(components(mask), key=lambda found: np.count_nonzero(found[1]))
    kept[where] = part
    return kept
