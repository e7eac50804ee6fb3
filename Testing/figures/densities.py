"""How well its density alone tells a tumor from a cyst: what `stages.kind` takes from it.

    python Testing/figures/densities.py

Fits a logistic regression of the kind on the median density inside every lesion of the KiTS23
slices of cases 0-399, and tells how it does on those of cases 400 and up.
"""

from __future__ import annotations

import numpy as np
from common import data_folder, parser, save, share
from scipy import ndimage, optimize

from KidneySegLib.training import slices

FIRST_CASE = 400
CORE_PIXELS = 2
LEAST_CORE_MM2 = 30.0


def lesion_densities() -> dict[str, np.ndarray]:
    """Median HU in the core, kind (1 tumor, 0 cyst) and KiTS case of every lesion."""
    rows = []
    folder = data_folder() / slices.SLICES
    for file in slices.FILES:
        with np.load(folder / file) as stored:
            for image, label, case, pixel_mm in zip(
                *(stored[k] for k in ("image", "label", "case", "pixel_mm")), strict=True
            ):
                hu = slices.as_hu(image, file)
                for kind, number in ((1, 2), (0, 3)):
                    parts, count = ndimage.label(label == number)
                    for n in range(1, count + 1):
                        core = ndimage.binary_erosion(parts == n, iterations=CORE_PIXELS)
                        if core.sum() * pixel_mm**2 >= LEAST_CORE_MM2:
                            rows.append((np.median(hu[core]), kind, case))
    hu, kind, case = map(np.array, zip(*rows, strict=True))
    return {"hu": hu, "tumor": kind, "case": case}


def fit(hu: np.ndarray, tumor: np.ndarray) -> tuple[float, float]:
    """Density in HU at which both kinds are equally likely, and HU that change the odds e-fold.

    Both kinds weigh the same, however many there are.
    """
    weights = np.where(tumor == 1, 0.5 / tumor.mean(), 0.5 / (1 - tumor.mean()))

    def loss(values: np.ndarray) -> float:
        odds = (hu - values[0]) / values[1]
        return float((weights * np.logaddexp(0, np.where(tumor == 1, -odds, odds))).mean())

    best = optimize.minimize(loss, (40.0, 15.0), method="Nelder-Mead")
    return float(best.x[0]), float(best.x[1])


def main() -> None:
    """Print the fit, and the share that it names rightly."""
    arguments = parser(__doc__).parse_args()
    rows = lesion_densities()
    trained = rows["case"] < FIRST_CASE
    even_hu, step_hu = fit(rows["hu"][trained], rows["tumor"][trained])
    print(f"equally likely at {even_hu:.1f} HU; the odds change e-fold each {step_hu:.1f} HU")
    figures = {"even_hu": even_hu, "step_hu": step_hu}
    for name, chosen in (("cases 0-399", trained), ("cases 400 and up", ~trained)):
        for kind, number in (("tumors", 1), ("cysts", 0)):
            hu = rows["hu"][chosen & (rows["tumor"] == number)]
            right = int(((hu > even_hu) == (number == 1)).sum())
            low, middle, high = np.percentile(hu, (5, 50, 95))
            print(
                f"{name}, {kind}: {low:.0f} / {middle:.0f} / {high:.0f} HU (5 / 50 / 95 %), "
                f"named rightly {share(right, len(hu))}"
            )
            figures[f"{name}, {kind}"] = {"right": right, "of": len(hu)}
    save(figures, arguments.json)


if __name__ == "__main__":
    main()
