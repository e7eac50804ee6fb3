"""What training puts into CTs beside lesions, to look at: one row an effect.

    python studies/effects_sheet.py --data-folder TRAINING --sheet sheet.png

TRAINING is a folder that `kidneyseg train axial` has packed. White lines are the kidneys' borders
as they are learned; columns are random training patches of the axial network. The last row shows
whole kidneys of KiTS23 patients, rendered into the CTs.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from common import data_folder, new_figure

from KidneySegLib.core.anatomy import MASSES, Tissue
from KidneySegLib.training import effects, neighbors
from KidneySegLib.training.lesions import LesionLook, insert_lesion, plan_lesion, soft_shape
from KidneySegLib.training.loop import prepare
from KidneySegLib.training.pack import ORGANS, SHAPE_SPACING_MM, to_hu
from KidneySegLib.training.recipe import load_recipe
from KidneySegLib.training.samples import SampleSource

COLUMNS = 6
CYST_ML = 30.0
LEAST_CHANGE = 50_000.0  # HU x pixels in a plane: an organ that only touches it shows nothing
COLORS = {Tissue.KIDNEY: "white", Tissue.TUMOR: "red", Tissue.CYST: "yellow"}

Patch = tuple[np.ndarray, np.ndarray]  # HU and tissues
Drawing = tuple[np.ndarray, np.ndarray, int]  # and the plane to show
Effect = Callable[[np.ndarray, np.ndarray], bool]


def septated_cyst(image, label, rng, *, spacing_mm: float, shapes: list[np.ndarray]) -> bool:
    """A composed cyst with septa."""
    shape = shapes[rng.integers(len(shapes))]
    soft = soft_shape(
        shape, rng, shape_spacing_mm=SHAPE_SPACING_MM, spacing_mm=spacing_mm, volume_ml=CYST_ML
    )
    kidney = label == Tissue.KIDNEY
    plan = plan_lesion(kidney, soft, Tissue.CYST, rng, distance_radii=0.3)
    return plan is not None and insert_lesion(
        image, label, plan, rng, LesionLook(septa=True), spacing_mm=spacing_mm
    )


def patches(source: SampleSource, rng: np.random.Generator):
    """Random patches with at least 5 mL of kidney and its masses, bent as in training."""
    least = 5000 / source.recipe.spacing_mm**3
    while True:
        case, center = source._place(rng)
        image, label = source._patch(case, center, source.recipe.patch, rng)
        if np.isin(label, (Tissue.KIDNEY, *MASSES)).sum() > least:
            yield image, label


def changed_patch(effect: Effect, drawn: Iterator[Patch]) -> Drawing:
    """The next patch that an effect has room in, at the plane that it changes most."""
    for image, label in drawn:
        before = image.copy()
        if effect(image, label):
            change = np.abs(image - before).clip(0, 300)
            return image, label, int(change.sum(axis=(1, 2)).argmax())
    raise AssertionError("patches never end")


def other_organs(source: SampleSource, rng: np.random.Generator) -> Drawing:
    """A crop of a CT with organs of other densities, at the plane that changes most."""
    recipe = source.recipe
    with_organs = [case for case in source.cases if case.organs is not None]
    known = dataclasses.replace(source, cases=with_organs, rendered=[])
    while True:
        case, center = known._place(rng)
        start = np.clip(center - np.array(recipe.patch) / 2, 0, None).astype(int)
        block = tuple(slice(a, a + n) for a, n in zip(start, recipe.patch, strict=True))
        image = to_hu(case.image[block], recipe.window_hu)
        masks = {n: m for n in ORGANS if (m := case.organs[block] == n).any()}
        before = image.copy()
        neighbors.change_organs(image, masks, rng, spacing_mm=recipe.spacing_mm)
        change = np.abs(image - before).sum(axis=(1, 2))
        if change.max() > LEAST_CHANGE:
            return image, case.label[block], int(change.argmax())


def rendered_kidney(drawn: Iterator[Patch]) -> Drawing:
    """A patch of a rendered CT, at the plane with most of a tumor or cyst."""
    for image, label in drawn:
        masses = np.isin(label, MASSES).sum(axis=(1, 2))
        if masses.max() > 0:
            return image, label, int(masses.argmax())
    raise AssertionError("patches never end")


def main() -> None:
    """Draw the sheet."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--data-folder", type=Path, required=True)
    options.add_argument("--sheet", type=Path, required=True)
    options.add_argument("--seed", type=int, default=3)
    arguments = options.parse_args()
    source = prepare(load_recipe("axial"), data_folder(), arguments.data_folder)
    rng = np.random.default_rng(arguments.seed)
    mm, cysts = {"spacing_mm": source.recipe.spacing_mm}, source.shapes["cyst"]
    effects_by_name: dict[str, Effect] = {
        "dilated pelvis": lambda a, b: effects.dilate_pelvis(a, b, rng, **mm),
        "stent": lambda a, b: effects.place_stent(a, b, rng, **mm),
        "septated cyst": lambda a, b: septated_cyst(a, b, rng, shapes=cysts, **mm),
        "bowel": lambda a, b: neighbors.fill_bowel(a, b, rng, **mm),
        "metal": lambda a, b: effects.place_metal(a, rng, **mm) is None,
        "arms down": lambda a, b: effects.lower_arms(a, rng, **mm) is None,
    }
    plain = patches(dataclasses.replace(source, rendered=[]), rng)
    rendered = patches(dataclasses.replace(source, cases=source.rendered), rng)
    rows: dict[str, Callable[[], Drawing]] = {
        name: partial(changed_patch, effect, plain) for name, effect in effects_by_name.items()
    }
    rows["organs of others"] = lambda: other_organs(source, rng)
    rows["rendered kidney (tumor red, cyst yellow)"] = lambda: rendered_kidney(rendered)
    figure = new_figure(COLUMNS * 1.9, len(rows) * 2.05)
    axes = figure.subplots(len(rows), COLUMNS)
    for row, (name, draw) in zip(axes, rows.items(), strict=True):
        row[0].set_title(name, fontsize=9, loc="left", pad=2)
        for place in row:
            image, label, k = draw()
            place.imshow(image[k, ::-1, ::-1], cmap="gray", vmin=-125, vmax=275)
            for tissue, color in COLORS.items():
                part = (label[k, ::-1, ::-1] == tissue).astype(float)
                if part.any():
                    place.contour(part, [0.5], colors=color, linewidths=0.6)
            place.axis("off")
    figure.savefig(arguments.sheet, dpi=100)


if __name__ == "__main__":
    main()
