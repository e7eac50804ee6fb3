"""Composed lesions beside real ones, shuffled: can a reader tell them apart?

    python studies/lesion_sheet.py --data-folder TRAINING --sheet sheet.png --key key.json

TRAINING is a folder that `kidneyseg train` has packed. The sheet shows numbered lesions on the
training grid, half of them composed and half of real KiTS23 slices (training cases); the key says
which is which.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
from common import data_folder, new_figure, parser

from KidneySegLib.core.anatomy import Tissue
from KidneySegLib.training.loop import prepare
from KidneySegLib.training.recipe import load_recipe
from KidneySegLib.training.samples import SampleSource

COLUMNS = 10
HALF = 20
LEAST_PIXELS = 30


def lesion_views(source: SampleSource, count: int) -> list[np.ndarray]:
    """Squares ``(rows, columns)`` of the network's input around the largest section of a lesion."""
    views, index = [], 0
    while len(views) < count:
        image, label, _ = source[index]
        index += 1
        tumor = label == Tissue.TUMOR
        section = int(tumor.sum(axis=(1, 2)).argmax())
        spots = np.argwhere(tumor[section])
        if len(spots) < LEAST_PIXELS:
            continue
        row, column = np.rint(spots.mean(axis=0)).astype(int)
        padded = np.pad(image[0, section], HALF, constant_values=-1.0)
        views.append(padded[row : row + 2 * HALF, column : column + 2 * HALF][::-1, ::-1])
    return views


def draw(views: list[np.ndarray], path: Path) -> None:
    """Numbered squares."""
    rows = -(-len(views) // COLUMNS)
    figure = new_figure(COLUMNS * 1.3, rows * 1.45)
    for n, axes in enumerate(figure.subplots(rows, COLUMNS).flat):
        axes.axis("off")
        if n < len(views):
            axes.imshow(views[n], cmap="gray", vmin=-1, vmax=1, interpolation="bicubic")
            axes.set_title(str(n + 1), fontsize=8, pad=2)
    figure.savefig(path, dpi=120)


def main() -> None:
    """Draw the sheet and write the key."""
    options = parser(__doc__)
    options.add_argument("--data-folder", type=Path, required=True)
    options.add_argument("--sheet", type=Path, required=True)
    options.add_argument("--key", type=Path, required=True)
    options.add_argument("--count", type=int, default=20, help="lesions of each kind")
    options.add_argument("--seed", type=int, default=8)
    arguments = options.parse_args()
    recipe = dataclasses.replace(load_recipe("fine"), seed=arguments.seed, slice_share=0.3)
    packed = prepare(recipe, data_folder(), arguments.data_folder)
    views = []
    for kind, share in (("composed", 0.0), ("real", 1.0)):
        changed = dataclasses.replace(recipe, slice_share=share, distractor_share=0.0)
        source = dataclasses.replace(packed, recipe=changed)
        if kind == "real":
            source = dataclasses.replace(
                source,
                recipe=dataclasses.replace(changed, lesion_share=0.0),
                slices=[c for c in packed.slices if (c.label[0] == Tissue.TUMOR).any()],
            )
        views += [(kind, view) for view in lesion_views(source, arguments.count)]
    order = np.random.default_rng(arguments.seed).permutation(len(views))
    draw([views[n][1] for n in order], arguments.sheet)
    arguments.key.write_text(json.dumps([views[n][0] for n in order]) + "\n")


if __name__ == "__main__":
    main()
