"""Checkpoints of MONAI Auto3DSeg's SegResNet: ``model.pt``, with ``labels.csv`` where it is there.

As SlicerMONAIAuto3DSeg ships them. Classes of a softmax, and overlapping regions of a sigmoid (the
recipe that won KiTS23: kidney with masses, masses, tumor). Steps are those of Slicer's script of
2025, which normalizes first; Auto3DSeg's own training normalizes on its grid, which differs by
what lies between voxels, and for ``meanstd`` by what mean and SD are taken of.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import ModelError
from .checkpoint import fill, load_checkpoint, plain_tensors
from .class_roles import ClassMap, nested_outputs, outputs_of
from .foreign import (
    NO_LICENSE,
    ForeignModel,
    ModelChoice,
    Stepwise,
    check_tile,
    guarded,
    joined_sha256,
    numbers,
    whole_numbers,
)
from .inputs import InputSpec, SoftWindow, Values, ZScore, order_and_flips
from .monai_networks import build_monai, memory_options, monai_network
from .network_source import NetworkSource, StageSpec

if TYPE_CHECKING:
    from torch import nn

CHECKPOINT, LABELS = "model.pt", "labels.csv"
FORMAT = "MONAI Auto3DSeg"
_DEPTH = 2
_TOLERANCE = 0.25  # Auto3DSeg resamples no axis that differs by less
_CT = ("range", "ct")
_MARGIN, _OVERLAP = 10, 0.625  # voxels around the body, and what tiles share


def checkpoint_folders(folder: Path) -> list[Path]:
    """Folders of a folder, itself included, that hold a checkpoint and are no MONAI bundle."""
    found, level = [], [folder]
    for _ in range(_DEPTH + 1):
        found += [p for p in level if (p / CHECKPOINT).is_file() and not _is_of_bundle(p)]
        level = [p for path in level for p in sorted(path.iterdir()) if p.is_dir()][:1000]
    return found


def _is_of_bundle(folder: Path) -> bool:
    """Whether a folder is that of a bundle's weights."""
    return (folder.parent / "configs" / "metadata.json").is_file()


def load_auto3dseg(folder: Path, choice: ModelChoice) -> ForeignModel:
    """A folder with a checkpoint as a model.

    Raises
    ------
    ModelError
        If it is damaged, or does what is not supported, saying what.
    """
    file = folder / CHECKPOINT
    checkpoint = load_checkpoint(file)
    config = checkpoint.get("config")
    if not isinstance(config, dict) or "state_dict" not in checkpoint:
        raise ModelError(
            f"'{CHECKPOINT}' has no {'config' if 'state_dict' in checkpoint else 'state_dict'}. "
            "Expected a checkpoint of Auto3DSeg's SegResNet."
        )
    classes = _classes(config, folder, choice)
    network = config.get("network")
    if not isinstance(network, dict):
        raise ModelError(f"'{CHECKPOINT}' does not describe its network.")
    name, options = monai_network(network, channels=1, classes=len(classes.outputs))
    axes, remarks = _axes(config, choice)
    spec = _stage(config, classes, axes)
    table = folder / LABELS
    key = joined_sha256([file, *([table] if table.is_file() else [])])
    load = partial(_load, file, name, options)
    return ForeignModel(
        name=folder.name,
        title=folder.name,
        version=f"epoch {checkpoint.get('epoch', 'unknown')}",
        license=_license(folder),
        sha256=key,
        format=FORMAT,
        classes=classes,
        networks=(NetworkSource(key, spec, guarded(load), "none", choice.exact),),
        exactly=_stepwise(config),
        choice=choice,
        remarks=tuple(remarks),
    )


def _license(folder: Path) -> str:
    """First line of a license file, where there is one."""
    for name in ("LICENSE", "LICENSE.txt", "LICENCE"):
        if (folder / name).is_file():
            lines = (folder / name).read_text(encoding="utf-8", errors="replace").split("\n")
            return next((line.strip()[:80] for line in lines if line.strip()), NO_LICENSE)
    return NO_LICENSE


def _classes(config: Mapping[str, Any], folder: Path, choice: ModelChoice) -> ClassMap:
    """Classes by the checkpoint's names, else by those of ``labels.csv``."""
    sigmoid = config.get("sigmoid", False) is True
    named = _names_of_labels(folder)
    own = config.get("class_names")
    names = [str(n) for n in own] if isinstance(own, (list, tuple)) else []
    if not sigmoid:
        own_numbers = list(range(1, len(names) + 1)) or [n for n in sorted(named) if n > 0]
        given = [named.get(n, names[k] if names else "") for k, n in enumerate(own_numbers)]
        if not given:
            raise ModelError(
                f"Neither '{CHECKPOINT}' nor '{LABELS}' says what the model's classes are."
            )
        return ClassMap(outputs_of(["background", *given], [0, *own_numbers], choice.roles))
    index = config.get("class_index")
    if index is None:
        index = [[n] for n in range(1, len(names) + 1)]
    if not isinstance(index, (list, tuple)) or len(index) != len(names) or not names:
        raise ModelError(f"'{CHECKPOINT}' has other regions than names of regions.")
    sets = [whole_numbers(s, "regions", least=1, most=255) for s in index]
    numbers_ = [_own_number(s, sets) for s in sets]
    order = tuple(sorted(range(len(sets)), key=lambda n: -len(sets[n])))
    return ClassMap(nested_outputs(names, sets, numbers_, choice.roles), nested=True, order=order)


def _own_number(own: tuple[int, ...], sets: Sequence[tuple[int, ...]]) -> int:
    """The label that is in a region and in none inside of it."""
    inner = {n for s in sets if set(s) < set(own) for n in s}
    left = [n for n in own if n not in inner]
    return left[0] if left else own[0]


def _names_of_labels(folder: Path) -> dict[int, str]:
    """Number and name of ``labels.csv``, as SlicerMONAIAuto3DSeg writes it; empty without one."""
    if not (folder / LABELS).is_file():
        return {}
    try:
        with (folder / LABELS).open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
        return {int(row["LabelValue"]): str(row["Name"]) for row in rows}
    except (ValueError, KeyError, TypeError, OSError, csv.Error) as error:
        raise ModelError(
            f"'{LABELS}' cannot be read ({error}). Expected columns LabelValue and Name."
        ) from error


def _axes(config: Mapping[str, Any], choice: ModelChoice) -> tuple[str, list[str]]:
    """How images lie for the network: RAS, else as they were stored, which nobody says."""
    if choice.axes:
        order_and_flips(choice.axes)
        return choice.axes.upper(), []
    if config.get("orientation_ras", False) is True:
        return "RAS", []
    return "RAS", ["The model was trained on images as they were stored; RAS is assumed for it."]


def _stage(config: Mapping[str, Any], classes: ClassMap, axes: str) -> StageSpec:
    """What the network wants to see."""
    patch = whole_numbers(config.get("roi_size"), "tile", most=1024)
    if len(patch) != 3:
        raise ModelError(f"The model's tiles have {len(patch)} axes. Expected 3.")
    check_tile(patch, len(classes.outputs))
    spacing = numbers(config.get("resample_resolution"), "spacing in mm", count=3, low=0.3, high=20)
    input_ = InputSpec(
        spacing,  # type: ignore[arg-type]
        _values(config),
        pad=0.0,
        axes=axes,
        skip_flat=False,
        tolerance=_TOLERANCE,
        anchored=True,
    )
    names = tuple(c.name for c in classes.outputs)
    options = memory_options(config.get("network"))
    return StageSpec("network", "SegResNetDS", options, names, input_, patch)


def _stepwise(config: Mapping[str, Any]) -> Stepwise:
    """Its own transforms and sliding window."""
    crop = ("crop",) if config.get("crop_foreground", True) else ()
    steps = ("normalize", *crop, "space")
    turned = config.get("orientation_ras", False) is True
    return Stepwise(steps, _MARGIN, overlap=(_OVERLAP,) * 3, weighted=True, turned=turned)


def _values(config: Mapping[str, Any]) -> Values:
    """How densities are normalized."""
    mode = config.get("normalize_mode", "meanstd")
    modality = str(config.get("modality", "ct")).lower()
    if modality not in ("ct", "none", ""):
        raise ModelError(f"The model reads '{modality}', no CT. Choose one that was trained on CT.")
    if mode in _CT:
        low, high = numbers(
            config.get("intensity_bounds"), "densities", count=2, low=-4e3, high=2e4
        )
        if low >= high:
            raise ModelError(f"The model's densities run from {low:g} to {high:g}.")
        return SoftWindow(low, high)
    if mode == "meanstd":
        return ZScore(nonzero=True)
    raise ModelError(f"The model normalizes densities by '{str(mode)[:40]}', which is not known.")


def _load(file: Path, name: str, options: Mapping[str, Any]) -> nn.Module:
    """The network with its weights."""
    import torch

    tensors = plain_tensors(load_checkpoint(file)["state_dict"], file.name)
    with torch.device("meta"):
        network = build_monai(name, options)
    return fill(network, tensors, file.name)
