"""A model of nnU-Net v2 by its own predictor and by us: seconds, memory, agreement.

    .venv-nnunet/bin/python studies/foreign_speed.py WORK [--trained FOLDER] [--small]

Runs in the environment of `make test-nnunet` (nnunetv2 2.8.1). WORK gets the CT (512 x 512 x 200
voxels of 0.78 x 0.78 x 1 mm, resampled from a real one) and a KiTS-like network of full size with
random weights, for time and memory: its own predictor takes about 20 minutes on two cores.
--trained is what `foreign_network.py` wrote: a small network whose masks are no noise, for the Dice
inside of the kidneys' region. Mirroring is off in both.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
import torch
from common import OUT, dice
from foreign_network import configuration, new_network, write_folder
from stages import make_ct

from KidneySegLib.core.progress import Stages
from KidneySegLib.engine import open_engine
from KidneySegLib.engine.openvino_engine import is_installed
from KidneySegLib.io.images import read_volume
from KidneySegLib.models.opening import open_model
from KidneySegLib.segmenters import open_segmenter
from KidneySegLib.segmenters.base import QUALITIES
from KidneySegLib.segmenters.places import Hints
from KidneySegLib.segmenters.to_native import to_native

FULL = {"patch": (128, 128, 128), "spacing": (0.78, 0.78, 0.78)}
FEATURES = (32, 64, 128, 256, 320, 320)
SLICES = 200
_NOTHING = 50.0  # of background's logit


def full_size(home: Path) -> Path:
    """A KiTS-like network of full size with random weights."""
    torch.manual_seed(0)
    own = configuration(**FULL, features=FEATURES)
    network = new_network(own)
    with torch.no_grad():  # random masks would reach every wall, and regions grow there
        network.decoder.seg_layers[-1].bias[0] = _NOTHING
    return write_folder(home, own, network)


def theirs(folder: Path, ct: Path, out: Path) -> None:
    """nnU-Net's own predictor on one CT; in a process of its own."""
    here = Path(__file__).parent
    sys.path[:] = [p for p in sys.path if Path(p) != here]  # click.py is a study here
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor

    predictor = nnUNetPredictor(
        use_mirroring=False,
        perform_everything_on_device=False,
        device=torch.device("cpu"),
        allow_tqdm=False,
    )
    predictor.initialize_from_trained_model_folder(str(folder), (0,), "checkpoint_final.pth")
    predictor.predict_from_files_sequential([[str(ct)]], [str(out)], False, True)


def timed(command: list[str]) -> dict[str, float]:
    """Seconds and peak memory (GB) of a command."""
    before = time.perf_counter()
    done = subprocess.run(
        [sys.executable, str(Path(__file__)), "--timed", json.dumps(command)],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ
        | {"nnUNet_raw": "/tmp", "nnUNet_preprocessed": "/tmp", "nnUNet_results": "/tmp"},
    )
    peak = float(done.stdout.strip().splitlines()[-1])
    return {"seconds": time.perf_counter() - before, "peak_gb": peak}


def run_timed(command: list[str]) -> None:
    """Run a command and print the peak memory of it."""
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6)


def compared(folder: Path, ct: Path, work: Path) -> dict[str, Any]:
    """Both on one CT: seconds, memory, and their ratios."""
    one = [
        sys.executable,
        str(Path(__file__)),
        "--theirs",
        str(folder),
        str(ct),
        str(work / "theirs"),
    ]
    kidneyseg = str(Path(sys.executable).with_name("kidneyseg"))
    two = [kidneyseg, "segment", str(ct), "-o", str(work / "ours"), "--overwrite"]
    two += ["--model", str(folder), "--device"]
    found: dict[str, Any] = {"ours": timed([*two, "cpu"])}
    if is_installed():
        timed([*two, "openvino"])  # converts the network, once
        found["ours, openvino"] = timed([*two, "openvino"])
    print(found, flush=True)
    theirs_found = timed(one)
    for name in list(found):
        found[name]["times_faster"] = theirs_found["seconds"] / found[name]["seconds"]
        found[name]["memory_share"] = found[name]["peak_gb"] / theirs_found["peak_gb"]
    found["theirs"] = theirs_found
    return found


def agreement(folder: Path, ct: Path, work: Path) -> dict[str, float]:
    """Dice of the masks of both inside of what we looked at, before any cleaning."""
    image = read_volume(ct)
    truth = sitk.GetArrayFromImage(sitk.ReadImage(str(work / "theirs.nii.gz")))
    segmenter = open_segmenter(open_model(folder), open_engine("cpu"))
    stages = Stages(segmenter.stages(Hints()))
    view = segmenter.oriented(image)
    places = segmenter.locate(view, Hints(), stages).places
    regions = segmenter.probabilities(view, places, quality=QUALITIES["balanced"], report=stages)
    tissue = to_native(regions, image.canonical().geometry)
    inside = np.zeros(tissue.labels.shape, bool)
    for box in tissue.boxes:
        inside[box.slices] = True
    own = image.with_array(truth).canonical().array
    ours = np.where(inside, tissue.labels, 0)
    own = np.where(inside, own, 0)
    both = {"kidney with masses": dice(ours > 0, own > 0), "masses": dice(ours > 1, own > 1)}
    equal = (ours == own)[(ours > 0) | (own > 0)].mean()
    return both | {"labels equal where either is foreground": float(equal)}


def main() -> None:
    """Compare, and write the figures."""
    if sys.argv[1:2] == ["--theirs"]:
        return theirs(*map(Path, sys.argv[2:5]))
    if sys.argv[1:2] == ["--timed"]:
        return run_timed(json.loads(sys.argv[2]))
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("work", type=Path)
    options.add_argument("--trained", type=Path)
    options.add_argument("--small", action="store_true", help="without the network of full size")
    options.add_argument("--json", type=Path, default=OUT / "foreign_speed.json")
    chosen = options.parse_args()
    chosen.work.mkdir(parents=True, exist_ok=True)
    ct = chosen.work / "ct_0000.nii.gz"
    if not ct.is_file():
        make_ct(ct, SLICES)
    found: dict[str, Any] = {"threads": torch.get_num_threads()}
    if chosen.trained:
        found["trained"] = compared(chosen.trained, ct, chosen.work)
        found["trained"]["agreement"] = agreement(chosen.trained, ct, chosen.work)
        print(json.dumps(found, indent=2), flush=True)
    if not chosen.small:
        found["full size"] = compared(full_size(chosen.work / "full"), ct, chosen.work)
    print(json.dumps(found, indent=2))
    chosen.json.parent.mkdir(parents=True, exist_ok=True)
    chosen.json.write_text(json.dumps(found, indent=2) + "\n")
    return None


if __name__ == "__main__":
    main()
