"""Models of MONAI by its own transforms and inferer and by us: seconds, memory, agreement.

    python studies/monai_speed.py WORK

Two models. The fine network that ships, a DynUNet, written as a bundle: masks that are no noise,
for the Dice in the kidneys' region. Auto3DSeg's SegResNet of the size that won KiTS23 but half
its width (0.78 mm, tiles of 128 voxels, 16 filters; `--filters` for slow computers), with random
weights, for time and memory.
Tiles overlap by 0.625 in both, as Auto3DSeg has it. The CT is that of `foreign_speed.py`: 512 x 512
x 200 voxels of 0.78 x 0.78 x 1 mm. MONAI runs in bfloat16 where we do, on the same threads.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
import torch
from common import OUT
from foreign_speed import SLICES, agreement, timed
from stages import make_ct

from KidneySegLib.engine.device import autocast_type
from KidneySegLib.models.registry import find_model
from KidneySegLib.models.weights import own_tensors

CLASSES = ("background", "kidney", "tumor", "cyst")
OVERLAP, NOTHING = 0.625, 50.0  # of tiles; of the logits of random weights
SEGRESNET = {
    "_target_": "SegResNetDS",
    "init_filters": 16,
    "blocks_down": [1, 2, 2, 4, 4],
    "norm": "INSTANCE",
    "in_channels": 1,
    "out_channels": 3,
    "dsdepth": 4,
}
KITS23 = {
    "network": SEGRESNET,
    "roi_size": [128, 128, 128],
    "resample_resolution": [0.78125] * 3,
    "intensity_bounds": [-200, 300],
    "normalize_mode": "range",
    "sigmoid": True,
    "class_index": [[1, 2, 3], [2, 3], [2]],
    "class_names": ["kidney_and_masses", "masses", "tumor"],
    "orientation_ras": True,
    "crop_foreground": True,
    "modality": "ct",
}


def write_bundle(folder: Path) -> Path:
    """The fine network as a bundle."""
    package = find_model()
    spec = package.stages["fine"]
    low, high = spec.input.normalization.clip_hu
    filters = spec.options["filters"]
    depth = len(filters)
    network = {
        "_target_": "DynUNet",
        "spatial_dims": 3,
        "in_channels": 1,
        "out_channels": len(CLASSES),
        "filters": filters,
        "kernel_size": [3] * depth,
        "strides": [1] + [2] * (depth - 1),
        "upsample_kernel_size": [2] * (depth - 1),
        "norm_name": ["INSTANCE", {"affine": True}],
    }
    scale = {"a_min": low, "a_max": high, "b_min": -1.0, "b_max": 1.0, "clip": True}
    steps = [
        {"_target_": "LoadImaged", "ensure_channel_first": True},
        {"_target_": "Orientationd", "axcodes": "SAR"},
        {"_target_": "ScaleIntensityRanged", **scale},
        {"_target_": "Spacingd", "pixdim": list(spec.input.spacing_mm)},
    ]
    inferer = {"roi_size": list(spec.patch), "overlap": OVERLAP, "mode": "gaussian"}
    inference = {
        "network_def": network,
        "preprocessing": {"transforms": [step | {"keys": "image"} for step in steps]},
        "inferer": {"_target_": "SlidingWindowInferer", **inferer},
    }
    image = {"modality": "CT", "num_channels": 1}
    names = {str(n): name for n, name in enumerate(CLASSES)}
    formats = {"inputs": {"image": image}, "outputs": {"pred": {"channel_def": names}}}
    metadata = {"version": "1", "name": "fine", "network_data_format": formats}
    for name in ("configs", "models"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "configs/inference.json").write_text(json.dumps(inference))
    (folder / "configs/metadata.json").write_text(json.dumps(metadata))
    torch.save(own_tensors(package.network("fine").load()), folder / "models/model.pt")
    return folder


def write_auto3dseg(folder: Path, filters: int) -> Path:
    """A network of full depth with random weights, which finds nothing."""
    from monai.networks.nets import SegResNetDS

    torch.manual_seed(0)
    described = SEGRESNET | {"init_filters": filters}
    network = SegResNetDS(**without_target(described))
    with torch.no_grad():
        for name, tensor in network.named_parameters():
            if name.endswith("head.bias"):
                tensor -= NOTHING
    folder.mkdir(parents=True, exist_ok=True)
    content = {"state_dict": network.state_dict(), "config": KITS23 | {"network": described}}
    torch.save(content, folder / "model.pt")
    return folder


def without_target(described: dict) -> dict:
    """Options of a description."""
    return {k: v for k, v in described.items() if k != "_target_"}


def of_bundle(folder: Path) -> tuple[torch.nn.Module, Any, dict]:
    """Network, transforms and inferer's options of the bundle."""
    from monai import transforms
    from monai.networks.nets import DynUNet

    told = json.loads((folder / "configs/inference.json").read_text())
    network = DynUNet(**without_target(told["network_def"]))
    network.load_state_dict(torch.load(folder / "models/model.pt"), strict=False)
    steps = told["preprocessing"]["transforms"]
    chain = [getattr(transforms, step["_target_"])(**without_target(step)) for step in steps]
    return network, transforms.Compose(chain), without_target(told["inferer"])


def of_auto3dseg(folder: Path) -> tuple[torch.nn.Module, Any, dict]:
    """The same of Auto3DSeg's checkpoint."""
    from monai import transforms as t
    from monai.networks.nets import SegResNetDS

    saved = torch.load(folder / "model.pt", weights_only=True)
    network = SegResNetDS(**without_target(saved["config"]["network"]))
    network.load_state_dict(saved["state_dict"])
    spacing = np.array(KITS23["resample_resolution"])
    chain = [
        t.LoadImaged("image", ensure_channel_first=True),
        t.Orientationd("image", axcodes="RAS"),
        t.CropForegroundd("image", "image", margin=10, allow_smaller=True),
        t.ScaleIntensityRanged("image", *KITS23["intensity_bounds"], -1, 1, clip=False),
        t.Lambdad("image", torch.sigmoid),
        t.Spacingd("image", spacing, min_pixdim=spacing * 0.75, max_pixdim=spacing * 1.25),
    ]
    inferer = {"roi_size": KITS23["roi_size"], "overlap": OVERLAP, "mode": "gaussian"}
    return network, t.Compose(chain), inferer


def theirs(folder: Path, ct: Path, out: Path) -> None:
    """MONAI's transforms and inferer on one CT; in a process of its own."""
    here = Path(__file__).parent
    sys.path[:] = [p for p in sys.path if Path(p) != here]  # click.py is a study here
    from monai import transforms
    from monai.data import decollate_batch, list_data_collate
    from monai.inferers import SlidingWindowInferer
    from monai.utils import convert_to_dst_type

    is_bundle = (folder / "configs").is_dir()
    network, chain, options = (of_bundle if is_bundle else of_auto3dseg)(folder)
    network.eval()
    batch = list_data_collate([chain({"image": str(ct)})])
    dtype = autocast_type(torch.device("cpu"))
    with torch.inference_mode(), torch.autocast("cpu", dtype, enabled=dtype is not None):
        logits = SlidingWindowInferer(sw_batch_size=1, **options)(
            batch["image"].as_tensor(),
            lambda x: found if torch.is_tensor(found := network(x)) else found[0],
        ).float()
    shares = torch.softmax(logits, 1) if is_bundle else torch.sigmoid(logits)
    batch["pred"] = convert_to_dst_type(shares.clone(), batch["image"])[0]
    back = transforms.Invertd("pred", orig_keys="image", transform=chain, nearest_interp=False)
    found = back(decollate_batch(batch)[0])["pred"]
    labels = (found.argmax(0) if is_bundle else (found > 0.5).sum(0)).numpy().astype(np.uint8)
    image = sitk.GetImageFromArray(np.ascontiguousarray(labels.transpose(2, 1, 0)))
    image.CopyInformation(sitk.ReadImage(str(ct)))
    sitk.WriteImage(image, str(out) + ".nii.gz")


def compared(folder: Path, ct: Path, work: Path) -> dict[str, Any]:
    """Both on one CT: seconds, memory, and their ratios."""
    own = [sys.executable, str(Path(__file__)), "--theirs", str(folder), str(ct)]
    command = [str(Path(sys.executable).with_name("kidneyseg")), "segment", str(ct), "--overwrite"]
    command += ["-o", str(work / "ours"), "--model", str(folder), "--device", "cpu"]
    found: dict[str, Any] = {"ours": timed(command)}
    found["theirs"] = timed([*own, str(work / "theirs")])
    found["times_faster"] = found["theirs"]["seconds"] / found["ours"]["seconds"]
    found["memory_share"] = found["ours"]["peak_gb"] / found["theirs"]["peak_gb"]
    return found


def main() -> None:
    """Compare, and write the figures."""
    if sys.argv[1:2] == ["--theirs"]:
        return theirs(*map(Path, sys.argv[2:5]))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", type=Path)
    parser.add_argument("--small", action="store_true", help="without the network of full size")
    parser.add_argument("--filters", type=int, default=16, help="the large network's width")
    parser.add_argument("--json", type=Path, default=OUT / "monai_speed.json")
    chosen = parser.parse_args()
    chosen.work.mkdir(parents=True, exist_ok=True)
    ct = chosen.work / "ct_0000.nii.gz"
    if not ct.is_file():
        make_ct(ct, SLICES)
    folder = write_bundle(chosen.work / "bundle")
    found: dict[str, Any] = {"threads": torch.get_num_threads()}
    found["bundle"] = compared(folder, ct, chosen.work)
    found["bundle"]["agreement"] = agreement(folder, ct, chosen.work)
    print(json.dumps(found, indent=2), flush=True)
    if not chosen.small:
        folder = write_auto3dseg(chosen.work / "auto3dseg", chosen.filters)
        found["auto3dseg"] = compared(folder, ct, chosen.work)
        print(json.dumps(found, indent=2))
    chosen.json.parent.mkdir(parents=True, exist_ok=True)
    chosen.json.write_text(json.dumps(found, indent=2) + "\n")
    return None


if __name__ == "__main__":
    main()
