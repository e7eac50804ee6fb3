"""Self-training: kidney labels for CTs that have none, where several runs of a model agree.

A CT is kept only where the runs agree well and find kidneys of plausible size. Voxels on which they
differ, and whatever one of them calls a tumor or a cyst, are unsure and teach nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..core.anatomy import Tissue
from ..core.errors import InputError
from ..core.schemes import UNSURE, to_tissue
from ..core.volume import Volume
from ..engine.base import Engine
from ..io.images import read_volume
from ..io.segmentations import write_label_map
from ..kidney_ct.settings import Settings
from ..kidney_ct.task import KidneyCT
from ..measure.overlap import voxel_metrics
from ..models.manifest import ModelPackage
from ..pipeline import run
from ..segmenters import open_segmenter
from .pack import PackedCase, pack_case, packed_names, read_packed, save_cases
from .recipe import Recipe

logger = logging.getLogger(__name__)

UNLABELED = "ct_unlabeled"
FOLDER = "pseudo_labels"
RUNS = ("fast", "balanced", "best")
LEAST_DICE = 0.93
_PLAUSIBLE_ML = (60.0, 450.0)
_TISSUES = {int(Tissue.KIDNEY): Tissue.KIDNEY, UNSURE: UNSURE}


def agreed_labels(tissues: list[np.ndarray]) -> np.ndarray:
    """Kidney where all runs say so, 255 where they differ or one sees a lesion, else 0.

    Parameters
    ----------
    tissues : list of (k, j, i) uint8
        `Tissue` numbers of each run.
    """
    stack = np.stack(tissues)
    labels = np.full(stack.shape[1:], UNSURE, np.uint8)
    labels[(stack == Tissue.KIDNEY).all(axis=0)] = Tissue.KIDNEY
    labels[(stack == Tissue.BACKGROUND).all(axis=0)] = Tissue.BACKGROUND
    return labels


def pseudo_label(volume: Volume, package: ModelPackage, engine: Engine) -> Volume | None:
    """Labels on which the runs of all qualities agree; None where they do not agree enough.

    Parameters
    ----------
    volume : Volume
        CT in HU with kidneys.

    Returns
    -------
    Volume or None
        1 kidney, 255 unsure.
    """
    segmenter = open_segmenter(package, engine)
    results = [run(KidneyCT(Settings(quality=q)), volume, segmenter) for q in RUNS]
    for side in results[-1].measurements.sides:
        if not _PLAUSIBLE_ML[0] <= side.kidney_ml <= _PLAUSIBLE_ML[1]:
            logger.info("refused: a %s kidney of %.0f mL", side.side, side.kidney_ml)
            return None
    tissues = [to_tissue(r.labels.array, "kidneyseg") for r in results]
    agreement = min(voxel_metrics(t > 0, tissues[-1] > 0)["dice"] for t in tissues[:-1])
    if len(results[-1].measurements.sides) != 2 or agreement < LEAST_DICE:
        logger.info("refused: agreement %.3f", agreement)
        return None
    return volume.with_array(agreed_labels(tissues))


def label_folder(data: Path, out: Path, package: ModelPackage, engine: Engine) -> list[str]:
    """Label the CTs in ``data/ct_unlabeled``; label maps go to ``out/pseudo_labels``.

    CTs that have a label map there already are left as they are; one that cannot be read or used is
    told in the log, and the others go on.

    Returns
    -------
    list of str
        Names of the CTs that were accepted in this call.
    """
    accepted = []
    for path, target in _pairs(data, out):
        if target.is_file():
            continue
        try:
            labels = pseudo_label(read_volume(path), package, engine)
        except InputError as error:
            logger.warning("%s: %s", path.name, error)
            continue
        logger.info("%s: %s", path.name, "refused" if labels is None else "accepted")
        if labels is not None:
            target.parent.mkdir(parents=True, exist_ok=True)
            write_label_map(labels, target)
            accepted.append(path.name)
    return accepted


def pack_pseudo(data: Path, recipe: Recipe, out: Path, target: Path) -> list[PackedCase]:
    """Pack the CTs that have pseudo-labels, or read what was packed; none where there are none.

    It is packed again when CTs were labeled since. Cases in ``recipe.exclude_cases`` are kept out.
    """
    wanted = {
        path.name.removesuffix("_ct.nii.gz"): (path, labels)
        for path, labels in _pairs(data, out)
        if labels.is_file()
    }
    wanted = {name: pair for name, pair in wanted.items() if name not in recipe.exclude_cases}
    if not wanted:
        return []
    if not target.is_file() or packed_names(target) != sorted(wanted):
        pairs = wanted.items()
        save_cases(target, (pack_case(name, *pair, recipe, _TISSUES) for name, pair in pairs))
    return read_packed(target)


def _pairs(data: Path, out: Path) -> Iterator[tuple[Path, Path]]:
    """Each unlabeled CT, and where its label map belongs."""
    for path in sorted((data / UNLABELED).glob("*_ct.nii.gz")):
        yield path, out / FOLDER / path.name.replace("_ct.nii.gz", "_labels.nii.gz")
