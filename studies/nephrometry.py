"""R.E.N.A.L. on the 400 KiTS23 maps, and diameters against the radiology reports.

    python studies/nephrometry.py [--picture FILE]

No CT exists for these maps: the sinus comes from shape alone. Reports give one size a patient; the
largest tumor of the map is compared with it (the ten that differ most are explained in
diameters.md). R.E.N.A.L. complexity stands beside a published series of partial nephrectomies: Kim
HL, BJU Int 2011 (141 solitary masses, laparoscopic): low 30 %, intermediate 65 %, high 5 %. Also
how many lesions are longer than is usual (see plausibility.py).
"""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import numpy as np
from common import data_folder, new_figure, parser, save, share

from KidneySegLib.core.anatomy import Label
from KidneySegLib.core.volume import Geometry, Volume
from KidneySegLib.kidney_ct.warnings import ELONGATED, LEAST_ML
from KidneySegLib.measure.measurements import Measurements, measure
from KidneySegLib.training.pack import KITS_SHAPES, SHAPE_SPACING_MM

PAD = 4
PUBLISHED = {"low": 43, "moderate": 91, "high": 7}
ESTIMATORS = ("sphere_equivalent_mm", "feret_axial_mm", "feret_3d_mm")


def as_labels(stored: np.ndarray) -> Volume:
    """A stored map (axes R, A, S) with sides by the middle between the kidneys."""
    array = np.pad(stored.transpose(2, 1, 0), PAD)
    kidney = array == 1
    spots = np.argwhere(kidney)[:, 2]
    on_right = np.arange(array.shape[2]) > (spots.min() + spots.max()) / 2
    labels = np.zeros(array.shape, np.uint8)
    labels[kidney & on_right], labels[kidney & ~on_right] = Label.RIGHT_KIDNEY, Label.LEFT_KIDNEY
    labels[array == 2], labels[array == 3] = Label.TUMOR, Label.CYST
    return Volume(labels, Geometry(labels.shape, np.diag([SHAPE_SPACING_MM] * 3 + [1.0])))


def clinical_table() -> list[dict[str, str]]:
    """Rows of the clinical table, one a case."""
    with (data_folder() / "kits23_clinical.csv").open() as stream:
        return list(csv.DictReader(stream))


def reported_sizes() -> dict[str, float]:
    """Size in mm of each case's tumor in the radiology report."""
    rows = clinical_table()
    return {
        r["case_id"]: 10 * float(r["radiographic_size"]) for r in rows if r["radiographic_size"]
    }


def evaluate(every: int) -> dict:
    """Scores of every tumor's kidney, and each case's diameters beside the reported one.

    Cases whose number is a multiple of ``every``: the sample stays when maps are added or go.
    """
    sizes, scores, sizes_found, elongation = reported_sizes(), [], [], []
    with np.load(data_folder() / KITS_SHAPES) as stored:
        for case in sorted(c for c in stored.files if int(c.split("_")[-1]) % every == 0):
            found = measure(as_labels(stored[case]))
            scores += [{"case": case} | n.as_dict() for n in found.nephrometry]
            elongation += [
                {"kind": x.kind, "ratio": x.feret_3d_mm / x.sphere_equivalent_mm}
                for x in found.lesions
                if x.volume_ml >= LEAST_ML
            ]
            tumor = _largest_tumor(found)
            if tumor is not None and case in sizes:
                row = {name: getattr(tumor, name) for name in ESTIMATORS}
                sizes_found.append({"case": case, "reported_mm": sizes[case]} | row)
    return {"scores": scores, "diameters": sizes_found, "elongation": elongation}


def _largest_tumor(found: Measurements):
    """The largest tumor of a case, None without one."""
    return next((x for x in found.lesions if x.kind == "tumor"), None)


def print_scores(scores: list[dict]) -> None:
    """Distribution of points for each component."""
    print(f"{len(scores)} tumors scored")
    for name in ("R", "E", "N", "L"):
        points = Counter(s["renal"][name]["points"] for s in scores)
        near = sum(s["renal"][name]["borderline"] for s in scores)
        shares = "  ".join(f"{p}: {100 * points[p] / len(scores):3.0f} %" for p in (1, 2, 3))
        print(f"  {name}   {shares}   borderline {100 * near / len(scores):3.0f} %")
    for name in ("face", "renal_complexity", "padua_complexity"):
        print(f"  {name}: {dict(Counter(s[name] for s in scores))}")
    notes = Counter(note for s in scores for note in s["notes"] if "mm" not in note)
    print(f"  notes: {dict(notes)}")


def print_complexity(scores: list[dict]) -> None:
    """Complexity of each case's largest scored tumor, by operation, beside a published series."""
    procedure = {r["case_id"]: r["surgical_procedure"] for r in clinical_table()}
    largest = {}
    for s in scores:
        largest.setdefault(s["case"], s)  # lesions are numbered by volume
    print("\ncomplexity of the largest tumor, share of cases")
    groups = {}
    for case, s in largest.items():
        kind = "partial" if "partial" in procedure.get(case, "") else "other operation"
        groups.setdefault(kind, Counter())[s["renal_complexity"]] += 1
    for text, counts in [*sorted(groups.items()), ("Kim 2011, partial", Counter(PUBLISHED))]:
        total = sum(counts.values())
        shares = "  ".join(f"{k} {100 * counts[k] / total:3.0f} %" for k in PUBLISHED)
        print(f"  {text:18} n {total:3}   {shares}")


def print_diameters(rows: list[dict]) -> None:
    """Bias and mean absolute error of each estimator, and the ten worst cases."""
    truth = np.array([r["reported_mm"] for r in rows])
    print(f"\n{len(rows)} cases with a reported size")
    for name in ESTIMATORS:
        error = np.array([r[name] for r in rows]) - truth
        r = np.corrcoef(error + truth, truth)[0, 1]
        size = np.abs(error).mean()
        print(f"  {name:22} bias {error.mean():+5.1f}  mean abs {size:5.1f}  r {r:.3f}")
    worst = sorted(rows, key=lambda r: -abs(r[ESTIMATORS[0]] - r["reported_mm"]))[:10]
    for r in worst:
        print(
            f"  {r['case']}: reported {r['reported_mm']:.0f} mm, sphere {r[ESTIMATORS[0]]:.0f} mm"
        )


def print_elongation(rows: list[dict]) -> None:
    """How many lesions of each kind are longer than is usual (see plausibility.py)."""
    for kind in ("tumor", "cyst"):
        ratios = [r["ratio"] for r in rows if r["kind"] == kind]
        longer = sum(ratio > ELONGATED for ratio in ratios)
        print(
            f"{kind}s of {LEAST_ML:g} mL and more: longest diameter over {ELONGATED:g} times that "
            f"of a sphere of the same volume: {share(longer, len(ratios))}"
        )


def draw(rows: list[dict], path: Path) -> None:
    """Sphere-equivalent diameter against the reported size."""
    figure = new_figure(5, 5)
    axes = figure.add_subplot()
    truth, found = ([r[n] for r in rows] for n in ("reported_mm", ESTIMATORS[0]))
    axes.scatter(truth, found, s=9, alpha=0.6)
    end = 1.05 * max(*truth, *found)
    axes.plot((0, end), (0, end), color="gray", linewidth=1)
    axes.set(xlim=(0, end), ylim=(0, end), aspect="equal")
    axes.set_xlabel("size in the radiology report, mm")
    axes.set_ylabel("sphere-equivalent diameter, mm")
    figure.savefig(path, dpi=110)


def main() -> None:
    """Print distributions and errors."""
    options = parser(__doc__)
    options.add_argument("--every", type=int, default=1, help="take every n-th map")
    options.add_argument("--picture", type=Path, help="draw diameters into this file")
    arguments = options.parse_args()
    figures = evaluate(arguments.every)
    print_scores(figures["scores"])
    print_complexity(figures["scores"])
    print_diameters(figures["diameters"])
    print_elongation(figures["elongation"])
    if arguments.picture:
        draw(figures["diameters"], arguments.picture)
    save(figures, arguments.json)


if __name__ == "__main__":
    main()
