"""Do the 90 % intervals of volumes hold? Fitted on one half of the CTs, tested on the other.

    python Testing/figures/intervals.py

Kidneys of the kept-out CTs against the experts' masks, and lesions inserted into them (shapes that
no training saw). A threshold is the probability at which a volume's interval ends (see
KidneySegLib/measure/intervals.py); the largest one whose intervals hold the truth in 90 % of the
fitting half is taken. Lesions count where they were found (Dice of at least 0.1). Also: how often
what the network is not sure of (mean probability under 0.6) is no lesion, and how often the rest.
"""

from __future__ import annotations

import numpy as np
from common import KEPT_OUT, dice, load_case, parser, save
from inserted_lesions import FOUND_DICE, SIZES_MM, compose, isotropic, unseen_shapes

from KidneySegLib.anatomy import KIDNEY_OF_SIDE, Label, Tissue
from KidneySegLib.engine.base import Engine
from KidneySegLib.engine.torch_engine import TorchEngine
from KidneySegLib.measure.intervals import Doubt, with_intervals
from KidneySegLib.measure.volumes import lesion_components, measure
from KidneySegLib.models.package import ModelPackage
from KidneySegLib.models.registry import find_model
from KidneySegLib.pipeline import Settings, _clean, _find_tissue, _Stages
from KidneySegLib.volume import Volume

NOMINAL = 0.9
THRESHOLDS = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5)
HALVES = (KEPT_OUT[::2], KEPT_OUT[1::2])
KINDS = {"kidney": Tissue.KIDNEY, "tumor": Tissue.TUMOR, "cyst": Tissue.CYST}


def segmented(volume: Volume, package: ModelPackage, engine: Engine) -> tuple[Volume, np.ndarray]:
    """Labels of a canonical CT, and the network's probabilities in percent."""
    stages = _Stages(None, None, Settings())
    tissue, places, _ = _find_tissue(volume, package, engine, Settings(), stages)
    cleaned = _clean(volume, tissue, places, Settings())
    return volume.with_array(cleaned.labels), tissue.percent


def ranges(labels: Volume, percent: np.ndarray) -> list:
    """Measurements with the intervals of each threshold."""
    found = measure(labels)
    return [
        with_intervals(found, labels, Doubt(percent, dict.fromkeys(KINDS, q))) for q in THRESHOLDS
    ]


def kidney_rows(name: str, package: ModelPackage, engine: Engine) -> list[dict]:
    """Every kidney of a CT: true volume, and its interval at each threshold."""
    ct, tissue, _ = load_case(name)
    ct, truth = ct.canonical(), Volume(tissue, ct.geometry).canonical()
    labels, percent = segmented(ct, package, engine)
    found = ranges(labels, percent)
    middle = np.argwhere(labels.array > 0)[:, 2].mean()
    right = (np.arange(labels.array.shape[2]) > middle) == (ct.geometry.ijk_to_ras[0, 0] > 0)
    rows = []
    for n, side in enumerate(found[0].sides):
        own = right if KIDNEY_OF_SIDE[side.side] == Label.RIGHT_KIDNEY else ~right
        true_ml = ((truth.array == Tissue.KIDNEY) & own).sum() * ct.geometry.voxel_volume_ml
        ends = [f.sides[n].parenchyma_interval_ml for f in found]
        rows.append(_row(name, "kidney", true_ml, side.parenchyma_ml, ends))
    return rows


def _row(name: str, kind: str, true_ml: float, found_ml: float, ends: list) -> dict:
    """One volume: truth, estimate, intervals."""
    return {
        "case": name,
        "kind": kind,
        "true_ml": float(true_ml),
        "found_ml": float(found_ml),
        "intervals_ml": [list(map(float, e)) for e in ends],
    }


def lesion_rows(
    name: str, package: ModelPackage, engine: Engine, shapes: dict, rng, per_size: int
) -> tuple[list[dict], list[dict]]:
    """Found lesions with their intervals, and the probability of everything found."""
    volume, tissue = isotropic(name)
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
                if best is not None:
                    ends = [f.lesions[best].volume_interval_ml for f in found]
                    true_ml = truth.sum() * volume.geometry.voxel_volume_ml
                    rows.append(_row(name, kind, true_ml, found[0].lesions[best].volume_ml, ends))
    return rows, seen


def _match(labels: Volume, lesions: np.ndarray) -> list[bool]:
    """Whether each found lesion lies, for a quarter of it, in a true one."""
    return [lesions[c.where][c.part].mean() >= 0.25 for c in lesion_components(labels)]


def _best(labels: Volume, truth: np.ndarray, kind: str) -> int | None:
    """Found lesion that is the true one; None where it was not found as its kind."""
    scores = []
    for c in lesion_components(labels):
        mask = np.zeros(truth.shape, bool)
        mask[c.where] = c.part
        scores.append(dice(mask, truth) if c.kind.name.lower() == kind else 0.0)
    if not scores or max(scores) < FOUND_DICE:
        return None
    return int(np.argmax(scores))


def coverage(rows: list[dict], threshold: int) -> float:
    """Share of volumes whose interval holds the truth."""
    inside = [
        r["intervals_ml"][threshold][0] <= r["true_ml"] <= r["intervals_ml"][threshold][1]
        for r in rows
    ]
    return float(np.mean(inside)) if inside else float("nan")


def fit(rows: list[dict]) -> int:
    """Largest threshold whose intervals hold the truth often enough, else the smallest."""
    good = [n for n in range(len(THRESHOLDS)) if coverage(rows, n) >= NOMINAL]
    return max(good, default=0)


def width(rows: list[dict], threshold: int) -> float:
    """Median half width, as a share of the estimate."""
    ends = [(r["intervals_ml"][threshold], r["found_ml"]) for r in rows]
    return float(np.median([(e[1] - e[0]) / 2 / v for e, v in ends])) if ends else float("nan")


def print_fits(rows: list[dict]) -> None:
    """Coverage on the half that a threshold was not fitted on, and the fit on all."""
    for kind in KINDS:
        own = [r for r in rows if r["kind"] == kind]
        tested = []
        for here, there in (HALVES, HALVES[::-1]):
            chosen = fit([r for r in own if r["case"] in here])
            tested.append((chosen, [r for r in own if r["case"] in there]))
        hits = sum(coverage(half, n) * len(half) for n, half in tested if half)
        count = sum(len(half) for _, half in tested)
        both = fit(own)
        print(
            f"{kind:7} n {len(own):3}  held by intervals fitted on the other half: "
            f"{100 * hits / max(1, count):.0f} %; fitted on all: threshold {THRESHOLDS[both]:g}, "
            f"held {100 * coverage(own, both):.0f} %, median half width "
            f"{100 * width(own, both):.0f} %; from voxels alone "
            f"{100 * coverage(own, len(THRESHOLDS) - 1):.0f} %"
        )


def main() -> None:
    """Print coverage by kind, and what low probability means."""
    options = parser(__doc__)
    options.add_argument("--per-size", type=int, default=3, help="lesions a CT, kind and size")
    arguments = options.parse_args()
    package, engine = find_model(arguments.model), TorchEngine("auto")
    shapes, rng = unseen_shapes(), np.random.default_rng(17)
    rows, seen = [], []
    for name in KEPT_OUT:
        rows += kidney_rows(name, package, engine)
        more, lesions = lesion_rows(name, package, engine, shapes, rng, arguments.per_size)
        rows, seen = rows + more, seen + lesions
    print_fits(rows)
    for text, low, high in (("unsure", 0.0, 0.6), ("sure", 0.6, 1.1)):
        own = [s["true"] for s in seen if low <= s["probability"] < high]
        print(f"{text}: {len(own)} found lesions, {sum(own)} of them true")
    save({"volumes": rows, "lesions": seen, "thresholds": THRESHOLDS}, arguments.json)


if __name__ == "__main__":
    main()
