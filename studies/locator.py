"""The locator on the kept-out CTs under random crops, shifts and scalings, and without kidneys.

    python studies/locator.py

A trial crops a CT at random around its kidneys, and scales its voxels by 0.7 to 1.3. A kidney
counts as found where its center lies inside a region that would be segmented. Fields without
kidneys are what lies above and below them (two centimeters away) in CTs with long fields; such a
field is rejected where no candidate is left, or where the fine network finds no kidney there.
"""

from __future__ import annotations

import numpy as np
from common import KEPT_OUT, load_canonical, load_case, parser, save, segment

from KidneySegLib.core.masks import components
from KidneySegLib.core.volume import Box, Geometry, Volume
from KidneySegLib.engine import open_engine
from KidneySegLib.models.registry import find_model
from KidneySegLib.segmenters.cascade.locate import LocatorLimits, likely_kidneys, locate_kidneys

LONG_FIELDS = ("btcv_0026", "btcv_0039", "ccth_a01_wholebody_nc", *KEPT_OUT)
LEAST_ML = 20.0
AWAY_MM = 20.0
LEAST_FIELD_MM = 60.0
MOST_MARGIN_MM = 120.0


def scaled(volume: Volume, factor: float) -> Volume:
    """The same voxels, larger or smaller: another body size."""
    matrix = volume.geometry.ijk_to_ras.copy()
    matrix[:3, :3] *= factor
    return Volume(volume.array, Geometry(volume.array.shape, matrix))


def kidneys_of(tissue: np.ndarray, geometry: Geometry) -> list[np.ndarray]:
    """Centers of the true kidneys, in voxels."""
    parts = components(tissue > 0)
    return [
        np.argwhere(part).mean(axis=0) + [s.start for s in where]
        for where, part in parts
        if part.sum() * geometry.voxel_volume_ml >= LEAST_ML
    ]


def random_crop(tissue: np.ndarray, geometry: Geometry, rng: np.random.Generator) -> Box:
    """A box that holds the kidneys, with random margins on all six sides."""
    tight = Box.of_mask(tissue > 0)
    most = MOST_MARGIN_MM / geometry.spacing_mm
    start = [
        max(0, a - int(rng.uniform(0.1, 1) * m)) for a, m in zip(tight.start, most, strict=True)
    ]
    stop = [
        min(n, b + int(rng.uniform(0.1, 1) * m))
        for b, m, n in zip(tight.stop, most, tissue.shape, strict=True)
    ]
    return Box(tuple(start), tuple(stop))


class Locator:
    """A model: its locator as the pipeline uses it, and the whole pipeline."""

    def __init__(self, model: str | None) -> None:
        self.package, self.engine = find_model(model), open_engine("auto")
        self.spec = self.package.stages["locator"]
        self.limits = LocatorLimits.of(self.package.limits)
        self.predictor = self.engine.predictor(self.package.network("locator"))

    def regions(self, volume: Volume) -> list:
        """Places that would be segmented."""
        places = locate_kidneys(volume.canonical(), self.predictor, self.spec, self.limits)
        return likely_kidneys(places, self.limits).places

    def found_ml(self, volume: Volume) -> float:
        """What the whole pipeline calls kidney or lesion."""
        labels = segment(volume, self.package, self.engine).labels
        return float((labels.array > 0).sum() * volume.geometry.voxel_volume_ml)


def trials(locator: Locator, count: int, rng: np.random.Generator) -> list[dict]:
    """Random crops of the kept-out CTs: kidneys, how many were found, regions without one."""
    cases = [load_case(name)[:2] for name in KEPT_OUT]
    rows = []
    for n in range(count):
        ct, tissue = cases[n % len(cases)]
        box = random_crop(tissue, ct.geometry, rng)
        volume = scaled(ct.cropped(box), float(rng.uniform(0.7, 1.3)))
        places = locator.regions(volume)
        centers = volume.geometry.ras_from_kji(
            np.array(kidneys_of(tissue[box.slices], ct.geometry))
        )
        hits = [
            [bool((p.low_ras <= c).all() and (c <= p.high_ras).all()) for c in centers]
            for p in places
        ]
        rows.append(
            {
                "case": KEPT_OUT[n % len(cases)],
                "kidneys": len(centers),
                "found": int(np.any(hits, axis=0).sum()) if hits else 0,
                "empty_regions": sum(not any(h) for h in hits),
            }
        )
    return rows


def empty_fields(locator: Locator) -> list[dict]:
    """What lies above and below the kidneys, where that is long enough."""
    rows = []
    for name in LONG_FIELDS:
        volume, marks, _ = load_canonical(name)
        tight = Box.of_mask(marks > 0)
        step = float(volume.geometry.spacing_mm[0])
        away, height = round(AWAY_MM / step), marks.shape[0]
        for part, (low, high) in {
            "below": (0, tight.start[0] - away),
            "above": (tight.stop[0] + away, height),
        }.items():
            if (high - low) * step >= LEAST_FIELD_MM:
                field = volume.cropped(Box((low, 0, 0), (high, *marks.shape[1:])))
                regions = len(locator.regions(field))
                found_ml = locator.found_ml(field) if regions else 0.0
                rows.append({"case": name, "part": part, "regions": regions, "ml": found_ml})
    return rows


def main() -> None:
    """Print the share of kidneys found and of empty fields rejected."""
    options = parser(__doc__)
    options.add_argument("--count", type=int, default=200)
    arguments = options.parse_args()
    locator = Locator(arguments.model)
    rows = trials(locator, arguments.count, np.random.default_rng(3))
    for name in (*KEPT_OUT, None):
        chosen = [r for r in rows if name in (None, r["case"])]
        kidneys, found = (sum(r[k] for r in chosen) for k in ("kidneys", "found"))
        spare = sum(r["empty_regions"] for r in chosen)
        print(
            f"{name or 'all':22} {found} of {kidneys} kidneys ({100 * found / kidneys:.1f} %), "
            f"{spare} regions without a kidney in {len(chosen)} fields"
        )
    fields = empty_fields(locator)
    for row in fields:
        print(f"{row['case']:26} {row['part']:5}  regions {row['regions']}  {row['ml']:.0f} mL")
    by_locator, in_all = (sum(r[k] == 0 for r in fields) for k in ("regions", "ml"))
    print(
        f"of {len(fields)} fields without a kidney {by_locator} rejected by the locator, {in_all} "
        "after the fine network"
    )
    headline = {
        "kidneys": sum(r["kidneys"] for r in rows),
        "inside_a_region": sum(r["found"] for r in rows),
        "fields_without_a_kidney": len(fields),
        "rejected": in_all,
    }
    save({"trials": rows, "empty": fields}, arguments.json, headline, model=arguments.model)


if __name__ == "__main__":
    main()
