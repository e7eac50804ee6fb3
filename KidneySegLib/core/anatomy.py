"""Labels, sides, colors and SNOMED CT codes: the one place for names."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum


class Label(IntEnum):
    """Label numbers that KidneySeg writes (exclusive; the kidneys are parenchyma)."""

    BACKGROUND = 0
    RIGHT_KIDNEY = 1
    LEFT_KIDNEY = 2
    TUMOR = 3
    CYST = 4


class Tissue(IntEnum):
    """Classes a fine network tells apart; the side comes from geometry."""

    BACKGROUND = 0
    KIDNEY = 1
    TUMOR = 2
    CYST = 3


MASSES = (Tissue.TUMOR, Tissue.CYST)
SIDES = ("right", "left")
KIDNEY_OF_SIDE = {"right": Label.RIGHT_KIDNEY, "left": Label.LEFT_KIDNEY}


@dataclass(frozen=True)
class Code:
    """A coded term: scheme, value, meaning."""

    scheme: str
    value: str
    meaning: str

    def __str__(self) -> str:
        """Text as Slicer's terminology tags spell it."""
        return f"{self.scheme}^{self.value}^{self.meaning}"


@dataclass(frozen=True)
class SegmentStyle:
    """Name, color (RGB, 0-255) and codes of a segment.

    Codes follow Slicer's "General Anatomy" and "DICOM master" terminology lists.
    """

    name: str
    color: tuple[int, ...]
    category: Code
    type: Code
    type_modifier: Code | None = None
    region: Code | None = None
    region_modifier: Code | None = None

    def terminology(self) -> str:
        """Terminology tag of a Slicer segment: ``context~category~type~modifier~...``."""
        empty = "^^"
        return "~".join(
            (
                "Segmentation category and type - 3D Slicer General Anatomy list",
                str(self.category),
                str(self.type),
                str(self.type_modifier or empty),
                "Anatomic codes - DICOM master list",
                str(self.region or empty),
                str(self.region_modifier or empty),
            )
        )


_STRUCTURE = Code("SCT", "123037004", "Anatomical Structure")
_MORPHOLOGY = Code("SCT", "49755003", "Morphologically Altered Structure")
_KIDNEY = Code("SCT", "64033007", "Kidney")
_SIDE_CODES = {
    "right": Code("SCT", "24028007", "Right"),
    "left": Code("SCT", "7771000", "Left"),
}

SEGMENTS = {
    Label.RIGHT_KIDNEY: SegmentStyle(
        "Right kidney", (185, 102, 83), _STRUCTURE, _KIDNEY, _SIDE_CODES["right"]
    ),
    Label.LEFT_KIDNEY: SegmentStyle(
        "Left kidney", (201, 121, 77), _STRUCTURE, _KIDNEY, _SIDE_CODES["left"]
    ),
    Label.TUMOR: SegmentStyle(
        "Renal tumor", (144, 238, 144), _MORPHOLOGY, Code("SCT", "4147007", "Mass"), None, _KIDNEY
    ),
    Label.CYST: SegmentStyle(
        "Renal cyst", (205, 205, 100), _MORPHOLOGY, Code("SCT", "367643001", "Cyst"), None, _KIDNEY
    ),
}

# In pictures on black and on white: brighter and farther apart than the segments' colors, which
# follow Slicer's terminology.
PICTURE_COLORS = {
    Label.RIGHT_KIDNEY: "#ff8c69",
    Label.LEFT_KIDNEY: "#ffc24d",
    Label.TUMOR: "#3dff5c",
    Label.CYST: "#4dd2ff",
}


def sided_style(label: Label, side: str) -> SegmentStyle:
    """Style of a label on one side: lesions get the side in their name and region.

    Parameters
    ----------
    side : str
        ``right``, ``left``, or ``unknown`` where no kidney tells it.
    """
    style = SEGMENTS[label]
    if style.region is None or side not in _SIDE_CODES:
        return style
    name = f"{side.capitalize()} {style.name.lower()}"
    return replace(style, name=name, region_modifier=_SIDE_CODES[side])
