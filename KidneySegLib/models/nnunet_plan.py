"""The network that an nnU-Net plan describes, from allow-lists of names."""

from __future__ import annotations

from typing import Any

from ..core.errors import ModelError
from .foreign import numbers, whole_numbers
from .unet_plan import Parts, UNetPlan

_PLAIN, _RESIDUAL = "PlainConvUNet", "ResidualEncoderUNet"
_NETWORKS = {
    "dynamic_network_architectures.architectures.unet.PlainConvUNet": _PLAIN,
    "dynamic_network_architectures.architectures.unet.ResidualEncoderUNet": _RESIDUAL,
    "dynamic_network_architectures.architectures.residual_unet.ResidualEncoderUNet": _RESIDUAL,
}
# Standard networks are what these build; what other trainers build is judged by its tensors.
_KNOWN_TRAINERS = ("nnUNetTrainer",)
_MOST_STAGES, _MOST_FEATURES, _MOST_BLOCKS = 12, 2048, 16
_NORMS = ("InstanceNorm{d}d", "BatchNorm{d}d")
_ACTIVATIONS = ("LeakyReLU", "ReLU", "GELU", "SiLU", "ELU")
_IGNORED = {"deep_supervision", "nonlin_first", "input_channels", "num_classes", "n_stages"}
_READ = {
    "features_per_stage", "conv_op", "kernel_sizes", "strides", "n_conv_per_stage",
    "n_blocks_per_stage", "n_conv_per_stage_decoder", "conv_bias", "norm_op", "norm_op_kwargs",
    "dropout_op", "dropout_op_kwargs", "nonlin", "nonlin_kwargs", "stem_channels", "block", "pool",
    "pool_type",
}  # fmt: skip


def network_plan(
    configuration: dict[str, Any], trainer: str, dimensions: int
) -> tuple[UNetPlan, list[str]]:
    """Plan of the network, and remarks.

    Raises
    ------
    ModelError
        If the plans name a network or layer that is not in the lists, or sizes that do not fit
        together.
    """
    name, options = _described(configuration, dimensions)
    residual = name == _RESIDUAL
    features = whole_numbers(options.get("features_per_stage"), "features", most=_MOST_FEATURES)
    stages = len(features)
    if not 2 <= stages <= _MOST_STAGES:
        raise ModelError(f"The model's network has {stages} stages. Expected 2 to {_MOST_STAGES}.")
    blocks = "n_blocks_per_stage" if residual else "n_conv_per_stage"
    plan = UNetPlan(
        features=features,
        kernels=_sizes(options.get("kernel_sizes"), "kernel sizes", stages, dimensions, most=11),
        strides=_sizes(options.get("strides"), "strides", stages, dimensions, most=8),
        encoder=_counts(options.get(blocks), "blocks in the encoder", stages),
        decoder=_counts(
            options.get("n_conv_per_stage_decoder"), "blocks in the decoder", stages - 1
        ),
        residual=residual,
        parts=_parts(options, dimensions),
    )
    remarks = []
    if trainer not in _KNOWN_TRAINERS:
        remarks.append(
            f"The model was trained by '{trainer[:60]}', which is not known; its weights fit the "
            f"network of its plans ({name})."
        )
    return plan, remarks


def _described(configuration: dict[str, Any], dimensions: int) -> tuple[str, dict[str, Any]]:
    """Name and options of the network, from plans of either kind."""
    architecture = configuration.get("architecture")
    if architecture is None:
        return _of_old_plans(configuration, dimensions)
    if not isinstance(architecture, dict) or not isinstance(architecture.get("arch_kwargs"), dict):
        raise ModelError("The model's plans do not describe its network.")
    full = str(architecture.get("network_class_name"))
    if full not in _NETWORKS:
        raise ModelError(
            f"The model's network is '{full[:100]}', which is not supported. Supported: "
            f"{_PLAIN} and {_RESIDUAL} of nnU-Net."
        )
    options = architecture["arch_kwargs"]
    unknown = sorted(set(options) - _READ - _IGNORED)
    if unknown:
        raise ModelError(
            f"The model's network has the option '{unknown[0][:60]}', which is not supported."
        )
    for name, usual in (("nonlin_first", False), ("pool_type", "conv"), ("pool", "conv")):
        if options.get(name, usual) != usual:
            raise ModelError(f"The model's network has '{name}' set, which is not supported.")
    if "block" in options and not str(options["block"]).endswith("BasicBlockD"):
        raise ModelError("The model's network has other residual blocks than the usual ones.")
    first = options.get("features_per_stage")
    stem = options.get("stem_channels")
    if stem is not None and not (isinstance(first, list) and first[:1] == [stem]):
        raise ModelError("The model's network begins with a stem of its own size: not supported.")
    return _NETWORKS[full], options


def _of_old_plans(configuration: dict[str, Any], dimensions: int) -> tuple[str, dict[str, Any]]:
    """Name and options that plans before nnU-Net 2.3 stand for."""
    name = configuration.get("UNet_class_name")
    if name not in (_PLAIN, _RESIDUAL):
        raise ModelError(
            f"The model's network is '{str(name)[:100]}', which is not supported. Supported: "
            f"{_PLAIN} and {_RESIDUAL} of nnU-Net v2."
        )
    base, most = (
        whole_numbers(configuration.get(key), key, most=_MOST_FEATURES)[0]
        for key in ("UNet_base_num_features", "unet_max_num_features")
    )
    blocks = configuration.get("n_conv_per_stage_encoder")
    stages = len(blocks) if isinstance(blocks, list) else 0
    return name, {
        "features_per_stage": [min(base * 2**n, most) for n in range(min(stages, 20))],
        "kernel_sizes": configuration.get("conv_kernel_sizes"),
        "strides": configuration.get("pool_op_kernel_sizes"),
        "n_conv_per_stage" if name == _PLAIN else "n_blocks_per_stage": blocks,
        "n_conv_per_stage_decoder": configuration.get("n_conv_per_stage_decoder"),
        "conv_bias": True,
        "norm_op": f"torch.nn.modules.instancenorm.InstanceNorm{dimensions}d",
        "norm_op_kwargs": {"eps": 1e-5, "affine": True},
        "nonlin": "torch.nn.LeakyReLU",
        "nonlin_kwargs": {"inplace": True},
    }


def _sizes(
    value: Any, what: str, stages: int, dimensions: int, *, most: int
) -> tuple[tuple[int, ...], ...]:
    """One size an axis for each stage; a plain number stands for all axes."""
    if not isinstance(value, list) or len(value) != stages:
        raise ModelError(f"The model's {what} do not fit its {stages} stages.")
    found = [whole_numbers(v, what, most=most) for v in value]
    found = [v * dimensions if len(v) == 1 else v for v in found]
    if any(len(v) != dimensions for v in found):
        raise ModelError(f"The model's {what} do not fit its {dimensions} axes.")
    return tuple(found)


def _counts(value: Any, what: str, stages: int) -> tuple[int, ...]:
    """Blocks of each stage."""
    found = whole_numbers(value, what, most=_MOST_BLOCKS)
    found = found * stages if not isinstance(value, list) else found
    if len(found) != stages:
        raise ModelError(f"The model's {what} do not fit its stages.")
    return found


def _parts(options: dict[str, Any], dimensions: int) -> Parts:
    """Layers by name, from the allow-lists."""
    conv = f"Conv{dimensions}d"
    _layer(options.get("conv_op", f"torch.nn.{conv}"), (conv,))
    norm = _layer(options.get("norm_op"), tuple(n.format(d=dimensions) for n in _NORMS))
    activation = _layer(options.get("nonlin"), _ACTIVATIONS)
    _layer(options.get("dropout_op"), (f"Dropout{dimensions}d", "Dropout"))  # nothing at inference
    norm_options = _options(options.get("norm_op_kwargs"), {"eps", "affine", "momentum"})
    slope = _options(options.get("nonlin_kwargs"), {"inplace", "negative_slope", "alpha"})
    return Parts(
        dimensions=dimensions,
        bias=options.get("conv_bias") is True,
        norm=norm,
        norm_options=norm_options,
        activation=activation,
        activation_options=slope,
    )


def _layer(name: Any, known: tuple[str, ...]) -> str:
    """Short name of a torch layer that is in a list; empty for none.

    Raises
    ------
    ModelError
        If it is another one.
    """
    if name is None:
        return ""
    home, _, short = str(name).rpartition(".")
    if short not in known or not (home == "torch.nn" or home.startswith("torch.nn.modules.")):
        raise ModelError(
            f"The model's network has a layer '{str(name)[:100]}', which is not supported. "
            f"Supported: {', '.join(known)} of torch."
        )
    return short


def _options(value: Any, known: set[str]) -> dict[str, Any]:
    """Options of a layer: numbers and switches."""
    if value is None:
        return {}
    if not isinstance(value, dict) or set(value) - known:
        raise ModelError("The model's network has layers with options that are not supported.")
    return {
        name: x if isinstance(x, bool) else numbers(x, f"option '{name}'", low=0, high=10)[0]
        for name, x in value.items()
    }
