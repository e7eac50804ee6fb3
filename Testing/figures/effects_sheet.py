"""What training puts into CTs beside lesions, to look at: one row an effect.

    python Testing/figures/effects_sheet.py --data-folder TRAINING --sheet sheet.png

TRAINING is a folder that `kidneyseg train axial` has packed. White lines are the kidneys' borders
as they are learned; columns are random training patches of the axial network.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from common import data_folder, new_figure

from KidneySegLib.anatomy import Tissue
from KidneySegLib.training import effects, neighbors
from KidneySegLib.training.lesions import insert_lesion, plan_lesion, soft_shape
from KidneySegLib.training.loop import prepare
from KidneySegLib.training.pack import SHAPE_SPACING_MM
from KidneySegLib.training.recipe import load_recipe
from KidneySegLib.training.samples import SampleSource

COLUMNS = 6
CYST_ML = 30.0


def septated_cyst(image, label, rng, *, spacing_mm: float, shapes: list[np.ndarray]) -> bool:
    """A composed cyst with septa."""
    shape = shapes[rng.integers(len(shapes))]
    soft = soft_shape(
        shape, rng, shape_spacing_mm=SHAPE_SPACING_MM, spacing_mm=spacing_mm, volume_ml=CYST_ML
    )
    kidney = label == Tissue.KIDNEY
    plan = plan_lesion(kidney, soft, Tissue.CYST, rng, distance_radii=0.3)
    return plan is not None and insert_lesion(
        image, label, plan, rng, spacing_mm=spacing_mm, septa=True
    )


def patches(source: SampleSource, rng: np.random.Generator):
    """Random patches with at least 5 mL of kidney, without lesions."""
    least = 5000 / source.recipe.spacing_mm**3
    while True:
        case, center = source._place(rng)
        image, label = source._patch(case, center, source.recipe.patch, rng)
        if (label == Tissue.KIDNEY).sum() > least:
            yield image, label


def main() -> None:
    """Draw the sheet."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--data-folder", type=Path, required=True)
    options.add_argument("--sheet", type=Path, required=True)
    options.add_argument("--seed", type=int, default=3)
    arguments = options.parse_args()
    source = prepare(load_recipe("axial"), data_folder(), arguments.data_folder)
    rng = np.random.default_rng(arguments.seed)
    spacing_mm, cysts = source.recipe.spacing_mm, source.shapes["cyst"]
    rows = {
        "dilated pelvis": lambda a, b: effects.dilate_pelvis(a, b, rng, spacing_mm=spacing_mm),
        "stent": lambda a, b: effects.place_stent(a, b, rng, spacing_mm=spacing_mm),
        "septated cyst": lambda a, b: septated_cyst(a, b, rng, spacing_mm=spacing_mm, shapes=cysts),
        "metal": lambda a, b: effects.place_metal(a, rng, spacing_mm=spacing_mm) is None,
        "bowel": lambda a, b: neighbors.fill_bowel(a, b, rng, spacing_mm=spacing_mm),
        "arms down": lambda a, b: effects.lower_arms(a, rng, spacing_mm=spacing_mm) is None,
    }
    figure = new_figure(COLUMNS * 1.9, len(rows) * 2.05)
    axes = figure.subplots(len(rows), COLUMNS)
    drawn = patches(source, rng)
    for row, (name, effect) in zip(axes, rows.items(), strict=True):
        for column, place in enumerate(row):
            while True:
                image, label = next(drawn)
                before = image.copy()
                if effect(image, label):
                    break
            k = int(np.abs(image - before).clip(0, 300).sum(axis=(1, 2)).argmax())
            place.imshow(image[k, ::-1, ::-1], cmap="gray", vmin=-125, vmax=275)
            kidney = (label[k, ::-1, ::-1] == Tissue.KIDNEY).astype(float)
            place.contour(kidney, [0.5], colors="white", linewidths=0.6)
            place.axis("off")
            if column == 0:
                place.set_title(name, fontsize=9, loc="left", pad=2)
    figure.savefig(arguments.sheet, dpi=100)


if __name__ == "__main__":
    main()
