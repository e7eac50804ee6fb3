"""The shipped networks by torch, by OpenVINO, and by OpenVINO in 8 bits: seconds, labels, Dice.

    python studies/openvino_figures.py            # needs openvino and nncf

Seconds of one tile of each network (medians of rounds in turn), then the kept-out CTs at balanced:
kidney Dice with each, and the share of voxels that either calls kidney or mass whose labels are
those of torch. The 8 bits are calibrated by NNCF on tiles of two training CTs.
"""

from __future__ import annotations

import statistics
import time
from typing import Any

import numpy as np
from common import KEPT_OUT, dice, load_case, parser, save, segment

from KidneySegLib.core.schemes import to_tissue
from KidneySegLib.engine import open_engine
from KidneySegLib.engine.openvino_engine import OpenVinoEngine, OpenVinoPredictor, converted
from KidneySegLib.kidney_ct.settings import Settings
from KidneySegLib.models.network_source import NetworkSource
from KidneySegLib.models.registry import find_model

CALIBRATION, MOST_TILES, ROUNDS = ("btcv_0005", "btcv_0021"), 120, 15


class Recorder(OpenVinoEngine):
    """OpenVINO that keeps what each network sees."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: dict[str, list[np.ndarray]] = {}

    def predictor(self, network: NetworkSource) -> Any:
        """A network whose tiles are kept."""
        inner, kept = super().predictor(network), self.seen.setdefault(network.key, [])

        class Kept:
            batch = inner.batch

            def __call__(self, tiles: np.ndarray) -> np.ndarray:
                kept.extend(t[None].astype(np.float32) for t in tiles)
                return inner(tiles)

        return Kept()


class EightBits(OpenVinoEngine):
    """OpenVINO with networks that NNCF has brought to 8 bits.

    Parameters
    ----------
    seen : dict
        Tiles by the network's key.
    """

    def __init__(self, seen: dict[str, list[np.ndarray]]) -> None:
        super().__init__()
        self._seen = seen

    def _model(self, network: NetworkSource, shape: tuple[int, ...]) -> Any:
        import nncf

        model = converted(network, shape)
        tiles = [t for t in self._seen[network.key] if t.shape[1:] == shape]
        step = max(1, len(tiles) // MOST_TILES)
        return nncf.quantize(model, nncf.Dataset(tiles[::step]), subset_size=MOST_TILES)


def tile_seconds(engines: dict[str, Any], networks: dict[str, NetworkSource]) -> dict[str, Any]:
    """Median seconds of one tile of each network by each engine, in turn."""
    found: dict[str, Any] = {}
    for name, network in networks.items():
        tile = np.random.default_rng(0).uniform(-1, 1, (1, network.spec.input.channels))
        tile = np.broadcast_to(tile[..., None, None, None], (1, tile.shape[1], *network.spec.patch))
        tile = np.ascontiguousarray(tile, np.float32)
        own: dict[str, list[float]] = {kind: [] for kind in engines}
        for n in range(ROUNDS + 2):
            for kind, engine in engines.items():
                predictor = engine.predictor(network)
                start = time.perf_counter()
                predictor(tile)
                if n > 1:
                    own[kind].append(time.perf_counter() - start)
        found[name] = {kind: statistics.median(seconds) for kind, seconds in own.items()}
    return found


def main() -> None:
    """Measure, and write the figures."""
    options = parser(__doc__ or "").parse_args()
    package = find_model(options.model)
    networks = {name: package.network(name) for name in package.stages}
    recorder = Recorder()
    for name in CALIBRATION:
        segment(load_case(name)[0], package, recorder, Settings())
    engines = {
        "torch": open_engine("cpu"),
        "openvino": OpenVinoEngine(),
        "openvino int8": EightBits(recorder.seen),
    }
    assert all(
        isinstance(engines[kind].predictor(n), OpenVinoPredictor)
        for kind in ("openvino", "openvino int8")
        for n in networks.values()
    )
    figures: dict[str, Any] = {"tile_seconds": tile_seconds(engines, networks), "cts": {}}
    print(figures, flush=True)
    for name in KEPT_OUT:
        volume, truth, known = load_case(name)
        labels, own = {}, figures["cts"].setdefault(name, {})
        for kind, engine in engines.items():
            start = time.perf_counter()
            found = to_tissue(
                segment(volume, package, engine, Settings()).labels.array, "kidneyseg"
            )
            labels[kind] = found
            either = (found > 0) | (labels["torch"] > 0)
            own[kind] = {
                "seconds": time.perf_counter() - start,
                "dice": dice((found > 0) & known, truth > 0),
                "labels_equal": float((found == labels["torch"])[either].mean()),
            }
        print(name, own, flush=True)
    save(figures, options.json)


if __name__ == "__main__":
    main()
