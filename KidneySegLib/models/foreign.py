"""What the chain must know of another project's model, whatever its format."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..core.errors import KidneySegError, ModelError
from .class_roles import ClassMap, ClassRole
from .info import ModelInfo
from .manifest import file_sha256
from .network_source import NetworkSource, StageSpec

NO_LICENSE = "not said in its files; ask its authors"
_LARGEST_JSON = 64 * 2**20
_MOST_TILE_VOXELS = 512**3
_MOST_CHANNELS = 4096


@dataclass(frozen=True)
class ModelChoice:
    """What the user decides about a model of another project.

    Attributes
    ----------
    exact : bool
        As its own predictor does it: the whole field, on the grid as it is stored.
    mirror : bool
        Mean over mirrored passes, where the model's training allows it.
    roles : mapping
        Classes whose role the user gives (see `class_roles.parse_map`).
    folds : tuple of str
        Of an nnU-Net; empty means all that are there.
    axes : str
        How the images lay that it was trained on, such as ``SAR``; empty where the files tell.
    """

    exact: bool = False
    mirror: bool = False
    roles: Mapping[str, ClassRole] = field(default_factory=dict)
    folds: tuple[str, ...] = ()
    axes: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain dictionary for JSON, with what differs from the usual only."""
        told = {
            "exact": self.exact,
            "mirror": self.mirror,
            "roles": {name: role.value for name, role in self.roles.items()},
            "folds": list(self.folds),
            "axes": self.axes,
        }
        return {name: value for name, value in told.items() if value}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ModelChoice:
        """Choice that `as_dict` wrote."""
        return cls(
            exact=data.get("exact", False),
            mirror=data.get("mirror", False),
            roles={name: ClassRole(role) for name, role in data.get("roles", {}).items()},
            folds=tuple(data.get("folds", ())),
            axes=data.get("axes", ""),
        )


@dataclass(frozen=True)
class Exactly:
    """How the model's own predictor brings an image onto its grid and back.

    Attributes
    ----------
    transpose : (int, int, int)
        Axes of the stored array ``(k, j, i)`` in the network's order.
    canonical : bool
        Whether its reader turns images to RAS first.
    order, order_apart : int
        Splines that bring the image onto the grid, and along an axis that is taken apart.
    logit_order, logit_order_apart : int
        The same, for what comes back.
    apart : bool or None
        Whether the coarse axis is taken apart; None where the spacing decides.
    """

    transpose: tuple[int, ...]
    canonical: bool
    order: int
    order_apart: int
    logit_order: int
    logit_order_apart: int
    apart: bool | None


@dataclass(frozen=True)
class Stepwise:
    """How a model of MONAI is run by its own transforms and sliding window.

    Attributes
    ----------
    steps : tuple of str
        ``normalize``, ``crop`` (to what is above 0) and ``space`` in their order.
    margin : int
        Voxels around what is above 0 that stay.
    crops_by_image : bool
        Whether densities in HU are asked for what is above 0, else what they are at that step.
    overlap : (float, float, float)
        Share of a tile that its neighbor covers too, along the network's axes.
    weighted : bool
        Whether a tile's middle counts more than its rim.
    turned : bool
        Whether images are turned to the model's axes; else the network sees them as stored.
    """

    steps: tuple[str, ...]
    margin: int = 0
    crops_by_image: bool = True
    overlap: tuple[float, float, float] = (0.25, 0.25, 0.25)
    weighted: bool = False
    turned: bool = True


@dataclass(frozen=True, kw_only=True)
class ForeignModel(ModelInfo):
    """A checked model of another project.

    Attributes
    ----------
    format, title : str
        In words.
    classes : ClassMap
    networks : tuple of NetworkSource
        Members of an ensemble; their logits are averaged.
    mirror_axes : tuple of int
        Of the network's axes, along which its training mirrored images.
    exactly : Exactly or Stepwise, optional
        Where its own way is known.
    choice : ModelChoice
    training : str
        On what kind of CT, where the files tell.
    """

    format: str
    title: str
    classes: ClassMap
    networks: tuple[NetworkSource, ...]
    mirror_axes: tuple[int, ...] = ()
    exactly: Exactly | Stepwise | None = None
    choice: ModelChoice = field(default_factory=ModelChoice)
    training: str = ""

    def as_record(self) -> dict[str, Any]:
        """What the record of a run keeps of it: also what was chosen, and what its classes are."""
        own = {"format": self.format, "classes": self.classes.describe()}
        return super().as_record() | own | {"choice": self.choice.as_dict()}

    @property
    def spec(self) -> StageSpec:
        """Input and tile, the same for all members."""
        return self.networks[0].spec

    @property
    def card(self) -> str:
        """What is known of it, in a few lines."""
        roles = ", ".join(f"{name} ({role})" for name, role in self.classes.describe().items())
        spacing = " x ".join(
            "own" if mm is None else f"{mm:g}" for mm in self.spec.input.spacing_mm
        )
        lines = (
            f"{self.title}: {self.format}, {len(self.networks)} networks",
            f"Classes: {roles}",
            f"Grid: {spacing} mm (k, j, i), axes {self.spec.input.axes}, tiles of "
            f"{' x '.join(map(str, self.spec.patch))} voxels",
            *self.remarks,
            f"License: {self.license}",
        )
        return "\n".join(lines)


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object of a model folder, as data.

    Raises
    ------
    ModelError
        If it is missing, too large, or no JSON object.
    """
    if not path.is_file():
        raise ModelError(f"The model has no '{path.name}'. Expected it in '{path.parent}'.")
    if path.stat().st_size > _LARGEST_JSON:
        raise ModelError(f"'{path.name}' is too large for a description of a model.")
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError, RecursionError) as error:
        raise ModelError(f"'{path.name}' cannot be read as JSON ({error}).") from error
    if not isinstance(data, dict):
        raise ModelError(f"'{path.name}' holds no JSON object.")
    return data


def whole_numbers(value: Any, what: str, *, most: int, least: int = 1) -> tuple[int, ...]:
    """A list of whole numbers in a range.

    Raises
    ------
    ModelError
        If it is something else.
    """
    items = value if isinstance(value, (list, tuple)) else [value]
    found = [_as_float(n) for n in items]
    if not found or not all(n.is_integer() and least <= n <= most for n in found):
        raise ModelError(
            f"The model's {what} is {_shown(value)}. Expected whole numbers from {least} to {most}."
        )
    return tuple(int(n) for n in found)


def numbers(
    value: Any, what: str, *, count: int | None = None, low: float = -1e6, high: float = 1e6
) -> tuple[float, ...]:
    """A list of finite numbers in a range.

    Raises
    ------
    ModelError
        If it is something else.
    """
    items = value if isinstance(value, (list, tuple)) else [value]
    found = [_as_float(n) for n in items]
    good = bool(found) and all(low <= n <= high for n in found)
    if not good or (count is not None and len(found) != count):
        many = "numbers" if count is None else f"{count} numbers"
        raise ModelError(
            f"The model's {what} is {_shown(value)}. Expected {many} from {low:g} to {high:g}."
        )
    return tuple(found)


def check_tile(patch: Sequence[int], channels: int) -> None:
    """Refuse tiles that no network of this kind has.

    Raises
    ------
    ModelError
    """
    voxels = 1
    for n in patch:
        voxels *= n
    if voxels > _MOST_TILE_VOXELS or channels > _MOST_CHANNELS:
        raise ModelError(
            f"The model asks for tiles of {' x '.join(map(str, patch))} voxels and {channels} "
            "channels, which is too much. Its description is damaged."
        )


def require_whole(patch: Sequence[int], divisors: Sequence[int]) -> None:
    """Refuse a tile that a network's halvings do not divide.

    Raises
    ------
    ModelError
    """
    if any(n % d for n, d in zip(patch, divisors, strict=True)):
        raise ModelError(
            f"The model's tiles of {' x '.join(map(str, patch))} voxels cannot be halved as often "
            f"as its network does ({' x '.join(map(str, divisors))}). Its description is damaged."
        )


def guarded(load: Callable[[], Any]) -> Callable[[], Any]:
    """A function that loads, of which every failure is a message.

    Files of others can be wrong in more ways than can be named: whatever torch or MONAI raise while
    a network is built from a description is a fault of the description.
    """

    def run() -> Any:
        try:
            return load()
        except (KidneySegError, MemoryError):
            raise
        except Exception as error:
            raise ModelError(
                f"The model's network cannot be built from its files ({type(error).__name__}: "
                f"{str(error)[:120]}). They are damaged, or of a kind that is not supported."
            ) from error

    return run


def joined_sha256(files: Sequence[Path]) -> str:
    """One digest of several files, in their order."""
    import hashlib

    digests = [file_sha256(path) for path in files]
    return (
        digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
    )


def _as_float(value: Any) -> float:
    """A number of a JSON file; what is none becomes nan, which no range holds."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    try:
        return float(value) if is_number else float("nan")
    except OverflowError:
        return float("nan")


def _shown(value: Any) -> str:
    """A value as messages show it."""
    text = json.dumps(value, default=str)
    return text if len(text) < 80 else text[:80] + "..."
