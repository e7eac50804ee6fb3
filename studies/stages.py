"""Where the time of a whole command goes, by the size of the scan.

    python studies/stages.py WORK [--quality balanced] [--device auto]

Three scans around the same kidneys, 512 x 512 x 150, 300 and 900 voxels of 0.78 x 0.78 x 1 mm. Cost
must grow with the kidneys' region, not with the scan: stages after locating take about the same.
Writes stages.json and stages.png into WORK. (A study named profile.py would hide Python's own.)
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from common import data_folder, new_figure

from KidneySegLib.core.volume import Geometry
from KidneySegLib.io.images import read_volume
from KidneySegLib.io.itk import sitk_from_volume

COUNTS = (150, 300, 900)
CASE, SPACING = "btcv_0005", (1.0, 0.78, 0.78)
_AFTER_LOCATING = ("segment", "second look", "export", "clean", "measure")


def make_ct(path: Path, slices: int) -> None:
    """A real CT on a grid of 512 x 512 x so many voxels around its kidneys."""
    ct = read_volume(data_folder() / "ct" / f"{CASE}_ct.nii.gz").canonical()
    shape = (slices, 512, 512)
    center = ct.geometry.ras_from_kji((np.array(ct.array.shape) - 1) / 2)[0]
    matrix = np.diag([*SPACING[::-1], 1.0])
    matrix[:3, 3] = center - (np.array(shape[::-1]) - 1) / 2 * SPACING[::-1]
    made = ct.resampled_to(Geometry(shape, matrix))
    whole = made.with_array(np.rint(made.array).astype(np.int16))
    sitk.WriteImage(sitk_from_volume(whole), str(path), useCompression=True)


def timed(ct: Path, out: Path, quality: str, device: str) -> dict[str, Any]:
    """Seconds of a whole command, and of its stages."""
    command = [sys.executable, "-m", "KidneySegLib", "segment", str(ct), "-o", str(out)]
    command += ["--overwrite", "--quality", quality, "--device", device]
    begun = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    seconds = time.perf_counter() - begun
    record = json.loads((out / "measurements.json").read_text())["record"]
    stages = dict(record["seconds"])
    stages["start, read, write"] = seconds - sum(stages.values())
    return {"seconds": seconds, "stages": stages, "device": record["device"]}


def draw(found: dict[str, Any], path: Path) -> None:
    """Stages as stacked bars, one bar a scan."""
    figure = new_figure(7, 4)
    axis = figure.subplots()
    names = list(found.values())[0]["stages"]
    left = np.zeros(len(found))
    for name in names:
        widths = np.array([entry["stages"].get(name, 0.0) for entry in found.values()])
        axis.barh([f"{n} slices" for n in found], widths, left=left, label=name)
        left += widths
    axis.set_xlabel("seconds")
    axis.legend(fontsize=8, ncols=3, loc="lower right", bbox_to_anchor=(1, 1))
    figure.savefig(path, dpi=120)


def main() -> None:
    """Time, draw, and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", type=Path)
    parser.add_argument("--quality", default="balanced")
    parser.add_argument("--device", default="auto")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    found = {}
    for slices in COUNTS:
        ct = options.work / f"ct{slices}.nii.gz"
        if not ct.is_file():
            make_ct(ct, slices)
        timed(ct, options.work / "out", options.quality, options.device)  # fills caches
        found[str(slices)] = timed(ct, options.work / "out", options.quality, options.device)
    after = {
        n: sum(entry["stages"].get(name, 0.0) for name in _AFTER_LOCATING)
        for n, entry in found.items()
    }
    few, many = str(COUNTS[1]), str(COUNTS[2])
    ratios = {
        "after locating, 900 to 300 slices": after[many] / after[few],
        "whole command, 900 to 300 slices": found[many]["seconds"] / found[few]["seconds"],
    }
    text = json.dumps({"scans": found, "ratios": ratios}, indent=2)
    print(text)
    (options.work / "stages.json").write_text(text + "\n")
    draw(found, options.work / "stages.png")


if __name__ == "__main__":
    main()
