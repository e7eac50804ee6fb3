"""Blocks of the U-Nets that nnU-Net v2 trains, with the names under which it stores tensors.

Written anew from the shapes and names in its checkpoints, so that no class that a model file names
is ever imported: Isensee et al., Nature Methods 2021, and MICCAI 2024 (residual encoders).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from .unet_plan import Parts

Size = Sequence[int]


def _layer(name: str, options: dict, *sizes: int) -> nn.Module | None:
    """A layer of torch by its name; None without one."""
    return getattr(nn, name)(*sizes, **options) if name else None


def _activated(parts: Parts) -> nn.Module:
    """The activation, or nothing."""
    return _layer(parts.activation, parts.activation_options) or nn.Identity()


class ConvBlock(nn.Module):
    """Convolution, norm, activation; dropout does nothing once a network is trained."""

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
        self.conv = getattr(nn, f"Conv{parts.dimensions}d")(
            inside,
            outside,
            tuple(kernel),
            tuple(stride),
            padding=[(n - 1) // 2 for n in kernel],
            bias=parts.bias if bias is None else bias,
        )
        self.norm = _layer(parts.norm, parts.norm_options, outside)
        self.nonlin = None if bare else _activated(parts)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Features of features."""
        for layer in (self.conv, self.norm, self.nonlin):
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
            pool = getattr(nn, f"AvgPool{parts.dimensions}d")
            shortcut.append(pool(tuple(stride), tuple(stride)))
        if inside != outside:
            point = ConvBlock(parts, inside, outside, still, still, bare=True, bias=False)
            shortcut.append(point)
        self.skip = nn.Sequential(*shortcut)
        self.nonlin2 = _activated(parts)

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
