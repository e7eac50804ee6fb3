"""Does refinement help? Experts' kidneys degraded by a coarse grid, and the model's own output.

    python studies/refine.py

Experts' masks of the BTCV and LiTS CTs go through a grid of 3 and of 4 mm and back (as a coarse
network's would), and are taken as they are; so do KiTS23 maps, with an image rendered from the map,
in which the border is known exactly; and the model's output on the CTs that no training saw. Each
is refined by each method; Dice and surface Dice (1 mm) of all labels merged, against the truth.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from common import KEPT_OUT, data_folder, load_case, parser, save, segment
from scipy import ndimage

from KidneySegLib.core.anatomy import Label
from KidneySegLib.core.volume import Box, Volume, resample
from KidneySegLib.engine import open_engine
from KidneySegLib.evaluation.kits import surface_dice, voxel_metrics
from KidneySegLib.io.images import read_labels
from KidneySegLib.kidney_ct.refine import METHODS, refine
from KidneySegLib.kidney_ct.settings import Settings
from KidneySegLib.models.registry import find_model

GRIDS_MM = (3.0, 4.0)
TOLERANCE_MM = 1.0
MARGIN = 14
LEVELS_HU = {0: -100.0, 1: 160.0, 2: 90.0, 3: 10.0}
SOFT_TISSUE_HU = 50.0
BLUR_MM, NOISE_HU = 0.7, 10.0
MAPS = 8


def expert_cases() -> list[str]:
    """Names of the CTs whose kidneys experts outlined."""
    names = [
        p.name.removesuffix("_ct.nii.gz") for p in sorted((data_folder() / "ct").glob("*_ct.*"))
    ]
    return [n for n in names if n.startswith(("btcv", "lits"))]


def degraded(mask: np.ndarray, volume: Volume, spacing_mm: float) -> np.ndarray:
    """A mask through a coarse grid and back, memberships interpolated."""
    coarse = volume.geometry.with_spacing((spacing_mm,) * 3)
    share = resample(mask.astype(np.float32), volume.geometry, coarse)
    return resample(share, coarse, volume.geometry, smooth=False) > 0.5


def scores(mask: np.ndarray, truth: np.ndarray, volume: Volume) -> dict[str, float]:
    """Dice and surface Dice of two masks."""
    spacing = volume.geometry.spacing_mm
    return {
        "dice": voxel_metrics(mask, truth)["dice"],
        "surface": surface_dice(mask, truth, spacing, TOLERANCE_MM),
    }


def rows_of(name: str, source: str, labels: Volume, truth: np.ndarray, ct: Volume) -> list[dict]:
    """Scores before and after each method."""
    before = scores(labels.array > 0, truth, ct)
    rows = []
    for method in METHODS[1:]:
        refined, told = refine(labels, ct, method=method)
        rows.append(
            {
                "case": name,
                "source": source,
                "method": method,
                "before": before,
                "after": scores(refined.array > 0, truth, ct),
                "accepted": sum(t.accepted for t in told),
                "components": len(told),
                "reasons": [t.reason for t in told if not t.accepted],
            }
        )
    return rows


def rendered(path: Path) -> tuple[Volume, np.ndarray]:
    """CT rendered from a KiTS23 map, kidneys in fat and some soft tissue; and the map."""
    marks = read_labels(path).canonical()
    box = Box.of_mask(marks.array > 0).grown((MARGIN,) * 3, marks.array.shape)
    marks = marks.cropped(box)
    rng, spacing = np.random.default_rng(0), marks.geometry.spacing_mm
    blobs = ndimage.gaussian_filter(rng.normal(size=marks.array.shape), 15 / spacing)
    hu = np.where(blobs > 0.8 * blobs.std(), SOFT_TISSUE_HU, LEVELS_HU[0])
    for number, level in LEVELS_HU.items():
        if number:
            hu[marks.array == number] = level
    hu = ndimage.gaussian_filter(hu, BLUR_MM / spacing) + rng.normal(0, NOISE_HU, hu.shape)
    return marks.with_array(hu.astype(np.float32)), marks.array


def degraded_rows(name: str, source: str, ct: Volume, tissue: np.ndarray) -> list[dict]:
    """Rows of one truth as it is, and through each grid (its outer border is what suffers)."""
    truth, rows = tissue > 0, []
    nearest = ndimage.distance_transform_edt(~truth, return_distances=False, return_indices=True)
    kind = np.array([0, Label.RIGHT_KIDNEY, Label.TUMOR, Label.CYST], np.uint8)[tissue]
    kind = kind[tuple(nearest)]
    rough = {"as drawn": truth} | {f"{g:g} mm": degraded(truth, ct, g) for g in GRIDS_MM}
    for what, mask in rough.items():
        labels = ct.with_array(np.where(mask, kind, 0).astype(np.uint8))
        rows += rows_of(name, f"{source}, {what}", labels, truth, ct)
    return rows


def evaluate(model: str | None, every: int) -> list[dict]:
    """Rows for degraded truths and for the model's own output."""
    rows = []
    for path in sorted((data_folder() / "kits23_native").glob("*.nii.gz"))[: MAPS // every]:
        rows += degraded_rows(path.name, "rendered", *rendered(path))
    for name in expert_cases()[::every]:
        ct, tissue, _ = load_case(name)
        box = Box.of_mask(tissue > 0).grown((MARGIN,) * 3, tissue.shape)
        rows += degraded_rows(name, "experts", ct.cropped(box), tissue[box.slices])
    package, engine = find_model(model), open_engine("auto")
    for name in KEPT_OUT:
        ct, truth, known = load_case(name)
        result = segment(ct, package, engine, Settings())
        box = Box.of_mask((truth > 0) | (result.labels.array > 0)).grown((MARGIN,) * 3, truth.shape)
        found = np.where(known, result.labels.array, 0)[box.slices]
        part = ct.cropped(box)
        rows += rows_of(name, "model", part.with_array(found), truth[box.slices] > 0, part)
    return rows


def main() -> None:
    """Print means and the worst change for each source and method."""
    options = parser(__doc__)
    options.add_argument("--every", type=int, default=1, help="take every n-th expert case")
    arguments = options.parse_args()
    rows = evaluate(arguments.model, arguments.every)
    for source in dict.fromkeys(r["source"] for r in rows):
        for method in METHODS[1:]:
            chosen = [r for r in rows if (r["source"], r["method"]) == (source, method)]
            line = f"{source:19} {method:9} {len(chosen):2} CTs"
            for name in ("dice", "surface"):
                before = np.array([r["before"][name] for r in chosen])
                change = np.array([r["after"][name] for r in chosen]) - before
                line += (
                    f"  {name} {before.mean():.4f} {change.mean():+.4f} (worst {change.min():+.4f})"
                )
            accepted = sum(r["accepted"] for r in chosen)
            print(f"{line}  accepted {accepted} of {sum(r['components'] for r in chosen)}")
    save(rows, arguments.json)


if __name__ == "__main__":
    main()
