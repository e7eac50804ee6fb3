"""What each operating point costs: tumors found against false ones, on one pass of the networks.

    python studies/operating_points.py [--cache FOLDER] [--limit N]

On slices of KiTS23 cases 400 and up, kidneys and masses pointed out (as in tumor_slices.py), on the
ten patients of kits3d, and on the four kept-out CTs, which have no tumor (as in choices.py).
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import astuple
from pathlib import Path
from typing import Any

import numpy as np
from choices import Choice, cached, cases, judged, summary, tissues
from common import ALIKE_HU, OUT, data_folder, parser, save, share
from tumor_slices import (
    LARGE_MM,
    LEAST_FALSE_MM2,
    SLICES,
    as_stack,
    centers,
    chosen_slices,
    judge,
)

from KidneySegLib.core.anatomy import Tissue
from KidneySegLib.core.progress import Stages
from KidneySegLib.core.schemes import to_tissue
from KidneySegLib.core.volume import restore_orientation
from KidneySegLib.engine import open_engine
from KidneySegLib.kidney_ct.settings import Settings
from KidneySegLib.kidney_ct.task import KidneyCT
from KidneySegLib.models.registry import find_model
from KidneySegLib.segmenters.base import QUALITIES
from KidneySegLib.segmenters.cascade.axial import Fusion
from KidneySegLib.segmenters.cascade.segmenter import Cascade
from KidneySegLib.segmenters.decision import OPERATING_POINTS, Decision
from KidneySegLib.segmenters.to_native import to_native
from KidneySegLib.training import slices


def on_slices(cascade: Cascade, limit: int | None) -> dict[str, dict[str, Any]]:
    """Lesions and false tumors by operating point."""
    found: dict[str, dict[str, Any]] = {
        point: {"lesions": [], "plain": 0, "false_tumors": 0} for point in OPERATING_POINTS
    }
    folder = data_folder() / slices.SLICES
    chosen = chosen_slices(folder, trained=False)[:limit]
    for n, (hu, label, pixel_mm, case) in enumerate(chosen):
        stack = as_stack(hu, pixel_mm)
        points = centers(label, stack)
        if not points:
            continue
        for point, labels in _labels(stack, cascade, Settings(points=points)).items():
            middle, own = labels[SLICES // 2], found[point]
            own["lesions"] += [{"case": case, **r} for r in judge(middle, label, pixel_mm, hu)]
            if not (label == 2).any():
                own["plain"] += 1
                area_mm2 = (middle == Tissue.TUMOR).sum() * pixel_mm**2
                own["false_tumors"] += int(area_mm2 >= LEAST_FALSE_MM2)
        if n % 20 == 19:
            print(f"{n + 1} of {len(chosen)} slices", flush=True)
    return found


def _labels(stack: Any, cascade: Cascade, settings: Settings) -> dict[str, np.ndarray]:
    """Tissues by operating point, of one pass of the networks."""
    ct = stack.canonical()
    report = Stages(cascade.stages(settings.hints), None, None)
    places = cascade.locate(ct, settings.hints, report)
    regions = cascade.probabilities(
        ct, places.places, quality=QUALITIES[settings.quality], report=report
    )
    labels, order = {}, stack.geometry.to_canonical()
    for point in OPERATING_POINTS:
        decision = Decision.of(cascade.model, point)
        tissue = to_native(regions, ct.geometry, (), decision)
        cleaned = KidneyCT(settings)._clean(ct, tissue, places.places, cascade.model)
        labels[point] = restore_orientation(to_tissue(cleaned.labels, "kidneyseg"), *order)
    return labels


def print_slices(found: dict[str, dict[str, Any]]) -> None:
    """One line a point."""
    for point, own in found.items():
        large = [
            r
            for r in own["lesions"]
            if r["kind"] == "tumor" and LARGE_MM["tumor"] <= r["size_mm"] < math.inf
        ]
        alike = [
            r
            for r in large
            if r["hu_from_kidney"] is not None and abs(r["hu_from_kidney"]) <= ALIKE_HU
        ]
        texts = [
            f"{text} {share(sum(r['called'] == 'tumor' for r in rows), len(rows))}"
            for text, rows in (("tumors of 2 cm", large), ("within 30 HU", alike))
        ]
        false = share(own["false_tumors"], own["plain"])
        print(f"{point:10} {'; '.join(texts)}; false on {false}")
        cysts = [r for r in own["lesions"] if r["kind"] == "cyst" and r["size_mm"] >= 15]
        print(f"{'':10} cysts of 1.5 cm called {dict(Counter(r['called'] for r in cysts))}")


def main() -> None:
    """Print the figures, and write them."""
    options = parser(__doc__ or "")
    options.add_argument("--cache", type=Path, default=OUT / "choices")
    options.add_argument("--limit", type=int, help="only the first slices")
    chosen = options.parse_args()
    package = find_model(chosen.model)
    cascade = Cascade(package, open_engine("auto"))
    figures: dict[str, Any] = {"volumes": {}}
    shares = astuple(Fusion.of(package.limits))
    rows: dict[str, dict[str, dict]] = {point: {} for point in OPERATING_POINTS}
    for name, load in cases().items():
        seen = cached(name, load, cascade, chosen.cache / package.sha256[:12])
        for point in OPERATING_POINTS:
            found = tissues(seen, Choice(*shares, *astuple(Decision.of(package, point))), package)
            rows[point][name] = judged(found, seen)
    for point, own in rows.items():
        told = summary([row for name, row in own.items() if name.startswith("kits_")])
        false = [r["false_tumor_ml"] for name, r in own.items() if not name.startswith("kits_")]
        told["false_tumor_ml_without_tumors"] = float(np.mean(false))
        print(f"{point:10} " + "  ".join(f"{k} {v:.3f}" for k, v in told.items()), flush=True)
        figures["volumes"][point] = told | {"cases": own}
    figures["slices"] = on_slices(cascade, chosen.limit)
    print_slices(figures["slices"])
    save(figures, chosen.json, model=chosen.model)


if __name__ == "__main__":
    main()
