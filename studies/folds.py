"""Is it the recipe, or the four patients kept out? Three short trainings, each without other CTs.

    python studies/folds.py FOLDER --encoder FILE

The 13 BTCV CTs in three folds: each is segmented, with points in its kidneys, by networks that
were trained on the CTs of the other folds (the three that are kept out for good are never trained
on): the fine one from nothing, in small patches, and, where the published encoder is given (see
docs/engineers/training.md), the axial one from that. No pseudo-labels: networks that saw these CTs
made them. Also what became of the real cysts in them, and intervals of their kidneys (see
intervals.py). Each fold has another seed, and segments the CTs that are kept out for good as well:
what is another there from fold to fold is seeds and training CTs. Trainings resume; ``--minutes
0`` only evaluates; each fold leaves its ``model/``, which the other figure commands take as
``--model``, and which ``--as-packed`` segments with again, whatever became of the recipes since.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from common import (
    FOUND_DICE,
    KEPT_OUT,
    data_folder,
    dice,
    load_canonical,
    parser,
    real_cysts,
    save,
    segment,
    share,
)
from intervals import kidney_rows, print_fits
from kept_out_cts import kidney_centers

from KidneySegLib.core.anatomy import Tissue
from KidneySegLib.core.schemes import to_tissue
from KidneySegLib.engine import open_engine
from KidneySegLib.engine.base import Engine
from KidneySegLib.kidney_ct.settings import Settings
from KidneySegLib.models.manifest import AXIAL_STAGES, MANIFEST, ModelPackage, load_package
from KidneySegLib.models.registry import find_model
from KidneySegLib.training.loop import Leg, checkpoint_file, read_checkpoint, read_encoder, train
from KidneySegLib.training.pack import packed_file, packed_names
from KidneySegLib.training.recipe import Recipe, load_recipe, recipe_from
from KidneySegLib.training.release import release

FOLDS = 3
DOUBTS = {"doubted-kidney", "doubted-part", "mass-left-out"}  # warnings that tell of false kidney
PATCH, JITTER_MM = (64, 48, 48), 18.0  # steps of 0.4 s instead of 0.7


def folds(data: Path) -> list[tuple[str, ...]]:
    """Names of the BTCV CTs, every third together."""
    names = sorted(
        p.name.removesuffix("_ct.nii.gz") for p in (data / "ct").glob("btcv_*_ct.nii.gz")
    )
    return [tuple(names[n::FOLDS]) for n in range(FOLDS)]


def recipe_without(role: str, names: tuple[str, ...], steps: int, seed: int) -> Recipe:
    """A network's recipe without these CTs; the fine network's in small patches.

    The last weights count, so that no lesions are set aside to validate on.
    """
    recipe = load_recipe(role)
    kept_out = tuple(dict.fromkeys((*recipe.exclude_cases, *names)))
    if role == "fine":
        recipe = dataclasses.replace(recipe, patch=PATCH, jitter_mm=JITTER_MM)
    return dataclasses.replace(
        recipe,
        steps=steps,
        exclude_cases=kept_out,
        seed=seed,
        validate_every=0,
        validate_cases=(),
        validate_shapes_from=recipe.exclude_shapes_from,
    )


def train_network(recipe: Recipe, out: Path, minutes: float, encoder: Path | None) -> Path:
    """Checkpoint of a network; its training resumes where it stopped."""
    checkpoint = checkpoint_file(recipe, out)
    if checkpoint.is_file():
        refuse_other_training(recipe, checkpoint, out)
    if minutes > 0:
        begins = recipe.role == "axial" and not checkpoint.is_file()
        warm = read_encoder(encoder, recipe) if begins else None
        train(recipe, data_folder(), out, Leg(minutes=minutes), warm_start=warm)
    if not checkpoint.is_file():
        sys.exit(f"There is no training in '{out}' yet. Give --minutes.")
    return checkpoint


def packed(checkpoints: dict[str, Sequence[Path]], out: Path, model: str | None) -> ModelPackage:
    """Package of networks that have not seen some CTs.

    Texts of the manifest are those of another model; its axial network, which saw these CTs, is
    left out.
    """
    package = out / "model"
    shutil.rmtree(package, ignore_errors=True)
    shutil.copytree(find_model(model).folder, package)
    manifest = json.loads((package / MANIFEST).read_text(encoding="utf-8"))
    for stage in AXIAL_STAGES:
        manifest["stages"].pop(stage, None)
    (package / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    release(checkpoints, package)
    return load_package(package)


def trained_package(
    out: Path, names: tuple[str, ...], arguments: argparse.Namespace, seed: int
) -> ModelPackage:
    """Package of a fold's networks, which are trained as far as they are not."""
    checkpoints = {}
    for role, count in (("fine", arguments.steps), ("axial", arguments.axial_steps)):
        recipe = recipe_without(role, names, count, seed)
        begun = checkpoint_file(recipe, out).is_file()
        if role == "fine" or arguments.encoder or begun:
            checkpoint = train_network(recipe, out, arguments.minutes, arguments.encoder)
            checkpoints[role] = (checkpoint,)
    return packed(checkpoints, out, arguments.model)


def left_package(out: Path, names: tuple[str, ...]) -> ModelPackage:
    """Package that a fold left, whose networks have not seen the CTs to be tested."""
    package = load_package(out / "model")
    for role in trained_roles(package):
        seen = set(names) - set(package.training[role]["recipe"]["exclude_cases"])
        if seen:
            sys.exit(f"The {role} network in '{package.folder}' may have seen {sorted(seen)}.")
    return package


def trained_roles(package: ModelPackage) -> tuple[str, ...]:
    """Networks of a package that a fold trains; the locator is the shipped one."""
    return tuple(role for role in ("fine", "axial") if role in package.stages)


def refuse_other_training(recipe: Recipe, checkpoint: Path, out: Path) -> None:
    """Stop where a folder holds a training of another recipe, or CTs that are to be tested."""
    trained = set(packed_names(packed_file("cts", recipe, out)))
    own = recipe_from(read_checkpoint(checkpoint)["recipe"], checkpoint)
    if own != recipe or trained & set(recipe.exclude_cases):
        sys.exit(f"'{out}' holds a training of another recipe or other CTs. Give an empty folder.")


def evaluate(
    name: str,
    package: ModelPackage,
    engine: Engine,
    *,
    with_intervals: bool,
) -> dict:
    """Kidney Dice of one CT, what is too much, tumors found in it, Dice of each of its real cysts.

    The intervals of its kidneys, where asked for, take a second run. Also how many steps the
    networks that were trained for it have done.
    """
    ct, truth, known = load_canonical(name)
    points = tuple(kidney_centers(ct, truth))
    result = segment(ct, package, engine, Settings(points=points))
    found, voxel_ml = to_tissue(result.labels.array, "kidneyseg"), ct.geometry.voxel_volume_ml
    return {
        "dice": dice((found > 0) & known, truth > 0),
        "steps": {r: package.training[r]["steps_done"] for r in trained_roles(package)},
        "outside_ml": float(((found > 0) & known & (truth == 0)).sum() * voxel_ml),
        "missed_ml": float(((found == 0) & (truth > 0)).sum() * voxel_ml),
        "told": sorted({f.code for f in result.findings} & DOUBTS),
        "tumor_ml": float((found == Tissue.TUMOR).sum() * voxel_ml),
        "cysts": real_cysts(found, truth, voxel_ml),
        "volumes": kidney_rows(name, package, engine, points) if with_intervals else [],
    }


def main() -> None:
    """Train what is not trained yet, and print Dice of every CT."""
    options = parser(__doc__)
    options.add_argument("out", type=Path, help="folder of the trainings; they resume there")
    options.add_argument("--minutes", type=float, default=math.inf, help="of training a network")
    options.add_argument("--encoder", type=Path, help="published encoder of the axial network")
    options.add_argument("--steps", type=int, default=4400, help="of the fine network")
    options.add_argument("--axial-steps", type=int, default=2000)
    options.add_argument("--seed", type=int, default=1, help="of the first fold")
    options.add_argument(
        "--as-packed", action="store_true", help="only segment, with the models that folds left"
    )
    options.add_argument("--fold", type=int, choices=range(FOLDS), help="only this one")
    arguments = options.parse_args()
    parts = dict(enumerate(folds(data_folder())))
    if arguments.fold is not None:
        parts = {arguments.fold: parts[arguments.fold]}
    figures: dict[str, dict] = {f"fold{n}": {} for n in parts}
    engine = open_engine("auto")
    for n, names in parts.items():
        out = arguments.out / f"fold{n}"
        if arguments.as_packed:
            package = left_package(out, names)
        else:
            package = trained_package(out, names, arguments, arguments.seed + n)
        for name in dict.fromkeys((*names, *KEPT_OUT)):
            row = evaluate(name, package, engine, with_intervals=name in names)
            figures[f"fold{n}"][name] = row
            print_row(n, name, row)
    print_all(figures, parts)
    save(figures, arguments.json)


def print_row(fold: int, name: str, row: dict) -> None:
    """One CT in a line."""
    done = ", ".join(f"{role} {count}" for role, count in row["steps"].items())
    cysts = ", ".join(f"{c['ml']:.1f} mL Dice {c['dice']:.2f}" for c in row["cysts"])
    print(
        f"fold {fold} (steps: {done})  {name}  kidney Dice {row['dice']:.3f}  tumor "
        f"{row['tumor_ml']:.1f} mL  outside truth {row['outside_ml']:.0f} mL, missed "
        f"{row['missed_ml']:.0f} mL  cysts: {cysts or 'none'}  {','.join(row['told'])}",
        flush=True,
    )


def print_all(figures: dict[str, dict], parts: dict[int, tuple[str, ...]]) -> None:
    """Means over the CTs, each by the fold without it; cysts found; factors of the intervals.

    Then each fold, which is another seed, on the CTs that are kept out for good.
    """
    rows = [figures[f"fold{n}"][name] for n, names in parts.items() for name in names]
    print_means("BTCV, each CT by the fold without it", rows)
    print_fits([v for row in rows for v in row["volumes"]])
    for fold, of_fold in figures.items():
        print_means(f"kept out, {fold}", [of_fold[name] for name in KEPT_OUT])


def print_means(title: str, rows: list[dict]) -> None:
    """Kidney Dice, tumors where there are none, and cysts found, over some CTs."""
    values, tumors = ([row[key] for row in rows] for key in ("dice", "tumor_ml"))
    cysts = [c["dice"] >= FOUND_DICE for row in rows for c in row["cysts"]]
    print(
        f"{title}: kidney Dice mean {np.mean(values):.3f}, lowest {min(values):.3f}, of "
        f"{len(values)} CTs; tumors, of which there are none: median {np.median(tumors):.1f}, most "
        f"{max(tumors):.1f} mL; real cysts of 1 cm and more found as cyst: "
        f"{share(sum(cysts), len(cysts))}"
    )


if __name__ == "__main__":
    main()
