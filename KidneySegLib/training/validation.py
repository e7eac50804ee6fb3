"""Validation while a network trains: how it does on lesions that it does not learn from, by size.

Samples are made as those of the training are, always the same ones. Each stratum counts the same:
otherwise a network is best where large lesions are, which most voxels belong to. The kidneys, and
what surrounds the lesions, are those of the training where a recipe names no CTs to validate on.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections import defaultdict
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from ..core.anatomy import MASSES, Tissue
from ..core.masks import components, placed
from ..core.schemes import UNSURE
from ..core.volume import Box
from ..measure.overlap import voxel_metrics
from ..segmenters.decision import decide

if TYPE_CHECKING:
    from torch import nn

    from .samples import SampleSource

COUNT = 120
_SEED = 2_000_003  # no recipe has it: samples are not those of a training
_BANDS_MM = {"under 2 cm": 20.0, "2-4 cm": 40.0, "4 cm and more": np.inf}
_LEAST_MM = 6.0  # a patch, or a plane, that hardly cuts a lesion leaves specks
_LEAST_LESIONS = 5  # the mean of fewer is chance


class Validation:
    """Samples that a network is judged by; made once, which takes some seconds.

    Parameters
    ----------
    source : SampleSource
        CTs, shapes and slices for validation.
    count : int
        Number of samples.

    Attributes
    ----------
    digest : str
        SHA-256 of the samples: scores can be compared where it is the same.
    """

    def __init__(self, source: SampleSource, count: int = COUNT) -> None:
        self.recipe = dataclasses.replace(source.recipe, seed=_SEED)
        source = dataclasses.replace(source, recipe=self.recipe)
        self.samples = [source[n][:2] for n in range(count)]
        digest = hashlib.sha256()
        for array in chain.from_iterable(self.samples):
            digest.update(np.ascontiguousarray(array))
        self.digest = digest.hexdigest()

    def judge(self, network: nn.Module) -> dict[str, float]:
        """Dice by stratum, see `dice_by_stratum`; the network is left in the mode it was in."""
        import torch

        was_training = network.training
        device = next(network.parameters()).device
        found = []
        network.eval()
        with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16):
            for image, _ in self.samples:
                logits = network(torch.from_numpy(image)[None].to(device))
                found.append(_tissues(torch.softmax(logits[0].float(), 0).cpu().numpy()))
        network.train(was_training)
        targets = [target for _, target in self.samples]
        planar = bool(self.recipe.planes)
        return dice_by_stratum(found, targets, spacing_mm=self.recipe.spacing_mm, planar=planar)


def _tissues(shares: np.ndarray) -> np.ndarray:
    """Tissues from probabilities ``(classes, k, j, i)``, as the pipeline decides."""
    three = np.zeros((3, *shares.shape[1:]), np.float32)  # a locator has kidney alone
    three[: len(shares) - 1] = shares[1:]
    return decide(*three)


def dice_by_stratum(
    found: list[np.ndarray], targets: list[np.ndarray], *, spacing_mm: float, planar: bool
) -> dict[str, float]:
    """Dice over all samples of each tissue, and the mean Dice of lesions by kind and size.

    The first, over all voxels, counts false lesions too; the second does not let large lesions
    outweigh small ones. What lies farther from a lesion than half its own size is not counted for
    it. Size is the diameter of a ball, or in planes of a disk, as large as what the patch holds of
    the lesion. Parts under 6 mm, and strata of fewer than 5 lesions, are left out.

    Parameters
    ----------
    found, targets : lists of (k, j, i) uint8
        `Tissue` numbers; targets may be 255 (unsure), which is not counted.
    spacing_mm : float
        Edge of a voxel.
    planar : bool
        Whether the planes along k do not belong together.

    Returns
    -------
    dict
        By ``kidney``, ``tumor``, ``cyst``, ``tumor under 2 cm`` and so on: 0..1; only strata that
        the targets hold.
    """
    sums: dict[str, np.ndarray] = defaultdict(lambda: np.zeros(3))
    lesions: dict[str, list[float]] = defaultdict(list)
    for guess, target in zip(found, targets, strict=True):
        guess = np.where(target == UNSURE, 0, guess)
        for tissue in (Tissue.KIDNEY, *MASSES):
            a, b = guess == tissue, target == tissue
            sums[tissue.name.lower()] += np.count_nonzero(a & b), a.sum(), b.sum()
        thick = 1 if planar else len(target)
        for k in range(0, len(target), thick):
            part = slice(k, k + thick)
            rows = _lesions(guess[part], target[part], spacing_mm=spacing_mm, planar=planar)
            for name, value in rows:
                lesions[name].append(value)
    dice = {name: float(2 * both / (a + b)) for name, (both, a, b) in sums.items() if b}
    enough = {name: values for name, values in lesions.items() if len(values) >= _LEAST_LESIONS}
    return dice | {name: float(np.mean(values)) for name, values in sorted(enough.items())}


def _lesions(
    guess: np.ndarray, target: np.ndarray, *, spacing_mm: float, planar: bool
) -> list[tuple[str, float]]:
    """Stratum and Dice of every lesion of one sample, or of one plane of it."""
    rows = []
    for tissue in MASSES:
        for where, part in components(target == tissue):
            voxels = np.count_nonzero(part)
            radius = (voxels / np.pi) ** 0.5 if planar else (3 * voxels / (4 * np.pi)) ** (1 / 3)
            size_mm = 2 * radius * spacing_mm
            if size_mm < _LEAST_MM:
                continue
            band = next(name for name, limit in _BANDS_MM.items() if size_mm < limit)
            box = Box.of_slices(where)
            near = box.grown(tuple(n // 2 for n in box.shape), target.shape).slices
            own = placed(part, where, near)
            seen = (guess[near] == tissue) & (own | (target[near] != tissue))
            rows.append((f"{tissue.name.lower()} {band}", voxel_metrics(seen, own)["dice"]))
    return rows


def total(figures: dict[str, float]) -> float:
    """Mean over the strata: what the best weights are chosen by."""
    return float(np.mean(list(figures.values())))
