"""What an engine is: the one interface that stages use."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from ..models.network_source import NetworkSource


class Predictor(Protocol):
    """A network that is ready to run."""

    @property
    def batch(self) -> int:
        """Tiles a call may bring at once; may shrink when memory runs out."""
        ...

    def __call__(self, tiles: np.ndarray) -> np.ndarray:
        """Class probabilities of tiles.

        Parameters
        ----------
        tiles : (n, channels, k, j, i) float32
            Normalized input (see `InputSpec`).

        Returns
        -------
        (n, classes, k, j, i) float32
            Probabilities, which sum to 1 over the classes of a softmax; logits of a network
            whose activation is ``none``.
        """
        ...


class Engine(Protocol):
    """Where networks run (torch today; OpenVINO or a server can follow)."""

    @property
    def description(self) -> str:
        """Device and number format, for the record of a run."""
        ...

    @property
    def notices(self) -> list[str]:
        """What the user should know, such as a fall-back to the CPU; grows during a run."""
        ...

    def predictor(self, network: NetworkSource) -> Predictor:
        """A network that is ready to run; the engine keeps it for the next call."""
        ...
