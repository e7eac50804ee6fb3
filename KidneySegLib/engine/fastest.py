"""Which engine ``auto`` takes on a CPU: measured once on this computer, and kept."""

from __future__ import annotations

import json
import os
import platform
import time
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from ..environment.user_folder import user_folder
from ..models.network_source import NetworkSource
from .base import Engine

FILE = "engines.json"
_RUNS = 3
_WORTH = 0.9  # of torch's time: less is not worth another engine


def kept_choice() -> str | None:
    """Engine that was faster here with these versions: ``openvino`` or ``cpu``; None if unknown."""
    found = _read().get(_key())
    return found.get("faster") if isinstance(found, dict) else None


def measure(
    torch_engine: Engine, openvino_engine: Engine, network: NetworkSource
) -> tuple[str, float]:
    """Time one tile on both engines, and keep the outcome.

    Returns
    -------
    faster : str
        ``openvino`` or ``cpu``.
    times : float
        Torch's time over OpenVINO's.
    """
    seconds = {
        "cpu": _seconds(torch_engine, network),
        "openvino": _seconds(openvino_engine, network),
    }
    faster = "openvino" if seconds["openvino"] < _WORTH * seconds["cpu"] else "cpu"
    kept = _read()
    kept[_key()] = {"faster": faster, "seconds": {k: round(v, 4) for k, v in seconds.items()}}
    _write(kept)
    return faster, seconds["cpu"] / seconds["openvino"]


def _seconds(engine: Engine, network: NetworkSource) -> float:
    """Least time of a tile."""
    shape = (1, network.spec.input.channels, *network.spec.patch)
    tile = np.random.default_rng(0).uniform(-1, 1, shape)
    predictor, taken = engine.predictor(network), []
    for _ in range(_RUNS):
        begun = time.perf_counter()
        predictor(tile.astype(np.float32))
        taken.append(time.perf_counter() - begun)
    return min(taken)


def _key() -> str:
    """The processor and the versions: others have another outcome."""
    versions = [f"{name} {metadata.version(name)}" for name in ("torch", "openvino")]
    return ", ".join([_processor(), f"{os.cpu_count()} cores", *versions])


def _processor() -> str:
    """Model of the processor."""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _read() -> dict[str, Any]:
    """What was measured before; nothing where the file is missing or damaged."""
    try:
        data = json.loads((user_folder() / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def _write(data: dict[str, Any]) -> None:
    """Keep what was measured, where that is possible."""
    path = user_folder() / FILE
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    except OSError:
        return
