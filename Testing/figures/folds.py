"""Is it the recipe, or the four patients kept out? Three short trainings, each without other CTs.

    python Testing/figures/folds.py FOLDER --minutes 15

The 13 BTCV CTs in three folds: each is segmented, with points in its kidneys, by a network that was
trained from nothing, in small patches, on the CTs of the other folds (the three that are kept out
for good are never trained on). No pseudo-labels: networks that saw these CTs made them. Also what
became of the real cysts in them, and intervals of their kidneys (see intervals.py). Trainings
resume; ``--minutes 0`` only evaluates.
"""

from __future__ import annotations

import dataclasses
import json
import math
import shutil
import sys
from pathlib import Path

import numpy as np
from common import (
    FOUND_DICE,
    data_folder,
    dice,
    load_canonical,
    parser,
    real_cysts,
    save,
    share,
)
from intervals import kidney_rows, print_fits
from kept_out_cts import kidney_centers

from KidneySegLib.anatomy import Tissue
from KidneySegLib.engine.torch_engine import TorchEngine
from KidneySegLib.labels import to_tissue
from KidneySegLib.models.package import MANIFEST, ModelPackage, load_package
from KidneySegLib.models.registry import find_model
from KidneySegLib.pipeline import Settings, segment
from KidneySegLib.training.loop import checkpoint_file, read_checkpoint, train
from KidneySegLib.training.pack import packed_file, packed_names
from KidneySegLib.training.recipe import Recipe, load_recipe, recipe_from
from KidneySegLib.training.release import release

FOLDS = 3
PATCH, JITTER_MM = (64, 48, 48), 18.0  # steps of 0.4 s instead of 0.7


def folds(data: Path) -> list[tuple[str, ...]]:
    """Names of the BTCV CTs, every third together."""
    names = sorted(
        p.name.removesuffix("_ct.nii.gz") for p in (data / "ct").glob("btcv_*_ct.nii.gz")
    )
    return [tuple(names[n::FOLDS]) for n in range(FOLDS)]


def recipe_without(names: tuple[str, ...], steps: int, seed: int) -> Recipe:
    """The fine network's recipe, in small patches, without these CTs."""
    recipe = load_recipe("fine")
    kept_out = tuple(dict.fromkeys((*recipe.exclude_cases, *names)))
    return dataclasses.replace(
        recipe, patch=PATCH, steps=steps, exclude_cases=kept_out, seed=seed, jitter_mm=JITTER_MM
    )


def train_fold(recipe: Recipe, out: Path, minutes: float, model: str | None) -> ModelPackage:
    """Package of the network that has not seen some CTs; training resumes where it stopped.

    Texts of the manifest are those of another model; its axial network, which saw these CTs, is
    left out.
    """
    checkpoint = checkpoint_file(recipe, out)
    if checkpoint.is_file():
        refuse_other_training(recipe, checkpoint, out)
    if minutes > 0:
        train(recipe, data_folder(), out, minutes=minutes)
    if not checkpoint.is_file():
        sys.exit(f"There is no training in '{out}' yet. Give --minutes.")
    package = out / "model"
    shutil.rmtree(package, ignore_errors=True)
    shutil.copytree(find_model(model).folder, package)
    manifest = json.loads((package / MANIFEST).read_text(encoding="utf-8"))
    manifest["stages"].pop("axial", None)
    (package / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    release({"fine": (checkpoint,)}, package)
    return load_package(package)


def refuse_other_training(recipe: Recipe, checkpoint: Path, out: Path) -> None:
    """Stop where a folder holds a training of another recipe, or CTs that are to be tested."""
    trained = set(packed_names(packed_file("cts", recipe, out)))
    own = recipe_from(read_checkpoint(checkpoint)["recipe"], checkpoint)
    if own != recipe or trained & set(recipe.exclude_cases):
        sys.exit(f"'{out}' holds a training of another recipe or other CTs. Give an empty folder.")


def evaluate(name: str, package: ModelPackage, engine: TorchEngine) -> dict:
    """Kidney Dice of one CT, Dice of each of its real cysts, intervals of its kidneys."""
    ct, truth, known = load_canonical(name)
    points = tuple(kidney_centers(ct, truth))
    result = segment(ct, package, engine, Settings(points=points))
    found = to_tissue(result.labels.array, "kidneyseg")
    return {
        "dice": dice((found > 0) & known, truth > 0),
        "steps": package.training["fine"]["steps_done"],
        "tumor_ml": float((found == Tissue.TUMOR).sum() * ct.geometry.voxel_volume_ml),
        "cysts": real_cysts(found, truth, ct.geometry.voxel_volume_ml),
        "volumes": kidney_rows(name, package, engine, points),
    }


def main() -> None:
    """Train what is not trained yet, and print Dice of every CT."""
    options = parser(__doc__)
    options.add_argument("out", type=Path, help="folder of the trainings; they resume there")
    options.add_argument("--minutes", type=float, default=math.inf, help="of training a fold")
    options.add_argument("--steps", type=int, default=2200)
    options.add_argument("--seed", type=int, default=1)
    arguments = options.parse_args()
    figures, engine = {}, TorchEngine("auto")
    for n, names in enumerate(folds(data_folder())):
        recipe = recipe_without(names, arguments.steps, arguments.seed)
        out = arguments.out / f"fold{n}"
        package = train_fold(recipe, out, arguments.minutes, arguments.model)
        for name in names:
            figures[name] = row = evaluate(name, package, engine)
            cysts = ", ".join(f"{c['ml']:.1f} mL Dice {c['dice']:.2f}" for c in row["cysts"])
            print(
                f"fold {n} ({row['steps']} of {arguments.steps} steps)  {name}  kidney Dice "
                f"{row['dice']:.3f}  tumor {row['tumor_ml']:.1f} mL  cysts: {cysts or 'none'}",
                flush=True,
            )
    values = [row["dice"] for row in figures.values()]
    cysts = [c["dice"] >= FOUND_DICE for row in figures.values() for c in row["cysts"]]
    print(f"mean Dice {np.mean(values):.3f}, lowest {min(values):.3f}, of {len(values)} CTs")
    print(f"real cysts of 1 cm and more found as cyst: {share(sum(cysts), len(cysts))}")
    print_fits([v for row in figures.values() for v in row["volumes"]])
    save(figures, arguments.json)


if __name__ == "__main__":
    main()
