"""Weights of a package's networks: safetensors, one file or several, read and written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..core.errors import ModelError
from .manifest import ModelPackage, file_sha256

if TYPE_CHECKING:
    import torch
    from torch import nn


def load_network(package: ModelPackage, stage: str) -> nn.Module:
    """Network of a stage with its weights, float32, in evaluation mode.

    Raises
    ------
    ModelError
        If the network is not known, or a tensor is missing, left over or of another shape.
    """
    from safetensors import SafetensorError, safe_open

    from .networks import build_network

    spec = package.stages[stage]
    options = {"classes": len(spec.classes), "channels": spec.input.channels}
    network = build_network(spec.network, {**spec.options, **options})
    prefix = f"{stage}."
    try:
        with safe_open(package.folder / spec.weights, framework="pt") as stored:
            names = [n for n in stored.keys() if n.startswith(prefix)]  # noqa: SIM118
            tensors = {n[len(prefix) :]: stored.get_tensor(n).float() for n in names}
    except SafetensorError as error:
        raise ModelError(
            f"The weights of the model '{package.name}' cannot be read ({error}). "
            "Install the model again."
        ) from error
    _check_tensors(package, stage, own_tensors(network), tensors)
    network.load_state_dict(tensors, strict=False)  # shared layers are filled under one name
    return network.eval()


def own_tensors(network: nn.Module) -> dict[str, torch.Tensor]:
    """Parameters and buffers, each once: MONAI's DynUNet lists its layers under two names."""
    return dict(network.named_parameters()) | dict(network.named_buffers())


def _check_tensors(
    package: ModelPackage,
    stage: str,
    wanted: dict[str, torch.Tensor],
    found: dict[str, torch.Tensor],
) -> None:
    """Refuse weights that do not fit the network, naming the first misfit."""
    misfit = sorted(set(wanted) ^ set(found)) or sorted(
        n for n in wanted if wanted[n].shape != found[n].shape
    )
    if misfit:
        kind = "missing" if misfit[0] not in found else "unexpected or of another shape"
        raise ModelError(
            f"The weights of the model '{package.name}' do not fit its {stage} network: "
            f"tensor '{misfit[0]}' is {kind} ({len(misfit)} in all). Install the model again."
        )


def write_weights(networks: dict[str, nn.Module], path: Path) -> str:
    """Write networks as fp16 safetensors, keys prefixed by the stage; returns the sha256."""
    import torch
    from safetensors.torch import save_file

    tensors = {
        f"{stage}.{name}": tensor.detach().to(torch.float16).contiguous()
        for stage, network in networks.items()
        for name, tensor in own_tensors(network).items()
    }
    save_file(tensors, path)
    return file_sha256(path)
