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
_STEPS = {
    "Orientationd": "turn",
    "Spacingd": "space",
    "ScaleIntensityRanged": "normalize",
    "NormalizeIntensityd": "normalize",
    "CropForegroundd": "crop",
}
# What a transform may say without changing its result here; what it says that is read; and what it
# may say with one of these values only: those that MONAI itself takes where it says none.
_HARMLESS = (
    "_target_", "_desc_", "_disabled_", "keys", "allow_missing_keys", "dtype", "lazy",
    "sw_batch_size", "device", "sw_device", "progress", "cache_roi_weight_map", "buffer_steps",
    "buffer_dim", "cpu_thresh", "start_coord_key", "end_coord_key", "source_key",
    "allow_smaller", "labels",
)  # fmt: skip
_READ: dict[str, tuple[str, ...]] = {
    "Orientationd": ("axcodes",),
    "Spacingd": ("pixdim",),
    "ScaleIntensityRanged": ("a_min", "a_max", "b_min", "b_max", "clip"),
    "NormalizeIntensityd": ("subtrahend", "divisor", "nonzero", "channel_wise"),
    "CropForegroundd": ("margin",),
    "SlidingWindowInferer": ("roi_size", "overlap", "mode"),
}
_LINEAR = ("bilinear", ["bilinear"], "linear", 1, [1])
_FOLLOWED: dict[str, dict[str, tuple[Any, ...]]] = {
    "Orientationd": {"as_closest_canonical": (False, None)},
    "Spacingd": {
        "mode": _LINEAR,
        "scale_extent": (False, [False]),
        "diagonal": (False,),
        "padding_mode": ("border", ["border"]),
        "align_corners": (False, None, [False]),
        "recompute_affine": (False,),
        "min_pixdim": (None,),
        "max_pixdim": (None,),
    },
    "ScaleIntensityRanged": {},
    "NormalizeIntensityd": {},
    "CropForegroundd": {
        "channel_indices": (None,), "k_divisible": (1, [1, 1, 1]), "mode": ("constant",),
    },
    "SlidingWindowInferer": {
        "sigma_scale": (0.125,), "padding_mode": ("constant",), "cval": (0, 0.0),
        "with_coord": (False,),
    },
}  # fmt: skip
_LEAST_TILE = 8  # voxels along an axis
_NOT_TURNED = "The model does not say how the images of its training lay; RAS is assumed for it."
_NOT_FOLLOWED = (
    "The model's description asks for what is done in our own way here: {listed}. Its results may "
    "differ a little from those of MONAI."
)


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
    spec, exactly, remarks = _stage(entries, metadata, classes, channels, choice)
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
        remarks=tuple(remarks),
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
) -> tuple[StageSpec, Stepwise | None, list[str]]:
    """What the network wants to see, how its own inferer shows it, and remarks.

    Its own way is None where the bundle asks for what is not followed.
    """
    chain = _Chain.of(described)
    axes = (choice.axes or chain.axes or "RAS").upper()
    order_and_flips(axes)
    inferer = described.at("inferer")
    inferer = inferer if isinstance(inferer, Mapping) else {}
    shape = metadata["network_data_format"]["inputs"]["image"].get("spatial_shape")
    patch = whole_numbers(inferer.get("roi_size") or shape, "tile", least=_LEAST_TILE, most=1024)
    if len(patch) != 3:
        raise ModelError("The model's tiles do not have 3 axes.")
    check_tile(patch, len(classes.outputs))
    first = chain.steps.index("normalize") < chain.steps.index("space")
    input_ = InputSpec(
        chain.spacing, chain.values, channels, 0.0, axes, False, anchored=chain.anchored,
        normalized_first=first,
    )  # fmt: skip
    options = memory_options(described.at("network_def", "network"))
    names = tuple(c.name for c in classes.outputs)
    exactly = Stepwise(
        tuple(chain.steps),
        chain.margin,
        crops_by_image=False,
        overlap=_three(inferer.get("overlap", 0.25), "overlap of tiles", low=0, high=0.9),
        weighted=inferer.get("mode", "constant") == "gaussian",
        turned=bool(chain.axes or choice.axes),
    )
    strange = [*chain.strange, *_strange("SlidingWindowInferer", inferer)]
    kind = str(inferer.get("_target_", "SlidingWindowInferer")).rpartition(".")[2]
    if not kind.startswith("SlidingWindowInferer"):
        strange.append(kind[:60])
    if channels > 1 and isinstance(chain.values, ZScore) and not chain.by_channel:
        strange.append("NormalizeIntensityd over all images at once")
    remarks = [] if exactly.turned else [_NOT_TURNED]
    if strange:
        remarks.append(_NOT_FOLLOWED.format(listed=", ".join(dict.fromkeys(strange))))
    spec = StageSpec("network", "MONAI", options, names, input_, patch)
    return spec, None if strange else exactly, remarks


def _strange(name: str, options: Mapping[str, Any]) -> list[str]:
    """Options of a transform that differ from those that are followed."""
    usual = _FOLLOWED[name]
    return [
        f"{name}: {key}"
        for key, value in options.items()
        if key not in _HARMLESS and key in usual and value not in usual[key]
    ] + [
        f"{name}: {key}"
        for key in options
        if key not in _HARMLESS and key not in usual and key not in _READ[name]
    ]


@dataclass
class _Chain:
    """What a bundle's transforms do to an image, in their order.

    ``strange`` names what they ask for that is not followed.
    """

    values: Values
    spacing: tuple[float, float, float]
    axes: str = ""
    anchored: bool = True
    margin: int = 0
    by_channel: bool = False
    steps: list[str] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, described: _Described) -> _Chain:
        """Read it.

        Raises
        ------
        ModelError
            If a transform is not known, one that is needed is missing, or one is there twice.
        """
        found: dict[str, Mapping[str, Any]] = {}
        steps, strange = [], []
        for name, transform in _transforms(described):
            if name in _PLAIN:
                continue
            if name not in _STEPS:
                raise ModelError(
                    f"The model's images go through '{name[:60]}', which is not supported. "
                    f"Supported: {', '.join(_STEPS)}."
                )
            step = _STEPS[name]
            if step in found:
                raise ModelError(f"The model's images go through two of '{name}': not supported.")
            if step == "turn" and "space" in found:
                strange.append("Orientationd after Spacingd")
            found[step] = transform
            steps.append(step)
            strange += _strange(name, transform)
            if step == "normalize":
                values = _values(name, transform)
        if not {"normalize", "space"} <= found.keys():
            raise ModelError(
                f"'{INFERENCE.name}' does not say how images are resampled or normalized."
            )
        return cls(
            values,
            _three(found["space"].get("pixdim"), "spacing in mm", low=0.3, high=20),
            str(found["turn"].get("axcodes", "RAS")) if "turn" in found else "",
            found["space"].get("scale_extent") not in (True, [True]),
            _margin(found.get("crop", {})),
            found["normalize"].get("channel_wise") is True,
            [step for step in steps if step != "turn"],
            strange,
        )


def _margin(crop: Mapping[str, Any]) -> int:
    """Voxels around what is cut out, the same along all axes."""
    given = whole_numbers(crop.get("margin", 0), "margin", least=0, most=1000)
    if len(set(given)) > 1:
        raise ModelError("The model cuts images with another margin along each axis.")
    return given[0]


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
    if low >= high:
        raise ModelError(f"The model's densities become values from {low:g} to {high:g}.")
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
