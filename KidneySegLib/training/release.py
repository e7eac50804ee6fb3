"""From checkpoints to a model package: fp16 weights, and the manifest that describes them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..core.errors import InputError
from ..models.manifest import (
    AXIAL_STAGES,
    MANIFEST,
    OWN_WEIGHTS,
    STAGES,
    WEIGHTS,
    load_package,
)
from ..models.weights import load_network, write_weights
from .loop import averaged_network, read_checkpoint
from .recipe import Recipe

_SLICES_AT_ONCE = 16  # they do not see each other: only memory and speed depend on it


def release(checkpoints: Mapping[str, Sequence[Path]], into: Path) -> str:
    """Write weights and stages of checkpoints into a model folder.

    What people write in the manifest (title, license, figures, warnings) stays as it is;
    stages, training and the sha256 come from the checkpoints. Factors of intervals, and limits,
    were set on the old weights and are dropped: set them anew.

    Parameters
    ----------
    checkpoints : mapping of str to sequence of Path
        For each stage checkpoints of `training.loop.train`, whose weights are averaged; a network
        without one stays as the folder has it.
    into : Path
        Model folder with a ``model.json``.

    Returns
    -------
    str
        sha256 of the weights (see `ModelPackage`).

    Raises
    ------
    InputError
        If there is no manifest, a checkpoint is of the other network, or two differ.
    """
    manifest = into / MANIFEST
    if not manifest.is_file():
        raise InputError(f"There is no '{manifest}'. Write the manifest's texts first.")
    data = json.loads(manifest.read_text(encoding="utf-8"))
    networks, recipes = {}, {}
    common = [stage for stage in STAGES if stage not in OWN_WEIGHTS]
    common_changes = any(checkpoints.get(stage) for stage in common)
    for stage in STAGES:
        paths = checkpoints.get(stage, ())
        if not paths:
            if common_changes and stage in common:
                networks[stage] = load_network(load_package(into), stage)
            continue
        recipe, networks[stage], steps = averaged_network(*paths)
        role = "axial" if stage in AXIAL_STAGES else stage
        if recipe.role != role:
            raise InputError(f"'{paths[-1].name}' is a {recipe.role} network. Expected: {role}.")
        data["stages"][stage] = _stage(recipe)
        recipes[stage] = {"steps_done": steps, "recipe": recipe.as_dict()}
        if len(paths) > 1:
            recipes[stage]["averaged_with"] = [_record(c) for c in paths[:-1]]
    for stage, file in OWN_WEIGHTS.items():
        if stage in networks:
            digest = write_weights({stage: networks.pop(stage)}, into / file)
            data["stages"][stage]["weights"] = {"file": file, "sha256": digest}
    data["training"] = {**data["training"], **recipes}
    if common_changes:
        data["weights"] = {"file": WEIGHTS, "sha256": write_weights(networks, into / WEIGHTS)}
    if any(checkpoints.values()):
        data.pop("interval_factors", None)
        data.pop("limits", None)
    manifest.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    return load_package(into).sha256


def _record(checkpoint: Path) -> dict[str, Any]:
    """Steps and recipe of a checkpoint."""
    stored = read_checkpoint(checkpoint)
    return {"steps_done": stored["step"], "recipe": stored["recipe"]}


def _stage(recipe: Recipe) -> dict[str, Any]:
    """Stage entry of the manifest."""
    options = {k: v for k, v in recipe.network_options.items() if k != "classes"}
    depth = _SLICES_AT_ONCE if recipe.planes else recipe.patch[0]
    return {
        "network": recipe.network,
        "options": options,
        "classes": list(recipe.classes),
        "spacing_mm": recipe.spacing_mm,
        "patch": [depth, *recipe.patch[1:]],
        "window_hu": list(recipe.window_hu),
    }
