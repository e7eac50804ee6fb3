"""Kidney Dice and false tumors on the kept-out CTs as they get worse, or another body's.

Noise, thick slices, turns, short fields, a fatty liver, stronger contrast:

    python studies/robustness.py [--picture FILE]

Quality `fast`, automatic search. Thick slices are averages of thinner ones; the truth is resampled
with the CT, so that Dice is that on the worse CT's own grid. Livers are known in the BTCV CTs
alone; the other CT keeps its own. There is no tumor in any of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from common import KEPT_OUT, data_folder, dice, load_canonical, new_figure, parser, save, segment
from scipy import ndimage

from KidneySegLib.core.anatomy import Label
from KidneySegLib.core.volume import Box, Volume
from KidneySegLib.engine import open_engine
from KidneySegLib.io.images import read_labels
from KidneySegLib.kidney_ct.settings import Settings
from KidneySegLib.models.registry import find_model

SERIES = {
    "noise, SD in HU": (0, 15, 30, 50),
    "slice thickness, mm": (1, 3, 5, 8),
    "rotation, degrees": (0, 5, 10, 20),
    "kidneys cut off, share": (0.0, 0.2, 0.4, 0.6),
    "liver, HU less": (0, 30, 60, 90),
    "contrast, times": (1.0, 1.4, 1.8, 2.2),
}
LEAST_MM = 0.3
LIVER = 5  # of the experts' organs
BORDER_VOXELS = (0.5, 1.5, 1.5)  # of a liver that changes: as blurred as those of the CT
BLOOD_HU, DENSEST_HU = 30.0, 275.0  # without contrast; more than kidneys have is bone


@dataclass(frozen=True)
class Case:
    """Canonical CT, its kidneys, and its liver before any change: empty where it is not known."""

    ct: Volume
    kidneys: np.ndarray
    liver: np.ndarray


def noisy(case: Case, sd_hu: float) -> Case:
    """Add white noise."""
    noise = np.random.default_rng(2).normal(0, sd_hu, case.ct.array.shape).astype(np.float32)
    return replace(case, ct=case.ct.with_array(case.ct.array + noise))


def thick(case: Case, spacing_mm: float) -> Case:
    """Slices of a thickness; CTs that are thicker already stay as they are."""
    own = case.ct.geometry.spacing_mm
    if spacing_mm <= own[0] + LEAST_MM:
        return case
    grid = case.ct.geometry.with_spacing((spacing_mm, own[1], own[2]))
    share = case.ct.with_array(case.kidneys.astype(np.float32)).resampled_to(grid).array
    return replace(case, ct=case.ct.resampled_to(grid), kidneys=share > 0.5)


def turned(case: Case, degrees: float) -> Case:
    """Rotate the body in the axial plane."""
    if not degrees:
        return case
    options = {"angle": degrees, "axes": (1, 2), "reshape": False, "order": 1}
    array = ndimage.rotate(case.ct.array.astype(np.float32), cval=-1000.0, **options)
    share = ndimage.rotate(case.kidneys.astype(np.float32), **options)
    return replace(case, ct=case.ct.with_array(array), kidneys=share > 0.5)


def cut(case: Case, share: float) -> Case:
    """End the scan inside the kidneys, from below."""
    tight = Box.of_mask(case.kidneys)
    first = tight.start[0] + round(share * (tight.stop[0] - tight.start[0])) if share else 0
    box = Box((first, 0, 0), case.kidneys.shape)
    return replace(case, ct=case.ct.cropped(box), kidneys=case.kidneys[box.slices])


def fatty(case: Case, less_hu: float) -> Case:
    """A liver of lower density, as fat makes it."""
    share = ndimage.gaussian_filter(case.liver.astype(np.float32), BORDER_VOXELS)
    return replace(case, ct=case.ct.with_array(case.ct.array - less_hu * share))


def enhanced(case: Case, times: float) -> Case:
    """More contrast medium in all that has some: what is denser than blood without it."""
    hu = case.ct.array.astype(np.float32)
    more = np.minimum(BLOOD_HU + times * (hu - BLOOD_HU), DENSEST_HU)
    return replace(
        case, ct=case.ct.with_array(np.where((hu > BLOOD_HU) & (hu < DENSEST_HU), more, hu))
    )


CHANGES: dict[str, Callable[[Case, float], Case]] = dict(
    zip(SERIES, (noisy, thick, turned, cut, fatty, enhanced), strict=True)
)


def canonical_case(name: str) -> Case:
    """CT, kidneys and liver, canonical."""
    ct, tissue, _ = load_canonical(name)
    organs = data_folder() / "ct" / f"{name}_organs.nii.gz"
    liver = np.zeros(tissue.shape, bool)
    if organs.is_file():
        liver = read_labels(organs).canonical().array == LIVER
    return Case(ct, tissue > 0, liver)


def evaluate(model: str | None) -> dict[str, dict[str, dict[str, list[float]]]]:
    """Dice and mL of tumor of each kept-out CT for each change and strength."""
    package, engine = find_model(model), open_engine("auto")
    cases = {name: canonical_case(name) for name in KEPT_OUT}
    figures: dict[str, dict[str, dict[str, list[float]]]] = {}
    for series, strengths in SERIES.items():
        figures[series] = {}
        for name, case in cases.items():
            row = figures[series][name] = {"dice": [], "tumor_ml": []}
            for strength in strengths:
                changed = CHANGES[series](case, strength)
                found = segment(changed.ct, package, engine, Settings(quality="fast")).labels
                tumor_ml = (found.array == Label.TUMOR).sum() * found.geometry.voxel_volume_ml
                row["dice"].append(round(dice(found.array > 0, changed.kidneys), 4))
                row["tumor_ml"].append(round(float(tumor_ml), 2))
    return figures


def draw(figures: dict, path: Path) -> None:
    """Dice: one plot a series, one line a CT."""
    figure = new_figure(10, 5.2)
    panels = figure.subplots(2, len(figures) // 2, sharey=True)
    for axes, (series, cases) in zip(panels.flat, figures.items(), strict=True):
        for name, row in cases.items():
            axes.plot(
                SERIES[series], row["dice"], marker="o", markersize=3, label=name.split("_pv")[0]
            )
        axes.set_xlabel(series)
        axes.set_ylim(0, 1)
        axes.grid(alpha=0.3)
    for first in panels[:, 0]:
        first.set_ylabel("kidney Dice")
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
        for what, places in (("dice", 3), ("tumor_ml", 1)):
            rows = {name: row[what] for name, row in cases.items()}
            for name, row in {**rows, "mean": np.mean(list(rows.values()), axis=0)}.items():
                print(f"  {what:8}  {name:22}" + "".join(f"{x:8.{places}f}" for x in row))
    if arguments.picture:
        draw(figures, arguments.picture)
    save(figures, arguments.json)


if __name__ == "__main__":
    main()
