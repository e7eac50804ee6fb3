"""What a segment's own name says that it is, in English, German or French."""

from __future__ import annotations

import re

from .schemes import Role

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
