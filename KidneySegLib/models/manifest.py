"""A model package: ``model.json``, ``weights.safetensors``, ``LICENSE``, ``MODEL_CARD.md``.

Axial networks have a weights file of their own beside them: one can be replaced without making the
history of a repository grow by the others, too.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import ModelError

if TYPE_CHECKING:
    import torch
    from torch import nn

MANIFEST = "model.json"
WEIGHTS = "weights.safetensors"
# Axial networks look at the same slices; of one another they differ in seed and training.
AXIAL_STAGES = ("axial", "axial_second")
OWN_WEIGHTS = {stage: f"{stage}.safetensors" for stage in AXIAL_STAGES}
LICENSE, CARD = "LICENSE", "MODEL_CARD.md"
STAGES = ("locator", "fine", *AXIAL_STAGES)
_SCHEMA = Path(__file__).with_name("model.schema.json")


@dataclass(frozen=True)
class StageSpec:
    """What a network of the package expects and gives.

    ``patch`` is ``(k, j, i)`` voxels of ``spacing_mm``; the HU window becomes -1..1. ``weights``
    is the file that holds its tensors.
    """

    name: str
    network: str
    options: dict[str, Any]
    classes: tuple[str, ...]
    spacing_mm: float
    patch: tuple[int, int, int]
    window_hu: tuple[float, float]
    weights: str = WEIGHTS


@dataclass(frozen=True)
class ModelPackage:
    """A checked model package; the weights are read by `load_network`.

    ``weak_phases`` and ``lesion_warnings`` become warnings of a result: in those contrast phases,
    and wherever lesions were looked for (also where none was found). ``interval_factors``
    tell how much the network's doubt about kidney, tumor and cyst counts in the interval of a
    volume (see measure/intervals.py); None where nobody has fitted them. ``sha256`` is that of the
    weights file or, where there are several, of their sha256 in hex, one after the other.
    """

    folder: Path
    name: str
    title: str
    version: str
    license: str
    sha256: str
    stages: dict[str, StageSpec]
    weak_phases: tuple[str, ...]
    lesion_warnings: tuple[str, ...]
    interval_factors: dict[str, float] | None
    training: dict[str, Any]
    figures: dict[str, Any]

    @property
    def card(self) -> Path:
        """Model card, Markdown."""
        return self.folder / CARD


def load_package(folder: Path) -> ModelPackage:
    """Read and check a model package.

    Raises
    ------
    ModelError
        If a file is missing, the manifest does not follow the schema, or the weights are not
        the ones that the manifest names.
    """
    manifest = folder / MANIFEST
    for path in (manifest, folder / WEIGHTS, folder / LICENSE, folder / CARD):
        if not path.is_file():
            raise ModelError(
                f"The model folder '{folder}' has no {path.name}. Expected a KidneySeg model "
                f"package ({MANIFEST}, {WEIGHTS}, {LICENSE}, {CARD}). Install the model again."
            )
    try:
        data = json.loads(manifest.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelError(f"'{manifest}' is not valid JSON ({error}). Install it again.") from error
    _check_schema(manifest, data)
    for weights in _weights_files(data):
        _check_weights(folder, weights, data["name"])
    return _package(folder, data)


def _weights_files(data: dict[str, Any]) -> list[dict[str, str]]:
    """``file`` and ``sha256`` of every weights file that a manifest names, the common one first."""
    own = [stage["weights"] for stage in data["stages"].values() if "weights" in stage]
    return [data["weights"], *own]


def _check_weights(folder: Path, weights: dict[str, str], model: str) -> None:
    """Refuse a weights file that is missing or not the one that was released."""
    path = folder / weights["file"]
    if not path.is_file():
        raise ModelError(
            f"The model folder '{folder}' has no {path.name}, which its {MANIFEST} names. "
            "Install the model again."
        )
    found = file_sha256(path)
    if found != weights["sha256"]:
        raise ModelError(
            f"The weights of the model '{model}' ({path.name}) are not the ones it was released "
            f"with (sha256 {found[:12]}..., expected {weights['sha256'][:12]}...). The file is "
            "damaged or was changed; it is not used. Install the model again."
        )


def _package(folder: Path, data: dict[str, Any]) -> ModelPackage:
    """Package from a checked manifest."""
    stages = {
        name: StageSpec(
            name=name,
            network=stage["network"],
            options=stage["options"],
            classes=tuple(stage["classes"]),
            spacing_mm=float(stage["spacing_mm"]),
            patch=tuple(stage["patch"]),
            window_hu=tuple(stage["window_hu"]),
            weights=stage.get("weights", data["weights"])["file"],
        )
        for name, stage in data["stages"].items()
    }
    return ModelPackage(
        folder=folder,
        name=data["name"],
        title=data["title"],
        version=data["version"],
        license=data["license"],
        sha256=_joined_sha256([w["sha256"] for w in _weights_files(data)]),
        stages=stages,
        weak_phases=tuple(data.get("weak_phases", ())),
        lesion_warnings=tuple(data.get("lesion_warnings", ())),
        interval_factors=data.get("interval_factors"),
        training=data["training"],
        figures=data["figures"],
    )


def _check_schema(path: Path, data: Any) -> None:
    """Refuse a manifest that does not follow the schema or itself, naming the first fault."""
    import jsonschema

    schema = json.loads(_SCHEMA.read_text(encoding="utf-8"))
    error = jsonschema.exceptions.best_match(
        jsonschema.Draft202012Validator(schema).iter_errors(data)
    )
    if error is not None:
        place = "/".join(str(p) for p in error.absolute_path) or "the top level"
        raise ModelError(f"'{path}' is not a valid model manifest: {error.message} (at {place}).")
    for name, stage in data["stages"].items():
        low, high = stage["window_hu"]
        if low >= high:
            raise ModelError(
                f"'{path}' is not a valid model manifest: the {name} window runs from {low:g} to "
                f"{high:g} HU."
            )
    fine = data["stages"]["fine"]["spacing_mm"]
    for axial in (data["stages"][n]["spacing_mm"] for n in AXIAL_STAGES if n in data["stages"]):
        if abs(fine / axial - max(1, round(fine / axial))) > 1e-3:
            raise ModelError(
                f"'{path}' is not a valid model manifest: the axial spacing ({axial:g} mm) is no "
                f"whole fraction of the fine one ({fine:g} mm)."
            )


def _joined_sha256(digests: list[str]) -> str:
    """One digest as it is, of several the sha256 of their texts one after the other."""
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256("".join(digests).encode()).hexdigest()


def file_sha256(path: Path) -> str:
    """Hex sha256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


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
    network = build_network(spec.network, {**spec.options, "classes": len(spec.classes)})
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
