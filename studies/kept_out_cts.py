"""Kidney Dice and seconds on the CTs that no training ever saw, for each quality.

    python studies/kept_out_cts.py

All labels merged (the truth's kidney masks contain the cysts). BTCV masks are experts'; the mask of
cptac was drawn half-automatically and no radiologist saw it.
"""

from __future__ import annotations

import time

import numpy as np
from common import (
    FOUND_DICE,
    KEPT_OUT,
    dice,
    load_case,
    middle_voxel,
    parser,
    real_cysts,
    save,
    segment,
)

from KidneySegLib.core.anatomy import KIDNEY_OF_SIDE, SIDES
from KidneySegLib.core.schemes import to_tissue
from KidneySegLib.core.volume import Volume
from KidneySegLib.engine import open_engine
from KidneySegLib.kidney_ct.settings import Settings
from KidneySegLib.models.registry import find_model


def kidney_centers(volume: Volume, tissue: np.ndarray) -> list[tuple[float, float, float]]:
    """Centers of the true kidneys in RAS mm, as a user would click them."""
    from KidneySegLib.core.masks import components

    centers = []
    for where, part in components(tissue > 0):
        if part.sum() * volume.geometry.voxel_volume_ml > 10:
            voxels = np.argwhere(part)
            middle = middle_voxel(voxels)
            first = [s.start for s in where]
            centers.append(tuple(volume.geometry.ras_from_kji(middle + first)[0]))
    return centers


def side_dice(found: np.ndarray, truth: np.ndarray, volume: Volume, centers: list) -> list[float]:
    """Dice on both sides of the plane half way between two kidneys."""
    first, second = volume.geometry.kji_from_ras(centers)
    axis = int(np.abs(first - second).argmax())
    halves = zip(
        *(np.array_split(m, [round((first + second)[axis] / 2)], axis) for m in (found, truth)),
        strict=True,
    )
    return [dice(a, b) for a, b in halves]


def evaluate(model: str | None, qualities: tuple[str, ...]) -> dict:
    """Dice of both kidneys, components found and truth components, seconds."""
    package, engine = find_model(model), open_engine("auto")
    figures: dict = {}
    runs = [(q, False) for q in qualities] + [("balanced", True)]
    for name in KEPT_OUT:
        volume, truth, known = load_case(name)
        centers = kidney_centers(volume, truth)
        for quality, guided in runs:
            settings = Settings(quality=quality, points=tuple(centers) if guided else ())
            start = time.monotonic()
            result = segment(volume, package, engine, settings)
            seconds = time.monotonic() - start
            found = to_tissue(result.labels.array, "kidneyseg")
            label = f"{quality} with points" if guided else quality
            figures.setdefault(label, {})[name] = {
                "dice": dice((found > 0) & known, truth > 0),
                "side_dice": side_dice((found > 0) & known, truth > 0, volume, centers),
                "cysts": real_cysts(found, truth, volume.geometry.voxel_volume_ml),
                "lesion_ml_in_truth": float((truth == 3).sum() * volume.geometry.voxel_volume_ml),
                "tumor_ml_found": float((found == 2).sum() * volume.geometry.voxel_volume_ml),
                "cyst_ml_found": float((found == 3).sum() * volume.geometry.voxel_volume_ml),
                "false_ml": float(
                    ((found > 0) & known & (truth == 0)).sum() * volume.geometry.voxel_volume_ml
                ),
                "kidneys_found": sum(
                    bool(((result.labels.array == KIDNEY_OF_SIDE[s]) & (truth > 0)).any())
                    for s in SIDES
                ),
                "findings": [f.code for f in result.findings],
                "seconds": seconds,
            }
    return figures


def headline(figures: dict) -> dict:
    """Dice of each CT, mean, lowest and seconds by run; tumor and cysts of the default."""
    rows = {}
    for label, cases in figures.items():
        dice_of = {name: round(row["dice"], 3) for name, row in cases.items()}
        values = list(dice_of.values())
        rows[label] = dice_of | {
            "mean": round(float(np.mean([row["dice"] for row in cases.values()])), 3),
            "lowest": min(values),
            "seconds": round(float(np.mean([row["seconds"] for row in cases.values()])), 1),
        }
    default = figures.get("balanced", {})
    cysts = [cyst["dice"] for row in default.values() for cyst in row["cysts"]]
    return {
        "kidney_dice": rows,
        "tumor_ml_where_there_is_none": {
            name: round(row["tumor_ml_found"], 1) for name, row in default.items()
        },
        "real_cysts_of_1_cm_and_more": len(cysts),
        "of_them_called_cyst": sum(value >= FOUND_DICE for value in cysts),
    }


def main() -> None:
    """Print a table; one row a case and run."""
    options = parser(__doc__)
    options.add_argument("--qualities", default="fast,balanced,best")
    arguments = options.parse_args()
    figures = evaluate(arguments.model, tuple(arguments.qualities.split(",")))
    for label, cases in figures.items():
        print(f"\n{label}")
        for name, row in cases.items():
            print(
                f"  {name:22} Dice {row['dice']:.3f}  kidneys {row['kidneys_found']}  "
                f"outside truth {row['false_ml']:6.1f} mL  tumor {row['tumor_ml_found']:5.1f} mL  "
                f"cyst {row['cyst_ml_found']:5.1f} mL  {row['seconds']:5.1f} s  "
                f"{','.join(row['findings'])}"
            )
        values = [row["dice"] for row in cases.values()]
        sides = [value for row in cases.values() for value in row["side_dice"]]
        cysts = [cyst["dice"] for row in cases.values() for cyst in row["cysts"]]
        seconds = [row["seconds"] for row in cases.values()]
        print(
            f"  mean Dice {np.mean(values):.3f}, lowest {min(values):.3f}, "
            f"mean {np.mean(seconds):.1f} s; per side {np.mean(sides):.3f}, lowest {min(sides):.3f}"
        )
        print("  Dice of real cysts:", ", ".join(f"{value:.2f}" for value in cysts))
    save(figures, arguments.json, headline(figures), model=arguments.model)


if __name__ == "__main__":
    main()
