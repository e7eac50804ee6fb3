"""The U-Net of the networks that ship, with the names of MONAI's DynUNet, without MONAI.

Importing MONAI's networks loads all of MONAI, which takes longer than a kidney's segmentation; its
own class trains them (a test compares both).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

_SLOPE = 0.01
_LAYERS: dict[int, tuple[type, type, type]] = {  # convolution, transposed convolution, norm
    2: (nn.Conv2d, nn.ConvTranspose2d, nn.InstanceNorm2d),
    3: (nn.Conv3d, nn.ConvTranspose3d, nn.InstanceNorm3d),
}


class _Conv(nn.Module):
    """A layer under the name ``conv``."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.conv = layer

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """What the layer makes of it."""
        return self.conv(x)


class _Block(nn.Module):
    """Two convolutions with norms; the first may stride."""

    def __init__(self, dimensions: int, inside: int, outside: int, stride: int) -> None:
        super().__init__()
        conv, _, norm = _LAYERS[dimensions]
        self.conv1 = _Conv(conv(inside, outside, 3, stride, padding=1, bias=False))
        self.conv2 = _Conv(conv(outside, outside, 3, 1, padding=1, bias=False))
        self.norm1 = norm(outside, affine=True)
        self.norm2 = norm(outside, affine=True)
        self.act = nn.LeakyReLU(_SLOPE, inplace=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Features of features."""
        x = self.act(self.norm1(self.conv1(x)))
        return self.act(self.norm2(self.conv2(x)))


class _Up(nn.Module):
    """Twice as large, joined with what the encoder saw there, convolved."""

    def __init__(self, dimensions: int, inside: int, outside: int) -> None:
        super().__init__()
        upward = _LAYERS[dimensions][1]
        self.transp_conv = _Conv(upward(inside, outside, 2, 2, bias=False))
        self.conv_block = _Block(dimensions, 2 * outside, outside, 1)

    def forward(self, x: torch.Tensor, skip: torch.Tensor) -> torch.Tensor:
        """Features of the finer level."""
        return self.conv_block(torch.cat((self.transp_conv(x), skip), dim=1))


class _Out(nn.Module):
    """Logits of features."""

    def __init__(self, dimensions: int, inside: int, classes: int) -> None:
        super().__init__()
        self.conv = _Conv(_LAYERS[dimensions][0](inside, classes, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits."""
        return self.conv(x)


class DynUNet(nn.Module):
    """Logits ``(n, classes, ...)`` of images ``(n, channels, ...)``; one halving a level.

    Parameters
    ----------
    dimensions : int
        2 or 3.
    channels, classes : int
    filters : sequence of int
        One a level, from fine to coarse.
    """

    def __init__(
        self, dimensions: int, channels: int, classes: int, filters: Sequence[int]
    ) -> None:
        super().__init__()
        pairs = list(zip(filters[:-1], filters[1:], strict=True))
        self.input_block = _Block(dimensions, channels, filters[0], 1)
        self.downsamples = nn.ModuleList(_Block(dimensions, a, b, 2) for a, b in pairs[:-1])
        self.bottleneck = _Block(dimensions, *pairs[-1], 2)
        self.upsamples = nn.ModuleList(_Up(dimensions, b, a) for a, b in reversed(pairs))
        self.output_block = _Out(dimensions, filters[0], classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits."""
        seen = [self.input_block(x)]
        for down in self.downsamples:
            seen.append(down(seen[-1]))
        x = self.bottleneck(seen[-1])
        for up, skip in zip(self.upsamples, reversed(seen), strict=True):
            x = up(x, skip)
        return self.output_block(x)
