"""The KiTS23 metric, and the metrics of the earlier projects, for one case and for folders.

KiTS23 (github.com/neheller/kits23): hierarchical classes, volumetric Dice and surface Dice at
tolerances in mm; both empty count 1, one empty counts 0.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

from ..core.anatomy import MASSES, Tissue
from ..core.errors import InputError
from ..core.volume import Box
from ..measure.overlap import voxel_metrics

CLASSES: dict[str, tuple[int, ...]] = {
    "kidney_and_mass": (Tissue.KIDNEY, *MASSES),
    "mass": MASSES,
    "tumor": (Tissue.TUMOR,),
}
TOLERANCES_MM = {
    "kidney_and_mass": 1.0330772532390826,
    "mass": 1.1328796488598762,
    "tumor": 1.1498198361434828,
}
METRICS = ("dice", "surface_dice", "accuracy", "precision", "recall", "jaccard", "f1")


def evaluate_case(
    prediction: np.ndarray, truth: np.ndarray, spacing_mm: Sequence[float]
) -> dict[str, dict[str, float]]:
    """All metrics of one case.

    Parameters
    ----------
    prediction, truth : (k, j, i) uint8
        `Tissue` numbers.
    spacing_mm : (float, float, float)
        Voxel size in array order ``(k, j, i)``.

    Returns
    -------
    dict
        Class name to metric name to value.

    Raises
    ------
    InputError
        If the shapes differ.
    """
    if prediction.shape != truth.shape:
        raise InputError(
            f"The two label maps have {prediction.shape} and {truth.shape} voxels. They must lie "
            "on the same grid; resample one of them."
        )
    scores = {}
    for name, numbers in CLASSES.items():
        found, real = np.isin(prediction, numbers), np.isin(truth, numbers)
        scores[name] = voxel_metrics(found, real) | {
            "surface_dice": surface_dice(found, real, spacing_mm, TOLERANCES_MM[name])
        }
    return scores


def surface_dice(
    found: np.ndarray, real: np.ndarray, spacing_mm: Sequence[float], tolerance_mm: float
) -> float:
    """Share of both surfaces that lies within a tolerance of the other (DeepMind's definition).

    Computed by MONAI with sub-voxel surface elements; its default without them differs greatly.
    """
    if not found.any() or not real.any():
        return float(found.any() == real.any())
    import torch
    from monai.metrics import compute_surface_dice

    box = Box.of_mask(found | real).grown((2, 2, 2), found.shape)
    pair = []
    for mask in (found, real):
        part = np.pad(mask[box.slices], 2)  # a mask at the field's end has a surface there too
        pair.append(torch.from_numpy(np.stack([~part, part])[None].astype(np.uint8)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # MONAI about its own inner call
        score = compute_surface_dice(
            *pair,
            class_thresholds=[tolerance_mm],
            include_background=False,
            spacing=[float(s) for s in spacing_mm],
            use_subvoxels=True,
        )
    return float(score)


def summarize(cases: Sequence[dict[str, dict[str, float]]]) -> dict[str, dict[str, float]]:
    """Mean and standard deviation over cases, and the KiTS23 means over classes.

    Returns
    -------
    dict
        Class name to ``<metric>_mean`` and ``<metric>_sd``; ``kits23`` holds ``dice``,
        ``surface_dice`` (mean over cases, then over classes) and ``tumor_dice``.
    """
    summary: dict[str, dict[str, float]] = {}
    for name in CLASSES:
        summary[name] = {}
        for metric in METRICS:
            values = np.array([case[name][metric] for case in cases])
            summary[name][f"{metric}_mean"] = float(values.mean())
            summary[name][f"{metric}_sd"] = float(values.std())
    summary["kits23"] = {
        metric: float(np.mean([summary[name][f"{metric}_mean"] for name in CLASSES]))
        for metric in ("dice", "surface_dice")
    } | {"tumor_dice": summary["tumor"]["dice_mean"]}
    return summary
