"""Networks of MONAI that a model of another project may name: an allow-list with its options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..core.errors import ModelError
from .foreign import numbers, whole_numbers

if TYPE_CHECKING:
    from torch import nn

_HOMES = ("", "monai.networks.nets.")
_LISTS = {  # options that are whole numbers, one or several, and the most that each may be
    "init_filters": 256, "filters": 2048, "channels": 2048, "blocks_down": 16, "blocks_up": 16,
    "strides": 8, "kernel_size": 11, "up_kernel_size": 11, "upsample_kernel_size": 8,
    "num_res_units": 8, "in_channels": 16, "out_channels": 1000, "dsdepth": 12, "spatial_dims": 3,
    "deep_supr_num": 8, "features": 2048,
}  # fmt: skip
_SWITCHES = ("use_conv_final", "deep_supervision", "res_block", "trans_bias", "bias")
_WORDS = {
    "norm": ("instance", "batch", "group", "instance_nvfuser"),
    "norm_name": ("instance", "batch", "group", "instance_nvfuser"),
    "act": ("relu", "prelu", "leakyrelu", "elu", "gelu", "swish", "mish"),
    "act_name": ("relu", "prelu", "leakyrelu", "elu", "gelu", "swish", "mish"),
    "upsample_mode": ("nontrainable", "deconv", "pixelshuffle"),
    "upsample": ("deconv", "nontrainable", "pixelshuffle"),
    "adn_ordering": ("nda", "na", "nad"),
}
_NAMES = ("SegResNet", "SegResNetDS", "UNet", "DynUNet", "BasicUNet")
_DROPPED = ("dropout", "dropout_prob")  # nothing at inference
_MOST_DEPTH = 9


def monai_network(
    described: Mapping[str, Any], *, channels: int, classes: int
) -> tuple[str, dict[str, Any]]:
    """Name and options of a network that a model's files describe.

    Parameters
    ----------
    described : mapping
        ``_target_`` and options.
    channels, classes : int
        Images that it must read, and channels that it must give.

    Raises
    ------
    ModelError
        If the network or an option is not in the lists.
    """
    target = str(described.get("_target_"))
    short = target.rpartition(".")[2]
    home = target[: len(target) - len(short)]
    known_home = home in _HOMES or home.startswith("monai.networks.nets.")
    if short not in _NAMES or not known_home:
        raise ModelError(
            f"The model's network is '{target[:100]}', which is not supported. Supported: "
            f"{', '.join(_NAMES)} of MONAI."
        )
    options: dict[str, Any] = {}
    for name, value in described.items():
        if name not in ("_target_", "_disabled_", *_DROPPED):
            options[name] = _option(name, value)
    options |= {"in_channels": channels, "out_channels": classes}
    return short, options


def _option(name: str, value: Any) -> Any:
    """One option, checked."""
    if name in _SWITCHES:
        if not isinstance(value, bool):
            raise ModelError(f"The model's network has '{name}' set to what is no switch.")
        return value
    if name in _LISTS:
        nested = isinstance(value, (list, tuple)) and any(isinstance(v, list) for v in value)
        most = _LISTS[name]
        if nested:
            return [_option(name, v) for v in value]
        found = whole_numbers(value, f"'{name}'", least=0, most=most)
        if len(found) > _MOST_DEPTH:
            raise ModelError(f"The model's network has {len(found)} levels in '{name}'.")
        return list(found) if isinstance(value, (list, tuple)) else found[0]
    if name == "resolution" and value is not None:
        return list(numbers(value, "'resolution'", count=3, low=0.05, high=50))
    if name in _WORDS:
        return _word(name, value)
    if value is None:
        return None
    raise ModelError(f"The model's network has the option '{name[:60]}', which is not supported.")


def _word(name: str, value: Any) -> Any:
    """A layer's name, alone or with plain options."""
    own, more = value, {}
    if isinstance(value, (list, tuple)) and len(value) == 2 and isinstance(value[1], Mapping):
        own, more = value[0], dict(value[1])
    plain = all(isinstance(v, (int, float, bool)) for v in more.values()) and len(more) < 6
    if not isinstance(own, str) or own.lower() not in _WORDS[name] or not plain:
        raise ModelError(f"The model's network has '{name}' set to '{str(value)[:60]}'.")
    own = own.upper() if name.startswith("adn") else own.lower()
    own = "instance" if own == "instance_nvfuser" else own  # the same, for CUDA only
    return (own, more) if more else own


def memory_options(described: Any) -> dict[str, Any]:
    """What memory depends on: the network's first features."""
    found = described if isinstance(described, Mapping) else {}
    for name in ("init_filters", "filters", "channels", "features"):
        first = found.get(name)
        first = first[0] if isinstance(first, (list, tuple)) and first else first
        if isinstance(first, int) and not isinstance(first, bool):
            return {"features": first}
    return {}


def build_monai(short: str, options: Mapping[str, Any]) -> nn.Module:
    """The network, on whatever device is the default.

    Raises
    ------
    ModelError
        If its options do not fit together.
    """
    from monai.networks import nets

    own = dict(options)
    if short in ("SegResNetDS", "DynUNet", "UNet", "BasicUNet", "SegResNet"):
        own.setdefault("spatial_dims", 3)
    try:
        return getattr(nets, short)(**own)
    except (TypeError, ValueError, KeyError, IndexError, RuntimeError, AssertionError) as error:
        raise ModelError(
            f"The options of the model's network ({short}) do not fit together ({error})."
        ) from error
