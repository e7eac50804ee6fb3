"""Label schemes: what the numbers of a label map mean.

Nothing guesses a scheme: a file says what its numbers mean, or whoever reads it does. What does not
fit anatomy is refused or said (see `plausibility`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

import numpy as np

from .anatomy import Tissue
from .errors import InputError

UNSURE = 255


class Role(Enum):
    """What a number of a label map stands for."""

    OTHER = "other"
    UNCLEAR = "unclear"
    KIDNEY = "kidney"
    RIGHT_KIDNEY = "right_kidney"
    LEFT_KIDNEY = "left_kidney"
    TUMOR = "tumor"
    CYST = "cyst"

    @property
    def tissue(self) -> Tissue:
        """Tissue of this role; other structures are background."""
        if self in (Role.KIDNEY, Role.RIGHT_KIDNEY, Role.LEFT_KIDNEY):
            return Tissue.KIDNEY
        return {Role.TUMOR: Tissue.TUMOR, Role.CYST: Tissue.CYST}.get(self, Tissue.BACKGROUND)

    def fits(self, other: Role) -> bool:
        """Whether two roles can be of one structure: a kidney without a side fits both."""
        return self is other or (
            self.tissue is other.tissue is Tissue.KIDNEY and Role.KIDNEY in (self, other)
        )


# Where segments overlap, the later one wins.
OVERLAP_ORDER = (
    Role.OTHER,
    Role.UNCLEAR,
    Role.KIDNEY,
    Role.RIGHT_KIDNEY,
    Role.LEFT_KIDNEY,
    Role.CYST,
    Role.TUMOR,
)


@dataclass(frozen=True)
class Scheme:
    """A numbering.

    Attributes
    ----------
    name : str
    roles : mapping
        Number to role; 0 is background everywhere.
    highest : int
        Highest number of another structure; 0 where only the roles' numbers may occur.
    """

    name: str
    roles: Mapping[int, Role]
    highest: int = 0

    @property
    def meaning(self) -> str:
        """The numbers in words."""
        return ", ".join(f"{n} {role.value.replace('_', ' ')}" for n, role in self.roles.items())

    @property
    def tells_sides(self) -> bool:
        """Whether it has numbers for right and left."""
        return Role.KIDNEY not in self.roles.values()

    def role(self, number: int) -> Role:
        """Role of a number."""
        return self.roles.get(number, Role.OTHER)

    def knows(self, number: int) -> bool:
        """Whether a number may occur."""
        return number in (0, UNSURE) or number in self.roles or number <= self.highest

    def table(self, values: Mapping[Role, int]) -> np.ndarray:
        """(256,) uint8: what each number becomes."""
        table = np.zeros(256, np.uint8)
        for number, role in self.roles.items():
            table[number] = values.get(role, 0)
        return table


_SIDED = {2: Role.RIGHT_KIDNEY, 3: Role.LEFT_KIDNEY}
KNOWN_SCHEMES = {
    scheme.name: scheme
    for scheme in (
        Scheme(
            "kidneyseg",
            {1: Role.RIGHT_KIDNEY, 2: Role.LEFT_KIDNEY, 3: Role.TUMOR, 4: Role.CYST},
        ),
        Scheme("kits", {1: Role.KIDNEY, 2: Role.TUMOR, 3: Role.CYST}),
        # Task "total" of version 2; its numbers 116 and 117 are left and right cysts.
        Scheme("totalsegmentator", {**_SIDED, 116: Role.CYST, 117: Role.CYST}, highest=117),
        Scheme("amos", _SIDED, highest=15),
        Scheme("btcv", _SIDED, highest=13),
    )
}
SCHEMES = tuple(KNOWN_SCHEMES)
_TISSUES = {role: int(role.tissue) for role in Role}
_NO_ROLES = (Role.OTHER, Role.UNCLEAR)
_ROLE_NAMES = ", ".join(role.value for role in Role if role not in _NO_ROLES)


def scheme_of(text: str) -> Scheme:
    """Scheme by name, or spelled out as ``2=right_kidney,3=left_kidney``.

    Raises
    ------
    InputError
        If it is neither.
    """
    if text in KNOWN_SCHEMES:
        return KNOWN_SCHEMES[text]
    roles = {}
    for part in text.split(","):
        number, _, name = part.strip().partition("=")
        if not (
            number.isdecimal()
            and 0 < int(number) < UNSURE
            and name in {r.value for r in Role if r is not Role.UNCLEAR}
        ):
            raise InputError(
                f"'{text}' is no label scheme. Expected {', '.join(SCHEMES)}, or NUMBER=ROLE for "
                f"each number, such as 2=right_kidney,3=left_kidney (roles: {_ROLE_NAMES})."
            )
        roles[int(number)] = Role(name)
    if Role.KIDNEY in roles.values() and {Role.RIGHT_KIDNEY, Role.LEFT_KIDNEY} & {*roles.values()}:
        raise InputError(
            f"'{text}' names kidneys with and without a side. Expected one or the other."
        )
    return Scheme(text, roles, highest=UNSURE - 1)


def check_scheme(array: np.ndarray, scheme: str | Scheme) -> None:
    """Refuse label numbers that a scheme does not have (255, unsure, is allowed).

    Raises
    ------
    InputError
        Naming the numbers found and the numbers expected.
    """
    scheme = scheme_of(scheme) if isinstance(scheme, str) else scheme
    wrong = [n for n in numbers_in(array) if not scheme.knows(n)]
    if wrong:
        raise InputError(
            f"The label map holds the numbers {', '.join(map(str, wrong))}, which the scheme "
            f"'{scheme.name}' does not have. Expected 0 background, {scheme.meaning}. Convert the "
            "labels, or choose the scheme that they follow.",
            remedy="labels",
        )


def numbers_in(array: np.ndarray) -> list[int]:
    """Numbers that occur in a label array (uint8)."""
    return [int(n) for n in np.flatnonzero(np.bincount(array.ravel(), minlength=256))]


def to_tissue(array: np.ndarray, scheme: str | Scheme) -> np.ndarray:
    """`Tissue` numbers of a label array; unsure voxels and other structures become background.

    Parameters
    ----------
    array : (k, j, i) uint8
    scheme : str or Scheme
    """
    scheme = scheme_of(scheme) if isinstance(scheme, str) else scheme
    check_scheme(array, scheme)
    return scheme.table(_TISSUES)[array]
