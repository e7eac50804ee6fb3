"""Which model packages are there, and which one is meant."""

from __future__ import annotations

import os
from pathlib import Path

from ..core.errors import ModelError
from ..environment.resources import resource_folder
from .manifest import MANIFEST, ModelPackage, load_package

DEFAULT_MODEL = "kidneyseg-ct"
ENVIRONMENT_VARIABLE = "KIDNEYSEG_MODELS"


def model_folders() -> dict[str, Path]:
    """Name and folder of every model package found.

    Looked up in ``$KIDNEYSEG_MODELS`` (one folder of model folders), then in what ships with
    the library; the first of a name wins.
    """
    roots = [Path(os.environ[ENVIRONMENT_VARIABLE])] if ENVIRONMENT_VARIABLE in os.environ else []
    shipped = resource_folder("Models")
    if shipped is not None:
        roots.append(shipped)
    found: dict[str, Path] = {}
    for root in roots:
        for manifest in sorted(root.glob(f"*/{MANIFEST}")):
            found.setdefault(manifest.parent.name, manifest.parent)
    return found


def find_model(name_or_folder: str | Path | None = None) -> ModelPackage:
    """Load a model by name, by folder, or the default one.

    Raises
    ------
    ModelError
        If there is no such model, or its package is damaged.
    """
    wanted = str(name_or_folder or DEFAULT_MODEL)
    folders = model_folders()
    if wanted in folders:
        return load_package(folders[wanted])
    if Path(wanted).is_dir():
        return load_package(Path(wanted))
    raise ModelError(
        f"There is no model '{wanted}'. Known: {', '.join(sorted(folders)) or 'none'}. "
        "Give one of these names or the folder of a model package."
    )
