"""What a voxel is, from its probabilities, step by step; and where users may move the steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..core.anatomy import Tissue
from ..core.errors import ModelError
from ..models.info import ModelInfo, limits_of

OPERATING_POINTS = ("sensitive", "standard", "specific")
"""Names of the operating points, from most tumors found to fewest false ones."""

STANDARD = "standard"


@dataclass(frozen=True)
class Decision:
    """From which shares on a voxel counts.

    Attributes
    ----------
    organ_share : float
        0..1: probability of kidney or mass from which a voxel belongs to them.
    lesion_share : float
        0..1: share of a lesion in that probability from which the voxel is one.
    """

    organ_share: float = 0.5
    lesion_share: float = 0.5

    @classmethod
    def of(cls, model: ModelInfo, point: str = STANDARD) -> Decision:
        """What a model brings for an operating point.

        Raises
        ------
        ModelError
            If the model does not bring it; the standard one needs nothing.
        """
        own = model.limits.get("decision", {})
        if point == STANDARD:
            return limits_of(cls, own)
        if (name := f"{point}_lesion_share") not in own:
            raise ModelError(
                f"The model '{model.name}' has no operating point '{point}': nobody has measured "
                f"what it costs. Use {STANDARD}.",
                remedy="operating-point",
            )
        return limits_of(cls, {**own, "lesion_share": own[name]})


def decide(
    kidney: np.ndarray, tumor: np.ndarray, cyst: np.ndarray, decision: Decision | None = None
) -> np.ndarray:
    """Tissue from probabilities, step by step.

    First whether a voxel belongs to the kidney with its masses, then whether to a lesion, then to
    which: the regions that the KiTS metric counts. So a lesion is not left to the background or
    the kidney because the network cannot tell its kind.

    Parameters
    ----------
    kidney, tumor, cyst : float arrays that broadcast to one shape
        0..1; what is missing to 1 is background.
    decision : Decision, optional

    Returns
    -------
    uint8 array
        `Tissue` numbers.
    """
    decision = decision or Decision()
    lesion = tumor + cyst
    organ = kidney + lesion
    kind = np.where(cyst > tumor, np.uint8(Tissue.CYST), np.uint8(Tissue.TUMOR))
    tissue = np.where(lesion > decision.lesion_share * organ, kind, np.uint8(Tissue.KIDNEY))
    return np.where(organ > decision.organ_share, tissue, np.uint8(Tissue.BACKGROUND))
