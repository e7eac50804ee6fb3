"""The fine network that ships as a trained folder of nnU-Net v2: masks that are no noise.

    python studies/foreign_network.py FOLDER

Both are the same kind of U-Net, so that its tensors get other names, and its window in HU the words
of nnU-Net's plans. Networks that were trained for some minutes only (two tries, 13 and 14 minutes
on two cores) saw kidneys in half of the body, and what they saw depended on where tiles lay: a Dice
of 0.90 to 0.95 between nnU-Net's predictor and ours on the same grid. They say nothing about both.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch

from KidneySegLib.models.nnunet_plan import network_plan
from KidneySegLib.models.registry import find_model
from KidneySegLib.models.unet import UNet
from KidneySegLib.models.weights import own_tensors

CLASSES = {"background": 0, "kidney": 1, "tumor": 2, "cyst": 3}
HU = {"mean": 90.0, "std": 80.0, "percentile_00_5": -80.0, "percentile_99_5": 300.0}
FUNCTION = "resample_data_or_seg_to_shape"


def configuration(patch, spacing, features, *, bias: bool = True) -> dict:
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
                "conv_bias": bias,
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


def write_folder(home: Path, own: dict, network: torch.nn.Module, hu: dict | None = None) -> Path:
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
        "foreground_intensity_properties_per_channel": {"0": hu or HU},
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


def shipped_fine() -> tuple[dict, UNet, dict]:
    """Configuration, network and densities of the fine network that ships."""
    package = find_model()
    spec = package.stages["fine"]
    features = spec.options["filters"]
    own = configuration(spec.patch, spec.input.spacing_mm, features, bias=False)
    network = new_network(own)
    state = network.state_dict()
    for name, tensor in own_tensors(package.network("fine").load()).items():
        state[renamed(name, len(features))] = tensor
    network.load_state_dict(state)
    low, high = spec.input.normalization.clip_hu
    hu = {"mean": (low + high) / 2, "std": (high - low) / 2}
    hu |= {"percentile_00_5": low, "percentile_99_5": high}
    return own, network.eval(), hu


def renamed(name: str, stages: int) -> str:
    """Name of a tensor in nnU-Net's network."""
    part, *rest = name.split(".")
    layer = rest[-2]
    if part == "output_block":
        return f"decoder.seg_layers.{stages - 2}.{rest[-1]}"
    if part == "upsamples" and rest[1] == "transp_conv":
        return f"decoder.transpconvs.{rest[0]}.{rest[-1]}"
    kind = "norm" if layer.startswith("norm") else "conv"
    number = int((layer if kind == "norm" else rest[-3])[-1]) - 1
    if part == "upsamples":
        return f"decoder.stages.{rest[0]}.convs.{number}.{kind}.{rest[-1]}"
    stage = {"input_block": 0, "bottleneck": stages - 1}.get(part)
    stage = int(rest[0]) + 1 if stage is None else stage
    return f"encoder.stages.{stage}.0.convs.{number}.{kind}.{rest[-1]}"


def main() -> None:
    """Write the folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    own, network, hu = shipped_fine()
    print(write_folder(parser.parse_args().folder, own, network, hu))


if __name__ == "__main__":
    main()
