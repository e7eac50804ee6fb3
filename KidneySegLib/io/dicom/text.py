"""Words of DICOM headers: which kernel, which phase; and descriptions without a name in them."""

from __future__ import annotations

import re

SOFT, SHARP, UNKNOWN = "soft tissue", "sharp", ""
PORTAL, NEPHROGRAPHIC, ARTERIAL = "portal venous", "nephrographic", "arterial"
EXCRETORY, NON_CONTRAST = "excretory", "non-contrast"

# Series descriptions are free text, in which names do occur. Only words on these lists, numbers
# with units and names of kernels are ever shown or stored; everything else is left out.
_PHASES = {
    PORTAL: (
        "portal portovenous portalvenous pv pvp venous venos venös ven vein veneux venosa "
        "portale portalvenös"
    ),
    NEPHROGRAPHIC: (
        "nephro nephrographic nephrogram neph nephrographisch parenchymal parenchym "
        "parenchymphase parenchymatous npp"
    ),
    ARTERIAL: (
        "arterial arteriell arterielle arterio art arteriel arteriosa corticomedullary cortico "
        "corticomedullar cmp angio cta early"
    ),
    EXCRETORY: (
        "excretory excretion excr delayed delay late urographic urography urogram uro spät spat "
        "ausscheidung tardive tardif tardiva pyelographic pyelogram"
    ),
    NON_CONTRAST: (
        "nativ native noncontrast noncon unenhanced plain nc ncct ohne wo precontrast pre sans "
        "basal basale direkt"
    ),
}
_SOFT_WORDS = "soft standard std weichteil weichteile tissue mediastinum mediastinal abd abdomen"
_SHARP_WORDS = "lung lunge bone knochen edge ultra sharp boneplus lungplus hrct os poumon"
_OTHER_WORDS = (
    "ct axial ax cor coronal sag sagittal thorax chest pelvis becken abdo thx kidney kidneys "
    "renal niere nieren urinary bladder liver leber body torso whole wb contrast with without "
    "iv km c phase mm s sec min series serie recon reconstruction reformat mpr mip minip thin "
    "thick dünn dick helical spiral routine protocol scout topogram localizer surview "
    "scanogram dose report kernel idose asir safire admire aidr filter iterative mono kev kv "
    "de dual energy mixed low high early adult tumor mass staging follow up followup baseline "
    "and non no post inj injection bolus tracking monitoring premonitoring medium smooth fast "
    "detail slices slice hr vrt sr "
    "iodine water calcium md vnc virtual unenhanced eff z zeff effz rho overlay perfusion map "
    "monoenergetic spectral material"
)
_WORDS = {word: phase for phase, words in _PHASES.items() for word in words.split()}
_KNOWN = {*_WORDS, *_SOFT_WORDS.split(), *_SHARP_WORDS.split(), *_OTHER_WORDS.split()}
_KERNEL = re.compile(
    r"(?:[A-Z][a-z]?\d{2}[a-z]?|FC\d{2}|FL\d{2}|Y?[A-E]|Y[A-D]|L|I\d{2}[a-z])(?:[\\/]\d)?"
)
_NUMBER = re.compile(r"\d{1,3}(?:[.,]\d{1,3})?(?:mm|s|sec|min|kv|kev|%)?", re.IGNORECASE)
# Two and more bare numbers one after the other may be a date, or a number of a patient's record.
_NUMBERS_IN_A_ROW = re.compile(r"(?<!\S)\d{1,3}(?: \d{1,3})+(?!\S)")
_SHARP_FROM = 50  # Siemens: B10 to B46, Br36 to Br49 are for soft tissue, B50 and up are not
_SPLIT = re.compile(r"[\s_,;:()\[\]<>^=|*]+")
_NO_CONTRAST = re.compile(
    r"\b(?:non?|without|w/o|wo|ohne|sans|sin|senza|pre)[\s_-]*(?:contrast|con|km|iv|ce|c|cm)\b"
)
_LONGEST = 64


def cleaned(text: str, *, patient: str = "") -> str:
    """A description without what may be a name: known words, numbers and kernels only.

    Parameters
    ----------
    patient : str
        The patient's name: its words go even where they are on the lists.
    """
    name = {word.lower() for word in _SPLIT.split(patient) if len(word) > 1}
    words = [word for word in _SPLIT.split(text) if word and word.lower() not in name]
    text = " ".join(word for word in words if _is_harmless(word))
    return " ".join(_NUMBERS_IN_A_ROW.sub(" ", text).split())[:_LONGEST]


def _is_harmless(word: str) -> bool:
    """Whether every part of a word is on a list, a short number, or a kernel."""
    parts = [p for p in re.split(r"[-/+.&]", word) if p]
    whole = _NUMBER.fullmatch(word) or _KERNEL.fullmatch(word)
    if not whole and sum(p[0].isdigit() for p in parts) > 1:
        return False  # a date, or a number of a patient's record
    return bool(whole) or (
        bool(parts)
        and all(p.lower() in _KNOWN or _NUMBER.fullmatch(p) or _KERNEL.fullmatch(p) for p in parts)
    )


def phase_of(description: str) -> str:
    """Contrast phase that a description names; empty where it names none, or two."""
    text = description.lower()
    if _NO_CONTRAST.search(text):
        return NON_CONTRAST
    found = {_WORDS[w] for w in re.findall(r"[a-zäöüß]+", text) if w in _WORDS}
    if found == {PORTAL, NEPHROGRAPHIC}:
        return PORTAL
    return found.pop() if len(found) == 1 else ""


def kernel_class(kernel: str, description: str) -> str:
    """Whether a reconstruction is for soft tissue, or sharp (lung, bone); empty where unknown."""
    own = _class_of_kernel(kernel.strip())
    if own:
        return own
    words = set(re.findall(r"[a-zäöüß]+", description.lower()))
    if words & set(_SHARP_WORDS.split()):
        return SHARP
    for word in _SPLIT.split(description):
        if len(word) > 2 and _KERNEL.fullmatch(word):
            return _class_of_kernel(word)
    return SOFT if words & {"soft", "standard", "std", "weichteil", "weichteile"} else UNKNOWN


def _class_of_kernel(kernel: str) -> str:
    """Class of a vendor's kernel name; empty where it is not known."""
    name = kernel.upper()
    if not name:
        return UNKNOWN
    if any(word in name for word in ("LUNG", "BONE", "EDGE", "ULTRA", "SHARP", "HRCT")):
        return SHARP
    if any(word in name for word in ("STANDARD", "SOFT", "STND", "DETAIL", "SMOOTH")):
        return SOFT
    if canon := re.match(r"FC(\d\d)", name):
        return SHARP if int(canon[1]) >= 30 and int(canon[1]) not in range(41, 45) else SOFT
    if siemens := re.match(r"[A-Z]{1,2}(\d\d)", name):
        return SHARP if int(siemens[1]) >= _SHARP_FROM else SOFT
    if name in ("A", "B", "C", "UA", "UB", "EB"):  # Philips
        return SOFT
    return SHARP if name in ("D", "E", "L", "YA", "YB", "YC", "YD") else UNKNOWN
