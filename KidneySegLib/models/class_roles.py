"""What the classes of a model stand for: from its names, or as the user says."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from ..core.errors import ModelError
from ..core.schemes import Role
from ..core.segment_names import role_of_name

BACKGROUND = "background"


class ClassRole(Enum):
    """What a class of a model stands for."""

    BACKGROUND = "background"
    KIDNEY = "kidney"
    RIGHT_KIDNEY = "right_kidney"
    LEFT_KIDNEY = "left_kidney"
    CORTEX = "cortex"
    MEDULLA = "medulla"
    TUMOR = "tumor"
    CYST = "cyst"
    MASS = "mass"
    LESION = "lesion"
    ARTERY = "artery"
    VEIN = "vein"
    URETER = "ureter"
    COLLECTING_SYSTEM = "collecting_system"
    OTHER = "other"
    UNCLEAR = "unclear"


KIDNEYS = (
    ClassRole.KIDNEY,
    ClassRole.RIGHT_KIDNEY,
    ClassRole.LEFT_KIDNEY,
    ClassRole.CORTEX,
    ClassRole.MEDULLA,
)
"""Parenchyma: cortex and medulla are parts of it, and are kept apart as well."""
LESIONS = (ClassRole.TUMOR, ClassRole.MASS, ClassRole.LESION, ClassRole.CYST)
PARTS_OF_KIDNEY = (ClassRole.CORTEX, ClassRole.MEDULLA)
_EXTRA = (
    ClassRole.ARTERY,
    ClassRole.VEIN,
    ClassRole.URETER,
    ClassRole.COLLECTING_SYSTEM,
    *PARTS_OF_KIDNEY,
    ClassRole.OTHER,
)
_FREELY = [r.value for r in ClassRole if r not in (ClassRole.BACKGROUND, ClassRole.UNCLEAR)]
_OF_THE_KIDNEY = r"(?:renal|kidneys?) ?"
_NAMES = (
    (ClassRole.ARTERY, rf"(?:{_OF_THE_KIDNEY})?(?:artery|arteries)"),
    (ClassRole.VEIN, rf"(?:{_OF_THE_KIDNEY})?veins?"),
    (ClassRole.URETER, r"ureters?"),
    (
        ClassRole.COLLECTING_SYSTEM,
        rf"(?:{_OF_THE_KIDNEY})?(?:collecting system|pelvis|pelvicalyceal system|pcs)",
    ),
    (ClassRole.CORTEX, rf"(?:{_OF_THE_KIDNEY})?cortex"),
    (ClassRole.MEDULLA, rf"(?:{_OF_THE_KIDNEY})?medulla"),
    (ClassRole.KIDNEY, r"(?:renal )?parenchyma"),
    (ClassRole.MASS, rf"{_OF_THE_KIDNEY}(?:mass|masses|lesions?)|mass|masses"),
    (ClassRole.LESION, r"(?:any |all )?lesions?"),
)
_SIDE = re.compile(r"\b(?:left|right|l|r)\b")
_FROM_LABELS = {
    Role.KIDNEY: ClassRole.KIDNEY,
    Role.RIGHT_KIDNEY: ClassRole.RIGHT_KIDNEY,
    Role.LEFT_KIDNEY: ClassRole.LEFT_KIDNEY,
    Role.TUMOR: ClassRole.TUMOR,
    Role.CYST: ClassRole.CYST,
    Role.UNCLEAR: ClassRole.UNCLEAR,
    Role.OTHER: ClassRole.OTHER,
}


def role_of_class(name: str) -> ClassRole:
    """Role that the name of a class says; `ClassRole.UNCLEAR` for a kidney with its masses."""
    text = re.sub(r"[_\-./]+", " ", name).strip().lower()
    if text == BACKGROUND:
        return ClassRole.BACKGROUND
    without_side = " ".join(_SIDE.sub(" ", text).split())
    for role, pattern in _NAMES:
        if re.fullmatch(pattern, without_side):
            return role
    return _FROM_LABELS[role_of_name(name)]


def parse_map(entries: Sequence[str]) -> dict[str, ClassRole]:
    """Roles that the user gives: ``NAME=ROLE`` each.

    Raises
    ------
    ModelError
        If one is spelled otherwise, or there is no such role.
    """
    given = {}
    for entry in entries:
        name, _, role = entry.rpartition("=")
        if not name or role not in _FREELY:
            raise ModelError(
                f"'{entry}' maps nothing. Expected NAME=ROLE, with one of the roles "
                f"{', '.join(_FREELY)}."
            )
        given[name] = ClassRole(role)
    return given


@dataclass(frozen=True)
class OutputClass:
    """One channel of a network's output.

    Attributes
    ----------
    name : str
        As the model calls it.
    number : int
        Its number in the model's own label maps.
    role : ClassRole
    """

    name: str
    number: int
    role: ClassRole


@dataclass(frozen=True)
class ClassMap:
    """The channels of a network's output, and what they are to us.

    Attributes
    ----------
    outputs : tuple of OutputClass
        In the order of the channels. Those of a softmax begin with the background; those of nested
        regions (sigmoid) have none.
    nested : bool
    order : tuple of int
        Of nested regions: channels from below to above; empty where that is their order.
    """

    outputs: tuple[OutputClass, ...]
    nested: bool = False
    order: tuple[int, ...] = ()

    def __post_init__(self):
        """Refuse classes of which none can be used, and names that do not say what they are."""
        roles = [c.role for c in self.outputs]
        unclear = [c.name for c in self.outputs if c.role is ClassRole.UNCLEAR]
        if unclear:
            raise ModelError(
                f"The model's class '{unclear[0]}' may be a kidney with or without its masses. Say "
                f"what it is: {unclear[0]}=kidney, or another of {', '.join(_FREELY)}.",
                remedy="map",
            )
        if not any(role in (*KIDNEYS, *LESIONS) for role in roles):
            listed = ", ".join(c.name for c in self.outputs if c.role is not ClassRole.BACKGROUND)
            raise ModelError(
                f"None of the model's classes is a kidney or a lesion ({_short(listed)}). Use "
                "another model, or say which class is which: NAME=ROLE.",
                remedy="map",
            )

    @property
    def has_kidneys(self) -> bool:
        """Whether it tells kidneys."""
        return any(c.role in KIDNEYS for c in self.outputs)

    @property
    def has_lesions(self) -> bool:
        """Whether it tells tumors or cysts."""
        return any(c.role in LESIONS for c in self.outputs)

    @property
    def extras(self) -> tuple[OutputClass, ...]:
        """Classes that are kept beside kidneys, tumors and cysts."""
        return tuple(c for c in self.outputs if c.role in _EXTRA)

    def describe(self) -> dict[str, str]:
        """Name and role of every class, for the record of a run."""
        return {c.name: c.role.value for c in self.outputs}

    def exclusive(self, shares: np.ndarray) -> np.ndarray:
        """Probabilities of which each voxel belongs to one: of nested regions what is their own.

        Parameters
        ----------
        shares : (channels, k, j, i)
        """
        if not self.nested:
            return shares
        own = np.empty_like(shares)
        later = np.zeros_like(shares[0])
        for n in reversed(self._upward()):
            own[n] = np.maximum(shares[n] - later, 0)
            np.maximum(later, shares[n], out=later)
        return own

    def tissues(self, shares: np.ndarray) -> np.ndarray:
        """Probabilities of background, kidney, tumor and cyst, then of every extra class.

        Parameters
        ----------
        shares : (channels, k, j, i) float32
            Of the network's classes.

        Returns
        -------
        (4 + extras, k, j, i) float32
            The first four sum to 1.
        """
        own = self.exclusive(shares)
        found = np.zeros((4 + len(self.extras), *shares.shape[1:]), np.float32)
        extras = list(self.extras)
        for share, output in zip(own, self.outputs, strict=True):
            if output.role in KIDNEYS:
                found[1] += share
            elif output.role is ClassRole.CYST:
                found[3] += share
            elif output.role in LESIONS:
                found[2] += share
            if output in extras:
                found[4 + extras.index(output)] = share
        np.clip(1 - found[1:4].sum(axis=0), 0, 1, out=found[0])
        return found

    def rival(self, shares: np.ndarray) -> np.ndarray | None:
        """Highest probability of all that is neither kidney nor lesion; None of nested regions.

        Parameters
        ----------
        shares : (channels, k, j, i)
        """
        if self.nested:
            return None
        ours = (*KIDNEYS, *LESIONS)
        return shares[[c.role not in ours for c in self.outputs]].max(axis=0)

    def numbers(self, shares: np.ndarray) -> np.ndarray:
        """The model's own label map of probabilities or, without regions, logits.

        Parameters
        ----------
        shares : (channels, k, j, i)

        Returns
        -------
        (k, j, i) uint8, or uint16 where 8 bits do not hold the numbers
        """
        own = [c.number for c in self.outputs]
        kind = np.uint8 if max(own) < 256 else np.uint16
        if not self.nested:
            return np.array(own, kind)[shares.argmax(axis=0)]
        found = np.zeros(shares.shape[1:], kind)
        for n in self._upward():
            found[shares[n] > 0.5] = own[n]
        return found

    def _upward(self) -> Sequence[int]:
        """Channels of nested regions from below to above."""
        return self.order or range(len(self.outputs))


def outputs_of(
    names: Sequence[str], numbers: Sequence[int], given: Mapping[str, ClassRole]
) -> tuple[OutputClass, ...]:
    """Classes of these names, with the roles that the user gives or that the names say.

    Raises
    ------
    ModelError
        If the user names a class that is not there.
    """
    strange = sorted(set(given) - set(names))
    if strange:
        raise ModelError(
            f"The model has no class '{strange[0]}'. Its classes: {_short(', '.join(names))}."
        )
    return tuple(
        OutputClass(name, number, given.get(name) or role_of_class(name))
        for name, number in zip(names, numbers, strict=True)
    )


def nested_outputs(
    names: Sequence[str],
    sets: Sequence[tuple[int, ...]],
    numbers: Sequence[int],
    given: Mapping[str, ClassRole],
) -> tuple[OutputClass, ...]:
    """Classes of nested regions, each with the role of what is its own.

    A region of a kidney with its masses is the kidney once they are taken off it; one of masses
    that holds a region of tumors is cyst without it.

    Parameters
    ----------
    sets : sequence of tuple of int
        Label numbers in each region.
    numbers : sequence of int
        Number that each region gives its voxels.
    """
    outputs = outputs_of(names, numbers, {**{n: _role_of_region(n) for n in names}, **given})
    changed = []
    for output, own in zip(outputs, sets, strict=True):
        inner = [o for o, s in zip(outputs, sets, strict=True) if set(s) < set(own)]
        holds_tumor = any(o.role is ClassRole.TUMOR for o in inner)
        any_mass = output.role in (ClassRole.MASS, ClassRole.LESION)
        if holds_tumor and any_mass and output.name not in given:
            output = replace(output, role=ClassRole.CYST)
        changed.append(output)
    return tuple(changed)


def _role_of_region(name: str) -> ClassRole:
    """Role of a region's name; a kidney with its masses is what is left of it, the kidney."""
    role = role_of_class(name)
    if role is not ClassRole.UNCLEAR:
        return role
    whole = any(word in name.lower() for word in ("kidney", "renal", "organ"))
    return ClassRole.KIDNEY if whole else ClassRole.MASS


def _short(text: str) -> str:
    """A list that fits into a message."""
    return text if len(text) < 200 else text[:200].rsplit(", ", 1)[0] + ", ..."
