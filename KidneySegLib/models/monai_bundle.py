"""MONAI bundles: ``configs/metadata.json``, ``configs/inference.json``, ``models/model.pt``.

Read as data: of the transforms that a bundle names those are followed that are known, others are
refused; nothing that a bundle writes as an expression is evaluated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import ModelError
from .checkpoint import fill, load_checkpoint, plain_tensors
from .class_roles import BACKGROUND, KIDNEYS, LESIONS, ClassMap, ClassRole, outputs_of
from .foreign import (
    NO_LICENSE,
    ForeignModel,
    ModelChoice,
    Stepwise,
    check_tile,
    guarded,
    joined_sha256,
    numbers,
    read_json,
    whole_numbers,
)
from .inputs import InputSpec, Normalization, Values, ZScore, order_and_flips
from .monai_networks import build_monai, memory_options, monai_network
from .network_source import NetworkSource, StageSpec

if TYPE_CHECKING:
    from torch import nn

METADATA, INFERENCE = Path("configs/metadata.json"), Path("configs/inference.json")
WEIGHTS, SCRIPT = Path("models/model.pt"), Path("models/model.ts")
FORMAT = "MONAI bundle"
_DEPTH = 2
_MOST_REFERENCES, _MOST_VALUES = 20, 100_000
_PLAIN = (
    "LoadImaged", "EnsureChannelFirstd", "EnsureTyped", "CastToTyped", "ToTensord", "ToDeviced",
    "SelectItemsd", "ConcatItemsd", "AddChanneld", "AsChannelFirstd",
)  # fmt: skip


def bundle_folders(folder: Path) -> list[Path]:
    """Bundles in a folder, itself included."""
    found, level = [], [folder]
    for _ in range(_DEPTH + 1):
        found += [p for p in level if (p / METADATA).is_file()]
        level = [p for path in level for p in sorted(path.iterdir()) if p.is_dir()][:1000]
    return found


def load_bundle(folder: Path, choice: ModelChoice) -> ForeignModel:
    """A bundle as a model.

    Raises
    ------
    ModelError
        If a file is missing or damaged, or the bundle does what is not supported, saying what.
    """
    metadata, described = read_json(folder / METADATA), read_json(folder / INFERENCE)
    file = folder / WEIGHTS
    if not file.is_file() and (folder / SCRIPT).is_file():
        raise ModelError(
            f"The bundle has '{SCRIPT.name}' only, which is a program (TorchScript). It is not "
            f"run. Get '{WEIGHTS}' from its authors."
        )
    entries = _Described(described)
    classes = _outputs(metadata, choice, sigmoid=_is_sigmoid(entries))
    channels = _channels(metadata)
    network = entries.at("network_def", "network")
    if not isinstance(network, Mapping):
        raise ModelError(f"'{INFERENCE}' does not describe the model's network.")
    name, options = monai_network(network, channels=channels, classes=len(classes.outputs))
    spec, exactly = _stage(entries, metadata, classes, channels, choice)
    key = joined_sha256([folder / METADATA, folder / INFERENCE, file])
    load = partial(_load, file, name, options)
    return ForeignModel(
        name=folder.name,
        title=str(metadata.get("name") or folder.name),
        version=str(metadata.get("version") or "unknown"),
        license=str(metadata.get("copyright") or NO_LICENSE),
        sha256=key,
        format=FORMAT,
        classes=classes,
        networks=(NetworkSource(key, spec, guarded(load), "none", choice.exact),),
        exactly=exactly,
        choice=choice,
        training=str(metadata.get("description") or ""),
    )


class _Described:
    """A bundle's configuration, in which ``@name`` stands for another entry of it."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data, self._left = data, _MOST_VALUES

    def at(self, *names: str) -> Any:
        """The first entry of these names that is there, references followed; None without one."""
        for name in names:
            if name in self._data:
                return self.plain(self._data[name])
        return None

    def plain(self, value: Any, *, left: int = _MOST_REFERENCES) -> Any:
        """A value with its references followed; expressions stay the text that they are."""
        self._left -= 1
        if self._left < 0:
            raise ModelError(f"'{INFERENCE.name}' refers to itself too often.")
        if isinstance(value, str) and value.startswith("@") and left:
            found: Any = self._data
            for part in value[1:].replace("::", "#").split("#"):
                if isinstance(found, list) and part.isdecimal() and int(part) < len(found):
                    found = found[int(part)]
                elif isinstance(found, Mapping) and part in found:
                    found = found[part]
                else:
                    return value
            return self.plain(found, left=left - 1)
        if isinstance(value, Mapping):
            return {k: self.plain(v, left=left) for k, v in value.items()}
        if isinstance(value, list):
            return [self.plain(v, left=left) for v in value]
        return value


def _is_sigmoid(described: _Described) -> bool:
    """Whether each channel of the output is a probability of its own."""
    listed = described.at("postprocessing")
    listed = listed.get("transforms") if isinstance(listed, Mapping) else None
    return isinstance(listed, list) and any(
        isinstance(step, Mapping)
        and str(step.get("_target_")).endswith("Activationsd")
        and step.get("sigmoid") is True
        for step in listed
    )


def _outputs(metadata: Mapping[str, Any], choice: ModelChoice, *, sigmoid: bool) -> ClassMap:
    """Classes of the metadata; of those that may overlap, lesions lie upon kidneys."""
    try:
        found = metadata["network_data_format"]["outputs"]["pred"]["channel_def"]
        names = [str(found[str(n)]) for n in range(len(found))]
    except (KeyError, TypeError) as error:
        raise ModelError(f"'{METADATA.name}' does not say what the model's classes are.") from error
    if not names:
        raise ModelError(f"'{METADATA.name}' names no classes.")
    first = 1
    if names[0].lower() == BACKGROUND:
        names[0], first = BACKGROUND, 0
    outputs = outputs_of(names, range(first, first + len(names)), choice.roles)
    if not sigmoid:
        if first:
            raise ModelError(
                f"The model's first class is '{names[0][:40]}', and its classes exclude each "
                "other. Expected 'background' as the first."
            )
        return ClassMap(outputs)
    order = sorted(range(len(outputs)), key=lambda n: _height(outputs[n].role))
    return ClassMap(outputs, nested=True, order=tuple(order))


def _height(role: ClassRole) -> int:
    """Which of classes that overlap lies upon which."""
    if role is ClassRole.BACKGROUND:
        return 0
    return 1 if role in KIDNEYS else 3 if role in LESIONS else 2


def _channels(metadata: Mapping[str, Any]) -> int:
    """Images that the model reads at once.

    Raises
    ------
    ModelError
        If they are no CTs.
    """
    try:
        image = metadata["network_data_format"]["inputs"]["image"]
    except (KeyError, TypeError) as error:
        raise ModelError(f"'{METADATA.name}' does not say what images the model reads.") from error
    kind = str(image.get("modality", "CT")) if isinstance(image, Mapping) else ""
    if (
        "ct" not in kind.lower().replace("-", " ").split()
        and "hounsfield" not in str(image).lower()
    ):
        raise ModelError(f"The model reads '{kind[:40]}', no CT. Choose one trained on CT.")
    return whole_numbers(image.get("num_channels", 1), "channels", most=8)[0]


def _stage(
    described: _Described,
    metadata: Mapping[str, Any],
    classes: ClassMap,
    channels: int,
    choice: ModelChoice,
) -> tuple[StageSpec, Stepwise]:
    """What the network wants to see, from its transforms, and how its own inferer shows it."""
    chain = _Chain.of(described)
    axes = (choice.axes or chain.axes or "RAS").upper()
    order_and_flips(axes)
    inferer = described.at("inferer")
    inferer = inferer if isinstance(inferer, Mapping) else {}
    shape = metadata["network_data_format"]["inputs"]["image"].get("spatial_shape")
    patch = whole_numbers(inferer.get("roi_size") or shape, "tile", most=1024)
    if len(patch) != 3:
        raise ModelError("The model's tiles do not have 3 axes.")
    check_tile(patch, len(classes.outputs))
    input_ = InputSpec(
        chain.spacing,
        chain.values,
        channels,
        0.0,
        axes,
        False,
        anchored=chain.anchored,
        normalized_first=chain.steps.index("normalize") < chain.steps.index("space"),
    )
    options = memory_options(described.at("network_def", "network"))
    names = tuple(c.name for c in classes.outputs)
    exactly = Stepwise(
        tuple(chain.steps),
        chain.margin,
        crops_by_image=False,
        overlap=_three(inferer.get("overlap", 0.25), "overlap of tiles", low=0, high=0.9),
        weighted=inferer.get("mode", "constant") == "gaussian",
    )
    return StageSpec("network", "MONAI", options, names, input_, patch), exactly


@dataclass
class _Chain:
    """What a bundle's transforms do to an image, in their order."""

    values: Values
    spacing: tuple[float, float, float]
    axes: str = ""
    anchored: bool = True
    margin: int = 0
    steps: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, described: _Described) -> _Chain:
        """Read it.

        Raises
        ------
        ModelError
            If a transform is not known, or one that is needed is missing.
        """
        values, spacing, axes, anchored, margin = None, None, "", True, 0
        steps = []
        for name, transform in _transforms(described):
            if name == "Orientationd":
                axes = str(transform.get("axcodes", "RAS"))
            elif name == "Spacingd":
                spacing = _three(transform.get("pixdim"), "spacing in mm", low=0.3, high=20)
                anchored = transform.get("scale_extent") is not True
                steps.append("space")
            elif name in ("ScaleIntensityRanged", "NormalizeIntensityd"):
                if values is not None:
                    raise ModelError("The model's densities are normalized twice: not supported.")
                values = _values(name, transform)
                steps.append("normalize")
            elif name == "CropForegroundd":
                told = transform.get("margin", 0)
                margin = whole_numbers(told, "margin", least=0, most=1000)[0]
                steps.append("crop")
            elif name not in _PLAIN:
                raise ModelError(
                    f"The model's images go through '{name[:60]}', which is not supported. "
                    "Supported: Orientationd, Spacingd, ScaleIntensityRanged, NormalizeIntensityd, "
                    "CropForegroundd."
                )
        if values is None or spacing is None:
            raise ModelError(
                f"'{INFERENCE.name}' does not say how images are resampled or normalized."
            )
        return cls(values, spacing, axes, anchored, margin, steps)


def _three(value: Any, what: str, *, low: float, high: float) -> tuple[float, float, float]:
    """Three numbers in a range, of which one may stand for all.

    Raises
    ------
    ModelError
    """
    given = numbers(value, what, low=low, high=high)
    given = given * 3 if len(given) == 1 else given
    if len(given) != 3:
        raise ModelError(f"The model's {what} has {len(given)} numbers. Expected 3.")
    return given[0], given[1], given[2]


def _transforms(described: _Described) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Name and options of each transform before the network."""
    chain = described.at("preprocessing")
    listed = chain.get("transforms") if isinstance(chain, Mapping) else None
    listed = listed if listed is not None else described.at("preprocessing_transforms")
    if not isinstance(listed, list):
        raise ModelError(f"'{INFERENCE.name}' does not list what happens to images.")
    for transform in listed:
        if not isinstance(transform, Mapping):
            raise ModelError(f"'{INFERENCE.name}' holds a transform that is none.")
        if transform.get("_disabled_") is not True:
            yield str(transform.get("_target_")).rpartition(".")[2], transform


def _values(name: str, transform: Mapping[str, Any]) -> Values:
    """Normalization of one transform."""
    if name == "NormalizeIntensityd":
        if transform.get("subtrahend") is not None:
            offset, divisor = (
                numbers(transform.get(k), k, count=1)[0] for k in ("subtrahend", "divisor")
            )
            if divisor == 0:
                raise ModelError("The model divides densities by 0.")
            return Normalization((-float("inf"), float("inf")), offset, 1 / divisor)
        return ZScore(nonzero=transform.get("nonzero") is True)
    a, b, low, high = (
        numbers(transform.get(k), k, count=1)[0] for k in ("a_min", "a_max", "b_min", "b_max")
    )
    if a >= b:
        raise ModelError(f"The model's densities run from {a:g} to {b:g}.")
    clip = (a, b) if transform.get("clip") is True else (-float("inf"), float("inf"))
    return Normalization(clip, a, (high - low) / (b - a), low)


def _load(file: Path, name: str, options: Mapping[str, Any]) -> nn.Module:
    """The network with its weights, whatever the training wrapped around them."""
    import torch

    stored = load_checkpoint(file)
    for key in ("state_dict", "model", "network"):
        if isinstance(stored.get(key), Mapping):
            stored = stored[key]
            break
    tensors = plain_tensors(stored, file.name)
    if name == "DynUNet":  # which lists its layers a second time
        tensors = {k: t for k, t in tensors.items() if not k.startswith("skip_layers.")}
    with torch.device("meta"):
        network = build_monai(name, options)
    return fill(network, tensors, file.name)
