"""The OpenVINO engine: the same networks on Intel and AMD processors, converted once and kept.

Optional (``pip install openvino``): found at run time, never required. A network is converted by
OpenVINO's front end for torch, not by its converter tool, which reports its use to its makers.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import platform
import secrets
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from ..core.errors import DeviceError, ModelError
from ..environment.user_folder import user_folder
from ..models.network_source import NetworkSource

CACHE = "openvino"
_DEVICE = "CPU"


def is_installed() -> bool:
    """Whether OpenVINO is there; it is not imported to find out."""
    return importlib.util.find_spec("openvino") is not None


class OpenVinoPredictor:
    """A compiled network (see `engine.base.Predictor`)."""

    batch = 1

    def __init__(self, compiled: Any, activation: str) -> None:
        self._request, self._activation = compiled.create_infer_request(), activation

    def __call__(self, tiles: np.ndarray) -> np.ndarray:
        """Class probabilities of ``(n, channels, k, j, i)`` tiles, or logits."""
        done = []
        for tile in tiles:
            self._request.infer([np.ascontiguousarray(tile[None], np.float32)])
            logits = self._request.get_output_tensor(0).data.astype(np.float32)
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
    """Networks compiled by OpenVINO for this processor (see `engine.base.Engine`)."""

    def __init__(self) -> None:
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
        self._predictors: dict[tuple[str, str, bool], OpenVinoPredictor] = {}

    @property
    def description(self) -> str:
        """Device and number format, without serial numbers or host names."""
        return f"openvino {self._version} ({platform.machine()}), {self._precision}"

    def predictor(self, network: NetworkSource) -> OpenVinoPredictor:
        """A network, compiled once (see `Engine`)."""
        key = (network.key, network.activation, network.precise)
        if key not in self._predictors:
            precision = "f32" if network.precise else self._precision
            options: dict[str, Any] = {
                "INFERENCE_PRECISION_HINT": precision,
                "PERFORMANCE_HINT": "LATENCY",
            }
            compiled = self._core.compile_model(self._model(network), _DEVICE, options)
            self._predictors[key] = OpenVinoPredictor(compiled, network.activation)
        return self._predictors[key]

    def _model(self, network: NetworkSource) -> Any:
        """The converted network, from the cache where it is there."""
        name = hashlib.sha256(f"{network.key}/{self._version}/{network.spec.patch}".encode())
        kept = user_folder() / CACHE / f"{name.hexdigest()[:24]}.xml"
        if kept.is_file() and kept.with_suffix(".bin").is_file():
            with contextlib.suppress(RuntimeError):  # damaged: it is converted again
                return self._core.read_model(kept)
        model = converted(network)
        _keep(model, kept)
        return model


def converted(network: NetworkSource) -> Any:
    """A network as OpenVINO has it, for single tiles.

    Raises
    ------
    ModelError
        If it cannot be converted.
    """
    import torch
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    shape = [1, network.spec.input.channels, *network.spec.patch]
    try:
        with torch.inference_mode(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what tracing fixes: sizes, which are fixed here
            decoder = TorchScriptPythonDecoder(network.load(), example_input=torch.zeros(shape))
        front = FrontEndManager().load_by_framework("pytorch")
        model = front.convert(front.load(decoder))
        model.reshape({model.input(0): shape})
        model.validate_nodes_and_infer_types()
        return model
    except RuntimeError as error:
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
