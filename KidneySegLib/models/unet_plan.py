"""The sizes and layers of a U-Net, as plain data: nothing of torch is needed to read them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Parts:
    """Which layers a U-Net is built of.

    Attributes
    ----------
    dimensions : int
        2 or 3.
    bias : bool
        Whether convolutions add one.
    norm, activation : str
        Names of layers of torch.nn; empty for none.
    norm_options, activation_options : dict
    """

    dimensions: int
    bias: bool = True
    norm: str = ""
    norm_options: dict[str, Any] = field(default_factory=dict)
    activation: str = ""
    activation_options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class UNetPlan:
    """Sizes of a U-Net, one entry a stage from fine to coarse.

    Attributes
    ----------
    features : tuple of int
        Channels.
    kernels, strides : tuple of tuple of int
        Along each axis.
    encoder, decoder : tuple of int
        Blocks of a stage; the decoder has one stage fewer.
    residual : bool
        Residual blocks in the encoder.
    parts : Parts
    """

    features: tuple[int, ...]
    kernels: tuple[tuple[int, ...], ...]
    strides: tuple[tuple[int, ...], ...]
    encoder: tuple[int, ...]
    decoder: tuple[int, ...]
    residual: bool
    parts: Parts
