"""Lesions put into the kidneys of kept-out CTs: found or not, Dice, volume, by size.

    python studies/inserted_lesions.py

Shapes come from KiTS23 cases 400 and up, which no training saw; densities and textures are drawn
by the same rules as in training. Also: how tumors that differ from the kidney in density, and those
that do not, are found; and tumor volume on the same CTs without an inserted lesion.
"""

from __future__ import annotations

import math

import numpy as np
from common import (
    ALIKE_HU,
    FOUND_DICE,
    KEPT_OUT,
    data_folder,
    dice,
    load_canonical,
    near,
    parser,
    save,
    segment,
    share,
)

from KidneySegLib.core.anatomy import Tissue
from KidneySegLib.core.schemes import to_tissue
from KidneySegLib.core.volume import Volume
from KidneySegLib.engine import open_engine
from KidneySegLib.evaluation.insertion import compose, isotropic, shapes_between
from KidneySegLib.models.registry import find_model
from KidneySegLib.training.pack import KITS_SHAPES

FIRST_SHAPE = 400
SIZES_MM = ((10, 20), (20, 40), (40, 80))
LARGE_MM = 20


def unseen_shapes() -> dict[str, list[np.ndarray]]:
    """Tumor and cyst shapes of KiTS23 cases 400 and up."""
    return shapes_between(data_folder() / KITS_SHAPES, FIRST_SHAPE, math.inf)


def isotropic_case(name: str) -> tuple[Volume, np.ndarray]:
    """CT and tissues of a kept-out case on the grid on which lesions are composed."""
    volume, tissue, _ = load_canonical(name)
    return isotropic(volume, tissue)


def evaluate(model: str | None, per_size: int) -> dict:
    """Rows of every inserted lesion, and tumor volume without any."""
    package, engine = find_model(model), open_engine("auto")
    shapes, rng = unseen_shapes(), np.random.default_rng(11)
    rows, clean_ml = [], {}
    for name in KEPT_OUT:
        volume, tissue = isotropic_case(name)
        ml = volume.geometry.voxel_volume_ml
        plain = to_tissue(segment(volume, package, engine).labels.array, "kidneyseg")
        clean_ml[name] = float((plain == Tissue.TUMOR).sum() * ml)
        for kind in ("tumor", "cyst"):
            for low, high in SIZES_MM:
                for _ in range(per_size if kind == "tumor" else max(1, per_size // 2)):
                    size = float(rng.uniform(low, high))
                    made = compose(volume, tissue, shapes, kind, size, rng)
                    if made is None:
                        continue
                    image, truth = made
                    labels = to_tissue(segment(image, package, engine).labels.array, "kidneyseg")
                    about = {"case": name, "kind": kind, "size_mm": size, "range_mm": [low, high]}
                    kidney = (tissue == Tissue.KIDNEY) & ~truth
                    hu = np.median(image.array[truth]) - np.median(image.array[kidney])
                    rows.append(
                        about | {"hu_from_kidney": float(hu)} | scores(labels, truth, kind, ml)
                    )
    return {"lesions": rows, "tumor_ml_without_lesion": clean_ml}


def scores(labels: np.ndarray, truth: np.ndarray, kind: str, voxel_ml: float) -> dict[str, float]:
    """Dice of a lesion as its kind and as either, and both volumes."""
    number = Tissue.TUMOR if kind == "tumor" else Tissue.CYST
    found = (labels == number) & near(truth)
    return {
        "dice": dice(found, truth),
        "as_mass": dice((labels >= 2) & near(truth), truth),
        "true_ml": float(truth.sum() * voxel_ml),
        "found_ml": float(found.sum() * voxel_ml),
    }


def print_by_density(rows: list[dict]) -> None:
    """Tumors of 2 cm and more, those near the kidney's density and the others."""
    large = [r for r in rows if r["kind"] == "tumor" and r["range_mm"][0] >= LARGE_MM]
    for text, wanted in (("within", True), ("beyond", False)):
        chosen = [r for r in large if (abs(r["hu_from_kidney"]) <= ALIKE_HU) is wanted]
        if chosen:
            found = share(sum(r["dice"] >= FOUND_DICE for r in chosen), len(chosen))
            mass = share(sum(r["as_mass"] >= FOUND_DICE for r in chosen), len(chosen))
            mean, either = (np.mean([r[k] for r in chosen]) for k in ("dice", "as_mass"))
            print(
                f"tumors of 2 cm and more {text} {ALIKE_HU:g} HU of the kidney: found {found}, "
                f"Dice {mean:.2f}; as tumor or cyst {mass}, Dice {either:.2f}"
            )


def headline(figures: dict) -> list[dict]:
    """Found, found as either kind, and Dice, by kind and size."""
    table = []
    for kind in ("tumor", "cyst"):
        for low, high in SIZES_MM:
            rows = [
                r for r in figures["lesions"] if r["kind"] == kind and r["range_mm"] == [low, high]
            ]
            if rows:
                table.append(
                    {
                        "kind": kind,
                        "range_mm": [low, high],
                        "lesions": len(rows),
                        "found": sum(r["dice"] >= FOUND_DICE for r in rows),
                        "found_as_either": sum(r["as_mass"] >= FOUND_DICE for r in rows),
                        "dice": round(float(np.mean([r["dice"] for r in rows])), 2),
                    }
                )
    return table


def main() -> None:
    """Print a table by kind and size."""
    options = parser(__doc__)
    options.add_argument("--per-size", type=int, default=4, help="tumors a CT and size")
    arguments = options.parse_args()
    figures = evaluate(arguments.model, arguments.per_size)
    print(f"{'kind':7}{'size mm':>8}  {'found (95 % interval)':26}{'as either':>10}{'Dice':>6}")
    for kind in ("tumor", "cyst"):
        for low, high in SIZES_MM:
            rows = [
                r for r in figures["lesions"] if r["kind"] == kind and r["range_mm"] == [low, high]
            ]
            if rows:
                found = share(sum(r["dice"] >= FOUND_DICE for r in rows), len(rows))
                mass = np.mean([r["as_mass"] >= FOUND_DICE for r in rows])
                mean = np.mean([r["dice"] for r in rows])
                print(f"{kind:7}{f'{low}-{high}':>8}  {found:26}{100 * mass:9.0f}%{mean:6.2f}")
    print_by_density(figures["lesions"])
    print("tumor mL on the same CTs without a lesion:")
    for name, ml in figures["tumor_ml_without_lesion"].items():
        print(f"  {name:24}{ml:8.2f}")
    save(figures, arguments.json, headline(figures), model=arguments.model)


if __name__ == "__main__":
    main()
