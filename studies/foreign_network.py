"""A small nnU-Net that has learned something: for comparisons in which masks must not be noise.

    python studies/foreign_network.py FOLDER [--minutes 10]

Trains a plain U-Net of 1.4 million weights on the team's labeled CTs for some minutes, and writes
it as a trained folder of nnU-Net v2. It is no model for anybody: nothing of it ships.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from common import KEPT_OUT, data_folder, load_canonical

from KidneySegLib.core.volume import Volume
from KidneySegLib.models.nnunet_plan import network_plan
from KidneySegLib.models.unet import UNet

PATCH, SPACING = (48, 56, 56), (3.0, 2.5, 2.5)
FEATURES = [16, 32, 64, 128]
CLASSES = {"background": 0, "kidney": 1, "tumor": 2, "cyst": 3}
HU = {"mean": 90.0, "std": 80.0, "percentile_00_5": -80.0, "percentile_99_5": 300.0}
FUNCTION = "resample_data_or_seg_to_shape"


def configuration(patch=PATCH, spacing=SPACING, features=FEATURES) -> dict:
    """A configuration as nnU-Net 2.8 writes it."""
    n = len(features)
    usual = {"is_seg": False, "order_z": 0, "force_separate_z": None}
    return {
        "data_identifier": "study",
        "preprocessor_name": "DefaultPreprocessor",
        "batch_size": 2,
        "patch_size": list(patch),
        "median_image_size_in_voxels": [200.0, 250.0, 250.0],
        "spacing": list(spacing),
        "normalization_schemes": ["CTNormalization"],
        "use_mask_for_norm": [False],
        "resampling_fn_data": FUNCTION,
        "resampling_fn_seg": FUNCTION,
        "resampling_fn_data_kwargs": usual | {"order": 3},
        "resampling_fn_seg_kwargs": usual | {"is_seg": True, "order": 1},
        "resampling_fn_probabilities": FUNCTION,
        "resampling_fn_probabilities_kwargs": usual | {"order": 1},
        "architecture": {
            "network_class_name": "dynamic_network_architectures.architectures.unet.PlainConvUNet",
            "arch_kwargs": {
                "n_stages": n,
                "features_per_stage": list(features),
                "conv_op": "torch.nn.modules.conv.Conv3d",
                "kernel_sizes": [[3, 3, 3]] * n,
                "strides": [[1, 1, 1]] + [[2, 2, 2]] * (n - 1),
                "n_conv_per_stage": [2] * n,
                "n_conv_per_stage_decoder": [2] * (n - 1),
                "conv_bias": True,
                "norm_op": "torch.nn.modules.instancenorm.InstanceNorm3d",
                "norm_op_kwargs": {"eps": 1e-05, "affine": True},
                "dropout_op": None,
                "dropout_op_kwargs": None,
                "nonlin": "torch.nn.LeakyReLU",
                "nonlin_kwargs": {"inplace": True},
            },
            "_kw_requires_import": ["conv_op", "norm_op", "dropout_op", "nonlin"],
        },
        "batch_dice": False,
    }


def new_network(own: dict) -> UNet:
    """The network of a configuration, with random weights."""
    plan, _ = network_plan(own, "nnUNetTrainer", 3)
    return UNet(plan, 1, len(CLASSES))


def write_folder(home: Path, own: dict, network: torch.nn.Module) -> Path:
    """A trained folder of nnU-Net v2; its tensors stand under all names that nnU-Net gives them."""
    folder = home / "Dataset901_Study" / "nnUNetTrainer__nnUNetPlans__3d_fullres"
    (folder / "fold_0").mkdir(parents=True, exist_ok=True)
    plans = {
        "dataset_name": "Dataset901_Study",
        "plans_name": "nnUNetPlans",
        "original_median_spacing_after_transp": own["spacing"],
        "original_median_shape_after_transp": [200, 250, 250],
        "image_reader_writer": "SimpleITKIO",
        "transpose_forward": [0, 1, 2],
        "transpose_backward": [0, 1, 2],
        "configurations": {"3d_fullres": own},
        "experiment_planner_used": "ExperimentPlanner",
        "label_manager": "LabelManager",
        "foreground_intensity_properties_per_channel": {"0": HU},
    }
    dataset = {"channel_names": {"0": "CT"}, "labels": CLASSES, "file_ending": ".nii.gz"}
    (folder / "plans.json").write_text(json.dumps(plans, indent=1))
    (folder / "dataset.json").write_text(json.dumps(dataset | {"numTraining": 1}, indent=1))
    checkpoint = {
        "network_weights": aliased(network.state_dict()),
        "trainer_name": "nnUNetTrainer",
        "init_args": {"configuration": "3d_fullres", "fold": 0},
        "inference_allowed_mirroring_axes": (0, 1, 2),
    }
    torch.save(checkpoint, folder / "fold_0" / "checkpoint_final.pth")
    return folder


def aliased(state: dict) -> dict:
    """Tensors also under the second names that nnU-Net's blocks and decoders give them."""
    both = dict(state)
    for name, tensor in state.items():
        if name.startswith("encoder."):
            both[f"decoder.{name}"] = tensor
    for name, tensor in dict(both).items():
        for part, place in ((".conv.", ".all_modules.0."), (".norm.", ".all_modules.1.")):
            if part in name:
                both[name.replace(part, place)] = tensor
    return both


def cases() -> list[tuple[np.ndarray, np.ndarray]]:
    """Normalized CTs and labels (1 kidney, 2 tumor, 3 cyst) on the network's grid."""
    found = []
    for path in sorted((data_folder() / "ct").glob("*_ct.nii.gz")):
        name = path.name.removesuffix("_ct.nii.gz")
        if name in KEPT_OUT:
            continue
        ct, tissue, _ = load_canonical(name)
        grid = ct.geometry.with_spacing(SPACING)
        image = ct.resampled_to(grid, limits=(HU["percentile_00_5"], HU["percentile_99_5"])).array
        shares = [
            Volume((tissue == n).astype(np.float32), ct.geometry).resampled_to(grid).array
            for n in range(4)
        ]
        found.append(((image - HU["mean"]) / HU["std"], np.argmax(shares, axis=0)))
    return found


def sample(rng: np.random.Generator, data: list) -> tuple[np.ndarray, np.ndarray]:
    """A patch, mostly around a kidney, mirrored by chance."""
    image, labels = data[rng.integers(len(data))]
    spots = np.argwhere(labels[::4, ::4, ::4] > 0) * 4
    anywhere = rng.random() < 0.25 or len(spots) == 0
    middle = rng.integers(0, image.shape) if anywhere else spots[rng.integers(len(spots))]
    pads = [(n, n) for n in PATCH]
    start = np.asarray(middle) + np.array(PATCH) // 2 + rng.integers(-16, 17, 3)
    where = tuple(slice(int(a), int(a) + n) for a, n in zip(start, PATCH, strict=True))
    image, labels = np.pad(image, pads)[where], np.pad(labels, pads)[where]
    for axis in range(3):
        if rng.random() < 0.5:
            image, labels = np.flip(image, axis), np.flip(labels, axis)
    return image[None].astype(np.float32), labels.astype(np.int64)


def loss_of(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Cross-entropy and soft Dice."""
    shares = torch.softmax(logits, 1)
    truth = torch.nn.functional.one_hot(labels, len(CLASSES)).movedim(-1, 1).float()
    both, sums = (shares * truth).sum((0, 2, 3, 4)), (shares + truth).sum((0, 2, 3, 4))
    dice = (2 * both + 1) / (sums + 1)
    return torch.nn.functional.cross_entropy(logits, labels) + 1 - dice[1:].mean()


def main() -> None:
    """Train, and write the folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--minutes", type=float, default=10)
    options = parser.parse_args()
    torch.manual_seed(0)
    rng, own, data = np.random.default_rng(0), configuration(), cases()
    network = new_network(own)
    best = torch.optim.AdamW(network.parameters(), 3e-3)
    begun, step, share = time.monotonic(), 0, 0.0
    while share < 1:
        share = (time.monotonic() - begun) / (60 * options.minutes)
        best.param_groups[0]["lr"] = 3e-3 * max(0.0, 1 - share) ** 0.9
        images, labels = zip(*(sample(rng, data) for _ in range(2)), strict=True)
        with torch.autocast("cpu", torch.bfloat16):
            logits = network(torch.from_numpy(np.stack(images)))
        loss = loss_of(logits.float(), torch.from_numpy(np.stack(labels)))
        best.zero_grad()
        loss.backward()
        best.step()
        step += 1
        if step % 50 == 0:
            print(f"step {step}: {loss.item():.3f}", flush=True)
    print(write_folder(options.folder, own, network.eval()))


if __name__ == "__main__":
    main()
