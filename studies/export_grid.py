"""The truth of the 24 native KiTS23 maps through a coarser grid and our export.

python studies/export_grid.py [--spacing 1.5]
"""

from __future__ import annotations

import numpy as np
from common import data_folder, parser, save

from KidneySegLib.core.volume import Box, Volume, resample
from KidneySegLib.evaluation.kits import evaluate_case
from KidneySegLib.io.images import read_labels
from KidneySegLib.segmenters.base import Region
from KidneySegLib.segmenters.to_native import to_native


def through_grid(labels: Volume, spacing_mm: float) -> np.ndarray:
    """Tissues after averaging onto a grid and back."""
    volume = labels.canonical()
    box = Box.of_mask(volume.array).grown((6, 20, 20), volume.array.shape)
    part = volume.cropped(box)
    grid = part.geometry.with_spacing((spacing_mm,) * 3)
    shares = np.stack(
        [resample((part.array == n).astype(np.uint8), part.geometry, grid) for n in range(4)]
    )
    exported = to_native([Region(grid, shares)], part.geometry).labels
    whole = np.zeros(volume.array.shape, np.uint8)
    whole[box.slices] = exported
    return whole


def evaluate(spacing_mm: float, most_maps: int | None = None) -> dict[str, dict]:
    """Scores of each native map."""
    scores = {}
    for path in sorted((data_folder() / "kits23_native").glob("*.nii.gz"))[:most_maps]:
        labels = read_labels(path)
        canonical = labels.canonical()
        scores[path.name[:10]] = evaluate_case(
            through_grid(labels, spacing_mm), canonical.array, canonical.geometry.spacing_mm
        )
    return scores


def main() -> None:
    """Print mean and worst of each class."""
    options = parser(__doc__)
    options.add_argument("--spacing", type=float, default=1.5)
    arguments = options.parse_args()
    scores = evaluate(arguments.spacing)
    print(f"{len(scores)} maps through a {arguments.spacing:g} mm grid: mean (worst)")
    for name in ("kidney_and_mass", "mass", "tumor"):
        for metric in ("dice", "surface_dice"):
            values = [case[name][metric] for case in scores.values()]
            print(f"  {name:16} {metric:13} {np.mean(values):.4f} ({min(values):.4f})")
    save(scores, arguments.json)


if __name__ == "__main__":
    main()
