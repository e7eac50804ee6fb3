"""Lesions outlined from one click, against experts' contours.

``python studies/click.py [--cases 2 10 ...]``: every tumor and cyst of 1 mL and more of the KiTS
CTs in 3-D, clicked at its deepest point and at three random ones at least 3 mm inside, with and
without the shipped model's probabilities. Some slices of these patients were in its training.
"""

import time

import numpy as np
from common import data_folder, parser, save
from scipy import ndimage

from KidneySegLib.core.masks import components
from KidneySegLib.engine import open_engine
from KidneySegLib.io.images import read_labels, read_volume
from KidneySegLib.kidney_ct.click import lesion_at
from KidneySegLib.kidney_ct.settings import Settings
from KidneySegLib.kidney_ct.task import KidneyCT
from KidneySegLib.models.registry import find_model
from KidneySegLib.pipeline import run
from KidneySegLib.segmenters import open_segmenter

_LEAST_ML, _INSIDE_MM, _RANDOM = 1.0, 3.0, 3


def clicks(mask, spacing_mm, rng):
    """Deepest voxel of a lesion, and some random ones inside it."""
    depth = ndimage.distance_transform_edt(np.pad(mask, 1), sampling=spacing_mm)[1:-1, 1:-1, 1:-1]
    inside = np.argwhere(depth >= min(_INSIDE_MM, depth.max()))
    chosen = inside[rng.integers(len(inside), size=_RANDOM)]
    return [np.unravel_index(depth.argmax(), depth.shape), *map(tuple, chosen)]


def dice(one, other):
    """Overlap of two masks."""
    return 2 * float((one & other).sum()) / float(one.sum() + other.sum())


def of_case(case, segmenter, rng):
    """Scores of every click of a case."""
    folder = data_folder() / "kits3d"
    ct = read_volume(folder / f"case_{case:05d}_ct.nii.gz").canonical()
    kits = read_labels(folder / f"case_{case:05d}_kits.nii.gz").canonical().array
    labels = np.choose(kits, (0, 1, 3, 4)).astype(np.uint8)  # sides do not matter here
    found = run(KidneyCT(Settings(probabilities=True)), ct, segmenter).probabilities
    rows = []
    for kind, name in ((3, "tumor"), (4, "cyst")):
        for where, part in components(labels == kind):
            lesion = np.zeros(labels.shape, bool)
            lesion[where] = part
            ml = lesion.sum() * ct.geometry.voxel_volume_ml
            if ml < _LEAST_ML:
                continue
            known = ct.with_array(np.where(lesion, 0, labels).astype(np.uint8))
            for n, place in enumerate(clicks(lesion, ct.geometry.spacing_mm, rng)):
                ras = ct.geometry.ras_from_kji(place)[0]
                row = {"case": case, "kind": name, "ml": round(float(ml), 1), "deepest": n == 0}
                for given, percent in (
                    ("with", (found.percent, found.geometry)),
                    ("without", None),
                ):
                    begun = time.perf_counter()
                    mask = lesion_at(ras, ct, known, percent)
                    row[f"seconds_{given}"] = round(time.perf_counter() - begun, 2)
                    row[f"dice_{given}"] = round(dice(mask, lesion), 3)
                    row[f"ml_{given}"] = round(float(mask.sum()) * ct.geometry.voxel_volume_ml, 1)
                rows.append(row)
                print(row, flush=True)
    return rows


def main():
    """Print medians."""
    options = parser(__doc__)
    options.add_argument("--cases", type=int, nargs="+", default=[2, 10, 30, 48, 50, 70, 81])
    arguments = options.parse_args()
    segmenter = open_segmenter(find_model(), open_engine("cpu"))
    rng = np.random.default_rng(0)
    rows = [row for case in arguments.cases for row in of_case(case, segmenter, rng)]
    summary = {"lesions": sum(row["deepest"] for row in rows), "clicks": len(rows)}
    for given in ("with", "without"):
        for which, least in (("", np.inf), ("_under_100_ml", 100.0)):
            values = np.array([row[f"dice_{given}"] for row in rows if row["ml"] < least])
            summary[f"median_dice_{given}{which}"] = float(np.median(values))
            summary[f"share_over_half_{given}{which}"] = float(np.mean(values > 0.5))
        summary[f"slowest_s_{given}"] = max(row[f"seconds_{given}"] for row in rows)
    print(summary)
    save({"clicks": rows, **summary}, arguments.json)


if __name__ == "__main__":
    main()
