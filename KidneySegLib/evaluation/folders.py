"""Compare label map files or folders of them with the truth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError
from ..io.images import case_name, is_image_file, read_labels
from ..labels import UNSURE, to_tissue
from ..outputs import LABELS
from .kits import CLASSES, METRICS, evaluate_case, summarize

_TRUTH_ENDINGS = ("", "_labels", "_ct_labels", "_segmentation")


def evaluate_paths(
    prediction: Path, truth: Path, *, scheme: str, truth_scheme: str
) -> dict[str, Any]:
    """Scores of each case, and mean and standard deviation over them.

    Parameters
    ----------
    prediction : Path
        Label map, or folder with ``<case>.nii.gz`` or ``<case>/labels.nii.gz``.
    truth : Path
        Label map, or folder with ``<case>.nii.gz`` or ``<case>_labels.nii.gz``; voxels labeled
        255 are left out.
    scheme, truth_scheme : str
        Label schemes of the two.

    Raises
    ------
    InputError
        If a truth is missing, grids differ, or labels do not belong to the scheme.
    """
    pairs = _pairs(prediction, truth)
    cases = {}
    for name, found, real in pairs:
        cases[name] = _evaluate_files(found, real, scheme=scheme, truth_scheme=truth_scheme)
    missing = _without_prediction(pairs, truth) if truth.is_dir() else []
    return {
        "cases": cases,
        "summary": summarize(list(cases.values())),
        "truth_without_prediction": missing,
    }


def _without_prediction(pairs: list[tuple[str, Path, Path]], truth: Path) -> list[str]:
    """Label maps of the truth folder that nothing was compared with."""
    used = {real for _, _, real in pairs}
    return sorted(p.name for p in truth.iterdir() if is_image_file(p) and p not in used)


def _pairs(prediction: Path, truth: Path) -> list[tuple[str, Path, Path]]:
    """Case name, predicted file, true file."""
    if prediction.is_dir() != truth.is_dir():
        raise InputError("Give two label maps, or two folders; not one of each.")
    if not prediction.is_dir():
        return [(case_name(prediction), prediction, truth)]
    files = {p.parent.name: p for p in sorted(prediction.glob(f"*/{LABELS}"))}
    files |= {case_name(p): p for p in sorted(prediction.iterdir()) if is_image_file(p)}
    if not files:
        raise InputError(
            f"'{prediction}' holds no label maps. Expected <case>.nii.gz or <case>/{LABELS}."
        )
    known = {case_name(p): p for p in sorted(truth.iterdir()) if is_image_file(p)}
    pairs = []
    for name, path in files.items():
        bare = name.removesuffix("_ct")
        real = next(
            (known[n + e] for n in (name, bare) for e in _TRUTH_ENDINGS if n + e in known), None
        )
        if real is None:
            raise InputError(
                f"There is no truth for '{name}' in '{truth}'. Expected {name}.nii.gz or "
                f"{name}_labels.nii.gz."
            )
        pairs.append((name, path, real))
    return pairs


def _evaluate_files(
    found: Path, real: Path, *, scheme: str, truth_scheme: str
) -> dict[str, dict[str, float]]:
    """Scores of one pair of files."""
    prediction, truth = read_labels(found), read_labels(real)
    if not prediction.geometry.matches(truth.geometry):
        raise InputError(
            f"'{found.name}' ({prediction.geometry.shape} voxels) and '{real.name}' "
            f"({truth.geometry.shape}) do not lie on the same grid. Resample one of them."
        )
    known = truth.array != UNSURE
    return evaluate_case(
        np.where(known, to_tissue(prediction.array, scheme), 0),
        to_tissue(truth.array, truth_scheme),
        truth.geometry.spacing_mm,
    )


def scores_as_text(scores: dict[str, Any]) -> str:
    """Tables for a terminal: every case, then mean and standard deviation."""
    lines = [f"{'Dice':28}" + "".join(f"{c:>24}" for c in CLASSES)]
    for name, case in scores["cases"].items():
        lines.append(f"{name:28}" + "".join(f"{case[c]['dice']:24.4f}" for c in CLASSES))
    lines += ["", f"{'mean (SD)':16}" + "".join(f"{c:>24}" for c in CLASSES)]
    for metric in METRICS:
        cells = [
            f"{scores['summary'][c][metric + '_mean']:.4f} "
            f"({scores['summary'][c][metric + '_sd']:.4f})"
            for c in CLASSES
        ]
        lines.append(f"{metric:16}" + "".join(f"{c:>24}" for c in cells))
    missing = scores["truth_without_prediction"]
    if missing:
        lines += ["", f"{len(missing)} files of the truth have no prediction: {', '.join(missing)}"]
    kits = scores["summary"]["kits23"]
    lines += [
        "",
        f"KiTS23: Dice {kits['dice']:.4f}, surface Dice {kits['surface_dice']:.4f}, "
        f"tumor Dice {kits['tumor_dice']:.4f}",
    ]
    return "\n".join(lines)
