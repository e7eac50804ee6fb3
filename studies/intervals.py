"""Do the 90 % intervals of volumes hold? Fitted on all CTs but one, tested on that one.

    python studies/intervals.py

Kidneys of the kept-out CTs against the experts' masks, and lesions inserted into them (shapes that
no training saw). A factor says how much the network's doubt counts in an interval (see
KidneySegLib/measure/intervals.py). Split conformal prediction fits it: of the factors that each of
n volumes would have needed the one of rank (n + 1) times 90 % is taken, or the largest where n is
too small for that rank. Its promise of 90 % is for volumes as alike as draws from one bag; these
share four CTs, so read the shares of the CT left out, not the promise. Lesions count where they
were found (Dice of at least 0.1), kidneys where the scan does not cut them. Widths, and shares of
diameters, are those of the fit on all. Also: how often what the network is not sure of is no
lesion, and how often the rest.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from common import FOUND_DICE, KEPT_OUT, dice, load_canonical, parser, save, segment
from inserted_lesions import SIZES_MM, isotropic_case, unseen_shapes

from KidneySegLib.core.anatomy import KIDNEY_OF_SIDE, Label, Tissue
from KidneySegLib.core.volume import Volume
from KidneySegLib.engine import open_engine
from KidneySegLib.engine.base import Engine
from KidneySegLib.evaluation.conformal import Value, coverage, fit, half_width, held_out
from KidneySegLib.evaluation.insertion import compose
from KidneySegLib.kidney_ct.settings import Settings
from KidneySegLib.measure.intervals import Doubt, with_intervals
from KidneySegLib.measure.lesions import DIAMETERS, LesionMeasurement, find_lesions
from KidneySegLib.measure.measurements import measure
from KidneySegLib.models.manifest import ModelPackage
from KidneySegLib.models.registry import find_model

FACTORS = (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1, 1.2, 1.5, 1.8, 2.2, 2.6, 3, 4, 5, 7, 10, 20)
KINDS = {"kidney": Tissue.KIDNEY, "tumor": Tissue.TUMOR, "cyst": Tissue.CYST}


def segmented(
    volume: Volume, package: ModelPackage, engine: Engine, points: tuple = ()
) -> tuple[Volume, np.ndarray]:
    """Labels of a canonical CT, and its probabilities in percent as intervals are made of them."""
    result = segment(volume, package, engine, Settings(points=points, probabilities=True))
    percent = np.zeros((3, *volume.array.shape), np.uint8)
    own = result.probabilities
    start = np.rint(volume.geometry.kji_from_ras(own.geometry.ras_from_kji([0, 0, 0])))[0]
    where = tuple(slice(int(a), int(a) + n) for a, n in zip(start, own.geometry.shape, strict=True))
    percent[(slice(None), *where)] = own.percent
    percent[:, (result.rejected.array > 0) & (result.labels.array == 0)] = 0
    return result.labels, percent


def ranges(labels: Volume, percent: np.ndarray) -> list:
    """Measurements with the intervals of each factor; the first is of the voxels alone."""
    found = measure(labels)
    return [
        with_intervals(found, labels, Doubt(percent, dict.fromkeys(KINDS, factor)))
        for factor in FACTORS
    ]


def kidney_rows(name: str, package: ModelPackage, engine: Engine, points: tuple = ()) -> list[dict]:
    """Every kidney of a CT: true volume, and its interval at each factor."""
    ct, truth, known = load_canonical(name)
    labels, percent = segmented(ct, package, engine, points)
    labels = labels.with_array(np.where(known, labels.array, 0))
    percent[:, ~known] = 0
    found = ranges(labels, percent)
    spots = np.flatnonzero((truth > 0).any(axis=(0, 1)))
    right = np.arange(truth.shape[2]) > (spots[0] + spots[-1]) / 2
    rows = []
    for n, side in enumerate(found[0].sides):
        own = right if KIDNEY_OF_SIDE[side.side] == Label.RIGHT_KIDNEY else ~right
        true_ml = ((truth == Tissue.KIDNEY) & own).sum() * ct.geometry.voxel_volume_ml
        ends = [f.sides[n].parenchyma_interval_ml for f in found]
        if not side.incomplete:
            rows.append(_row(name, "kidney", true_ml, side.parenchyma_ml, ends))
    return rows


def _row(name: str, kind: str, true: float, found: float, ends: list, what: str = "ml") -> dict:
    """One value: truth, estimate, interval at each factor."""
    return {
        "case": name,
        "kind": kind,
        "what": what,
        "true": float(true),
        "found": float(found),
        "intervals": [list(map(float, e)) for e in ends],
    }


def values_of(rows: list[dict]) -> list[Value]:
    """Rows as values to fit factors to."""
    return [Value(r["case"], r["true"], r["found"], r["intervals"]) for r in rows]


def lesion_rows(
    name: str, package: ModelPackage, engine: Engine, shapes: dict, rng, per_size: int
) -> tuple[list[dict], list[dict]]:
    """Found lesions with their intervals, and the probability of everything found."""
    volume, tissue = isotropic_case(name)
    rows, seen = [], []
    for kind in ("tumor", "cyst"):
        for low, high in SIZES_MM:
            for _ in range(per_size):
                made = compose(volume, tissue, shapes, kind, float(rng.uniform(low, high)), rng)
                if made is None:
                    continue
                image, truth = made
                labels, percent = segmented(image, package, engine)
                found = ranges(labels, percent)
                match = _match(labels, truth | (tissue >= Tissue.TUMOR))
                seen += [
                    {"case": name, "true": bool(m), "probability": x.probability}
                    for m, x in zip(match, found[0].lesions, strict=True)
                ]
                best = _best(labels, truth, kind)
                if best is not None and not found[0].lesions[best].incomplete:
                    number = labels.with_array(truth.astype(np.uint8) * Label[kind.upper()])
                    own = [f.lesions[best] for f in found]
                    rows += _value_rows(name, kind, measure(number).lesions[0], own)
    return rows, seen


def _value_rows(name: str, kind: str, true: LesionMeasurement, found: list) -> list[dict]:
    """Volume and diameters of one lesion."""
    ends = [f.volume_interval_ml for f in found]
    rows = [_row(name, kind, true.volume_ml, found[0].volume_ml, ends)]
    for what in DIAMETERS:
        ends = [getattr(f, f"{what}_interval_mm") for f in found]
        values = (getattr(x, f"{what}_mm") for x in (true, found[0]))
        rows.append(_row(name, kind, *values, ends, what))
    return rows


def _match(labels: Volume, lesions: np.ndarray) -> list[bool]:
    """Whether each found lesion lies, for a quarter of it, in a true one."""
    return [lesions[c.where][c.part].mean() >= 0.25 for c in find_lesions(labels)]


def _best(labels: Volume, truth: np.ndarray, kind: str) -> int | None:
    """Found lesion that is the true one; None where it was not found as its kind."""
    scores = []
    for c in find_lesions(labels):
        mask = np.zeros(truth.shape, bool)
        mask[c.where] = c.part
        scores.append(dice(mask, truth) if c.kind.name.lower() == kind else 0.0)
    if not scores or max(scores) < FOUND_DICE:
        return None
    return int(np.argmax(scores))


def fitted(values: Sequence[Value]) -> int:
    """Number of the factor for some values; that of 1 without any."""
    return fit(values, fallback=FACTORS.index(1))


def print_fits(rows: list[dict]) -> None:
    """Coverage on the CT that a factor was not fitted on, and the fit on all."""
    every_held: list[bool] = []
    for kind in dict.fromkeys(r["kind"] for r in rows):
        every = [r for r in rows if r["kind"] == kind]
        own = values_of([r for r in every if r["what"] == "ml"])
        held, both = held_out(own, fitted), fitted(own)
        beyond = sum(v.needed() == len(FACTORS) for v in own)
        every_held += held
        print(
            f"{kind:7} n {len(own):3}  held by intervals fitted on the other CTs: "
            f"{100 * np.mean(held):.0f} %; fitted on all: factor {FACTORS[both]:g}, "
            f"median half width {100 * half_width(own, both):.0f} %; from voxels alone held "
            f"{100 * coverage(own, 0):.0f} %, by no factor {beyond}"
        )
        for what in DIAMETERS:
            lengths = values_of([r for r in every if r["what"] == what])
            if lengths:
                print(f"        {what}: {100 * coverage(lengths, both):.0f} % at that factor")
    print(f"all: {sum(every_held)} of {len(every_held)} held ({100 * np.mean(every_held):.0f} %)")


def headline(rows: list[dict]) -> dict:
    """How many intervals held that were fitted on the other CTs, factor and width, by kind."""
    table = {}
    for kind in KINDS:
        own = values_of([r for r in rows if r["kind"] == kind and r["what"] == "ml"])
        if own:
            chosen = fitted(own)
            table[kind] = {
                "volumes": len(own),
                "held": sum(held_out(own, fitted)),
                "factor": FACTORS[chosen],
                "half_width": round(half_width(own, chosen), 2),
            }
    return table


def main() -> None:
    """Print coverage by kind, and what low probability means."""
    options = parser(__doc__)
    options.add_argument("--per-size", type=int, default=3, help="lesions a CT, kind and size")
    arguments = options.parse_args()
    package, engine = find_model(arguments.model), open_engine("auto")
    shapes, rng = unseen_shapes(), np.random.default_rng(17)
    rows, seen = [], []
    for name in KEPT_OUT:
        rows += kidney_rows(name, package, engine)
        more, lesions = lesion_rows(name, package, engine, shapes, rng, arguments.per_size)
        rows, seen = rows + more, seen + lesions
    print_fits(rows)
    limit = package.limits["unsure-lesion"]["percent"] / 100
    for text, low, high in (("unsure", 0.0, limit), ("sure", limit, 1.1)):
        own = [s["true"] for s in seen if low <= s["probability"] < high]
        print(f"{text}: {len(own)} found lesions, {sum(own)} of them true")
    figures = {"volumes": rows, "lesions": seen, "factors": FACTORS}
    save(figures, arguments.json, headline(rows), model=arguments.model)


if __name__ == "__main__":
    main()
