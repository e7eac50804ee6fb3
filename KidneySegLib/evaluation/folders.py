"""Compare label map files or folders of them with the truth, by place and by what numbers mean."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..core.errors import InputError
from ..core.schemes import UNSURE, to_tissue
from ..io.folders import files_below
from ..io.images import case_name, is_image_file
from ..io.label_maps import LabelMap, read_label_map
from ..io.paths import shown
from ..kidney_ct.plausibility import check_labels, offering_schemes, require_fitting
from ..kidney_ct.sides import to_kidneyseg
from ..report.case_folder import LABELS
from .kits import CLASSES, METRICS, evaluate_case, summarize

_ENDINGS = ("", "_labels", "_ct_labels", "_segmentation", "_seg")
# Files that are named alike in the folder of each case: our own results, and KiTS.
_IN_CASE_FOLDER = (case_name(Path(LABELS)), "segmentation", "aggregated_MAJ_seg")
_NOT_LABELS = ("imaging", "rejected")


@dataclass(frozen=True)
class _Pair:
    """A case: its name, the predicted and the true label map."""

    name: str
    prediction: Path
    truth: Path


def evaluate_paths(
    prediction: Path, truth: Path, *, scheme: str | None = None, truth_scheme: str | None = None
) -> dict[str, Any]:
    """Scores of each case, and mean and standard deviation over them.

    Parameters
    ----------
    prediction : Path
        Label map, or folder with ``<case>.nii.gz`` or ``<case>/labels.nii.gz``.
    truth : Path
        Label map, or folder with ``<case>.nii.gz``, ``<case>_labels.nii.gz``, KiTS's
        ``<case>/segmentation.nii.gz`` or nnU-Net's ``labelsTr/<case>.nii.gz``; voxels labeled 255
        are left out.
    scheme, truth_scheme : str, optional
        Label schemes of the two; needed where files do not say what their numbers mean.

    Raises
    ------
    InputError
        If a truth is missing, a case is there twice, grids differ, or labels do not belong to the
        scheme.
    """
    pairs = _pairs(prediction, truth)
    cases, warnings = {}, []
    for pair in pairs:
        cases[pair.name], said = _evaluate(pair, scheme=scheme, truth_scheme=truth_scheme)
        warnings += [f"{pair.name}: {text}" for text in said]
    missing = _without_prediction(pairs, truth) if truth.is_dir() else []
    return {
        "cases": cases,
        "summary": summarize(list(cases.values())),
        "truth_without_prediction": missing,
        "warnings": warnings,
    }


def _without_prediction(pairs: list[_Pair], truth: Path) -> list[str]:
    """Cases of the truth folder that nothing was compared with."""
    used = {pair.truth for pair in pairs}
    return sorted(name for name, path in _label_maps(truth).items() if path not in used)


def _pairs(prediction: Path, truth: Path) -> list[_Pair]:
    """Cases of two files or of two folders."""
    if prediction.is_dir() != truth.is_dir():
        raise InputError("Give two label maps, or two folders; not one of each.")
    if not prediction.is_dir():
        return [_Pair(case_name(prediction), prediction, truth)]
    files = _label_maps(prediction)
    if not files:
        raise InputError(
            f"'{shown(prediction)}' holds no label maps. Expected <case>.nii.gz or <case>/{LABELS}."
        )
    known = _label_maps(truth)
    pairs = []
    for name, path in files.items():
        bare = name.removesuffix("_ct")
        real = next((known[n + e] for n in (name, bare) for e in _ENDINGS if n + e in known), None)
        if real is None:
            there = ", ".join(sorted(map(shown, known))[:5]) or "no label map"
            raise InputError(
                f"There is no truth for '{shown(name)}' in '{shown(truth)}'. Expected "
                f"{shown(name)}.nii.gz, {shown(name)}_labels.nii.gz or "
                f"{shown(name)}/segmentation.nii.gz; found {there}."
            )
        pairs.append(_Pair(name, path, real))
    return pairs


def _label_maps(folder: Path) -> dict[str, Path]:
    """Label maps of a folder by case, whichever layout it has.

    Raises
    ------
    InputError
        If a case is there twice.
    """
    found: dict[str, list[Path]] = defaultdict(list)
    images = [p for p in files_below(folder) if is_image_file(p)]
    for path in images:
        name = case_name(path)
        inside = path.parent != folder
        if name in _NOT_LABELS or path.name.endswith(".seg.nrrd"):
            continue
        if inside and path.parent.name.startswith("images"):
            continue
        if inside and name in _IN_CASE_FOLDER:
            found[path.parent.name].append(path)
        elif not inside or path.parent.name.startswith("labels"):
            found[name].append(path)
    twice = sorted(name for name, paths in found.items() if len(paths) > 1)
    if twice:
        where = ", ".join(shown(p.relative_to(folder)) for p in found[twice[0]])
        raise InputError(
            f"The case '{shown(twice[0])}' is there {len(found[twice[0]])} times in "
            f"'{shown(folder)}' ({where}). Expected each case once. Remove or rename the others."
        )
    return {name: paths[0] for name, paths in found.items()}


def _evaluate(
    pair: _Pair, *, scheme: str | None, truth_scheme: str | None
) -> tuple[dict[str, dict[str, float]], list[str]]:
    """Scores of one pair of files, and what about their labels does not fit anatomy."""
    with offering_schemes():
        found = read_label_map(pair.prediction, scheme=scheme)
        real = read_label_map(pair.truth, scheme=truth_scheme)
    prediction, truth = found.volume.canonical(), real.volume.canonical()
    if not prediction.geometry.matches(truth.geometry):
        sizes = [" x ".join(map(str, v.array.shape[::-1])) for v in (found.volume, real.volume)]
        raise InputError(
            f"'{shown(pair.prediction.name)}' ({sizes[0]} voxels) and '{shown(pair.truth.name)}' "
            f"({sizes[1]}) do not lie on the same grid. Resample one of them."
        )
    known = truth.array != UNSURE
    scores = evaluate_case(
        np.where(known, to_tissue(prediction.array, found.scheme), 0),
        to_tissue(truth.array, real.scheme),
        truth.geometry.spacing_mm,
    )
    return scores, [*_odd("prediction", found), *_odd("truth", real)]


def _odd(which: str, labels: LabelMap) -> list[str]:
    """What about a label map does not fit anatomy."""
    sided, _ = to_kidneyseg(labels.volume, labels.scheme)
    findings = check_labels(sided)
    require_fitting(labels.volume, labels.scheme, findings)
    return [f"{which}: {finding.message}" for finding in findings]


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
