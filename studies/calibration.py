"""Do probabilities mean what they say? Reliability by tissue, and the temperature it asks for.

    python studies/calibration.py [--picture FILE]

Voxels of the kept-out CTs around the kidneys (experts' masks), and of the same CTs with inserted
lesions (shapes that no training saw), binned by the probability that the network gave a tissue: the
share of voxels that are that tissue should be the same (what cleaning took out counts as 0). The
temperature that fits one half of the CTs best is tried on the other: 1 needs no change.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
from common import KEPT_OUT, load_canonical, new_figure, parser, save
from inserted_lesions import SIZES_MM, isotropic_case, unseen_shapes
from intervals import KINDS, segmented
from scipy import ndimage

from KidneySegLib.core.volume import Box, Volume
from KidneySegLib.engine import open_engine
from KidneySegLib.evaluation.calibration import (
    Bin,
    best_temperature,
    cooled,
    expected_error,
    log_loss,
    probabilities,
    reliability,
)
from KidneySegLib.evaluation.insertion import compose
from KidneySegLib.models.registry import find_model

HALVES = (KEPT_OUT[::2], KEPT_OUT[1::2])
TEMPERATURES = (0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.4, 1.6, 1.8, 2.0, 2.5)
MARGIN_MM = 15.0


def voxels(percent: np.ndarray, truth: np.ndarray, known: np.ndarray, volume: Volume) -> tuple:
    """Probabilities and tissue of every second voxel around the true kidneys."""
    box = Box.of_mask(truth > 0).grown(volume.geometry.voxels_covering(MARGIN_MM), truth.shape)
    where = tuple(slice(s.start, s.stop, 2) for s in box.slices)
    near = ndimage.distance_transform_edt(
        truth[where] == 0, sampling=2 * np.asarray(volume.geometry.spacing_mm)
    )
    chosen = (near <= MARGIN_MM) & known[where]
    return probabilities(percent[(slice(None), *where)][:, chosen]), truth[where][chosen]


def evaluate(model: str | None) -> dict:
    """Voxels of each CT, plain and with lesions; reliability and temperatures."""
    package, engine = find_model(model), open_engine("auto")
    shapes, rng = unseen_shapes(), np.random.default_rng(23)
    drawn = {}
    for name in KEPT_OUT:
        ct, truth, known = load_canonical(name)
        parts = [voxels(segmented(ct, package, engine)[1], truth, known, ct)]
        volume, tissue = isotropic_case(name)
        for kind in ("tumor", "cyst"):
            for low, high in SIZES_MM:
                made = compose(volume, tissue, shapes, kind, float(rng.uniform(low, high)), rng)
                if made is not None:
                    image, lesion = made
                    truth = np.where(lesion, KINDS[kind], tissue)
                    percent = segmented(image, package, engine)[1]
                    parts.append(voxels(percent, truth, np.ones(truth.shape, bool), image))
        drawn[name] = tuple(np.concatenate([p[n] for p in parts], axis=-1) for n in (0, 1))
    return {"reliability": _reliabilities(drawn), "temperature": _temperatures(drawn)}


def _reliabilities(drawn: dict) -> dict[str, list[dict]]:
    """Rows of each tissue, all CTs together."""
    shares = np.concatenate([s for s, _ in drawn.values()], axis=1)
    truth = np.concatenate([t for _, t in drawn.values()])
    return {
        k: [asdict(b) for b in reliability(shares[number], truth == number)]
        for k, number in KINDS.items()
    }


def _temperatures(drawn: dict) -> list[dict]:
    """Best temperature of each half, and what it does on the other."""
    rows = []
    for here, there in (HALVES, HALVES[::-1]):
        fitted, tested = (
            tuple(np.concatenate([drawn[n][m] for n in half], axis=-1) for m in (0, 1))
            for half in (here, there)
        )
        best = best_temperature(*fitted, TEMPERATURES)
        rows.append(
            {
                "fitted_on": list(here),
                "temperature": best,
                "loss_before": log_loss(*tested),
                "loss_after": log_loss(cooled(tested[0], best), tested[1]),
            }
        )
    return rows


def draw(figures: dict, path: Path) -> None:
    """Reliability diagram."""
    figure = new_figure(5, 5)
    axes = figure.add_subplot()
    axes.plot((0, 1), (0, 1), color="gray", linewidth=1)
    colors = {"kidney": "#c0653a", "tumor": "#2c7d4f", "cyst": "#3a6fb0"}
    for kind, rows in figures["reliability"].items():
        axes.plot(
            [r["said"] for r in rows],
            [r["true"] for r in rows],
            marker="o",
            color=colors[kind],
            label=kind,
        )
    axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    axes.set_xlabel("probability that the network gave")
    axes.set_ylabel("share of voxels that are it")
    axes.legend()
    figure.savefig(path, dpi=110)


def main() -> None:
    """Print errors by tissue and temperatures."""
    options = parser(__doc__)
    options.add_argument("--picture", type=Path, help="draw the reliability diagram into this file")
    arguments = options.parse_args()
    figures = evaluate(arguments.model)
    for kind, rows in figures["reliability"].items():
        points = "  ".join(f"{100 * r['said']:.0f}:{100 * r['true']:.0f}" for r in rows)
        error = expected_error([Bin(**r) for r in rows])
        print(f"{kind:7} expected error {error:.3f}   said:true %  {points}")
    for row in figures["temperature"]:
        print(
            f"temperature fitted on {', '.join(row['fitted_on'])}: {row['temperature']:g}; loss on "
            f"the others {row['loss_before']:.4f}, with it {row['loss_after']:.4f}"
        )
    if arguments.picture:
        draw(figures, arguments.picture)
    save(figures, arguments.json)


if __name__ == "__main__":
    main()
