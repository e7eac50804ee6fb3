"""Time, memory and accuracy of the whole command, and against two peers in the same run.

    python Testing/benchmarks/bench_pipeline.py [--runs 3]

A CT of 512 x 512 x 300 voxels is made by resampling a real one. Peers, with the same network:
(a) MONAI's SlidingWindowInferer over the whole field, probabilities interpolated over the whole
field; (b) our regions with nearest-neighbor labels instead of interpolated probabilities. Each part
runs in a process of its own, so that its peak memory is its own. The second look at slices, which
the peers do not have, is in the times of the whole command alone.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2] / "studies"))

SHAPE = (300, 512, 512)
CASE = "btcv_0034"
PARTS = ("ours", "whole-field", "nearest")


def make_ct(folder: Path) -> None:
    """Write the large CT and its truth (kidneys with masses)."""
    import SimpleITK as sitk
    from common import load_case

    from KidneySegLib.core.volume import Volume
    from KidneySegLib.io.itk import sitk_from_volume

    ct, tissue, _ = load_case(CASE)
    spacing = ct.geometry.spacing_mm * ct.array.shape / SHAPE
    grid = ct.geometry.with_spacing(spacing)
    large = ct.resampled_to(grid)
    mask = Volume((tissue > 0).astype(np.uint8), ct.geometry).resampled_to(grid).array > 0.5
    for name, array in (("ct", large.array.astype(np.int16)), ("truth", mask.astype(np.uint8))):
        image = sitk_from_volume(Volume(array, grid))
        sitk.WriteImage(image, str(folder / f"{name}.nii.gz"), useCompression=True)


def run_part(part: str, folder: Path, model: str | None) -> dict:
    """Segment the large CT one way; seconds without start-up and reading, Dice, peak memory."""
    from KidneySegLib.engine import open_engine
    from KidneySegLib.io.images import read_labels, read_volume
    from KidneySegLib.models.registry import find_model

    volume = read_volume(folder / "ct.nii.gz").canonical()
    truth = read_labels(folder / "truth.nii.gz").canonical().array > 0
    package, engine = find_model(model), open_engine("cpu")
    networks = [engine.predictor(package.network(stage)) for stage in package.stages]
    del networks
    start = time.monotonic()
    tissue = {"ours": ours, "whole-field": whole_field, "nearest": nearest}[part](
        volume, package, engine
    )
    seconds = time.monotonic() - start
    from common import dice

    return {
        "seconds": seconds,
        "dice": dice(tissue > 0, truth),
        "gigabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    }


def _regions(volume, package, engine):
    """Located and segmented regions, quality balanced."""
    from KidneySegLib.segmenters.base import QUALITIES
    from KidneySegLib.segmenters.cascade.fine import segment_regions
    from KidneySegLib.segmenters.cascade.locate import locate_kidneys

    places = locate_kidneys(
        volume, engine.predictor(package.network("locator")), package.stages["locator"]
    )
    return segment_regions(
        volume,
        places,
        engine.predictor(package.network("fine")),
        package.stages["fine"],
        quality=QUALITIES["balanced"],
    )


def ours(volume, package, engine) -> np.ndarray:
    """Locate, segment, export."""
    from KidneySegLib.segmenters.to_native import to_native

    return to_native(_regions(volume, package, engine), volume.geometry).labels


def nearest(volume, package, engine) -> np.ndarray:
    """Our regions, but each native voxel takes the label of the nearest coarse one."""
    from KidneySegLib.core.volume import axis_maps
    from KidneySegLib.segmenters.decision import decide
    from KidneySegLib.segmenters.to_native import native_box

    labels = np.zeros(volume.geometry.shape, np.uint8)
    for region in _regions(volume, package, engine):
        box = native_box(region.geometry, volume.geometry)
        maps = axis_maps(region.geometry, volume.geometry.cropped(box))
        index = [
            np.clip(np.rint(first + step * np.arange(n)), 0, size - 1).astype(int)
            for (first, step), n, size in zip(maps, box.shape, region.geometry.shape, strict=True)
        ]
        coarse = decide(*region.shares[1:])
        labels[box.slices] = np.maximum(labels[box.slices], coarse[np.ix_(*index)])
    return labels


def whole_field(volume, package, engine) -> np.ndarray:
    """MONAI's sliding window over the whole field; the largest two components are kept."""
    import torch
    from monai.inferers import SlidingWindowInferer

    from KidneySegLib.core.masks import components
    from KidneySegLib.segmenters.cascade.locate import network_input
    from KidneySegLib.segmenters.decision import decide

    spec = package.stages["fine"]
    grid = volume.geometry.with_spacing((spec.spacing_mm,) * 3)
    image = torch.from_numpy(network_input(volume, grid, spec.window_hu))[None, None]
    predictor = engine.predictor(package.network("fine"))
    inferer = SlidingWindowInferer(spec.patch, 1, overlap=0.5, mode="gaussian")
    shares = inferer(image, lambda tiles: torch.from_numpy(predictor(tiles.numpy())))
    full = torch.nn.functional.interpolate(shares, volume.geometry.shape, mode="trilinear")
    labels = decide(*full[0, 1:].numpy())
    parts = sorted(components(labels > 0), key=lambda p: -p[1].sum())
    for where, part in parts[2:]:
        labels[where][part] = 0
    return labels


def time_command(folder: Path, quality: str, model: str | None) -> dict:
    """Wall seconds and peak memory of ``kidneyseg segment``."""
    command = [sys.executable, "-m", "KidneySegLib", "segment", str(folder / "ct.nii.gz")]
    command += ["-o", str(folder / "out"), "--quality", quality, "--device", "cpu", "--overwrite"]
    command += ["--model", model] if model else []
    code = (
        "import json, resource, subprocess, sys, time\n"
        "t = time.monotonic()\n"
        "subprocess.run(sys.argv[1:], check=True, capture_output=True)\n"
        "peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20\n"
        "print(json.dumps({'seconds': time.monotonic() - t, 'gigabytes': peak}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *command], check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout)


def main() -> None:
    """Print medians and ratios."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--model")
    options.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    options.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = options.parse_args()
    if arguments.part:
        print(json.dumps(run_part(arguments.part, arguments.folder, arguments.model)))
        return
    with tempfile.TemporaryDirectory() as name:
        _compare(Path(name), arguments.runs, arguments.model)


def _compare(folder: Path, runs: int, model: str | None) -> None:
    """Make the CT, time the command, then the parts in turn."""
    make_ct(folder)
    print(f"CT of {' x '.join(map(str, SHAPE[::-1]))} voxels, whole command, median of {runs}:")
    for quality in ("fast", "balanced", "best"):
        rows = [time_command(folder, quality, model) for _ in range(runs)]
        seconds, peak = (np.median([r[k] for r in rows]) for k in ("seconds", "gigabytes"))
        print(f"  {quality:9} {seconds:6.1f} s   peak memory {peak:.2f} GiB")
    rows = {part: [] for part in PARTS}
    for _ in range(runs):
        for part in PARTS:
            command = [sys.executable, __file__, "--part", part, "--folder", str(folder)]
            command += ["--model", model] if model else []
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            rows[part].append(json.loads(done.stdout.splitlines()[-1]))
    mid = {p: {k: float(np.median([r[k] for r in v])) for k in v[0]} for p, v in rows.items()}
    print("network and export only (balanced), and ratios to ours:")
    for part in PARTS:
        row, base = mid[part], mid["ours"]
        print(
            f"  {part:12} {row['seconds']:6.1f} s ({row['seconds'] / base['seconds']:4.1f}x)"
            f"   {row['gigabytes']:.2f} GiB ({row['gigabytes'] / base['gigabytes']:.1f}x)"
            f"   Dice {row['dice']:.3f} ({row['dice'] - base['dice']:+.3f})"
        )


if __name__ == "__main__":
    main()
