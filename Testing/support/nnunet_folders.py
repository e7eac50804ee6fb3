"""Trained folders of nnU-Net v2, made by its own code (needs nnunetv2): the oracle's side.

Networks have random weights that are smooth in space, so that their outputs have regions and not
noise.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

LABELS = {"background": 0, "kidney": 1, "tumor": 2, "cyst": 3}
REGIONS = {"background": 0, "kidney": [1, 2, 3], "masses": [2, 3], "tumor": [2]}
INTENSITY = {"mean": 104.0, "std": 75.0, "percentile_00_5": -58.0, "percentile_99_5": 302.0}
USUAL = {"is_seg": False, "order_z": 0, "force_separate_z": None}
FUNCTION = "resample_data_or_seg_to_shape"


def configuration(
    *, patch=(32, 48, 48), spacing=(2.0, 1.5, 1.5), residual=False, anisotropic=False, features=8
) -> dict:
    """One configuration of plans, as nnU-Net 2.8 writes it."""
    d = len(patch)
    flat = [1, 3, 3] if anisotropic else [3] * d
    kernels = [flat, [3] * d, [3] * d]
    strides = [[1] * d, [1, 2, 2] if anisotropic else [2] * d, [2] * d]
    name = "ResidualEncoderUNet" if residual else "PlainConvUNet"
    blocks = "n_blocks_per_stage" if residual else "n_conv_per_stage"
    return {
        "data_identifier": "x",
        "preprocessor_name": "DefaultPreprocessor",
        "batch_size": 2,
        "patch_size": list(patch),
        "median_image_size_in_voxels": [100.0] * d,
        "spacing": list(spacing),
        "normalization_schemes": ["CTNormalization"],
        "use_mask_for_norm": [False],
        "resampling_fn_data": FUNCTION,
        "resampling_fn_seg": FUNCTION,
        "resampling_fn_data_kwargs": USUAL | {"order": 3},
        "resampling_fn_seg_kwargs": USUAL | {"is_seg": True, "order": 1},
        "resampling_fn_probabilities": FUNCTION,
        "resampling_fn_probabilities_kwargs": USUAL | {"order": 1},
        "architecture": {
            "network_class_name": f"dynamic_network_architectures.architectures.unet.{name}",
            "arch_kwargs": {
                "n_stages": 3,
                "features_per_stage": [features, 2 * features, 4 * features],
                "conv_op": f"torch.nn.modules.conv.Conv{d}d",
                "kernel_sizes": kernels,
                "strides": strides,
                blocks: [1, 2, 2] if residual else [2, 2, 2],
                "n_conv_per_stage_decoder": [1, 1] if residual else [2, 2],
                "conv_bias": True,
                "norm_op": f"torch.nn.modules.instancenorm.InstanceNorm{d}d",
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


def plans_of(own: dict, *, transpose=(0, 1, 2)) -> dict:
    """Plans with one configuration that inherits from another, as 3d_fullres of ResEnc plans."""
    return {
        "dataset_name": "Dataset900_Made",
        "plans_name": "nnUNetPlans",
        "original_median_spacing_after_transp": own["spacing"],
        "original_median_shape_after_transp": [100, 100, 100],
        "image_reader_writer": "SimpleITKIO",
        "transpose_forward": list(transpose),
        "transpose_backward": [int(n) for n in np.argsort(transpose)],
        "configurations": {"3d_fullres": own},
        "experiment_planner_used": "ExperimentPlanner",
        "label_manager": "LabelManager",
        "foreground_intensity_properties_per_channel": {"0": INTENSITY},
    }


def dataset_of(*, regions=False) -> dict:
    data = {
        "channel_names": {"0": "CT"},
        "labels": REGIONS if regions else LABELS,
        "numTraining": 1,
        "file_ending": ".nii.gz",
    }
    return data | ({"regions_class_order": [1, 3, 2]} if regions else {})


def write_folder(
    home: Path, plans: dict, dataset: dict, networks: dict, *, trainer="nnUNetTrainer", final=True
) -> Path:
    """A trained folder with one network (state dict) a fold."""
    folder = home / "Dataset900_Made" / f"{trainer}__nnUNetPlans__3d_fullres"
    folder.mkdir(parents=True)
    (folder / "plans.json").write_text(json.dumps(plans))
    (folder / "dataset.json").write_text(json.dumps(dataset))
    for fold, state in networks.items():
        own = folder / f"fold_{fold}"
        own.mkdir()
        checkpoint = {
            "network_weights": state,
            "optimizer_state": {},
            "grad_scaler_state": None,
            "logging": {"ema_fg_dice": [np.float64(0.5), np.float32(0.25)]},
            "_best_ema": np.float64(0.5),
            "current_epoch": 1,
            "init_args": {"configuration": "3d_fullres", "fold": 0, "device": "cpu"},
            "trainer_name": trainer,
            "inference_allowed_mirroring_axes": tuple(
                range(len(plans["configurations"]["3d_fullres"]["patch_size"]))
            ),
        }
        name = "checkpoint_final.pth" if final else "checkpoint_best.pth"
        torch.save(checkpoint, own / name)
    return folder


def network_of(plans: dict, dataset: dict, *, seed=0) -> torch.nn.Module:
    """The network by nnU-Net's own code, with random weights."""
    from nnunetv2.utilities.get_network_from_plans import get_network_from_plans
    from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

    torch.manual_seed(seed)
    manager = PlansManager(plans)
    own = manager.get_configuration("3d_fullres")
    heads = manager.get_label_manager(dataset).num_segmentation_heads
    network = get_network_from_plans(
        own.network_arch_class_name,
        own.network_arch_init_kwargs,
        own.network_arch_init_kwargs_req_import,
        1,
        heads,
        allow_init=True,
        deep_supervision=True,
    )
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.ndim == 1:
                parameter.add_(0.1 * torch.randn_like(parameter))
    return network
