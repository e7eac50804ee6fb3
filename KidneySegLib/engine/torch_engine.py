"""The torch engine: CUDA, MPS and CPU; smaller batches, then the CPU, when memory runs out."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np

from ..models.network_source import NetworkSource
from .device import autocast_type, choose_device, describe

if TYPE_CHECKING:
    import torch
    from torch import nn

logger = logging.getLogger(__name__)

_GPU_BATCH = 4


def fuse_instance_norm(network: nn.Module) -> nn.Module:
    """Replace InstanceNorm by the same computation as GroupNorm with one channel a group.

    Exactly equal in evaluation mode without running statistics, and faster in bf16 on the CPU
    (group_norm has a vectorized bf16 kernel).
    """
    from torch import nn

    for name, child in network.named_children():
        kinds = (nn.InstanceNorm2d, nn.InstanceNorm3d)
        if isinstance(child, kinds) and not child.track_running_stats:
            norm = nn.GroupNorm(child.num_features, child.num_features, eps=child.eps)
            if child.affine:
                norm.weight, norm.bias = child.weight, child.bias
            setattr(network, name, norm)
        else:
            fuse_instance_norm(child)
    return network


def _is_out_of_memory(error: RuntimeError) -> bool:
    """Whether an error says that memory ran out: MPS and the CPU raise plain RuntimeErrors."""
    text = str(error).lower()
    return any(words in text for words in ("out of memory", "can't allocate", "not enough memory"))


class TorchPredictor:
    """A torch network that survives an out-of-memory error.

    Parameters
    ----------
    network : nn.Module
        ``(n, channels, k, j, i)`` to logits ``(n, classes, k, j, i)``.
    device : torch.device
    dtype : torch.dtype or None
        Autocast type; None is float32.
    notices : list of str
        Messages for the user are appended here.
    activation : str
        See `NetworkSource`.
    """

    def __init__(
        self,
        network: nn.Module,
        device: torch.device,
        dtype: torch.dtype | None,
        notices: list[str],
        activation: str = "softmax",
    ) -> None:
        self.device, self._dtype, self._notices = device, dtype, notices
        self._activation = activation
        self._network = network.to(device).eval()
        self.batch = 1 if device.type == "cpu" else _GPU_BATCH

    def __call__(self, tiles: np.ndarray) -> np.ndarray:
        """Class probabilities of ``(n, channels, k, j, i)`` tiles (see `Predictor`)."""
        done: list[np.ndarray] = []
        start = 0
        while start < len(tiles):
            try:
                done.append(self._run(tiles[start : start + self.batch]))
                start += len(done[-1])
            except RuntimeError as error:  # torch.OutOfMemoryError is one
                if not _is_out_of_memory(error):
                    raise
                self._shrink()
        return np.concatenate(done)

    def _run(self, tiles: np.ndarray) -> np.ndarray:
        """One batch on the device."""
        import torch

        with (
            torch.inference_mode(),
            torch.autocast(
                self.device.type, self._dtype or torch.bfloat16, enabled=self._dtype is not None
            ),
        ):
            output = self._network(torch.from_numpy(tiles).to(self.device))
            logits = (output[0] if isinstance(output, (list, tuple)) else output).float()
            if self._activation == "softmax":
                logits = torch.softmax(logits, dim=1)
            elif self._activation == "sigmoid":
                logits = torch.sigmoid(logits)
            return logits.cpu().numpy()

    def _shrink(self) -> None:
        """Halve the batch; at batch 1 move to the CPU; give up where that is not enough."""
        import torch

        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        if self.batch > 1:
            self.batch //= 2
            self._notices.append(
                f"The GPU ran out of memory; going on with batches of {self.batch}."
            )
        elif self.device.type != "cpu":
            self._notices.append(
                "The GPU ran out of memory even for one tile; going on with the CPU (slower). "
                "Close other programs that use the GPU to avoid this."
            )
            self.device = torch.device("cpu")
            self._dtype = autocast_type(self.device)
            self._network = self._network.to(self.device)
        else:
            raise MemoryError("Not enough memory for one tile on the CPU.")
        logger.warning(self._notices[-1])


class TorchEngine:
    """Networks on a torch device (see `Engine`)."""

    def __init__(self, device: str = "auto") -> None:
        self.device = choose_device(device)
        self.dtype = autocast_type(self.device)
        self.notices: list[str] = []
        self._predictors: dict[tuple[str, str, bool], TorchPredictor] = {}

    @property
    def description(self) -> str:
        """Device and number format, and whether a network had to move to the CPU."""
        text = describe(self.device, self.dtype)
        moved = any(p.device.type != self.device.type for p in self._predictors.values())
        return f"{text}, went on with the CPU when memory ran out" if moved else text

    def predictor(self, network: NetworkSource) -> TorchPredictor:
        """A network, loaded once (see `Engine`)."""
        key = (network.key, network.activation, network.precise)
        if key not in self._predictors:
            dtype = None if network.precise and self.device.type == "cpu" else self.dtype
            module = network.load() if network.precise else fuse_instance_norm(network.load())
            self._predictors[key] = TorchPredictor(
                module, self.device, dtype, self.notices, network.activation
            )
        return self._predictors[key]
