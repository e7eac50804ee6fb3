"""Which model packages are there, and which one is meant."""

from __future__ import annotations

import json
import os
from pathlib import Path

from ..core.errors import ModelError
from ..environment.resources import resource_folder
from ..environment.user_folder import user_folder
from .manifest import CARD, MANIFEST, ModelPackage, load_package

DEFAULT_MODEL = "kidneyseg-ct"
ENVIRONMENT_VARIABLE = "KIDNEYSEG_MODELS"


def model_folders() -> dict[str, Path]:
    """Name and folder of every model found.

    Looked up in ``$KIDNEYSEG_MODELS`` (one folder of model folders), then in what ships with
    the library, then among the models that the user imported; the first of a name wins.
    """
    roots = [Path(os.environ[ENVIRONMENT_VARIABLE])] if ENVIRONMENT_VARIABLE in os.environ else []
    shipped = resource_folder("Models")
    if shipped is not None:
        roots.append(shipped)
    found: dict[str, Path] = {}
    for root in roots:
        for manifest in sorted(root.glob(f"*/{MANIFEST}")):
            found.setdefault(manifest.parent.name, manifest.parent)
    for entry in sorted((user_folder() / "models").glob("[!.]*/imported.json")):
        found.setdefault(entry.parent.name, entry.parent / "model")
    return found


def find_model(name_or_folder: str | Path | None = None) -> ModelPackage:
    """Load a model of our own by name, by folder, or the default one.

    Raises
    ------
    ModelError
        If there is no such model, or its package is damaged.
    """
    return load_package(find_folder(name_or_folder))


def find_folder(wanted: str | Path | None = None) -> Path:
    """Folder of a model by name, or a folder or file as it is.

    Raises
    ------
    ModelError
        If there is none.
    """
    name = str(wanted or DEFAULT_MODEL)
    folders = model_folders()
    if name in folders:
        return folders[name]
    if Path(name).exists():
        return Path(name)
    raise ModelError(
        f"There is no model '{name}'. Known: {', '.join(sorted(folders)) or 'none'}. "
        "Give one of these names, or the folder or ZIP file of a model."
    )


def is_package(name_or_folder: str | Path | None = None) -> bool:
    """Whether a model is a package of our own, whose card can be read without any package."""
    wanted = str(name_or_folder or DEFAULT_MODEL)
    return (model_folders().get(wanted, Path(wanted)) / MANIFEST).is_file()


def about_model(name_or_folder: str | Path | None = None) -> str:
    """Title, version, license and card of a model, as its folder tells them; nothing is checked.

    Needs no package beyond Python's own, so that a user can read it before anything is installed.

    Raises
    ------
    ModelError
        If there is no such model, or its files cannot be read.
    """
    wanted = str(name_or_folder or DEFAULT_MODEL)
    folder = model_folders().get(wanted, Path(wanted))
    try:
        said = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        card = (folder / CARD).read_text(encoding="utf-8")
        head = f"{said['title']}\n{said['name']} {said['version']}\n"
        return f"{head}License of the weights: {said['license']}\n\n{card}"
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"There is no model '{wanted}', or its files cannot be read ({error}). Import it again."
        ) from error
