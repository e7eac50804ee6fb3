"""Models of other projects, made by hand: small networks with random weights."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

from KidneySegLib.models.nnunet_plan import network_plan
from KidneySegLib.models.unet import UNet

LABELS = {"background": 0, "kidney": 1, "tumor": 2, "cyst": 3}
INTENSITY = {"mean": 104.0, "std": 75.0, "percentile_00_5": -58.0, "percentile_99_5": 302.0}
FUNCTION = "resample_data_or_seg_to_shape"


def configuration(**changes) -> dict:
    """One configuration of nnU-Net plans."""
    return {
        "patch_size": [16, 32, 32],
        "spacing": [3.0, 2.0, 2.0],
        "normalization_schemes": ["CTNormalization"],
        "use_mask_for_norm": [False],
        "resampling_fn_data": FUNCTION,
        "resampling_fn_data_kwargs": {"order": 3, "order_z": 0, "force_separate_z": None},
        "resampling_fn_probabilities": FUNCTION,
        "resampling_fn_probabilities_kwargs": {"order": 1, "order_z": 0},
        "architecture": architecture(),
    } | changes


def architecture(d=3, **changes) -> dict:
    return {
        "network_class_name": "dynamic_network_architectures.architectures.unet.PlainConvUNet",
        "arch_kwargs": {
            "n_stages": 2,
            "features_per_stage": [4, 8],
            "conv_op": f"torch.nn.modules.conv.Conv{d}d",
            "kernel_sizes": [[3] * d] * 2,
            "strides": [[1] * d, [2] * d],
            "n_conv_per_stage": [1, 1],
            "n_conv_per_stage_decoder": [1],
            "conv_bias": True,
            "norm_op": f"torch.nn.modules.instancenorm.InstanceNorm{d}d",
            "norm_op_kwargs": {"eps": 1e-05, "affine": True},
            "dropout_op": None,
            "dropout_op_kwargs": None,
            "nonlin": "torch.nn.LeakyReLU",
            "nonlin_kwargs": {"inplace": True},
        }
        | changes,
        "_kw_requires_import": ["conv_op", "norm_op", "dropout_op", "nonlin"],
    }


def old_configuration() -> dict:
    """Of plans before nnU-Net 2.3: no architecture."""
    own = configuration()
    del own["architecture"]
    return own | {
        "UNet_class_name": "PlainConvUNet",
        "UNet_base_num_features": 4,
        "unet_max_num_features": 8,
        "n_conv_per_stage_encoder": [1, 1],
        "n_conv_per_stage_decoder": [1],
        "pool_op_kernel_sizes": [[1, 1, 1], [2, 2, 2]],
        "conv_kernel_sizes": [[3, 3, 3], [3, 3, 3]],
    }


def plans_of(own: dict | None = None, **changes) -> dict:
    return {
        "image_reader_writer": "SimpleITKIO",
        "transpose_forward": [0, 1, 2],
        "transpose_backward": [0, 1, 2],
        "configurations": {"3d_fullres": own or configuration()},
        "foreground_intensity_properties_per_channel": {"0": INTENSITY},
    } | changes


def dataset_of(**changes) -> dict:
    return {"channel_names": {"0": "CT"}, "labels": LABELS, "file_ending": ".nii.gz"} | changes


def random_state(own: dict, heads: int = 4, seed: int = 0) -> dict:
    """Weights of a configuration's network, under all names that nnU-Net stores."""
    torch.manual_seed(seed)
    plan, _ = network_plan(own, "nnUNetTrainer", len(own["patch_size"]))
    state = UNet(plan, 1, heads).state_dict()
    state |= {f"decoder.{k}": v for k, v in list(state.items()) if k.startswith("encoder.")}
    for name, tensor in list(state.items()):
        for part, place in ((".conv.", ".all_modules.0."), (".norm.", ".all_modules.1.")):
            if part in name:
                state[name.replace(part, place)] = tensor
    return state


def write_nnunet(
    home: Path, plans=None, dataset=None, *, folds=("0",), state=None, **checkpoint
) -> Path:
    """A trained folder; returns it."""
    plans, dataset = plans or plans_of(), dataset or dataset_of()
    trainer = checkpoint.get("trainer_name", "nnUNetTrainer")
    folder = home / "Dataset007_Made" / f"{trainer}__nnUNetPlans__3d_fullres"
    folder.mkdir(parents=True)
    (folder / "plans.json").write_text(json.dumps(plans))
    (folder / "dataset.json").write_text(json.dumps(dataset))
    own = plans["configurations"]["3d_fullres"]
    for n, fold in enumerate(folds):
        (folder / f"fold_{fold}").mkdir()
        content = {
            "network_weights": random_state(own, seed=n) if state is None else state,
            "_best_ema": np.float64(0.5),
            "init_args": {"configuration": "3d_fullres"},
            "trainer_name": trainer,
            "inference_allowed_mirroring_axes": (0, 1, 2),
        } | checkpoint
        torch.save(content, folder / f"fold_{fold}" / "checkpoint_final.pth")
    return folder


SEGRESNET = {
    "_target_": "SegResNetDS",
    "init_filters": 8,
    "blocks_down": [1, 1],
    "norm": "INSTANCE_NVFUSER",
    "in_channels": 1,
    "out_channels": 3,
    "dsdepth": 2,
}
NESTED = {
    "network": SEGRESNET,
    "roi_size": [32, 32, 16],
    "resample_resolution": [2.0, 2.0, 3.0],
    "intensity_bounds": [-200, 300],
    "normalize_mode": "range",
    "sigmoid": True,
    "class_index": [[1, 2, 3], [2, 3], [2]],
    "class_names": ["kidney_and_masses", "masses", "tumor"],
    "orientation_ras": True,
    "modality": "ct",
}


def write_auto3dseg(folder: Path, config=None, **checkpoint) -> Path:
    """A folder with a checkpoint; returns it."""
    from monai.networks.nets import SegResNetDS

    config = NESTED if config is None else config
    folder.mkdir(parents=True, exist_ok=True)
    options = {k: v for k, v in SEGRESNET.items() if k != "_target_"}
    torch.manual_seed(0)
    network = SegResNetDS(**options | {"norm": "INSTANCE"})
    content = {"state_dict": network.state_dict(), "config": config, "epoch": 3} | checkpoint
    torch.save(content, folder / "model.pt")
    return folder


CLASSES = ("background", "artery", "vein", "ureter", "neoplasm", "parenchyma")
UNET = {
    "_target_": "SegResNet",
    "spatial_dims": 3,
    "in_channels": 1,
    "out_channels": len(CLASSES),
    "init_filters": 8,
    "blocks_down": [1, 1],
    "blocks_up": [1],
    "dropout_prob": 0.2,
}


def inference_of(**changes) -> dict:
    scale = {"a_min": -1000, "a_max": 1000, "b_min": 0, "b_max": 1, "clip": True}
    return {
        "spacing": [2.0, 2.0, 3.0],
        "network_def": UNET,
        "network": "$@network_def.to(@device)",
        "preprocessing": {
            "_target_": "Compose",
            "transforms": [
                {"_target_": "LoadImaged", "keys": "image"},
                {"_target_": "Orientationd", "axcodes": "LPS"},
                {"_target_": "Spacingd", "pixdim": "@spacing"},
                {"_target_": "ScaleIntensityRanged", **scale},
            ],
        },
        "inferer": {"_target_": "SlidingWindowInferer", "roi_size": [32, 32, 16]},
        "postprocessing": {"transforms": [{"_target_": "Activationsd", "sigmoid": True}]},
    } | changes


def metadata_of(channels=1, names=CLASSES, modality="CT") -> dict:
    image = {"modality": modality, "num_channels": channels}
    pred = {"channel_def": {str(n): name for n, name in enumerate(names)}}
    formats = {"inputs": {"image": image}, "outputs": {"pred": pred}}
    return {"version": "0.1.0", "name": "Made", "network_data_format": formats}


def write_bundle(folder: Path, inference=None, metadata=None, weights=None) -> Path:
    """A bundle; returns its folder."""
    from monai.networks.nets import SegResNet

    for name in ("configs", "models"):
        (folder / name).mkdir(parents=True)
    (folder / "configs/inference.json").write_text(json.dumps(inference or inference_of()))
    (folder / "configs/metadata.json").write_text(json.dumps(metadata or metadata_of()))
    torch.manual_seed(0)
    options = {k: v for k, v in UNET.items() if k != "_target_"}
    stored = SegResNet(**options).state_dict() if weights is None else weights
    torch.save(stored, folder / "models/model.pt")
    return folder
