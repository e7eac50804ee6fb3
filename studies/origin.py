"""Where masses come from: real renal masses, and masses put beside kidneys, by shape alone.

    python studies/origin.py [--count 200]

Every mass of 1 mL and more of the KiTS23 maps (all renal); and shapes of liver, spleen, adrenal
gland and bowel of the multi-organ maps, and spheres, put beside kidneys without a mass. Limits were
set on cases under 300; cases of 400 and more, and masses beside their kidneys, are the judge.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from common import data_folder, parser, save, share

from KidneySegLib.core.masks import components
from KidneySegLib.core.volume import Box, Geometry
from KidneySegLib.evaluation.beside import GRID_MM, ORGANS, organ_shapes, put_beside
from KidneySegLib.measure.origin import (
    LEAST_ML,
    OUTSIDE,
    UNCERTAIN,
    Outline,
    Shape,
    origin_of,
    shape_of,
)
from KidneySegLib.training.pack import KITS_SHAPES, kits_number

FIRST_JUDGE, PAD, NEAR = 400, 6, 3
VOXEL_ML = GRID_MM**3 / 1000
LEAST_KIDNEY_ML = 40.0
SPHERES = 2  # of so many shapes beside those of organs


def shape_in(mass: np.ndarray, kidney: np.ndarray) -> Shape | None:
    """How a mass lies at a kidney, on the maps' grid."""
    box = Box.of_mask(mass | kidney)
    assert box is not None
    box = box.grown((2, 2, 2), mass.shape)
    geometry = Geometry(box.shape, np.diag([GRID_MM] * 3 + [1.0]))
    outline = Outline.of(kidney[box.slices], geometry)
    whole = tuple(slice(0, n) for n in box.shape)
    return None if outline is None else shape_of(mass[box.slices], whole, outline)


def sides(kidney: np.ndarray) -> list[np.ndarray]:
    """Masks of the two halves of a map, left first."""
    spots = np.argwhere(kidney)[:, 2]
    right = np.arange(kidney.shape[2]) > (spots.min() + spots.max()) / 2
    return [np.broadcast_to(half, kidney.shape) for half in (~right, right)]


def real_masses(stored: np.ndarray) -> list[tuple[float, Shape | None]]:
    """Volume and shape of every mass of a map at the kidney that it touches."""
    array = np.pad(stored.transpose(2, 1, 0), PAD)
    kidney, halves, found = array == 1, sides(array == 1), []
    for where, part in components(array >= 2):
        if part.sum() * VOXEL_ML < LEAST_ML:
            continue
        mass = np.zeros(array.shape, bool)
        mass[where] = part
        around = Box.of_slices(where).grown((NEAR,) * 3, array.shape).slices
        half = max(halves, key=lambda h: np.count_nonzero(kidney[around] & h[around]))
        found.append((float(part.sum() * VOXEL_ML), shape_in(mass, kidney & half)))
    return found


def masses_beside(maps: dict[str, np.ndarray], count: int, seed: int) -> list[dict[str, Any]]:
    """Shapes of masses put beside kidneys of some maps that have none on that side."""
    organs = organ_shapes(data_folder() / "multiorgan")
    rng, names, found = np.random.default_rng(seed), sorted(maps), []
    while len(found) < count:
        array = np.pad(maps[names[int(rng.integers(len(names)))]].transpose(2, 1, 0), PAD)
        half = sides(array == 1)[int(rng.integers(2))]
        kidney = (array == 1) & half
        if ((array > 1) & half).any() or kidney.sum() * VOXEL_ML < LEAST_KIDNEY_ML:
            continue
        kind = str(rng.choice([*ORGANS, *["sphere"] * SPHERES]))
        beside = put_beside(kidney, [(kind, s) for s in organs.get(kind, [])], rng)
        if beside is not None:
            ml = float(beside.mass.sum() * VOXEL_ML)
            own = {"shape": beside.shape, "contact": beside.contact, "ml": ml}
            found.append(own | {"found": shape_in(beside.mass, beside.kidney)})
    return found


def main() -> None:
    """Print the figures, and write them."""
    options = parser(__doc__ or "")
    options.add_argument("--count", type=int, default=200)
    chosen = options.parse_args()
    with np.load(data_folder() / KITS_SHAPES) as stored:
        maps = {name: stored[name] for name in stored.files}
    figures: dict[str, Any] = {}
    for name, is_judge in (("set on", False), ("judged on", True)):
        own = {n: a for n, a in maps.items() if (kits_number(n) >= FIRST_JUDGE) == is_judge}
        real = [found for array in own.values() for found in real_masses(array)]
        beside = masses_beside(own, chosen.count, seed=2 if is_judge else 1)
        called = Counter(origin_of(shape, ml)[0] for ml, shape in real)
        others = Counter(origin_of(row["found"], row["ml"])[0] for row in beside)
        hits = others[OUTSIDE] + others[UNCERTAIN]
        print(f"{name}: renal masses {dict(called)}; masses beside kidneys {dict(others)}")
        print(f"  beside, outside or uncertain: {share(hits, len(beside))}")
        print(f"  renal, uncertain: {share(called[UNCERTAIN], len(real))}")
        figures[name] = {
            "real": called,
            "beside": others,
            "masses": [(ml, shape and shape.as_dict()) for ml, shape in real],
            "rows": [row | {"found": row["found"] and row["found"].as_dict()} for row in beside],
        }
    save(figures, chosen.json)


if __name__ == "__main__":
    main()
