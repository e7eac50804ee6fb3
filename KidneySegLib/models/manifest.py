"""A model package: ``model.json``, ``weights.safetensors``, ``LICENSE``, ``MODEL_CARD.md``.

Axial networks have a weights file of their own beside them: one can be replaced without making the
history of a repository grow by the others, too.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ..core.errors import ModelError
from .info import ModelInfo
from .inputs import InputSpec, Normalization
from .network_source import NetworkSource, StageSpec

MANIFEST = "model.json"
WEIGHTS = "weights.safetensors"
# Axial networks look at the same slices; of one another they differ in seed and training.
AXIAL_STAGES = ("axial", "axial_second")
OWN_WEIGHTS = {stage: f"{stage}.safetensors" for stage in AXIAL_STAGES}
LICENSE, CARD = "LICENSE", "MODEL_CARD.md"
STAGES = ("locator", "fine", *AXIAL_STAGES)
_SCHEMA = Path(__file__).with_name("model.schema.json")


@dataclass(frozen=True, kw_only=True)
class ModelPackage(ModelInfo):
    """A checked model package; the weights are read by `weights.load_network`.

    ``sha256`` is that of the weights file or, where there are several, of their sha256 in hex, one
    after the other.
    """

    folder: Path
    title: str
    stages: dict[str, StageSpec]
    training: dict[str, Any]
    figures: dict[str, Any]

    @property
    def card(self) -> Path:
        """Model card, Markdown."""
        return self.folder / CARD

    def network(self, stage: str) -> NetworkSource:
        """The network of a stage, to be loaded by an engine."""
        from .weights import load_network

        load = partial(load_network, self, stage)
        return NetworkSource(f"{self.sha256}/{stage}", self.stages[stage], load)


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
            input=_input(name, stage),
            patch=tuple(stage["patch"]),
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
        limits=data.get("limits", {}),
        training=data["training"],
        figures=data["figures"],
    )


def _input(name: str, stage: dict[str, Any]) -> InputSpec:
    """What a stage wants to see: the HU window as -1..1; axial networks take slices as they are."""
    mm = float(stage["spacing_mm"])
    along = None if name in AXIAL_STAGES else mm
    return InputSpec((along, mm, mm), Normalization.window(*stage["window_hu"]))


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
