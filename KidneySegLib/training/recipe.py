"""A training recipe: everything that decides what a training run does, in one JSON file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from ..core.errors import InputError

# What a trained network is, and eats: weights can be averaged where these are equal.
STAGE_SETTINGS = ("role", "classes", "network", "network_options", "spacing_mm", "window_hu")
ROLES = ("locator", "fine", "axial")
_FOLDER = Path(__file__).parent / "recipes"


@dataclass(frozen=True)
class Recipe:
    """Settings of one training run.

    Lengths are in mm, densities in HU, volumes in mL; ``patch`` is ``(k, j, i)`` voxels. Of a
    network that sees slices one by one (role ``axial``) ``planes`` slices of each patch are used.
    ``kidney_centered`` is the share of patches around a kidney; ``hard_negative_share`` the share
    around places that an earlier locator took for kidneys (see `mining`); the rest lies anywhere
    in the body. ``slice_share`` is the share of all samples that are real slices (see `slices`);
    ``slice_strength`` is how much more they are rotated, scaled and bent than CTs, ``solid_share``
    the share of them whose lesions end above and below; ``rendered_share`` is the share of the
    patches of CTs that is of CTs with a KiTS23 kidney in the place of their own (see `rendering`);
    ``texture_share`` that of the composed lesions that look like a real one (see `textures`);
    ``cyst_share`` that of cysts, ``push_share`` that of lesions that displace what they touch.
    Lesions of less than ``least_lesion_ml`` count in the cross-entropies as if they had that
    volume, but at most ten times (see `loss`).
    ``lesion_counts`` are the numbers of lesions in one patch, equally likely.
    Every ``validate_every`` steps (0: never) the averaged network is validated (see `validation`)
    on lesions of the KiTS23 cases from ``validate_shapes_from`` up to ``exclude_shapes_from``, in
    CTs of ``validate_cases``: neither is trained on. Where no such CTs are named, the training's
    own are the bodies that those lesions are put into.
    """

    name: str
    role: str
    classes: tuple[str, ...]
    network: str
    network_options: dict[str, Any]
    spacing_mm: float
    patch: tuple[int, ...]
    planes: int
    window_hu: tuple[float, float]
    steps: int
    batch: int
    learning_rate: float
    weight_decay: float
    class_weights: tuple[float, ...]
    kidney_centered: float
    hard_negative_share: float
    slice_share: float
    slice_strength: float
    solid_share: float
    rendered_share: float
    jitter_mm: float
    lesion_share: float
    lesion_counts: tuple[int, ...]
    cyst_share: float
    push_share: float
    distractor_share: float
    lesion_volume_ml: tuple[float, float]
    small_lesion_share: float
    least_lesion_ml: float
    texture_share: float
    ema: float
    seed: int
    exclude_cases: tuple[str, ...]
    exclude_shapes_from: int
    validate_every: int
    validate_cases: tuple[str, ...]
    validate_shapes_from: int

    def __post_init__(self):
        """Refuse combinations that cannot be trained."""
        if self.role not in ROLES:
            raise InputError(f"Recipe role '{self.role}' is unknown. Expected {', '.join(ROLES)}.")
        if (self.role == "axial") != (0 < self.planes <= self.patch[0]):
            raise InputError(
                f"The recipe asks for {self.planes} planes of {self.patch[0]}. Expected 0, or for "
                "the role axial 1 to all of them."
            )
        if self.role == "axial" and self.hard_negative_share:
            raise InputError(
                "The recipe asks for hard negatives, which are places in whole CTs; the axial "
                "network's CTs are cut to the kidneys. Set hard_negative_share to 0."
            )
        if self.validate_every and self.validate_shapes_from >= self.exclude_shapes_from:
            raise InputError(
                f"The recipe validates on KiTS23 cases from {self.validate_shapes_from} on, but "
                f"uses none from {self.exclude_shapes_from} on. Set validate_shapes_from lower, or "
                "validate_every to 0."
            )
        both = sorted(set(self.validate_cases) & set(self.exclude_cases))
        if both:
            raise InputError(
                f"The recipe validates on {both[0]}, and keeps it out. Remove it from "
                "validate_cases or from exclude_cases."
            )
        if len(self.class_weights) != len(self.classes):
            raise InputError(
                f"The recipe has {len(self.classes)} classes and {len(self.class_weights)} "
                "class weights. Give one weight a class."
            )

    def lesion_cases(self, *, validation: bool = False) -> range:
        """Numbers of the KiTS23 cases whose lesions are trained on, or validated on."""
        if validation:
            return range(self.validate_shapes_from, self.exclude_shapes_from)
        return range(min(self.validate_shapes_from, self.exclude_shapes_from))

    def as_dict(self) -> dict[str, Any]:
        """Plain dictionary for JSON."""
        return asdict(self)


def load_recipe(name_or_path: str) -> Recipe:
    """Read a recipe by name (one that ships) or from a JSON file.

    Raises
    ------
    InputError
        If it is not there, or has missing or unknown settings.
    """
    path = Path(name_or_path)
    if not path.is_file():
        path = _FOLDER / f"{name_or_path}.json"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in _FOLDER.glob("*.json")))
        raise InputError(f"There is no recipe '{name_or_path}'. Known: {known}; or give a file.")
    return recipe_from(json.loads(path.read_text()), path)


def _older_defaults(data: dict[str, Any]) -> dict[str, Any]:
    """Settings that recipes of earlier versions lack."""
    return {
        "planes": 0,
        "rendered_share": 0.0,
        "validate_every": 0,
        "validate_cases": [],
        "validate_shapes_from": data.get("exclude_shapes_from"),
    }


def recipe_from(data: dict[str, Any], path: Path) -> Recipe:
    """Recipe of a plain dictionary read from a file.

    Raises
    ------
    InputError
        If settings are missing or unknown.
    """
    data = {**_older_defaults(data), **data}
    names = {f.name for f in fields(Recipe)}
    if set(data) != names:
        raise InputError(
            f"Recipe '{path.name}': missing {sorted(names - set(data))}, "
            f"unknown {sorted(set(data) - names)}."
        )
    return Recipe(**{k: tuple(v) if isinstance(v, list) else v for k, v in data.items()})
