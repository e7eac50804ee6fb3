"""Which device, and which number format on it."""

from __future__ import annotations

import platform
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.errors import DeviceError

if TYPE_CHECKING:
    import torch

CHOICES = "auto, cuda, cuda:N, mps, cpu or openvino"


def choose_device(wanted: str = "auto") -> torch.device:
    """Torch device for ``auto``, ``cuda``, ``cuda:N``, ``mps`` or ``cpu``.

    Raises
    ------
    DeviceError
        If the name is not known or the device is not there.
    """
    import torch

    if not re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", wanted):
        raise DeviceError(f"Unknown device '{wanted}'. Expected {CHOICES}.")
    if wanted == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    device = torch.device(wanted)
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise DeviceError(
            f"Device '{wanted}' was asked for, and torch sees {torch.cuda.device_count()} CUDA "
            "GPUs. Use the CPU, or install a torch that fits the GPU and its driver.",
            remedy="device",
        )
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise DeviceError(
            "Device 'mps' needs an Apple GPU, which is not here. Use the CPU.", remedy="device"
        )
    return device


def may_have_gpu() -> bool:
    """Whether torch must be asked for a GPU: an NVIDIA driver, or a Mac. Nothing is imported."""
    if sys.platform == "darwin" or shutil.which("nvidia-smi") is not None:
        return True
    return any(Path("/dev").glob("nvidia[0-9]*"))


def available_devices() -> list[str]:
    """Names of the devices that this computer has, the fastest first."""
    import torch

    cuda = [f"cuda:{n}" for n in range(torch.cuda.device_count())]
    mps = ["mps"] if torch.backends.mps.is_available() else []
    return [*cuda, *mps, "cpu"]


def autocast_type(device: torch.device) -> torch.dtype | None:
    """16-bit format that is fast on the device; None means float32.

    On the CPU bf16 is used only where the processor computes in it: elsewhere it is emulated
    and slower than float32.
    """
    import torch

    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    if device.type == "cpu" and _cpu_has_bf16():
        return torch.bfloat16
    return None


def _cpu_has_bf16() -> bool:
    """Whether this processor multiplies bf16 in hardware (AVX-512 BF16 or AMX)."""
    import torch

    checks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, name, lambda: False)() for name in checks)


def describe(device: torch.device, dtype: torch.dtype | None) -> str:
    """Device and number format in words, without serial numbers or host names."""
    import torch

    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    threads = f", {torch.get_num_threads()} threads" if device.type == "cpu" else ""
    return f"{device.type} ({name}{threads}), {str(dtype or torch.float32).split('.')[-1]}"
