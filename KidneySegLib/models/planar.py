"""A 2-D network in the place of a 3-D one: every axial slice of a block on its own.

Real renal tumors are at hand as single slices only. A network that never sees the neighbors can
learn from them as they are, on a finer grid and many more of them in the same time.
"""

from __future__ import annotations

import torch
from torch import nn


class Planar(nn.Module):
    """Applies a 2-D network to each slice of ``(n, 1, k, j, i)``.

    The result is ``(n, classes, k, j, i)``; in training with deep supervision ``(n, heads, classes,
    k, j, i)``.
    """

    def __init__(self, plane: nn.Module) -> None:
        super().__init__()
        self.plane = plane

    def forward(self, blocks: torch.Tensor) -> torch.Tensor:
        """Logits of blocks."""
        n, channels, k, j, i = blocks.shape
        planes = blocks.transpose(1, 2).reshape(n * k, channels, j, i)
        logits = self.plane(planes)
        logits = logits.reshape(n, k, *logits.shape[1:])
        return logits.movedim(1, -3)
