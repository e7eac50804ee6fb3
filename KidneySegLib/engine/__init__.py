"""Engines: run a network on tiles, on the device at hand."""

from .base import Engine


def open_engine(device: str = "auto") -> Engine:
    """The engine for a device.

    Parameters
    ----------
    device : str
        ``auto``, ``cuda``, ``cuda:N``, ``mps`` or ``cpu``.

    Raises
    ------
    DeviceError
        If the name is not known or the device is not there.
    """
    from .torch_engine import TorchEngine

    return TorchEngine(device)
