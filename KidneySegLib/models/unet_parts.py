"""Blocks of the U-Nets that nnU-Net v2 trains, with the names under which it stores tensors.

Written anew from the shapes and names in its checkpoints, so that no class that a model file names
is ever imported: Isensee et al., Nature Methods 2021, and MICCAI 2024 (residual encoders).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

Size = Sequence[int]


@dataclass(frozen=True)
class Parts:
    """Which layers a U-Net is built of.

    Attributes
    ----------
    dimensions : int
        2 or 3.
    bias : bool
        Whether convolutions add one.
    norm, dropout, activation : type or None
        Classes of torch.
    """

    dimensions: int
    bias: bool = True
    norm: type[nn.Module] | None = None
    norm_options: dict[str, Any] = field(default_factory=dict)
    dropout: type[nn.Module] | None = None
    dropout_options: dict[str, Any] = field(default_factory=dict)
    activation: type[nn.Module] | None = None
    activation_options: dict[str, Any] = field(default_factory=dict)

    @property
    def conv(self) -> type[nn.Module]:
        """Convolution."""
        return nn.Conv3d if self.dimensions == 3 else nn.Conv2d

    @property
    def upward(self) -> type[nn.Module]:
        """Transposed convolution."""
        return nn.ConvTranspose3d if self.dimensions == 3 else nn.ConvTranspose2d

    @property
    def pool(self) -> type[nn.Module]:
        """Mean over a window."""
        return nn.AvgPool3d if self.dimensions == 3 else nn.AvgPool2d

    def activated(self) -> nn.Module:
        """The activation, or nothing."""
        return self.activation(**self.activation_options) if self.activation else nn.Identity()


class ConvBlock(nn.Module):
    """Convolution, dropout, norm, activation."""

    def __init__(
        self,
        parts: Parts,
        inside: int,
        outside: int,
        kernel: Size,
        stride: Size,
        *,
        bare: bool = False,
        bias: bool | None = None,
    ) -> None:
        super().__init__()
        self.conv = parts.conv(
            inside,
            outside,
            tuple(kernel),
            tuple(stride),
            padding=[(n - 1) // 2 for n in kernel],
            bias=parts.bias if bias is None else bias,
        )
        dropped = parts.dropout is not None and not bare
        self.dropout = parts.dropout(**parts.dropout_options) if dropped and parts.dropout else None
        self.norm = parts.norm(outside, **parts.norm_options) if parts.norm else None
        self.nonlin = None if bare else parts.activated()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Features of features."""
        for layer in (self.conv, self.dropout, self.norm, self.nonlin):
            x = x if layer is None else layer(x)
        return x


class ConvStack(nn.Module):
    """Several convolution blocks, the first of which may stride."""

    def __init__(
        self, parts: Parts, count: int, inside: int, outside: int, kernel: Size, stride: Size
    ) -> None:
        super().__init__()
        still = [1] * len(stride)
        self.convs = nn.Sequential(
            ConvBlock(parts, inside, outside, kernel, stride),
            *(ConvBlock(parts, outside, outside, kernel, still) for _ in range(count - 1)),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Features of features."""
        return self.convs(x)


class Residual(nn.Module):
    """Two convolutions beside a shortcut (ResNet-D)."""

    def __init__(self, parts: Parts, inside: int, outside: int, kernel: Size, stride: Size) -> None:
        super().__init__()
        still = [1] * len(stride)
        self.conv1 = ConvBlock(parts, inside, outside, kernel, stride)
        self.conv2 = ConvBlock(parts, outside, outside, kernel, still, bare=True)
        shortcut: list[nn.Module] = []
        if any(n != 1 for n in stride):
            shortcut.append(parts.pool(tuple(stride), tuple(stride)))
        if inside != outside:
            point = ConvBlock(parts, inside, outside, still, still, bare=True, bias=False)
            shortcut.append(point)
        self.skip = nn.Sequential(*shortcut)
        self.nonlin2 = parts.activated()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Features of features."""
        return self.nonlin2(self.conv2(self.conv1(x)) + self.skip(x))


class ResidualStack(nn.Module):
    """Several residual blocks, the first of which may stride."""

    def __init__(
        self, parts: Parts, count: int, inside: int, outside: int, kernel: Size, stride: Size
    ) -> None:
        super().__init__()
        still = [1] * len(stride)
        self.blocks = nn.Sequential(
            Residual(parts, inside, outside, kernel, stride),
            *(Residual(parts, outside, outside, kernel, still) for _ in range(count - 1)),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Features of features."""
        return self.blocks(x)
