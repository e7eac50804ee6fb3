"""A model's networks as ONNX files, for other programs."""

from __future__ import annotations

import json
from pathlib import Path

from ..core.errors import ModelError
from .network_source import NetworkSource
from .opening import Model
from .store import networks_of

_OPSET = 17


def export_onnx(model: Model, folder: Path) -> list[Path]:
    """Write each network of a model, and what it wants to see (``networks.json``).

    The networks give logits; batches may have any size.

    Raises
    ------
    ModelError
        If files are there already, or torch cannot write one.
    """
    networks = networks_of(model)
    files = [folder / f"{n}_{network.spec.name}.onnx" for n, network in enumerate(networks)]
    about = folder / "networks.json"
    there = [path.name for path in (*files, about) if path.exists()]
    if there:
        raise ModelError(f"'{folder}' already holds {', '.join(there)}. Choose another folder.")
    folder.mkdir(parents=True, exist_ok=True)
    for file, network in zip(files, networks, strict=True):
        _write(network, file)
    described = [_described(network, file) for network, file in zip(networks, files, strict=True)]
    text = {"model": model.as_record(), "networks": described}
    about.write_text(json.dumps(text, indent=2) + "\n", encoding="utf-8")
    return [*files, about]


def _write(network: NetworkSource, file: Path) -> None:
    """One network; under a temporary name until it is whole."""
    import torch

    spec = network.spec
    example = torch.zeros(1, spec.input.channels, *spec.patch)
    partial = file.with_suffix(".partial")
    try:
        torch.onnx.export(
            network.load(),
            (example,),
            str(partial),
            input_names=["image"],
            output_names=["logits"],
            dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}},
            opset_version=_OPSET,
            dynamo=False,
        )
        partial.replace(file)
    except (RuntimeError, ImportError, torch.onnx.errors.OnnxExporterError) as error:
        raise ModelError(
            f"The network '{spec.name}' cannot be written as ONNX ({error}). Install the package "
            "'onnx' if it is said to be missing."
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def _described(network: NetworkSource, file: Path) -> dict:
    """What a network wants to see, and what it gives."""
    spec = network.spec
    return {
        "file": file.name,
        "classes": list(spec.classes),
        "tile_kji": list(spec.patch),
        "spacing_mm_kji": list(spec.input.spacing_mm),
        "axes": spec.input.axes,
        "normalization": repr(spec.input.normalization),
        "pad": spec.input.pad,
    }
