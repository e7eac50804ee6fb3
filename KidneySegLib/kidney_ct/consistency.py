"""Whether the slices of a CT belong together.

Looked for are jumps of density, empty slices, a body that is there twice, and a spine in front.
Limits stand between what 45 real CTs show (13 BTCV, 18 LiTS, 10 KiTS, 4 others; canonical, as
stored) and what was built to be wrong: see each constant.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..core.findings import Finding, error, said, slices_text, warning
from ..core.volume import Volume

_STEP = 8  # voxels in the slice: jumps of a whole slice need no more
# Body and air: far from either; bone: denser than contrast makes most tissue.
_BODY_HU, _BONE_HU, _AIR_HU = -300.0, 200.0, -850.0
_LEAST_BODY = 30  # sampled voxels
# Largest median change of the body from slice to slice: 8 HU in 43 CTs, 30 in one that was
# recovered from a video. A missing rescale moves a slice by 1000, a wrong slope by 100 and more.
_ODD_JUMP_HU, _WRONG_JUMP_HU = 60.0, 200.0
_GRID_MM = 6.0  # coarse, for speed; bodies are tens of times larger
_LEAST_LAG_MM, _LIKE_MM = 80.0, 60.0
# Correlation of slices 80 mm and more apart, over 60 mm of slices: at most 0.92 in the CTs; 0.993
# and more where the body was appended to itself, its tissue 60 HU brighter.
_SAME_BODY = 0.95
_SPINE_MM = 15.0  # the middle's bone is 22 to 202 mm behind the body's center in the CTs


def check_slices(volume: Volume) -> list[Finding]:
    """Findings about the slices of a CT in HU, in any orientation."""
    findings = _check_jumps(volume)
    canonical = volume.canonical()
    return findings + _check_repeats(canonical) + _check_front(canonical)


def _slice_axis(volume: Volume) -> int:
    """Array axis that runs up the body."""
    return volume.geometry.to_canonical()[0][0]


def _check_jumps(volume: Volume) -> list[Finding]:
    """Slices whose density differs from their neighbors' as a whole, and empty ones."""
    planes = np.moveaxis(volume.array, _slice_axis(volume), 0)
    sample = planes[:, ::_STEP, ::_STEP].astype(np.float32).reshape(len(planes), -1)
    empty = _empty(planes, sample)
    findings = []
    if empty:
        findings.append(
            error(
                "empty-slices",
                f"{_named(volume, empty)} in the middle of the scan hold the same value everywhere."
                " Expected an image in each slice. Load the whole series again; volumes would be "
                "wrong.",
            )
        )
    level = _levels(sample)
    usual = _usual_level(level)
    off = np.flatnonzero(np.abs(level - usual) >= _ODD_JUMP_HU)
    off = [int(n) for n in off if n not in empty]
    if not off:
        return findings
    worst = float(np.abs(level[off] - usual).max())
    text = (
        f"The density of whole slices jumps: {_named(volume, off)} differ from the others by up to "
        f"{worst:.0f} HU throughout. Their rescale to Hounsfield units (HU) is wrong or missing, "
        "or they are of another scan. Export the series again from where it was made."
    )
    make = error if worst >= _WRONG_JUMP_HU else warning
    return [*findings, make("slice-jump", text)]


def _empty(planes: np.ndarray, sample: np.ndarray) -> list[int]:
    """Slices of one value between others that have an image."""
    flat = [n for n, values in enumerate(sample) if np.ptp(values) < 1 and np.ptp(planes[n]) < 1]
    full = [n for n in range(len(planes)) if n not in set(flat)]
    return [n for n in flat if full and full[0] < n < full[-1]]


def _levels(sample: np.ndarray) -> np.ndarray:
    """Density of each slice against the first one that has an image, from change to change."""
    level = np.zeros(len(sample))
    body = sample > _BODY_HU
    full = [n for n in range(len(sample)) if np.ptp(sample[n]) >= 1]
    changes = {b: _change(sample, body, a, b) for a, b in zip(full, full[1:], strict=False)}
    current = 0.0
    for n in range(len(sample)):
        current += changes.get(n, 0.0)
        level[n] = current
    return level


def _change(sample: np.ndarray, body: np.ndarray, a: int, b: int) -> float:
    """Change of density as a whole from slice a to slice b; 0 where there is none.

    Asked are what is body in both slices, then all that is seen. Where a wrong slope makes the
    body of one slice thinner than any body, what is body in either of them counts, unless there is
    air in its place: there a body ends.
    """
    difference = sample[b] - sample[a]
    both, either = body[a] & body[b], body[a] | body[b]
    if both.sum() >= _LEAST_BODY:
        change = float(np.median(difference[both]))
        if abs(change) >= _ODD_JUMP_HU:
            return change
    change = float(np.median(difference))
    if abs(change) >= _ODD_JUMP_HU:
        return change
    if either.sum() < _LEAST_BODY or 2 * both.sum() > either.sum():
        return 0.0
    gone, seen = (a, b) if body[a].sum() > body[b].sum() else (b, a)
    if np.median(sample[seen][body[gone] & ~body[seen]]) < _AIR_HU:
        return 0.0
    return float(np.median(difference[either]))


def _usual_level(level: np.ndarray) -> float:
    """The level of most slices."""
    values, counts = np.unique(np.round(level), return_counts=True)
    return float(values[counts.argmax()])


def _named(volume: Volume, slices: Sequence[int]) -> str:
    """Slices by their instance numbers where there are any, else counted from 1."""
    numbers = volume.source.instance_numbers if volume.source else ()
    own = len(numbers) == volume.array.shape[_slice_axis(volume)]
    return slices_text([numbers[n] if own else n + 1 for n in slices])


def _check_repeats(canonical: Volume) -> list[Finding]:
    """Warn where the same body is in the scan twice, one phase above the other."""
    spacing = canonical.geometry.spacing_mm
    step = np.maximum(1, np.round(_GRID_MM / spacing)).astype(int)
    coarse = canonical.array[:, :: step[1], :: step[2]].astype(np.float32)
    rows = np.clip(coarse, -200, 300).reshape(len(coarse), -1)
    rows -= rows.mean(axis=1, keepdims=True)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True) + 1e-6
    alike = rows @ rows.T
    window = max(3, round(_LIKE_MM / spacing[0]))
    order = np.arange(window)
    for lag in range(round(_LEAST_LAG_MM / spacing[0]), len(rows) - window + 1):
        along = np.cumsum(np.concatenate([[0.0], np.diagonal(alike, lag)]))
        mean = (along[window:] - along[:-window]) / window
        first = int(mean.argmax())
        # A body that does not change along the stretch, as a phantom's, is alike upside down too.
        upside_down = alike[first + order, first + lag + order[::-1]].mean()
        if mean[first] > _SAME_BODY >= upside_down:
            return [
                warning(
                    "scan-repeats",
                    said(
                        "The scan repeats itself: slices that lie {lag:.0f} mm apart show the same "
                        "body. Two phases were probably put one above the other into one volume. "
                        "Volumes of both would be added up. Split the volume, and segment one "
                        "phase.",
                        lag=lag * spacing[0],
                    ),
                )
            ]
    return []


def _check_front(canonical: Volume) -> list[Finding]:
    """Warn where the spine lies in front of the body's middle: the position must be wrong."""
    step = np.maximum(1, np.round(4.0 / canonical.geometry.spacing_mm)).astype(int)
    coarse = canonical.array[:: step[0], :: step[1], :: step[2]]
    body = coarse > _BODY_HU
    columns = np.flatnonzero(body.any(axis=(0, 1)))
    if not columns.size:
        return []
    third = (columns[-1] - columns[0]) * 3 // 10
    middle = slice(columns[0] + third, columns[-1] - third + 1)
    bone = coarse[:, :, middle] > _BONE_HU
    if bone.sum() < _LEAST_BODY:
        return []
    rows = np.arange(coarse.shape[1])
    centers = [float((mask.sum(axis=(0, 2)) * rows).sum() / mask.sum()) for mask in (bone, body)]
    ahead_mm = (centers[0] - centers[1]) * step[1] * canonical.geometry.spacing_mm[1]
    if ahead_mm < _SPINE_MM:
        return []
    return [
        warning(
            "spine-in-front",
            "The spine lies in front of the body: the position in the file is wrong, and right and "
            "left may be exchanged. Load the original DICOM series, or check the sides.",
        )
    ]
