"""Kidney Dice on the kept-out CTs as they get worse: noise, thick slices, short fields, turns.

    python Testing/figures/robustness.py [--picture FILE]

Quality `fast`, automatic search. Thick slices are averages of thinner ones; the truth is resampled
with the CT, so that Dice is that on the worse CT's own grid.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from common import KEPT_OUT, dice, load_case, new_figure, parser, save
from scipy import ndimage

from KidneySegLib.engine.torch_engine import TorchEngine
from KidneySegLib.models.registry import find_model
from KidneySegLib.pipeline import Settings, segment
from KidneySegLib.volume import Box, Geometry, Volume

Case = tuple[Volume, np.ndarray]  # canonical CT, and where the kidneys are
SERIES = {
    "noise, SD in HU": (0, 15, 30, 50),
    "slice thickness, mm": (1, 3, 5, 8),
    "rotation, degrees": (0, 5, 10, 20),
    "kidneys cut off, share": (0.0, 0.2, 0.4, 0.6),
}
LEAST_MM = 0.3


def noisy(case: Case, sd_hu: float) -> Case:
    """Add white noise."""
    volume, mask = case
    noise = np.random.default_rng(2).normal(0, sd_hu, volume.array.shape).astype(np.float32)
    return volume.with_array(volume.array + noise), mask


def thick(case: Case, spacing_mm: float) -> Case:
    """Slices of a thickness; CTs that are thicker already stay as they are."""
    volume, mask = case
    own = volume.geometry.spacing_mm
    if spacing_mm <= own[0] + LEAST_MM:
        return case
    grid = volume.geometry.with_spacing((spacing_mm, own[1], own[2]))
    share = volume.with_array(mask.astype(np.float32)).resampled_to(grid).array
    return volume.resampled_to(grid), share > 0.5


def turned(case: Case, degrees: float) -> Case:
    """Rotate the body in the axial plane."""
    volume, mask = case
    if not degrees:
        return case
    options = {"angle": degrees, "axes": (1, 2), "reshape": False, "order": 1}
    array = ndimage.rotate(volume.array.astype(np.float32), cval=-1000.0, **options)
    share = ndimage.rotate(mask.astype(np.float32), **options)
    return volume.with_array(array), share > 0.5


def cut(case: Case, share: float) -> Case:
    """End the scan inside the kidneys, from below."""
    volume, mask = case
    tight = Box.of_mask(mask)
    first = tight.start[0] + round(share * (tight.stop[0] - tight.start[0])) if share else 0
    box = Box((first, 0, 0), mask.shape)
    return volume.cropped(box), mask[box.slices]


CHANGES: dict[str, Callable[[Case, float], Case]] = dict(
    zip(SERIES, (noisy, thick, turned, cut), strict=True)
)


def canonical_case(name: str) -> Case:
    """CT and kidney mask, canonical."""
    ct, tissue, _ = load_case(name)
    mask = Volume((tissue > 0).astype(np.uint8), Geometry(tissue.shape, ct.geometry.ijk_to_ras))
    return ct.canonical(), mask.canonical().array > 0


def evaluate(model: str | None) -> dict[str, dict[str, list[float]]]:
    """Dice of each kept-out CT for each change and strength."""
    package, engine = find_model(model), TorchEngine("auto")
    cases = {name: canonical_case(name) for name in KEPT_OUT}
    figures: dict[str, dict[str, list[float]]] = {}
    for series, strengths in SERIES.items():
        figures[series] = {}
        for name, case in cases.items():
            row = []
            for strength in strengths:
                volume, mask = CHANGES[series](case, strength)
                found = segment(volume, package, engine, Settings(quality="fast"))
                row.append(round(dice(found.labels.array > 0, mask), 4))
            figures[series][name] = row
    return figures


def draw(figures: dict, path: Path) -> None:
    """One plot a series, one line a CT."""
    figure = new_figure(10, 2.8)
    for axes, (series, cases) in zip(
        figure.subplots(1, len(figures), sharey=True), figures.items(), strict=True
    ):
        for name, row in cases.items():
            axes.plot(SERIES[series], row, marker="o", markersize=3, label=name.split("_pv")[0])
        axes.set_xlabel(series)
        axes.set_ylim(0, 1)
        axes.grid(alpha=0.3)
    figure.axes[0].set_ylabel("kidney Dice")
    figure.axes[-1].legend(fontsize=7, loc="lower left")
    figure.savefig(path, dpi=120)


def main() -> None:
    """Print a row a CT, and draw."""
    options = parser(__doc__)
    options.add_argument("--picture", type=Path, help="draw the curves into this file")
    arguments = options.parse_args()
    figures = evaluate(arguments.model)
    for series, cases in figures.items():
        print(f"\n{series}: {SERIES[series]}")
        for name, row in cases.items():
            print(f"  {name:22}" + "".join(f"{x:8.3f}" for x in row))
        print(
            f"  {'mean':22}" + "".join(f"{x:8.3f}" for x in np.mean(list(cases.values()), axis=0))
        )
    if arguments.picture:
        draw(figures, arguments.picture)
    save(figures, arguments.json)


if __name__ == "__main__":
    main()
