"""A network that an engine can load, whatever file it comes from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .inputs import InputSpec

if TYPE_CHECKING:
    from torch import nn

ACTIVATIONS = ("softmax", "sigmoid", "none")


@dataclass(frozen=True)
class StageSpec:
    """What a network expects and gives.

    ``patch`` is ``(k, j, i)`` voxels of its input's spacing. ``weights`` is the file that holds its
    tensors.
    """

    name: str
    network: str
    options: dict[str, Any]
    classes: tuple[str, ...]
    input: InputSpec
    patch: tuple[int, ...]
    weights: str = "weights.safetensors"


@dataclass(frozen=True, eq=False)
class NetworkSource:
    """Where an engine gets a network from.

    Attributes
    ----------
    key : str
        The same key is the same network with the same weights: an engine loads it once.
    spec : StageSpec
    load : callable
        Gives the network with its weights, float32, in evaluation mode.
    activation : str
        What makes probabilities of its output: ``softmax``, ``sigmoid``, or ``none`` for one whose
        tiles are blended as they come (logits).
    precise : bool
        Runs layer by layer as it was trained, in float32 on a CPU, where other ways are faster.
    """

    key: str
    spec: StageSpec
    load: Callable[[], nn.Module]
    activation: str = "softmax"
    precise: bool = False
