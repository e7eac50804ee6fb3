"""Lesions that are left out because the networks doubt them: how many are true, how many not.

    python studies/doubted.py

On CTs without labels (``ct_unlabeled``), on a 1.5 mm grid: the axial network never saw them, the
fine one with kidneys that an older model found. What is seen on them as they are counts as false,
though some cysts are real; every third gets lesions of KiTS23 shapes, one at a time, too, and what
lies in them counts as true, whichever its kind; shapes are those that training saw. Also how many
kidneys are doubted or look like bone, and in how many CTs a part of one is.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from common import data_folder, parser, save, segment
from inserted_lesions import FIRST_SHAPE

from KidneySegLib.core.anatomy import Tissue
from KidneySegLib.core.masks import components
from KidneySegLib.core.schemes import to_tissue
from KidneySegLib.core.volume import Volume
from KidneySegLib.engine import open_engine
from KidneySegLib.evaluation.insertion import GRID_MM, compose, shapes_between
from KidneySegLib.io.images import read_volume
from KidneySegLib.models.registry import find_model
from KidneySegLib.result import Result
from KidneySegLib.training.pack import KITS_SHAPES
from KidneySegLib.training.pseudo import UNLABELED

INSERTED = (("tumor", 10, 20), ("tumor", 10, 20), ("tumor", 20, 40), ("cyst", 10, 20))  # mm
EVERY = 3
TRUE_SHARE = 0.25  # of a found lesion, in the inserted one


def on_grid(path: Path) -> Volume:
    """A CT on the grid on which lesions are composed."""
    volume = read_volume(path).canonical()
    return volume.resampled_to(volume.geometry.with_spacing((GRID_MM,) * 3))


def lesions_of(result: Result, truth: np.ndarray) -> list[dict]:
    """Lesions that were kept, and those left out as doubted: kind, volume, whether inserted."""
    tissue = to_tissue(result.labels.array, "kidneyseg")
    voxel_ml = result.labels.geometry.voxel_volume_ml

    def row(kind: str, part: np.ndarray, inside: np.ndarray, left_out: str) -> dict:
        true = bool(inside[part].mean() >= TRUE_SHARE)
        ml = float(part.sum() * voxel_ml)
        return {"kind": kind, "ml": ml, "true": true, "left_out": left_out}

    rows = [
        row(kind, part, truth[where], "")
        for kind in ("tumor", "cyst")
        for where, part in components(tissue == Tissue[kind.upper()])
    ]
    for removal in result.removals:
        if removal.code in ("small-lesion", "foreign-mass") and "not sure" in removal.reason:
            part = result.rejected.array == removal.number
            if part.any():  # not given to another removal since
                rows.append(row(removal.tissue, part, truth, removal.reason))
    return rows


def evaluate(model: str | None, every: int) -> dict:
    """Rows of all lesions seen on CTs as they are, and with lesions; kidneys that are doubted."""
    package, engine = find_model(model), open_engine("auto")
    shapes, rng = (
        shapes_between(data_folder() / KITS_SHAPES, 0, FIRST_SHAPE),
        np.random.default_rng(12),
    )
    rows, doubted, parts, cts = [], 0, 0, sorted((data_folder() / UNLABELED).glob("*_ct.nii.gz"))
    for n, path in enumerate(cts):
        volume = on_grid(path)
        plain = segment(volume, package, engine)
        none = np.zeros(volume.array.shape, bool)
        rows += lesions_of(plain, none)
        doubted += sum(f.code in ("doubted-kidney", "bone-left-out") for f in plain.findings)
        parts += sum(f.code == "doubted-part" for f in plain.findings)
        tissue = to_tissue(plain.labels.array, "kidneyseg")
        for kind, low, high in INSERTED if n % every == 0 else ():
            made = compose(volume, tissue, shapes, kind, float(rng.uniform(low, high)), rng)
            if made is not None:
                image, truth = made
                found = lesions_of(segment(image, package, engine), truth)
                rows += [row for row in found if row["true"]]
    counts = {"doubted_kidneys": doubted, "doubted_parts": parts, "cts": len(cts)}
    return {"lesions": rows} | counts


def main() -> None:
    """Print how many lesions are kept and left out, true and false ones."""
    options = parser(__doc__)
    options.add_argument("--every", type=int, default=EVERY, help="which CTs get lesions")
    arguments = options.parse_args()
    figures = evaluate(arguments.model, arguments.every)
    for kind in ("tumor", "cyst"):
        for true in (False, True):
            chosen = [r for r in figures["lesions"] if (r["kind"], r["true"]) == (kind, true)]
            text = f"{'true' if true else 'false'} lesions called {kind}: {len(chosen)} seen"
            for reason in sorted({row["left_out"] for row in chosen} - {""}):
                text += f", {sum(r['left_out'] == reason for r in chosen)} left out ({reason})"
            print(text)
    doubted, cts = figures["doubted_kidneys"], figures["cts"]
    print(f"kidneys that are doubted or look like bone: {doubted} on {cts} CTs")
    print(f"CTs in which a part of a kidney is doubted: {figures['doubted_parts']} of {cts}")
    save(figures, arguments.json)


if __name__ == "__main__":
    main()
