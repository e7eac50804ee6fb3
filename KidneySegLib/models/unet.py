"""The two U-Nets of nnU-Net v2: plain, and with a residual encoder."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from .unet_parts import ConvStack, ResidualStack
from .unet_plan import UNetPlan


class Encoder(nn.Module):
    """From an image to features, one tensor a stage."""

    def __init__(self, plan: UNetPlan, channels: int) -> None:
        super().__init__()
        parts, inside = plan.parts, channels
        if plan.residual:
            inside = plan.features[0]
            still = [1] * parts.dimensions
            self.stem = ConvStack(parts, 1, channels, inside, plan.kernels[0], still)
        stages: list[nn.Module] = []
        for n, outside in enumerate(plan.features):
            size = (plan.encoder[n], inside, outside, plan.kernels[n], plan.strides[n])
            # nnU-Net keeps a plain stage in a list of its own, for a pooling layer before it
            stages.append(
                ResidualStack(parts, *size)
                if plan.residual
                else nn.Sequential(ConvStack(parts, *size))
            )
            inside = outside
        self.stages = nn.Sequential(*stages)

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Features of every stage, from fine to coarse."""
        x = self.stem(x) if hasattr(self, "stem") else x
        seen = []
        for stage in self.stages:
            x = stage(x)
            seen.append(x)
        return seen


class Decoder(nn.Module):
    """From features of every stage to logits."""

    def __init__(self, plan: UNetPlan, classes: int) -> None:
        super().__init__()
        parts = plan.parts
        still = (1,) * parts.dimensions
        pairs = list(zip(plan.features[:-1], plan.features[1:], strict=True))[::-1]
        upward, stages, heads = [], [], []
        conv, transposed = (
            getattr(nn, f"{name}{parts.dimensions}d") for name in ("Conv", "ConvTranspose")
        )
        for n, (fine, coarse) in enumerate(pairs):
            level = len(pairs) - 1 - n
            stride = plan.strides[level + 1]
            upward.append(transposed(coarse, fine, stride, stride, bias=parts.bias))
            size = (plan.decoder[n], 2 * fine, fine, plan.kernels[level], still)
            stages.append(ConvStack(parts, *size))
            heads.append(conv(fine, classes, 1))
        self.transpconvs = nn.ModuleList(upward)
        self.stages = nn.ModuleList(stages)
        self.seg_layers = nn.ModuleList(heads)  # the last one counts, the others were for training

    def forward(self, seen: Sequence[torch.Tensor]) -> torch.Tensor:
        """Logits of the finest stage."""
        x = seen[-1]
        for n, (upward, stage) in enumerate(zip(self.transpconvs, self.stages, strict=True)):
            x = stage(torch.cat((upward(x), seen[-2 - n]), dim=1))
        return self.seg_layers[-1](x)


class UNet(nn.Module):
    """Logits ``(n, classes, ...)`` of images ``(n, channels, ...)``."""

    def __init__(self, plan: UNetPlan, channels: int, classes: int) -> None:
        super().__init__()
        self.encoder = Encoder(plan, channels)
        self.decoder = Decoder(plan, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits."""
        return self.decoder(self.encoder(x))
