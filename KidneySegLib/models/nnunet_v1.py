"""From a trained folder of nnU-Net version 1 to one of version 2, offline.

Version 1 stores its plans as pickles, which can run programs: they are read by an unpickler that
builds plain containers and arrays of NumPy, and nothing else. Of the weights only names change; the
biases that version 1 does not have are zeros.
"""

from __future__ import annotations

import json
import pickle
import re
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import ModelError
from .checkpoint import load_checkpoint, numpy_scalar, plain_tensors

if TYPE_CHECKING:
    import torch

PLANS, CHECKPOINTS = "plans.pkl", ("model_final_checkpoint.model", "model_best.model")
_LARGEST_PICKLE = 512 * 2**20
_MOST_FEATURES = {3: 320, 2: 480}
_PLAIN = {"set": set, "frozenset": frozenset}
_FUNCTION = "resample_data_or_seg_to_shape"


class _Unpickler(pickle.Unpickler):
    """Builds containers, numbers and arrays; names what else a file asks for."""

    def find_class(self, module: str, name: str) -> Any:
        """The few names that are data."""
        import numpy as np

        core = getattr(np, "_core", None) or np.core
        known = {
            ("collections", "OrderedDict"): OrderedDict,
            ("numpy", "dtype"): np.dtype,
            ("numpy", "ndarray"): np.ndarray,
            **{(f"numpy.{c}.multiarray", "scalar"): numpy_scalar() for c in ("core", "_core")},
            **{
                (f"numpy.{c}.multiarray", "_reconstruct"): core.multiarray._reconstruct
                for c in ("core", "_core")
            },
        }
        if (module, name) in known:
            return known[module, name]
        if module == "builtins" and name in _PLAIN:
            return _PLAIN[name]
        raise ModelError(
            f"The plans ask for '{module}.{name}', which is no data: such a file can run programs. "
            "It was not converted."
        )


def read_plans(path: Path) -> dict[str, Any]:
    """Plans of version 1, as data.

    Raises
    ------
    ModelError
        If the file is missing, damaged, or holds anything but data; what it holds is named.
    """
    if not path.is_file():
        raise ModelError(f"There is no '{path.name}' in '{path.parent.name}'. Expected it there.")
    if path.stat().st_size > _LARGEST_PICKLE:
        raise ModelError(f"'{path.name}' is too large for plans.")
    try:
        with path.open("rb") as stream:
            plans = _Unpickler(stream).load()
    except ModelError:
        raise
    except Exception as error:  # a pickle can raise anything; nothing of it has been run
        raise ModelError(f"'{path.name}' is damaged ({error}).") from error
    if not isinstance(plans, dict):
        raise ModelError(f"'{path.name}' holds no plans.")
    return plans


def convert(folder: Path, into: Path, labels: Mapping[int, str]) -> Path:
    """Convert a trained folder.

    Parameters
    ----------
    folder : Path
        ``nnUNetTrainerV2__nnUNetPlansv2.1`` with ``plans.pkl`` and ``fold_*``.
    into : Path
        New folder for the result.
    labels : mapping
        Number and name of each class but the background: version 1 does not keep them there.

    Raises
    ------
    ModelError
        If something cannot be converted, saying what.
    """
    import torch

    if into.exists():
        raise ModelError(f"'{into}' is there already. Give a folder that is not there yet.")
    plans = read_plans(folder / PLANS)
    dataset = _dataset(plans, labels)
    own = _configuration(plans, folder)
    new_plans = _plans(plans, own)
    files = [
        (path.name, next((path / n for n in CHECKPOINTS if (path / n).is_file()), None))
        for path in sorted(folder.iterdir())
        if re.fullmatch(r"fold_\d|all|fold_all", path.name) and path.is_dir()
    ]
    found = {name: file for name, file in files if file is not None}
    if not found:
        raise ModelError(f"'{folder.name}' has no fold with one of {', '.join(CHECKPOINTS)}.")
    made = {name: _renamed(load_checkpoint(file), file.name) for name, file in found.items()}
    home = into / "nnUNetTrainer__nnUNetPlans__3d_fullres"
    home.mkdir(parents=True)
    (home / "plans.json").write_text(json.dumps(new_plans, indent=1))
    (home / "dataset.json").write_text(json.dumps(dataset, indent=1))
    for name, weights in made.items():
        fold = home / (name if name.startswith("fold") else f"fold_{name}")
        fold.mkdir()
        content = {
            "network_weights": weights,
            "trainer_name": "nnUNetTrainer",
            "init_args": {"configuration": "3d_fullres"},
            "inference_allowed_mirroring_axes": tuple(range(len(own["patch_size"]))),
        }
        torch.save(content, fold / "checkpoint_final.pth")
    return home


def _dataset(plans: Mapping[str, Any], labels: Mapping[int, str]) -> dict[str, Any]:
    """``dataset.json`` of version 2."""
    modalities = plans.get("modalities")
    kinds = list(modalities.values()) if isinstance(modalities, Mapping) else []
    classes = [int(n) for n in plans.get("all_classes", ())]
    if not classes or sorted(labels) != sorted(classes):
        raise ModelError(
            f"The model has the classes {', '.join(map(str, classes)) or 'none'}, and names were "
            f"given for {', '.join(map(str, labels)) or 'none'}. Name each of them."
        )
    return {
        "channel_names": {str(n): str(kind) for n, kind in enumerate(kinds)},
        "labels": {"background": 0, **{name: n for n, name in sorted(labels.items())}},
        "file_ending": ".nii.gz",
    }


def _configuration(plans: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """A configuration of version 2, in the words of its first plans."""
    try:
        if "cascade" in f"{folder.parent.parent.name} {folder.name}".lower():
            raise ModelError("A cascade is not supported: it needs the masks of another network.")
        stages = plans["plans_per_stage"]
        low = "3d_lowres" in f"{folder.parent.parent.name}"
        stage = stages[min(stages) if low else max(stages)]
        pools = [list(map(int, n)) for n in stage["pool_op_kernel_sizes"]]
        kernels = [list(map(int, n)) for n in stage["conv_kernel_sizes"]]
        patch = list(map(int, stage["patch_size"]))
        convolutions = int(plans.get("conv_per_stage", 2))
        usual = {"is_seg": False, "order_z": 0, "force_separate_z": None}
        return {
            "patch_size": patch,
            "spacing": [float(mm) for mm in stage["current_spacing"]][-len(patch) :],
            "normalization_schemes": [
                "CTNormalization" if kind == "CT" else "ZScoreNormalization"
                for kind in plans["normalization_schemes"].values()
            ],
            "use_mask_for_norm": [False],
            "resampling_fn_data": _FUNCTION,
            "resampling_fn_data_kwargs": usual | {"order": 3},
            "resampling_fn_probabilities": _FUNCTION,
            "resampling_fn_probabilities_kwargs": usual | {"order": 1},
            "UNet_class_name": "PlainConvUNet",
            "UNet_base_num_features": int(plans["base_num_features"]),
            "unet_max_num_features": _MOST_FEATURES[len(patch)],
            "n_conv_per_stage_encoder": [convolutions] * (len(pools) + 1),
            "n_conv_per_stage_decoder": [convolutions] * len(pools),
            "pool_op_kernel_sizes": [[1] * len(patch), *pools],
            "conv_kernel_sizes": kernels,
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelError(f"The plans cannot be converted: {error!r} is missing or odd.") from error


def _plans(plans: Mapping[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """``plans.json`` of version 2."""
    try:
        density = plans["dataset_properties"]["intensityproperties"][0]
        return {
            "image_reader_writer": "SimpleITKIO",
            "transpose_forward": [int(n) for n in plans["transpose_forward"]],
            "transpose_backward": [int(n) for n in plans["transpose_backward"]],
            "configurations": {"3d_fullres": own},
            "foreground_intensity_properties_per_channel": {
                "0": {
                    "mean": float(density["mean"]),
                    "std": float(density["sd"]),
                    "percentile_00_5": float(density["percentile_00_5"]),
                    "percentile_99_5": float(density["percentile_99_5"]),
                }
            },
        }
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ModelError(f"The plans cannot be converted: {error!r} is missing or odd.") from error


def _renamed(checkpoint: Mapping[str, Any], file: str) -> dict[str, torch.Tensor]:
    """Weights under the names of version 2.

    Raises
    ------
    ModelError
        Naming the first tensor that is none of the standard network's.
    """
    import torch

    tensors = plain_tensors(checkpoint.get("state_dict"), file)
    context = [_number(k) for k in tensors if k.startswith("conv_blocks_context.")]
    depth = 1 + max(context, default=0)
    before: dict[str, int] = {}  # blocks in the first of two parts of a level
    for key in tensors:
        match = re.match(r"(conv_blocks_\w+\.\d+)\.0\.blocks\.(\d+)\.", key)
        if match:
            before[match[1]] = max(before.get(match[1], 0), int(match[2]) + 1)
    found = {_new_name(key, before): tensor for key, tensor in tensors.items()}
    for n in range(depth - 1):
        for name, axis in (("seg_layers", 0), ("transpconvs", 1)):
            weight = found.get(f"decoder.{name}.{n}.weight")
            if weight is None:
                raise ModelError(f"'{file}' has no {name} of level {n}: not the standard network.")
            found.setdefault(f"decoder.{name}.{n}.bias", torch.zeros(weight.shape[axis]))
    return found


def _number(key: str) -> int:
    """Level of a tensor."""
    return int(key.split(".")[1])


_SINGLE = re.compile(r"conv_blocks_context\.(\d+)\.blocks\.(\d+)\.(conv|instnorm)\.(\w+)")
_DOUBLE = re.compile(
    r"conv_blocks_(context|localization)\.(\d+)\.([01])\.blocks\.(\d+)\.(conv|instnorm)\.(\w+)"
)
_OTHER = re.compile(r"(tu|seg_outputs)\.(\d+)\.(weight|bias)")
_KINDS = {"conv": "conv", "instnorm": "norm"}


def _new_name(key: str, before: Mapping[str, int]) -> str:
    """Name in version 2.

    Parameters
    ----------
    before : mapping
        Blocks in the first of two parts of a level.
    """
    if match := _SINGLE.fullmatch(key):
        level, block, kind, end = match.groups()
        return f"encoder.stages.{level}.0.convs.{block}.{_KINDS[kind]}.{end}"
    if match := _DOUBLE.fullmatch(key):
        part, level, half, block, kind, end = match.groups()
        number = int(block) + int(half) * before.get(f"conv_blocks_{part}.{level}", 0)
        home = f"encoder.stages.{level}.0" if part == "context" else f"decoder.stages.{level}"
        return f"{home}.convs.{number}.{_KINDS[kind]}.{end}"
    if match := _OTHER.fullmatch(key):
        part, level, end = match.groups()
        return f"decoder.{'transpconvs' if part == 'tu' else 'seg_layers'}.{level}.{end}"
    raise ModelError(
        f"The tensor '{key[:80]}' is none of nnU-Net version 1's standard network; other networks "
        "cannot be converted."
    )
