"""Loss: weighted cross-entropy plus soft Dice of nested regions, absent regions skipped.

A soft Dice smoothed over regions that a patch does not hold drives lesion classes to zero
(measured: lesion Dice 0 for a whole training); so absent lesions count in cross-entropy only. But
cross-entropy alone hardly feels a false kidney of 750 voxels among 300,000 (a locator kept taking
femurs for kidneys through 700 steps of hard negatives): where a patch holds no kidney at all, the
soft volume of everything found is a loss of its own. And it hardly feels a tumor of 500 voxels
either (measured: tumor Dice 0 through 4,300 steps of this loss without the term): so tissues are
told apart once more by a cross-entropy over the true kidney and lesions alone. It leaves background
out of the softmax as well: with it, kidneys grew over their borders (8,000 steps: 80 mL outside the
truth on each kept-out CT, Dice 0.88 instead of 0.93). A lesion of 1.5 cm still is 110 voxels among
10,000 of its kidney, and was given a probability of 0.00 after 30,000 steps, where Dice has no
gradient left: so in both cross-entropies a small lesion counts as much as a larger one (inverse
weighting: Shirokikh et al., MICCAI 2020).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from ..core.anatomy import MASSES
from ..core.masks import ALL_NEIGHBORS

if TYPE_CHECKING:
    import torch

_NESTED = {2: ((1,),), 4: ((1, 2, 3), (1,), (2, 3), (2,), (3,))}
_HEAD_WEIGHTS = (1.0, 0.5, 0.25)
_ABSENT_VOXELS = 1000.0  # soft volume of a false kidney that costs half of a whole Dice
_MOST_WEIGHT = 10.0  # a lesion of 1 cm beside one of 2 cm; more, and specks would rule a patch


def lesion_weights(label: np.ndarray, least_voxels: float) -> np.ndarray:
    """How much each voxel counts: those of small lesions that are whole more, all others 1.

    What the patch cuts may be a large lesion's corner; of a single slice only its edges cut.

    Parameters
    ----------
    label : (k, j, i) uint8
        `Tissue` numbers.
    least_voxels : float
        A lesion of fewer voxels counts as if it had this many, but no voxel more than ten times.

    Returns
    -------
    (k, j, i) float32
    """
    weights = np.ones(label.shape, np.float32)
    for tissue in MASSES:
        parts, count = ndimage.label(label == tissue, ALL_NEIGHBORS)
        if count:
            sizes = np.bincount(parts.ravel())
            factor = np.clip(least_voxels / np.maximum(sizes, 1), 1, _MOST_WEIGHT)
            axes = [axis for axis, n in enumerate(label.shape) if n > 1]
            cut = [np.unique(np.take(parts, (0, -1), axis)) for axis in axes]
            factor[np.concatenate([[0], *cut])] = 1
            weights *= factor[parts].astype(np.float32)
    return weights


def region_loss(
    logits: torch.Tensor,
    target: torch.Tensor,
    class_weights: torch.Tensor,
    voxel_weights: torch.Tensor | None = None,
) -> torch.Tensor:
    """Loss of one output.

    Parameters
    ----------
    logits : (n, classes, k, j, i) float
    target : (n, k, j, i) int64
        255 is ignored.
    class_weights : (classes,) float
    voxel_weights : (n, k, j, i) float, optional
        How much each voxel counts in the cross-entropies (see `lesion_weights`).
    """
    import torch

    logits = logits.float()
    loss = _cross_entropy(logits, target, class_weights, voxel_weights)
    known = target != 255
    shares = torch.softmax(logits, dim=1) * known[:, None]
    dice = []
    for n, region in enumerate(_NESTED[logits.shape[1]]):
        truth = torch.isin(target, torch.tensor(region, device=target.device)).float()
        total = truth.sum()
        share = shares[:, list(region)].sum(dim=1)
        if total < 1:
            if n == 0:  # no kidney at all
                dice.append(share.sum() / (share.sum() + _ABSENT_VOXELS))
            continue
        dice.append(1 - (2 * (share * truth).sum() + 1) / (share.sum() + total + 1))
    loss = loss + (torch.stack(dice).mean() if dice else 0.0)
    return loss + tissue_loss(logits, target, class_weights, voxel_weights)


def _cross_entropy(
    logits: torch.Tensor,
    target: torch.Tensor,
    class_weights: torch.Tensor,
    voxel_weights: torch.Tensor | None,
) -> torch.Tensor:
    """Mean cross-entropy, weighted by class and voxel; 255 is ignored."""
    from torch.nn.functional import cross_entropy

    if voxel_weights is None:
        return cross_entropy(logits, target, weight=class_weights, ignore_index=255)
    each = cross_entropy(logits, target, weight=class_weights, ignore_index=255, reduction="none")
    known = target != 255
    total = (class_weights[target.where(known, 0)] * voxel_weights * known).sum()
    return (each * voxel_weights).sum() / total


def tissue_loss(
    logits: torch.Tensor,
    target: torch.Tensor,
    class_weights: torch.Tensor,
    voxel_weights: torch.Tensor | None = None,
) -> torch.Tensor | float:
    """Cross-entropy between kidney and lesions alone, inside the true ones; 0 without any.

    Parameters as for `region_loss`.
    """
    import torch

    inside = torch.where((target == 0) | (target == 255), 255, target - 1)
    if logits.shape[1] <= 2 or not (inside != 255).any():
        return 0.0
    return _cross_entropy(logits[:, 1:], inside, class_weights[1:], voxel_weights)


def supervised_loss(
    heads: torch.Tensor,
    target: torch.Tensor,
    class_weights: torch.Tensor,
    voxel_weights: torch.Tensor | None = None,
) -> torch.Tensor:
    """Deep supervision: loss of ``(n, heads, classes, k, j, i)`` outputs, the first counts most.

    MONAI's DynUNet returns the deeper heads interpolated to full size.
    """
    if heads.ndim == 5:
        return region_loss(heads, target, class_weights, voxel_weights)
    weights = _HEAD_WEIGHTS[: heads.shape[1]]
    losses = [
        w * region_loss(heads[:, n], target, class_weights, voxel_weights)
        for n, w in enumerate(weights)
    ]
    return sum(losses) / sum(weights)
