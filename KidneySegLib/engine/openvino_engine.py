"""The OpenVINO engine: the same networks on Intel and AMD processors, converted once and kept.

Optional (``pip install openvino``): found at run time, never required. A network is converted by
OpenVINO's front end for torch, not by its converter tool, which reports its use to its makers.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.util
import os
import platform
import secrets
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..core.errors import DeviceError, KidneySegError, ModelError
from ..environment.user_folder import user_folder
from ..models.network_source import NetworkSource
from .base import Engine, Predictor

CACHE = "openvino"
_DEVICE = "CPU"


def is_installed() -> bool:
    """Whether OpenVINO is there; it is not imported to find out."""
    return importlib.util.find_spec("openvino") is not None


class OpenVinoPredictor:
    """A network that is compiled for each shape of tiles (see `engine.base.Predictor`).

    Parameters
    ----------
    compiled : callable
        Gives the compiled network for tiles ``(channels, k, j, i)``.
    activation : str
        See `NetworkSource`.
    """

    batch = 1

    def __init__(self, compiled: Callable[[tuple[int, ...]], Any], activation: str) -> None:
        self._compiled, self._activation = compiled, activation
        self._requests: dict[tuple[int, ...], Any] = {}

    def __call__(self, tiles: np.ndarray) -> np.ndarray:
        """Class probabilities of ``(n, channels, k, j, i)`` tiles, or logits."""
        done = []
        for tile in tiles:
            if tile.shape not in self._requests:
                self._requests[tile.shape] = self._compiled(tile.shape).create_infer_request()
            request = self._requests[tile.shape]
            request.infer([np.ascontiguousarray(tile[None], np.float32)])
            logits = request.get_output_tensor(0).data.astype(np.float32)
            done.append(_activated(logits, self._activation))
        return np.concatenate(done)


def _activated(logits: np.ndarray, activation: str) -> np.ndarray:
    """Probabilities of logits ``(1, classes, k, j, i)``."""
    if activation == "softmax":
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        return shares / shares.sum(axis=1, keepdims=True)
    if activation == "sigmoid":
        return 1 / (1 + np.exp(-logits))
    return logits.copy()


class OpenVinoEngine:
    """Networks compiled by OpenVINO for this processor (see `engine.base.Engine`).

    Parameters
    ----------
    fall_back : callable, optional
        Gives the engine that runs a network which cannot be converted, with a notice.
    """

    def __init__(self, fall_back: Callable[[], Engine] | None = None) -> None:
        self._fall_back = fall_back
        if not is_installed():
            raise DeviceError(
                "Device 'openvino' needs the package openvino, which is not installed. Install it "
                "(pip install openvino), or use the CPU.",
                remedy="device",
            )
        import openvino

        self._core = openvino.Core()
        self.notices: list[str] = []  # grows during a run
        able = self._core.get_property(_DEVICE, "OPTIMIZATION_CAPABILITIES")
        self._precision = "bf16" if "BF16" in able else "f32"
        self._version = openvino.__version__.split("-")[0]
        self._predictors: dict[tuple[str, str, bool], Predictor] = {}

    @property
    def description(self) -> str:
        """Device and number format, without serial numbers or host names."""
        return f"openvino {self._version} ({platform.machine()}), {self._precision}"

    def predictor(self, network: NetworkSource) -> Predictor:
        """A network, compiled once (see `Engine`)."""
        key = (network.key, network.activation, network.precise)
        if key not in self._predictors:
            self._predictors[key] = self._new(network)
        return self._predictors[key]

    def _new(self, network: NetworkSource) -> Predictor:
        """A predictor that has compiled its own tile; one of torch where that is not possible."""
        options: dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": "f32" if network.precise else self._precision,
            "PERFORMANCE_HINT": "LATENCY",
        }

        @functools.cache
        def compiled(shape: tuple[int, ...]) -> Any:
            return self._core.compile_model(self._model(network, shape), _DEVICE, options)

        try:
            compiled((network.spec.input.channels, *network.spec.patch))
        except ModelError:
            if self._fall_back is None:
                raise
            self.notices.append("The network cannot be converted for OpenVINO; torch runs it.")
            return self._fall_back().predictor(network)
        return OpenVinoPredictor(compiled, network.activation)

    def _model(self, network: NetworkSource, shape: tuple[int, ...]) -> Any:
        """The converted network, from the cache where it is there."""
        name = hashlib.sha256(f"{network.key}/{self._version}/{shape}".encode())
        kept = user_folder() / CACHE / f"{name.hexdigest()[:24]}.xml"
        if kept.is_file() and kept.with_suffix(".bin").is_file():
            with contextlib.suppress(RuntimeError):  # damaged: it is converted again
                return self._core.read_model(kept)
        model = converted(network, shape)
        _keep(model, kept)
        return model


def converted(network: NetworkSource, tile: tuple[int, ...]) -> Any:
    """A network as OpenVINO has it, for single tiles ``(channels, k, j, i)``.

    Raises
    ------
    ModelError
        If it cannot be converted.
    """
    import torch
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    shape = [1, *tile]
    try:
        with torch.inference_mode(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what tracing fixes: sizes, which are fixed here
            decoder = TorchScriptPythonDecoder(network.load(), example_input=torch.zeros(shape))
        front = FrontEndManager().load_by_framework("pytorch")
        model = front.convert(front.load(decoder))
        model.reshape({model.input(0): shape})
        model.validate_nodes_and_infer_types()
        return model
    except KidneySegError:
        raise
    except Exception as error:  # its failures have no base of their own
        raise ModelError(
            f"The network '{network.spec.name}' cannot be converted for OpenVINO ({error}). Use "
            "the CPU without it."
        ) from error


def _keep(model: Any, path: Path) -> None:
    """Keep a converted network; where that is not possible it is converted at every run."""
    import openvino

    partial = path.with_name(f".partial-{secrets.token_hex(4)}.xml")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        openvino.save_model(model, partial, compress_to_fp16=False)
        os.replace(partial.with_suffix(".bin"), path.with_suffix(".bin"))
        os.replace(partial, path)
    except (OSError, RuntimeError):
        for left in (partial, partial.with_suffix(".bin")):
            with contextlib.suppress(OSError):
                left.unlink(missing_ok=True)
