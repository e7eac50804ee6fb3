"""Networks that a model package may name: an allow-list, never an import by name from a file."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..core.errors import ModelError

if TYPE_CHECKING:
    from torch import nn


def _dynunet(options: dict[str, Any], *, dimensions: int = 3) -> nn.Module:
    """3x3(x3) convolutions, InstanceNorm, one halving a level; for training MONAI's own class."""
    filters = options["filters"]
    if not options.get("deep_supervision", False):
        from .dynunet import DynUNet

        return DynUNet(dimensions, options.get("channels", 1), options["classes"], filters)
    from monai.networks import nets

    depth = len(filters)
    return nets.DynUNet(
        spatial_dims=dimensions,
        in_channels=options.get("channels", 1),
        out_channels=options["classes"],
        kernel_size=[3] * depth,
        strides=[1] + [2] * (depth - 1),
        upsample_kernel_size=[2] * (depth - 1),
        filters=filters,
        norm_name=("INSTANCE", {"affine": True}),
        deep_supervision=options.get("deep_supervision", False),
        deep_supr_num=options.get("deep_supervision_heads", 1),
    )


def _planar_dynunet(options: dict[str, Any]) -> nn.Module:
    """The same in 2-D, for each slice on its own."""
    from .planar import Planar

    return Planar(_dynunet(options, dimensions=2))


def _planar_efficient_unet(options: dict[str, Any]) -> nn.Module:
    """2-D U-Net with a pretrained encoder, for each slice on its own."""
    from .efficientnet import STEPS as EFFICIENT_STEPS
    from .efficientnet import EfficientUNet
    from .planar import Planar

    heads = 1
    if options.get("deep_supervision", False):
        heads += options.get("deep_supervision_heads", 1)
    filters = options["filters"]
    if len(filters) != EFFICIENT_STEPS or heads > EFFICIENT_STEPS:
        raise ModelError(
            f"The model asks for a PlanarEfficientUNet with {len(filters)} filters and {heads} "
            f"outputs. Expected {EFFICIENT_STEPS} filters, one a step of the decoder, and at most "
            "as many outputs."
        )
    channels = options.get("channels", 1)
    return Planar(EfficientUNet(options["classes"], filters, heads, channels=channels))


_OPTIONS = frozenset(
    {"filters", "classes", "channels", "deep_supervision", "deep_supervision_heads"}
)
_BUILDERS: dict[str, tuple[Callable[[dict[str, Any]], nn.Module], frozenset[str]]] = {
    "DynUNet": (_dynunet, _OPTIONS),
    "PlanarDynUNet": (_planar_dynunet, _OPTIONS),
    "PlanarEfficientUNet": (_planar_efficient_unet, _OPTIONS),
}


def build_network(name: str, options: dict[str, Any]) -> nn.Module:
    """Network of the allow-list with random weights.

    Parameters
    ----------
    name : str
        A name in the allow-list.
    options : dict
        ``filters`` (one number a level; of a PlanarEfficientUNet one a step of its decoder, from
        coarse to fine), ``classes``, and ``channels`` of the input (1 without); in training also
        ``deep_supervision`` and ``deep_supervision_heads``.

    Raises
    ------
    ModelError
        If the network or one of its options is not known, or not possible.
    """
    if name not in _BUILDERS:
        raise ModelError(
            f"The model asks for the network '{name}', which this version does not know. "
            f"Known: {', '.join(sorted(_BUILDERS))}. Update KidneySeg or use another model."
        )
    builder, allowed = _BUILDERS[name]
    unknown = set(options) - allowed
    if unknown:
        raise ModelError(
            f"The model sets {', '.join(sorted(unknown))} for {name}, which is not supported. "
            "Update KidneySeg or use another model."
        )
    return builder(options)
