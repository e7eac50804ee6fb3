"""A GPU on our networks and a foreign one: labels, seconds, memory, fall-back, cancel.

    python studies/gpu_check.py [--device cuda] [--json FILE]

For whoever gets a GPU: under 8 minutes, nothing to download (the demo CT ships). With --device cpu
it tries itself out. The outcome is one JSON file; commit it as studies/gpu.json.

It was never run on a GPU by whoever wrote it.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from common import OUT
from foreign_network import shipped_fine, write_folder

from KidneySegLib.core.errors import CanceledError
from KidneySegLib.core.volume import Volume
from KidneySegLib.engine import open_engine
from KidneySegLib.environment.resources import resource_folder
from KidneySegLib.io.images import read_volume
from KidneySegLib.kidney_ct.settings import Settings
from KidneySegLib.kidney_ct.task import KidneyCT
from KidneySegLib.models.opening import Model, open_model
from KidneySegLib.pipeline import run
from KidneySegLib.segmenters import open_segmenter

LEAST_EQUAL = 0.995
_LEFT_BYTES = 200 * 2**20  # of GPU memory, when it is filled on purpose
_CANCEL_SECONDS = 0.3


def foreground_equal(one: np.ndarray, other: np.ndarray) -> float:
    """Share of equal labels where either has one."""
    either = (one > 0) | (other > 0)
    return float((one == other)[either].mean()) if either.any() else 1.0


def run_on(
    device: str, model: Model, ct: Volume, quality: str
) -> tuple[np.ndarray, dict[str, Any]]:
    """Labels, and seconds by stage of the second of two runs: the first one warms up."""
    segmenter = open_segmenter(model, open_engine(device))
    for _ in range(2):
        begun = time.perf_counter()
        result = run(KidneyCT(Settings(quality=quality)), ct, segmenter)
        seconds = time.perf_counter() - begun
    notices = [f.message for f in result.findings if f.code == "engine"]
    return result.labels.array, {
        "seconds": seconds,
        "stages": dict(result.record["seconds"]),
        "device": result.record["device"],
        "notices": notices,
    }


def peak_bytes(device: str) -> int | None:
    """Most GPU memory since it was asked last."""
    if not device.startswith("cuda"):
        return None
    peak = torch.cuda.max_memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    return peak


def compared(device: str, model: Model, ct: Volume) -> dict[str, Any]:
    """A model on the device and on the CPU."""
    found: dict[str, Any] = {}
    for quality in ("fast", "balanced"):
        peak_bytes(device)
        labels, there = run_on(device, model, ct, quality)
        there["peak_bytes"] = peak_bytes(device)
        own, here = run_on("cpu", model, ct, quality)
        equal = foreground_equal(labels, own)
        found[quality] = {"device": there, "cpu": here, "foreground_equal": equal}
        found[quality]["times_faster"] = here["seconds"] / there["seconds"]
    return found


def batches(device: str) -> dict[str, float]:
    """Seconds a tile of the fine network by batch size."""
    package = open_model()
    predictor = open_engine(device).predictor(package.network("fine"))
    tiles = np.random.default_rng(0).uniform(-1, 1, (8, 1, *package.stages["fine"].patch))
    tiles = tiles.astype(np.float32)
    found = {}
    for batch in (1, 2, 4, 8):
        predictor.batch = batch
        predictor(tiles)
        begun = time.perf_counter()
        for _ in range(3):
            predictor(tiles)
        found[str(batch)] = (time.perf_counter() - begun) / (3 * len(tiles))
    return found


def filled(device: str, ct: Volume) -> dict[str, Any]:
    """A run while nearly all memory of the GPU is taken: it must go on, and say so."""
    if not device.startswith("cuda"):
        return {"skipped": "not a CUDA GPU"}
    torch.cuda.empty_cache()
    free, _ = torch.cuda.mem_get_info()
    ballast = torch.empty(max(0, free - _LEFT_BYTES), dtype=torch.uint8, device=device)
    try:
        labels, found = run_on(device, open_model(), ct, "fast")
    finally:
        del ballast
        torch.cuda.empty_cache()
    own, _ = run_on("cpu", open_model(), ct, "fast")
    return found | {"foreground_equal": foreground_equal(labels, own)}


def canceled(device: str, ct: Volume) -> dict[str, float]:
    """Seconds from the wish to cancel until the run has ended."""
    wish = threading.Event()
    asked: list[float] = []

    def ask() -> None:
        asked.append(time.perf_counter())
        wish.set()

    segmenter = open_segmenter(open_model(), open_engine(device))
    timer = threading.Timer(_CANCEL_SECONDS, ask)
    timer.start()
    try:
        run(KidneyCT(Settings(quality="best")), ct, segmenter, cancel=wish.is_set)
    except CanceledError:
        return {"seconds_to_end": time.perf_counter() - asked[0]}
    finally:
        timer.cancel()
    return {"seconds_to_end": -1.0}  # it was done before


def main() -> None:
    """Check, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--json", type=Path, default=OUT / "gpu.json")
    options = parser.parse_args()
    begun = time.perf_counter()
    demo = resource_folder("Demo")
    assert demo is not None
    ct = read_volume(demo / "demo_ct.nii.gz")
    found: dict[str, Any] = {"torch": torch.__version__, "cuda": torch.version.cuda}
    with tempfile.TemporaryDirectory() as home:
        own, network, hu = shipped_fine()
        foreign = open_model(write_folder(Path(home), own, network, hu))
        found["embedded"] = compared(options.device, open_model(), ct)
        found["foreign"] = compared(options.device, foreign, ct)
    found["seconds_a_tile_by_batch"] = batches(options.device)
    found["memory_filled"] = filled(options.device, ct)
    found["canceled"] = canceled(options.device, ct)
    found["seconds"] = time.perf_counter() - begun
    least = min(q["foreground_equal"] for m in ("embedded", "foreign") for q in found[m].values())
    found["enough_labels_equal"] = least >= LEAST_EQUAL
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(found, indent=2) + "\n")
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
