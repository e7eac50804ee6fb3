"""From checkpoints to a model package: fp16 weights, and the manifest that describes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..models.package import MANIFEST, WEIGHTS, load_network, load_package, write_weights
from .loop import averaged_network
from .recipe import Recipe


def release(locator: Path | None, fine: Path | None, into: Path) -> str:
    """Write weights and stages of checkpoints into a model folder.

    What people write in the manifest (title, license, figures, warnings) stays as it is;
    stages, training and the sha256 come from the checkpoints. Thresholds of intervals were fitted
    to the old weights and are dropped.

    Parameters
    ----------
    locator, fine : Path, optional
        Checkpoints of `training.loop.train`; a network without one stays as the folder has it.
    into : Path
        Model folder with a ``model.json``.

    Returns
    -------
    str
        sha256 of the weights.

    Raises
    ------
    InputError
        If there is no manifest, or a checkpoint is of the other network.
    """
    manifest = into / MANIFEST
    if not manifest.is_file():
        raise InputError(f"There is no '{manifest}'. Write the manifest's texts first.")
    data = json.loads(manifest.read_text(encoding="utf-8"))
    networks, recipes = {}, {}
    for stage, checkpoint in (("locator", locator), ("fine", fine)):
        if checkpoint is None:
            networks[stage] = load_network(load_package(into), stage)
            continue
        recipe, networks[stage], steps = averaged_network(checkpoint)
        if recipe.role != stage:
            raise InputError(f"'{checkpoint.name}' is a {recipe.role}, not a {stage} network.")
        data["stages"][stage] = _stage(recipe)
        recipes[stage] = {"steps_done": steps, "recipe": recipe.as_dict()}
    data["training"] = {**data["training"], **recipes}
    digest = write_weights(networks, into / WEIGHTS)
    data["weights"] = {"file": WEIGHTS, "sha256": digest}
    data.pop("interval_factors", None)
    manifest.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    load_package(into)
    return digest


def _stage(recipe: Recipe) -> dict[str, Any]:
    """Stage entry of the manifest."""
    options = {k: v for k, v in recipe.network_options.items() if k != "classes"}
    return {
        "network": recipe.network,
        "options": options,
        "classes": list(recipe.classes),
        "spacing_mm": recipe.spacing_mm,
        "patch": list(recipe.patch),
        "window_hu": list(recipe.window_hu),
    }
