"""Real tumors in 3-D: ten KiTS patients with KiTS23's own labels.

    python studies/real_tumors_3d.py [--quality balanced] [--cases 10 50]

Their CTs were recovered from pictures and videos in which public projects show KiTS cases (gray
steps of 2 to 16 HU, in some every fourth slice interpolated): see the README beside them. Single
slices of these patients were in the training of the networks that ship.

The KiTS23 metric; of every lesion whether a quarter of it is found, what it is called, its Dice and
volume; false tumors and cysts; R.E.N.A.L. and diameters of the largest tumor from the model's
labels against the same from the experts' labels, and sizes against the clinical table.
"""

from __future__ import annotations

import statistics
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from common import data_folder, dice, near, parser, save, segment, share
from nephrometry import reported_sizes

from KidneySegLib.core.anatomy import MASSES, Tissue
from KidneySegLib.core.masks import components
from KidneySegLib.core.schemes import to_tissue
from KidneySegLib.core.volume import Volume
from KidneySegLib.engine import open_engine
from KidneySegLib.evaluation.kits import evaluate_case, summarize
from KidneySegLib.io.images import read_labels, read_volume
from KidneySegLib.kidney_ct.midline import find_midline
from KidneySegLib.kidney_ct.refine import METHODS
from KidneySegLib.kidney_ct.settings import Settings
from KidneySegLib.kidney_ct.sides import assign_sides
from KidneySegLib.measure.lesions import LesionMeasurement
from KidneySegLib.measure.measurements import Measurements, measure
from KidneySegLib.models.registry import find_model
from KidneySegLib.segmenters.decision import OPERATING_POINTS, STANDARD

FOLDER = "kits3d"
FOUND_SHARE, LARGE_MM, LEAST_ML = 0.25, 20.0, 0.1
DIAMETERS = ("feret_axial_mm", "feret_3d_mm", "sphere_equivalent_mm")
KINDS = (Tissue.TUMOR, Tissue.CYST)


def case_numbers(folder: Path) -> list[int]:
    """Numbers of the cases that are there."""
    return sorted(int(p.name.split("_")[1]) for p in folder.glob("case_*_ct.nii.gz"))


def load(folder: Path, case: int) -> tuple[Volume, np.ndarray]:
    """CT and the experts' tissues, axes to S, A, R."""
    ct = read_volume(folder / f"case_{case:05}_ct.nii.gz").canonical()
    labels = read_labels(folder / f"case_{case:05}_kits.nii.gz").canonical()
    return ct, to_tissue(labels.array, "kits")


def lesions_of(truth: np.ndarray, found: np.ndarray, voxel_ml: float) -> list[dict[str, Any]]:
    """Every true lesion: what the model makes of it."""
    rows = []
    for kind in KINDS:
        for where, part in components(truth == kind):
            ml = float(part.sum() * voxel_ml)
            if ml < LEAST_ML:
                continue
            own = np.zeros(truth.shape, bool)
            own[where] = part
            called = Counter(found[own].tolist())
            around = near(own)
            seen = around & _touching(np.isin(found, MASSES), own)
            same = seen & (found == kind)
            rows.append(
                {
                    "kind": kind.name.lower(),
                    "ml": ml,
                    "size_mm": float((6000 * ml / np.pi) ** (1 / 3)),
                    "covered": sum(called[t] for t in MASSES) / own.sum(),
                    "called": Tissue(called.most_common(1)[0][0]).name.lower(),
                    "called_mass": _majority(called),
                    "dice": dice(same, own),
                    "dice_any_kind": dice(seen, own),
                    "found_ml": float(same.sum() * voxel_ml),
                }
            )
    return rows


def _touching(mask: np.ndarray, lesion: np.ndarray) -> np.ndarray:
    """Components of a mask that share a voxel with a lesion."""
    kept = np.zeros(mask.shape, bool)
    for where, part in components(mask):
        if (part & lesion[where]).any():
            kept[where] |= part
    return kept


def _majority(called: Counter) -> str | None:
    """Kind that most of a lesion's voxels that are called a mass have; None without any."""
    if not any(called[t] for t in MASSES):
        return None
    return max(MASSES, key=lambda t: called[t]).name.lower()


def false_ml(truth: np.ndarray, found: np.ndarray, kind: Tissue, voxel_ml: float) -> float:
    """Volume of components of a kind that touch no true mass."""
    masses = np.isin(truth, MASSES)
    return float(
        sum(
            part.sum() * voxel_ml
            for where, part in components(found == kind)
            if not (part & masses[where]).any()
        )
    )


def measured(tissue: np.ndarray, ct: Volume) -> Measurements:
    """Measurements of tissues, with sides by the body's midline."""
    heights = ct.geometry.ras_from_kji(np.argwhere(tissue > 0))[:, 2]
    middle = find_midline(ct, (float(heights.min()), float(heights.max())))
    labels, _ = assign_sides(tissue, ct.geometry, midline_r_mm=middle.r_mm)
    return measure(Volume(labels, ct.geometry), ct)


def largest_tumor(found: Measurements) -> LesionMeasurement | None:
    """The largest tumor of a case, None without one."""
    return next((x for x in found.lesions if x.kind == "tumor"), None)


def compared(truth: Measurements, ours: Measurements) -> dict[str, Any] | None:
    """Diameters and R.E.N.A.L. of the largest true tumor and of ours that lies at its place."""
    real = largest_tumor(truth)
    if real is None:
        return None
    row: dict[str, Any] = {"real": {n: getattr(real, n) for n in DIAMETERS}, "ours": None}
    reach = real.feret_3d_mm / 2
    center = np.array(real.center_ras_mm)
    close = [
        x
        for x in ours.lesions
        if x.kind == "tumor" and np.linalg.norm(np.array(x.center_ras_mm) - center) < reach
    ]
    if not close:
        return row
    row["ours"] = {n: getattr(close[0], n) for n in DIAMETERS}
    pair = [
        next((s for s in found.nephrometry if s.lesion_id == lesion.id), None)
        for found, lesion in ((truth, real), (ours, close[0]))
    ]
    if None not in pair:
        row["renal"] = [{n: c.points for n, c in s.renal.items()} for s in pair]
        row["renal_total"] = [s.renal_total for s in pair]
        row["face"] = [s.face for s in pair]
    return row


def evaluate(model: str | None, settings: Settings, cases: list[int] | None = None) -> dict:
    """Figures of each case."""
    package, engine = find_model(model), open_engine("auto")
    folder, sizes = data_folder() / FOLDER, reported_sizes()
    figures: dict[str, Any] = {}
    for case in cases or case_numbers(folder):
        ct, truth = load(folder, case)
        result = segment(ct, package, engine, settings)
        found = to_tissue(result.labels.array, "kidneyseg")
        voxel_ml = ct.geometry.voxel_volume_ml
        figures[str(case)] = {
            "kits": evaluate_case(found, truth, ct.geometry.spacing_mm),
            "lesions": lesions_of(truth, found, voxel_ml),
            "false_tumor_ml": false_ml(truth, found, Tissue.TUMOR, voxel_ml),
            "false_cyst_ml": false_ml(truth, found, Tissue.CYST, voxel_ml),
            "largest": compared(measured(truth, ct), measured(found, ct)),
            "reported_mm": sizes.get(f"case_{case:05}"),
            "warnings": sorted({f.code for f in result.findings if f.severity != "info"}),
        }
        print_case(case, figures[str(case)])
    return figures


def print_case(case: int, row: dict[str, Any]) -> None:
    """One case in a few lines."""
    scores = {n: row["kits"][n]["dice"] for n in row["kits"]}
    text = "  ".join(f"{n} {v:.3f}" for n, v in scores.items())
    print(
        f"{case:4}  {text}  false tumor {row['false_tumor_ml']:.1f} mL, cyst "
        f"{row['false_cyst_ml']:.1f} mL  {', '.join(row['warnings'])}"
    )
    for x in row["lesions"]:
        print(
            f"      {x['kind']:5} {x['size_mm']:5.1f} mm {x['ml']:8.1f} mL -> {x['found_ml']:8.1f} "
            f"covered {x['covered']:.2f} as {x['called']:10} Dice {x['dice']:.2f} "
            f"(any kind {x['dice_any_kind']:.2f})",
            flush=True,
        )


def headline(figures: dict[str, Any]) -> dict[str, Any]:
    """The numbers that are published."""
    summary = summarize([row["kits"] for row in figures.values()])
    lesions = [x for row in figures.values() for x in row["lesions"]]
    large = [x for x in lesions if x["kind"] == "tumor" and x["size_mm"] >= LARGE_MM]
    hits = [x for x in large if x["covered"] >= FOUND_SHARE]
    sizes = [r["largest"] for r in figures.values() if r["largest"] and r["largest"]["ours"]]
    off = [abs(s["ours"][DIAMETERS[0]] - s["real"][DIAMETERS[0]]) for s in sizes]
    renal = [abs(np.subtract(*s["renal_total"])) <= 1 for s in sizes if "renal_total" in s]
    return {
        "patients": len(figures),
        "kits23_dice": summary["kits23"]["dice"],
        "kits23_surface_dice": summary["kits23"]["surface_dice"],
        "tumor_dice": summary["kits23"]["tumor_dice"],
        "kidney_dice": summary["kidney_and_mass"]["dice_mean"],
        "kidney_precision": summary["kidney_and_mass"]["precision_mean"],
        "kidney_recall": summary["kidney_and_mass"]["recall_mean"],
        "tumors_20mm": len(large),
        "tumors_20mm_found": len(hits),
        "tumors_20mm_kind_right": sum(x["called_mass"] == "tumor" for x in hits),
        "tumors_20mm_dice": float(np.mean([x["dice"] for x in large])) if large else None,
        "false_tumor_ml_median": statistics.median(r["false_tumor_ml"] for r in figures.values()),
        "false_tumor_ml_most": max(r["false_tumor_ml"] for r in figures.values()),
        "axial_diameter_error_mm_median": statistics.median(off) if off else None,
        "renal_within_1": sum(map(int, renal)),
        "renal_compared": len(renal),
    }


def print_summary(figures: dict[str, Any]) -> None:
    """What all cases say together."""
    for name, value in headline(figures).items():
        print(f"{name:34} {value:.3f}" if isinstance(value, float) else f"{name:34} {value}")
    table = Counter(
        (x["kind"], x["called_mass"] or "nothing")
        for row in figures.values()
        for x in row["lesions"]
        if x["size_mm"] >= LARGE_MM / 2
    )
    print("\nkind of lesions of 1 cm and more, and what most of it is called:")
    for (kind, called), count in sorted(table.items()):
        print(f"  {kind:6} {called:8} {count}")
    pairs = [r["largest"] for r in figures.values() if r["largest"] and "renal" in r["largest"]]
    for name in ("R", "E", "N", "L"):
        same = sum(p["renal"][0][name] == p["renal"][1][name] for p in pairs)
        print(f"R.E.N.A.L. {name} the same: {share(same, len(pairs))}")
    print(f"A the same: {share(sum(len(set(p['face'])) == 1 for p in pairs), len(pairs))}")
    for name in DIAMETERS:
        known = [
            (r["largest"]["ours"][name], r["largest"]["real"][name], r["reported_mm"])
            for r in figures.values()
            if r["largest"] and r["largest"]["ours"] and r["reported_mm"]
        ]
        ours, real, said = np.array(known).T
        print(
            f"{name:22} against experts' labels {np.abs(ours - real).mean():4.1f} mm "
            f"(bias {(ours - real).mean():+.1f}); against the report: ours "
            f"{np.abs(ours - said).mean():4.1f}, experts' labels {np.abs(real - said).mean():4.1f}"
        )


def main() -> None:
    """Print the figures, and write them."""
    options = parser(__doc__ or "")
    options.add_argument("--quality", default="balanced", choices=("fast", "balanced", "best"))
    options.add_argument("--refine", default="off", choices=METHODS)
    options.add_argument("--operating-point", default=STANDARD, choices=OPERATING_POINTS)
    options.add_argument("--cases", type=int, nargs="*")
    chosen = options.parse_args()
    settings = Settings(
        quality=chosen.quality, refine=chosen.refine, operating_point=chosen.operating_point
    )
    figures = evaluate(chosen.model, settings, chosen.cases)
    print_summary(figures)
    is_whole = settings == Settings() and not chosen.cases
    save(figures, chosen.json, headline(figures) if is_whole else None, model=chosen.model)


if __name__ == "__main__":
    main()
