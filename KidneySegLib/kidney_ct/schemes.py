"""Label schemes: what the numbers of a label map mean, by a known numbering or by its own names.

Nothing guesses a scheme: a file says what its numbers mean, or whoever reads it does. What does not
fit anatomy is refused or said (see `plausibility`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

import numpy as np

from ..core.anatomy import Label, Tissue
from ..core.errors import InputError
from ..core.findings import Finding
from ..core.volume import Volume
from .clean import assign_sides
from .midline import find_midline

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
_LABELS = {
    Role.RIGHT_KIDNEY: int(Label.RIGHT_KIDNEY),
    Role.LEFT_KIDNEY: int(Label.LEFT_KIDNEY),
    Role.TUMOR: int(Label.TUMOR),
    Role.CYST: int(Label.CYST),
}
_NO_ROLES = (Role.OTHER, Role.UNCLEAR)
_ROLE_NAMES = ", ".join(role.value for role in Role if role not in _NO_ROLES)
_FOREIGN = re.compile(
    r"liver|hepat|leber|foie|\blungs?\b|pulmo|lunge|poumon|spleen|splen|milz|\brate\b|pancrea|pankrea|"
    r"gall|bili|duct|ovar|prostat|bladder|blase|vessie|bowel|colon|darm|stomach|magen|breast|thyro|"
    r"bone|knochen|brain|hirn|adrenal|suprarenal|surrénal|surrenal|nebenniere"
)
_NOT_PARENCHYMA = re.compile(
    r"arter|artère|aorta|vein|veine|vena|vessel|gefä|ureter|harnleiter|pelvis|becken|bassinet|sinus|"
    r"fascia|\bfat\b|fett|collecting|caly|kelch|medulla|hilum|hilus|stone|stein|calcul"
)
_CYST = re.compile(r"\bcysts?\b|\bzysten?\b|\bkystes?\b|nierenzyste")
_CYSTIC = re.compile(r"cystic|zystisch|kystique")
_TUMOR = re.compile(
    r"tumou?r|tumeur|\bmass(?:es|e)?\b|neoplas|carcinom|karzinom|cancer|krebs|\b(?:cc|p|ch)?rcc\b|"
    r"tumours?|lesion|lésion|läsion|raumforderung|oncocytom|onkozytom|angiomyolipom|\baml\b|metasta"
)
_KIDNEY = re.compile(
    r"kidney|\bnieren?\b|\breins?\b|\bren\b|(?:renal|rénal|kidney|nieren)[ -]?(?:parench|cortex)|"
    r"nierenparench"
)
_ORGAN = re.compile(r"kidney|niere|\breins?\b|renal|rénal|parench")
_AND = re.compile(
    r"\b(?:with|without|w o|incl\w*|excl\w*|plus|minus|and|or|no|non|free|bearing|affected|"
    r"mit|ohne|und|frei|et|avec|sans)\b|[+&]"
)
_JOINED = re.compile(r"(?<=[a-zäöüé])(?=[A-ZÄÖÜ])|(?<=[A-Za-zäöü])(?=\d)")  # KidneyCyst, Cyst1
_RIGHT, _LEFT = re.compile(r"right|rechts?|\br\b|droite?"), re.compile(r"left|links?|\bl\b|gauche")


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


def role_of_name(name: str) -> Role:
    """Role that a segment's own name says, in English, German or French.

    `Role.UNCLEAR` for a name of a kidney together with its masses, or without them, and for
    cystic kidneys: it does not say which of them its voxels are.
    """
    apart = _JOINED.sub(" ", name)
    text = re.sub(r"[_\-./]+", " ", apart).lower()
    tumor, cyst = bool(_TUMOR.search(text)), bool(_CYST.search(text))
    if "collecting duct carcinoma" in text:
        return Role.TUMOR
    if _FOREIGN.search(text):
        return Role.UNCLEAR if (tumor or cyst) and _ORGAN.search(text) else Role.OTHER
    if (tumor or cyst) and _AND.search(text) and _KIDNEY.search(text):
        return Role.UNCLEAR
    if tumor and cyst:
        return Role.UNCLEAR
    if tumor or cyst:
        return Role.TUMOR if tumor else Role.CYST
    if _NOT_PARENCHYMA.search(text) or not _KIDNEY.search(text):
        return Role.OTHER
    if _CYSTIC.search(text):
        return Role.UNCLEAR
    right, left = bool(_RIGHT.search(text)), bool(_LEFT.search(text))
    if right == left:
        return Role.KIDNEY
    return Role.RIGHT_KIDNEY if right else Role.LEFT_KIDNEY


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


def to_kidneyseg(
    labels: Volume, scheme: str | Scheme, ct: Volume | None = None
) -> tuple[Volume, list[Finding]]:
    """Canonical volume with `Label` numbers, whatever the scheme of the input.

    Where the scheme does not tell sides, they come from the body's midline if a CT is given, else
    from the middle of the field. The findings say where that is not sure.
    """
    scheme = scheme_of(scheme) if isinstance(scheme, str) else scheme
    canonical = labels.canonical()
    if scheme.tells_sides:
        check_scheme(canonical.array, scheme)
        return canonical.with_array(scheme.table(_LABELS)[canonical.array]), []
    tissue = to_tissue(canonical.array, scheme)
    midline = midline_mm(canonical, ct)
    array, findings = assign_sides(tissue, canonical.geometry, midline_r_mm=midline)
    return canonical.with_array(array), findings


def midline_mm(canonical: Volume, ct: Volume | None) -> float:
    """R coordinate of the body's middle: from a CT where there is one, else the field's."""
    if ct is not None:
        return find_midline(ct.canonical(), (-np.inf, np.inf)).r_mm
    center = (np.array(canonical.array.shape) - 1) / 2
    return float(canonical.geometry.ras_from_kji(center)[0, 0])
