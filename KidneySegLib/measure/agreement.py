"""Which of several models see a lesion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .lesions import LesionComponent, LesionMeasurement
from .measurements import Measurements

FOUND_SHARE = 0.25  # of its voxels: as the studies count a lesion as found


def with_votes(found: Measurements, votes: np.ndarray, voters: Sequence[str]) -> Measurements:
    """Measurements whose lesions say which models see them; one that some miss is doubtful.

    Parameters
    ----------
    found : Measurements
        With the lesions' voxels.
    votes : (models, k, j, i) bool
        Where each model sees a lesion, on the grid that was measured.
    voters : sequence of str
        Names of the models.
    """
    pairs = zip(found.lesions, found.components, strict=True)
    lesions = tuple(_voted(lesion, part, votes, voters) for lesion, part in pairs)
    return replace(found, lesions=lesions)


def _voted(
    lesion: LesionMeasurement, part: LesionComponent, votes: np.ndarray, voters: Sequence[str]
) -> LesionMeasurement:
    """One lesion with the models that see it."""
    shares = [float(vote[part.where][part.part].mean()) for vote in votes]
    seen = tuple(n for n, share in zip(voters, shares, strict=True) if share >= FOUND_SHARE)
    return replace(lesion, found_by=seen, doubtful=lesion.doubtful or len(seen) < len(voters))
