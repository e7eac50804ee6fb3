"""Real lesions: KiTS23 slices of cases 400 and up, unseen in training, as stacks of equal slices.

    python studies/tumor_slices.py

The only real renal tumors at hand, and 2-D: each slice is repeated to 120 mm, and the places of its
kidneys and masses are given as points, as a user would click them. What the model calls each tumor
or cyst is the most frequent label inside it on the middle slice. No 3-D truth, and no search for
kidneys.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
from common import ALIKE_HU, data_folder, middle_voxel, parser, save, segment, share
from scipy import ndimage

from KidneySegLib.core.anatomy import Tissue
from KidneySegLib.core.schemes import to_tissue
from KidneySegLib.core.volume import Volume
from KidneySegLib.engine import open_engine
from KidneySegLib.kidney_ct.settings import Settings
from KidneySegLib.models.registry import find_model
from KidneySegLib.training import slices

FIRST_CASE = 400
SLICE_MM, SLICES = 5.0, 24
CLOSE_MM = 5.0  # parts of a kidney around its sinus are one
LARGE_MM = {"tumor": 20.0, "cyst": 15.0}
LEAST_MM = 5.0
LEAST_FALSE_MM2 = 100.0
TRAINED_SLICES = 35  # of each file
BOOTSTRAP = 10_000


def chosen_slices(
    folder: Path, *, trained: bool
) -> list[tuple[np.ndarray, np.ndarray, float, int]]:
    """HU, label (1 kidney, 2 tumor, 3 cyst), pixel size and case of slices that show a kidney.

    Those of the kept-out cases, or some of those that were trained on.
    """
    rows, rng = [], np.random.default_rng(0)
    for file in slices.FILES:
        with np.load(folder / file) as stored:
            image, label = stored["image"], stored["label"]
            kept_out = stored["case"] >= FIRST_CASE
            chosen = np.flatnonzero((kept_out != trained) & (label > 0).any(axis=(1, 2)))
            for n in rng.permutation(chosen)[:TRAINED_SLICES] if trained else chosen:
                hu = slices.as_hu(image[n], file)
                rows.append((hu, label[n], stored["pixel_mm"][n], int(stored["case"][n])))
    return rows


def as_stack(hu: np.ndarray, pixel_mm: float) -> Volume:
    """A slice (rows to the back, columns to the left) as a CT of equal slices."""
    array = np.repeat(hu[None], SLICES, axis=0)
    return Volume(array, slices.stack_geometry(array.shape, pixel_mm, SLICE_MM))


def centers(label: np.ndarray, stack: Volume) -> tuple[tuple[float, float, float], ...]:
    """A point in every kidney with its masses, in RAS mm."""
    steps = max(1, round(CLOSE_MM / stack.geometry.spacing_mm[1]))
    parts, count = ndimage.label(ndimage.binary_closing(label > 0, iterations=steps))
    points = []
    for n in range(1, count + 1):
        spots = np.argwhere((parts == n) & (label > 0))
        if len(spots) * stack.geometry.spacing_mm[1] ** 2 > 150:
            points.append(stack.geometry.ras_from_kji([SLICES // 2, *middle_voxel(spots)])[0])
    return tuple(tuple(map(float, p)) for p in points)


def judge(
    found: np.ndarray, label: np.ndarray, pixel_mm: float, hu: np.ndarray | None = None
) -> list[dict]:
    """What each true lesion of a slice was called, and its density less the kidney's."""
    rows, kidney = [], label == 1
    for kind, number in (("tumor", 2), ("cyst", 3)):
        parts, count = ndimage.label(label == number)
        for n in range(1, count + 1):
            part = parts == n
            size = 2 * np.sqrt(part.sum() * pixel_mm**2 / np.pi)
            called = Tissue(Counter(found[part].tolist()).most_common(1)[0][0]).name.lower()
            apart = None
            if hu is not None and kidney.any():
                apart = float(np.median(hu[part]) - np.median(hu[kidney]))
            row = {"kind": kind, "size_mm": float(size), "called": called, "hu_from_kidney": apart}
            rows.append(row)
    return [r for r in rows if r["size_mm"] >= LEAST_MM]


def evaluate(model: str | None, limit: int | None, *, trained: bool = False) -> dict:
    """Rows of every lesion, Dice by tissue over all slices, false tumors on slices without one."""
    package, engine = find_model(model), open_engine("auto")
    rows, false_tumors, plain = [], 0, 0
    folder = data_folder() / slices.SLICES
    hits = {t: np.zeros(3) for t in (Tissue.KIDNEY, Tissue.TUMOR, Tissue.CYST)}
    for hu, label, pixel_mm, case in chosen_slices(folder, trained=trained)[:limit]:
        stack = as_stack(hu, pixel_mm)
        points = centers(label, stack)
        if not points:
            continue
        result = segment(stack, package, engine, Settings(points=points))
        found = to_tissue(result.labels.array[SLICES // 2], "kidneyseg")
        rows += [{"case": case, **row} for row in judge(found, label, pixel_mm, hu)]
        for tissue, number in zip(hits, (1, 2, 3), strict=True):
            a, b = found == tissue, label == number
            hits[tissue] += np.array([(a & b).sum(), a.sum(), b.sum()]) * pixel_mm**2
        if not (label == 2).any():
            plain += 1
            false_tumors += bool((found == Tissue.TUMOR).sum() * pixel_mm**2 >= LEAST_FALSE_MM2)
    pooled = {t.name.lower(): 2 * h[0] / (h[1] + h[2]) for t, h in hits.items()}
    return {"lesions": rows, "pooled_dice": pooled, "plain": plain, "false_tumors": false_tumors}


def print_by_patient(rows: list[dict], kind: str) -> None:
    """The same by patient, since sections of one are alike, with a bootstrap over patients."""
    patients: dict[int, list[bool]] = defaultdict(list)
    for row in rows:
        patients[row["case"]].append(row["called"] == kind)
    hits = np.array([[sum(found), len(found)] for found in patients.values()])
    drawn = np.random.default_rng(0).integers(len(hits), size=(BOOTSTRAP, len(hits)))
    sums = hits[drawn].sum(axis=1)
    low, high = np.percentile(100 * sums[:, 0] / sums[:, 1], (2.5, 97.5))
    print(
        f"  of {len(hits)} patients {np.count_nonzero(hits[:, 0])} in one section or more, "
        f"{np.count_nonzero(hits[:, 0] == hits[:, 1])} in all; share of the sections with patients "
        f"drawn anew: {low:.0f}-{high:.0f} %"
    )


def _beside_kidney(hu_from_kidney: float | None) -> str:
    """How a tumor's density compares with that of the kidney on its slice."""
    if hu_from_kidney is None:
        return "on slices without a kidney"
    return f"{'within' if abs(hu_from_kidney) <= ALIKE_HU else 'beyond'} {ALIKE_HU:g} HU of it"


def print_by_density(lesions: list[dict]) -> None:
    """Say how many of the large tumors were found among those that are hard to see, and others."""
    called = defaultdict(list)
    for r in lesions:
        if r["kind"] == "tumor" and r["size_mm"] >= LARGE_MM["tumor"]:
            called[_beside_kidney(r["hu_from_kidney"])].append(r["called"] == "tumor")
    found = "; ".join(f"{text} {share(sum(x), len(x))}" for text, x in sorted(called.items()))
    print(f"large tumors found, by their density beside the kidney's: {found}")


def headline(figures: dict) -> dict:
    """What lesions were called by kind and size, false tumors, pooled Dice."""
    called = {}
    for kind, large_mm in LARGE_MM.items():
        for text, low, high in (("small", 0, large_mm), ("large", large_mm, math.inf)):
            names = [
                r["called"]
                for r in figures["lesions"]
                if r["kind"] == kind and low <= r["size_mm"] < high
            ]
            called[f"{text}_{kind}s"] = {"sections": len(names), **Counter(names)}
    return {
        "called": called,
        "slices_without_a_tumor": figures["plain"],
        "with_a_false_one": figures["false_tumors"],
        "pooled_dice": {k: round(v, 2) for k, v in figures["pooled_dice"].items()},
    }


def main() -> None:
    """Print what the lesions were called, by size."""
    options = parser(__doc__)
    options.add_argument("--limit", type=int, help="only the first slices")
    options.add_argument(
        "--trained", action="store_true", help="slices that training saw: is it learned by heart?"
    )
    arguments = options.parse_args()
    figures = evaluate(arguments.model, arguments.limit, trained=arguments.trained)
    for kind, large_mm in LARGE_MM.items():
        rows = [r for r in figures["lesions"] if r["kind"] == kind]
        for text, low, high in (("under", 0, large_mm), ("from", large_mm, math.inf)):
            called = [r["called"] for r in rows if low <= r["size_mm"] < high]
            names = ", ".join(f"{k} {v}" for k, v in Counter(called).most_common())
            found = share(called.count(kind), len(called))
            print(f"{kind}s {text} {large_mm / 10:g} cm: found {found}; called {names}")
            if called:
                print_by_patient([r for r in rows if low <= r["size_mm"] < high], kind)
    print_by_density(figures["lesions"])
    pooled = ", ".join(f"{k} {v:.2f}" for k, v in figures["pooled_dice"].items())
    print(f"pooled Dice: {pooled}")
    false = share(figures["false_tumors"], figures["plain"])
    print(f"false tumor on slices without one: {false}")
    save(figures, arguments.json, headline(figures), model=arguments.model)


if __name__ == "__main__":
    main()
