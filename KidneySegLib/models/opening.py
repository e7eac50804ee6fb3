"""A model from a name, a folder or a ZIP file, whatever its format."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from ..core.errors import ModelError
from .auto3dseg import checkpoint_folders, load_auto3dseg
from .foreign import ForeignModel, ModelChoice, guarded, read_json
from .manifest import MANIFEST, ModelPackage, load_package
from .monai_bundle import bundle_folders, load_bundle
from .nnunet import load_nnunet, trained_folders
from .registry import find_folder
from .unpacking import unpacked_model

_MOST_LISTED = 5
_ENTRY = "imported.json"  # of the store
_NO_LESIONS = (
    "The model '{name}' does not look for tumors or cysts. That none is reported does not mean "
    "that there is none."
)

Model = ModelPackage | ForeignModel


def open_model(wanted: str | Path | None = None, choice: ModelChoice | None = None) -> Model:
    """A model by name, by folder, by ZIP file, or the default one.

    Raises
    ------
    ModelError
        If there is no such model, its format is not known, or its files are damaged.
    """
    choice = choice or ModelChoice()
    folder = find_folder(wanted)
    if folder.is_file():
        folder = unpacked_model(folder)
    stored = folder.parent / _ENTRY
    if stored.is_file():  # what was chosen about it when it was imported
        kept = guarded(lambda: ModelChoice.from_dict(read_json(stored).get("choice", {})))()
        roles = {**kept.roles, **choice.roles}
        choice = replace(choice, roles=roles, axes=choice.axes or kept.axes)
        model = open_folder(folder, choice)
        if isinstance(model, ForeignModel):  # which does not know what the user calls it
            model = replace(model, name=folder.parent.name)
        return model
    return open_folder(folder, choice)


def open_folder(folder: Path, choice: ModelChoice) -> Model:
    """The model that lies in a folder.

    Raises
    ------
    ModelError
        If its format is not known, or its files are damaged.
    """
    if (folder / MANIFEST).is_file():
        _require_usual(choice, folder)
        return load_package(folder)
    try:
        found = [(path, load) for load, folders in _FORMATS for path in folders(folder)]
    except OSError as error:
        raise ModelError(
            f"'{folder.name}' holds a folder that cannot be read ({error.strerror or error})."
        ) from error
    if not found:
        raise ModelError(
            f"'{folder.name}' holds no model that is known. Expected a KidneySeg package "
            f"({MANIFEST}), a trained folder of nnU-Net v2 (plans.json, dataset.json, fold_0), an "
            "Auto3DSeg checkpoint (model.pt), or a MONAI bundle (configs/metadata.json). "
            "nnU-Net version 1 must be converted first."
        )
    if len(found) > 1:
        listed = ", ".join(f"'{path.relative_to(folder)}'" for path, _ in found[:_MOST_LISTED])
        raise ModelError(
            f"'{folder.name}' holds {len(found)} trained models: {listed}. Give the folder of one."
        )
    path, load = found[0]
    model = guarded(partial(load, path, choice))()
    if model.classes.has_lesions:
        return model
    return replace(model, remarks=(*model.remarks, _NO_LESIONS.format(name=model.name)))


def _require_usual(choice: ModelChoice, folder: Path) -> None:
    """Refuse choices that a package of our own does not know."""
    told = choice.as_dict()
    if told:
        raise ModelError(
            f"'{folder.name}' is a model of KidneySeg's own, which has no {', '.join(told)}. These "
            "choices are for models of other projects."
        )


_FORMATS: tuple[
    tuple[Callable[[Path, ModelChoice], ForeignModel], Callable[[Path], list[Path]]], ...
] = (
    (load_nnunet, trained_folders),
    (load_bundle, bundle_folders),
    (load_auto3dseg, checkpoint_folders),
)
