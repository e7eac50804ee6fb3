"""Engines: run a network on tiles, on the device at hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..core.errors import ModelError
from ..models.network_source import NetworkSource
from .base import Engine
from .device import may_have_gpu
from .fastest import kept_choice, measure
from .openvino_engine import is_installed

if TYPE_CHECKING:
    from .openvino_engine import OpenVinoEngine
    from .torch_engine import TorchEngine

OPENVINO = "openvino"


def open_engine(device: str = "auto", network: NetworkSource | None = None) -> Engine:
    """The engine for a device.

    Parameters
    ----------
    device : str
        ``auto``, ``cuda``, ``cuda:N``, ``mps``, ``cpu`` or ``openvino``.
    network : NetworkSource, optional
        What ``auto`` times on a CPU where OpenVINO is installed and has not been timed yet; without
        it OpenVINO is taken only if it was faster before.

    Raises
    ------
    DeviceError
        If the name is not known or the device is not there.
    """
    if device == OPENVINO:
        return _openvino()
    may_be_faster = device == "auto" and is_installed() and not may_have_gpu()
    if may_be_faster and kept_choice() == OPENVINO:
        return _openvino(_torch)  # torch is not even loaded
    engine = _torch(device)
    if may_be_faster and network is not None and kept_choice() is None:
        return _faster(engine, network)
    return engine


def _torch(device: str = "cpu") -> TorchEngine:
    """The torch engine."""
    from .torch_engine import TorchEngine

    return TorchEngine(device)


def _openvino(fall_back: Callable[[], Engine] | None = None) -> OpenVinoEngine:
    """The OpenVINO engine."""
    from .openvino_engine import OpenVinoEngine

    return OpenVinoEngine(fall_back)


def _faster(engine: Engine, network: NetworkSource) -> Engine:
    """OpenVINO where it is measured to be faster, else torch."""
    try:
        other = _openvino(_torch)
        faster, times = measure(engine, other, network)
    except (ModelError, RuntimeError, ImportError):
        return engine  # it is installed, and does not work here
    if faster != OPENVINO:
        return engine
    other.notices.append(
        f"OpenVINO was timed on this computer: it is {times:.1f} times faster than torch, and is "
        "used from now on where the device is chosen automatically."
    )
    return other
