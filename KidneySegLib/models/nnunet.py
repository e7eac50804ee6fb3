"""Trained folders of nnU-Net v2: ``plans.json``, ``dataset.json``, ``fold_*/checkpoint_*.pth``.

Read as data: names of classes in the plans are looked up in an allow-list. Plans of both kinds,
with and without ``architecture``; labels and regions; 2-D and 3-D; ensembles of folds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import ModelError
from .checkpoint import fill, load_checkpoint, plain_tensors
from .class_roles import ClassMap, nested_outputs, outputs_of
from .foreign import (
    NO_LICENSE,
    Exactly,
    ForeignModel,
    ModelChoice,
    check_tile,
    guarded,
    joined_sha256,
    numbers,
    read_json,
    require_whole,
    whole_numbers,
)
from .inputs import InputSpec, Normalization, Standardized, Values, ZScore, order_and_flips
from .network_source import NetworkSource, StageSpec
from .nnunet_plan import network_plan

if TYPE_CHECKING:
    from torch import nn

PLANS, DATASET = "plans.json", "dataset.json"
FORMAT = "nnU-Net v2"
_CHECKPOINTS = ("checkpoint_final.pth", "checkpoint_best.pth")
_DEPTH = 3  # folders between the one that is given and a trained one
_USUAL_FOLDS = ("0", "1", "2", "3", "4")
_MOST_CLASSES = 1000
_REORIENTING = "NibabelIOWithReorient"  # nnU-Net's reader that turns images to RAS
_KITS_LIKE = (2, 0, 1)  # slices last in the array, as KiTS stores its CTs
_SLICES_A_TILE = 4  # of a 2-D network: they do not see each other


def trained_folders(folder: Path) -> list[Path]:
    """Trained folders in a folder, itself included."""
    found = []
    level = [folder]
    for _ in range(_DEPTH + 1):
        for path in level:
            if (path / PLANS).is_file() and (path / DATASET).is_file():
                found.append(path)
        level = [p for path in level for p in sorted(path.iterdir()) if p.is_dir()][:1000]
    return found


def load_nnunet(folder: Path, choice: ModelChoice) -> ForeignModel:
    """A trained folder as a model.

    Parameters
    ----------
    folder : Path
        One of `trained_folders`.
    choice : ModelChoice

    Raises
    ------
    ModelError
        If a file is missing or damaged, or the model does what is not supported, saying what.
    """
    plans, dataset = read_json(folder / PLANS), read_json(folder / DATASET)
    files = _checkpoints(folder, choice.folds)
    first = load_checkpoint(files[0])
    name, configuration = _configuration(plans, first)
    classes = _classes(dataset, choice)
    transpose = _transpose(plans)
    axes, remark = _axes(transpose, folder, (plans, dataset), choice)
    spec = _stage(plans, configuration, dataset, classes, axes)
    plan, remarks = network_plan(configuration, _trainer(first), len(spec.patch_size))
    heads = len(classes.outputs)
    key = joined_sha256([folder / PLANS, folder / DATASET, *files])
    load = partial(_load, plan=plan, heads=heads, planar=spec.planar)
    networks = [
        NetworkSource(f"{key}/{n}", spec.stage, guarded(partial(load, file)), "none", choice.exact)
        for n, file in enumerate(files)
    ]
    said = [text for text in (remark, *remarks) if text]
    if any(file.name == _CHECKPOINTS[1] for file in files):
        said.append("The model has checkpoint_best only; nnU-Net itself takes checkpoint_final.")
    return ForeignModel(
        name=folder.parent.name or folder.name,
        title=f"{folder.parent.name}/{folder.name}",
        version=name,
        license=str(dataset.get("licence") or dataset.get("license") or NO_LICENSE),
        sha256=key,
        format=FORMAT,
        classes=classes,
        networks=tuple(networks),
        mirror_axes=_mirror_axes(first, spec.planar),
        exactly=_exactly(plans, configuration, transpose),
        choice=choice,
        remarks=tuple(said),
    )


def _checkpoints(folder: Path, folds: Sequence[str]) -> list[Path]:
    """Checkpoint files of the folds that are wanted, or of all that are there.

    Raises
    ------
    ModelError
        If a fold or its checkpoint is missing.
    """
    there = {p.name.removeprefix("fold_") for p in folder.glob("fold_*") if p.is_dir()}
    wanted = list(folds) or [f for f in _USUAL_FOLDS if f in there] or sorted(there & {"all"})
    listed = ", ".join(sorted(there)) or "none"
    if not wanted:
        raise ModelError(f"'{folder.name}' has no trained fold (fold_0 to fold_4, or fold_all).")
    files = []
    for fold in wanted:
        if fold not in there:
            raise ModelError(f"'{folder.name}' has no fold {fold}. Its folds: {listed}.")
        own = [p for n in _CHECKPOINTS if (p := folder / f"fold_{fold}" / n).is_file()]
        if not own:
            raise ModelError(
                f"'{folder.name}/fold_{fold}' has no checkpoint. Expected "
                f"{' or '.join(_CHECKPOINTS)}. Copy the whole trained folder."
            )
        files.append(own[0])
    return files


def _trainer(checkpoint: dict[str, Any]) -> str:
    """Name of the class that trained it."""
    return str(checkpoint.get("trainer_name") or "an unnamed trainer")


def _configuration(plans: dict[str, Any], checkpoint: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Name and content of the configuration that a checkpoint was trained with.

    Raises
    ------
    ModelError
        If the plans do not have it, or it is a cascade.
    """
    arguments = checkpoint.get("init_args")
    name = arguments.get("configuration") if isinstance(arguments, dict) else None
    configurations = plans.get("configurations")
    if not isinstance(configurations, dict):
        raise ModelError(
            f"'{PLANS}' has no configurations. Expected plans of nnU-Net v2; those of version 1 "
            "are another format."
        )
    if not isinstance(name, str) or not isinstance(configurations.get(name), dict):
        raise ModelError(
            f"The checkpoint was trained with the configuration '{name}', which {PLANS} does not "
            f"have ({', '.join(map(str, configurations))}). Get the model's files together again."
        )
    merged: dict[str, Any] = {}
    chain: list[str] = []
    at: Any = name
    while at is not None:
        own = configurations.get(at)
        if at in chain or not isinstance(own, dict):
            raise ModelError(f"'{PLANS}' lets '{name}' inherit from '{at}', which is not there.")
        chain.append(at)
        at = own.get("inherits_from")
    for at in reversed(chain):
        merged.update(configurations[at])
    if merged.get("previous_stage") or "cascade" in name:
        raise ModelError(
            f"The configuration '{name}' is the second stage of a cascade: it needs the masks of "
            "another network. Use the 3d_fullres or 3d_lowres model instead."
        )
    return name, merged


def _classes(dataset: dict[str, Any], choice: ModelChoice) -> ClassMap:
    """Classes of ``dataset.json``.

    Raises
    ------
    ModelError
        If they have no names, or no numbers.
    """
    labels = dataset.get("labels")
    if not isinstance(labels, dict) or not labels or len(labels) > _MOST_CLASSES:
        raise ModelError(
            f"'{DATASET}' names no labels. Expected names and numbers, such as kidney: 1."
        )
    labels = {str(k): v for k, v in labels.items() if k != "ignore"}
    if all(name.isdecimal() for name in labels):
        raise ModelError(
            f"The labels in '{DATASET}' have numbers for names ({', '.join(labels)}). Expected "
            "what they are, such as kidney: 1; correct the file with its authors' help."
        )
    found = {
        name: whole_numbers(value, f"label '{name}'", least=0, most=65_535)
        for name, value in labels.items()
    }
    if any(len(value) > 1 for value in found.values()):
        return _regions(found, dataset, choice)
    by_number = {value[0]: name for name, value in found.items()}
    if sorted(by_number) != list(range(len(found))):
        raise ModelError(
            f"The labels in '{DATASET}' are not numbered from 0 on, one by one "
            f"({', '.join(map(str, sorted(by_number)))})."
        )
    ordered = [by_number[n] for n in range(len(found))]
    return ClassMap(outputs_of(["background", *ordered[1:]], range(len(found)), choice.roles))


def _regions(
    found: dict[str, tuple[int, ...]], dataset: dict[str, Any], choice: ModelChoice
) -> ClassMap:
    """Classes that lie upon each other, with the numbers that they get in the end."""
    names = [name for name, value in found.items() if set(value) != {0}]
    order = whole_numbers(
        dataset.get("regions_class_order"), "order of regions", least=1, most=65_535
    )
    if len(order) != len(names):
        raise ModelError(
            f"'{DATASET}' has {len(names)} regions, and an order of {len(order)}. They must fit."
        )
    sets = [found[n] for n in names]
    return ClassMap(nested_outputs(names, sets, order, choice.roles), nested=True)


@dataclass(frozen=True)
class _Stage:
    """Input of a network, its tile as the plans have it, and whether it sees slices."""

    stage: StageSpec
    patch_size: tuple[int, ...]
    planar: bool


def _stage(
    plans: dict[str, Any],
    configuration: dict[str, Any],
    dataset: dict[str, Any],
    classes: ClassMap,
    axes: str,
) -> _Stage:
    """What the network wants to see."""
    patch = whole_numbers(configuration.get("patch_size"), "patch size", most=4096)
    planar = len(patch) == 2
    if len(patch) not in (2, 3):
        raise ModelError(f"The model's tiles have {len(patch)} axes. Expected 2 or 3.")
    check_tile(patch, len(classes.outputs))
    spacing = numbers(
        configuration.get("spacing"), "spacing in mm", count=len(patch), low=0.3, high=20
    )
    values = _values(plans, configuration, dataset)
    depth = (_SLICES_A_TILE, *patch) if planar else patch
    sizes = _sizes(configuration, planar=planar)
    require_whole(depth, sizes["divisors"])
    mm: tuple[float | None, ...] = (None, *spacing) if planar else spacing
    spec = StageSpec(
        name="network",
        network="UNet",
        options=sizes,
        classes=tuple(c.name for c in classes.outputs),
        input=InputSpec(
            mm,  # type: ignore[arg-type]
            values,
            pad=0.0,
            axes=axes,
            skip_flat=False,
            splines=(3, 0),
        ),
        patch=depth,
    )
    return _Stage(spec, patch, planar)


def _sizes(configuration: dict[str, Any], *, planar: bool) -> dict[str, Any]:
    """What memory depends on: the first features, and by what tiles must be divisible."""
    plan, _ = network_plan(configuration, "", 2 if planar else 3)
    divisors = tuple(prod(stride[n] for stride in plan.strides) for n in range(3 - planar))
    return {"features": plan.features[0], "divisors": (1, *divisors) if planar else divisors}


def _values(
    plans: dict[str, Any], configuration: dict[str, Any], dataset: dict[str, Any]
) -> Values:
    """How densities are normalized.

    Raises
    ------
    ModelError
        If the model reads several images, or none that is a CT.
    """
    channels = dataset.get("channel_names") or dataset.get("modality") or {}
    channels = list(channels.values()) if isinstance(channels, dict) else list(channels)
    schemes = configuration.get("normalization_schemes")
    if not isinstance(schemes, list) or not schemes:
        raise ModelError(f"'{PLANS}' does not say how densities are normalized.")
    if len(schemes) != 1 or len(channels) > 1:
        listed = ", ".join(map(str, channels)) or str(len(schemes))
        raise ModelError(
            f"The model reads several images at once ({listed}), and one CT is given. Choose a "
            "model that reads one CT."
        )
    channel = str(channels[0]) if channels else ""
    if "ct" not in channel.lower().replace("-", " ").replace("_", " ").split():
        raise ModelError(
            f"The model reads '{channel or 'images that are not named'}', no CT. Choose a model "
            "that was trained on CT."
        )
    scheme = schemes[0]
    if scheme == "ZScoreNormalization":
        return ZScore(nonzero=False)
    if scheme == "NoNormalization":
        return Normalization((-float("inf"), float("inf")), 0.0, 1.0)
    if scheme != "CTNormalization":
        raise ModelError(
            f"The model normalizes densities by '{scheme}', which is not known. Known: "
            "CTNormalization, ZScoreNormalization, NoNormalization."
        )
    own = (plans.get("foreground_intensity_properties_per_channel") or {}).get("0") or {}
    names = ("percentile_00_5", "percentile_99_5", "mean", "std")
    low, high, mean, sd = (numbers(own.get(n), f"intensity '{n}'", count=1)[0] for n in names)
    if low >= high or sd < 0:
        raise ModelError(f"'{PLANS}' has densities from {low:g} to {high:g}, SD {sd:g}.")
    return Standardized((low, high), mean, max(sd, 1e-8))


def _transpose(plans: dict[str, Any]) -> tuple[int, ...]:
    """Axes of the stored array in the network's order."""
    order = whole_numbers(plans.get("transpose_forward", [0, 1, 2]), "axes", least=0, most=2)
    if sorted(order) != [0, 1, 2]:
        raise ModelError(f"The model's axes are {list(order)}. Expected 0, 1 and 2 once each.")
    return order


def _axes(
    transpose: tuple[int, ...],
    folder: Path,
    described: tuple[dict[str, Any], dict[str, Any]],
    choice: ModelChoice,
) -> tuple[str, str]:
    """How images must lie for the network, and a remark where that had to be guessed.

    nnU-Net reads arrays as they are stored, whatever way the patient lies in them, and its folders
    do not say how that was. CTs are mostly stored with slices first; KiTS has them last, from
    above, with rows to the left.
    """
    if choice.axes:
        order_and_flips(choice.axes)
        return choice.axes.upper(), ""
    plans, dataset = described
    if plans.get("image_reader_writer") == _REORIENTING:
        return "".join("SAR"[n] for n in transpose), ""
    names = [plans.get("dataset_name"), dataset.get("name")]
    if not (folder.parent / "imported.json").is_file():  # else the user has named it
        names += [folder.parent.name, folder.name]
    if transpose == _KITS_LIKE or "kits" in " ".join(map(str, names)).lower():
        axes = "".join("LPI"[n] for n in transpose)
        return axes, (
            "The model seems to be trained on CTs stored as KiTS stores them; images are turned "
            f"that way for it (axes {axes})."
        )
    return "".join("SAR"[n] for n in transpose), ""


def _mirror_axes(checkpoint: dict[str, Any], planar: bool) -> tuple[int, ...]:
    """Axes of the network's block along which a training mirrored."""
    axes = checkpoint.get("inference_allowed_mirroring_axes")
    if not axes:
        return ()
    found = whole_numbers(list(axes), "mirroring axes", least=0, most=2)
    return tuple(n + 1 for n in found) if planar else found


def _exactly(
    plans: dict[str, Any], configuration: dict[str, Any], transpose: tuple[int, ...]
) -> Exactly | None:
    """nnU-Net's own resampling; None where a plan names another function than the usual one."""
    usual = "resample_data_or_seg_to_shape"
    names = [configuration.get(f"resampling_fn_{n}", usual) for n in ("data", "probabilities")]
    if names != [usual, usual]:
        return None
    data, back = (
        configuration.get(f"resampling_fn_{n}_kwargs") or {} for n in ("data", "probabilities")
    )
    return Exactly(
        transpose=transpose,
        canonical=plans.get("image_reader_writer") == _REORIENTING,
        order=whole_numbers(data.get("order", 3), "spline order", least=0, most=5)[0],
        order_apart=whole_numbers(data.get("order_z", 0), "spline order", least=0, most=5)[0],
        logit_order=whole_numbers(back.get("order", 1), "spline order", least=0, most=5)[0],
        logit_order_apart=whole_numbers(back.get("order_z", 0), "spline order", least=0, most=5)[0],
        apart=data.get("force_separate_z"),
    )


def _load(file: Path, *, plan: Any, heads: int, planar: bool) -> nn.Module:
    """The network of one checkpoint.

    It is laid out without memory first, so that plans which do not fit the weights cost nothing.
    """
    import torch

    from .planar import Planar
    from .unet import UNet

    tensors = plain_tensors(load_checkpoint(file).get("network_weights"), file.name)
    tensors = {k: v for k, v in tensors.items() if not _is_alias(k)}
    with torch.device("meta"):
        network = UNet(plan, 1, heads)
    fill(network, tensors, file.name)
    return Planar(network) if planar else network


def _is_alias(key: str) -> bool:
    """Whether a tensor is listed a second time, under another name."""
    return ".all_modules." in key or key.startswith("decoder.encoder.")
