"""What real masses are made of, by their densities: KiTS23 slices, and ten patients in 3-D.

    python studies/compositions.py

Every expert's tumor and cyst of 15 mm and more on slices whose kidneys are enhanced, each repeated
to 45 mm, and every one of 1.8 mL and more in the ten CTs of kits3d: fluid, solid, cystic with a
solid part, or indeterminate (see KidneySegLib/measure/composition.py). The experts' outlines, not
the network's.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from common import data_folder, parser, save
from real_tumors_3d import FOLDER, case_numbers, load
from scipy import ndimage

from KidneySegLib.core.anatomy import MASSES, Tissue
from KidneySegLib.core.masks import components
from KidneySegLib.core.volume import Box
from KidneySegLib.measure.composition import composition_of
from KidneySegLib.training import slices

SLICES, SLICE_MM = 9, 5.0
SIZES_MM = (15.0, 30.0)
ALL_NEIGHBORS = np.ones((3, 3))


def of_slices() -> list[dict[str, Any]]:
    """Lesions of single slices."""
    rows = []
    for file in slices.FILES:
        with np.load(data_folder() / "kits_slices" / file) as stored:
            for n, label in enumerate(stored["label"]):
                if (label > 1).any() and (label == 1).any():
                    hu = slices.as_hu(stored["image"][n], file)
                    own = _of_slice(hu, label, float(stored["pixel_mm"][n]))
                    rows += [row | {"case": int(stored["case"][n])} for row in own]
    return rows


def _of_slice(hu: np.ndarray, label: np.ndarray, pixel_mm: float) -> list[dict[str, Any]]:
    rows, kidney_hu = [], float(np.median(hu[label == 1]))
    for kind in MASSES:
        parts, count = ndimage.label(label == kind, ALL_NEIGHBORS)
        for n in range(1, count + 1):
            part = parts == n
            size_mm = float(2 * np.sqrt(part.sum() * pixel_mm**2 / np.pi))
            if size_mm < SIZES_MM[0]:
                continue
            shape = (SLICES, *part.shape)
            geometry = slices.stack_geometry(shape, pixel_mm, SLICE_MM)
            stack = (np.broadcast_to(a, shape) for a in (part, hu))
            found = composition_of(*stack, kidney_hu, geometry)
            if found is not None:
                true = Tissue(kind).name.lower()
                rows.append({"true": true, "mm": size_mm, **found.as_dict()})
    return rows


def of_volumes() -> list[dict[str, Any]]:
    """Lesions of the ten patients."""
    rows, folder = [], data_folder() / FOLDER
    for case in case_numbers(folder):
        ct, truth = load(folder, case)
        kidney_hu = float(np.median(ct.array[truth == Tissue.KIDNEY]))
        for kind in MASSES:
            for where, part in components(truth == kind):
                own = ct.geometry.cropped(Box.of_slices(where))
                found = composition_of(part, ct.array[where], kidney_hu, own)
                if found is not None:
                    ml = float(part.sum() * ct.geometry.voxel_volume_ml)
                    true = Tissue(kind).name.lower()
                    rows.append({"true": true, "case": int(case), "ml": ml, **found.as_dict()})
    return rows


def main() -> None:
    """Print the figures, and write them."""
    options = parser(__doc__ or "")
    chosen = options.parse_args()
    flat, solid = of_slices(), of_volumes()
    for size_mm in SIZES_MM:
        for true in ("tumor", "cyst"):
            own = [r for r in flat if r["true"] == true and r["mm"] >= size_mm]
            print(f"{true} of {size_mm:.0f} mm and more: {len(own)}", end=" ")
            print(dict(Counter(r["kind"] for r in own)))
    for row in solid:
        print(
            f"case {row['case']:3} {row['true']:5} {row['ml']:7.1f} mL: {row['kind']} (solid "
            f"{row['solid_share']:.2f}, fluid {row['fluid_share']:.2f}, ball {row['nodule_mm']:.0f}"
            f" mm)"
        )
    save({"slices": flat, "volumes": solid}, chosen.json)


if __name__ == "__main__":
    main()
