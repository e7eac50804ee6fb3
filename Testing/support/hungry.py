import torch
from torch import nn


class Hungry(nn.Module):
    """Runs out of memory above a batch size, or always on the first device."""

    def __init__(self, most):
        super().__init__()
        self.most, self.moved = most, 0

    def to(self, *args, **kwargs):
        self.moved += 1
        if self.moved > 1:
            self.most = 100
        return super().to(*args, **kwargs)

    def forward(self, x):
        if len(x) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return torch.cat([x, -x], dim=1)
