"""Quantities: every number that users see, one row each.

CSV, text table, report, JSON schema, MRML table and panel go through these rows. A new measurement
of a kidney is a row here and a function that it names.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.anatomy import Code
from ..core.volume import Geometry
from .diameters import feret_3d
from .surface import surface_area_cm2


@dataclass(frozen=True, eq=False)
class KidneyParts:
    """One kidney's masks ``(k, j, i)`` in a block of the label map.

    Attributes
    ----------
    parenchyma, whole : (k, j, i) bool
        Without, and with its tumors and cysts.
    geometry : Geometry
    """

    parenchyma: np.ndarray
    whole: np.ndarray
    geometry: Geometry


Find = Callable[[KidneyParts], "float | None"]


@dataclass(frozen=True)
class Quantity:
    """A number of a structure.

    Attributes
    ----------
    name : str
        In the JSON file, and as an attribute; ends with its unit.
    of : str
        ``parenchyma``, ``tumor`` and ``cyst`` (all of a side), ``kidney`` (with its masses),
        ``lesion``, or ``score`` of a tumor.
    title, short : str
        As tables head it: in words, and where there is little room.
    unit : str
        ``mL``, ``mm``, ``cm2``, ``HU``, ``share``, or empty.
    digits : int
        After the decimal point; of a share in percent.
    column : str
        In the CSV file, where structures share columns; without one the name.
    interval : bool
        Whether it may have an interval (see intervals.py).
    brief : bool
        Whether short tables (terminal, panel) show it.
    always : bool
        Known wherever the structure is there: never null in the JSON file.
    description : str
        For the JSON schema.
    code : Code, optional
        SNOMED CT or DICOM code.
    find : callable, optional
        Computes it from a kidney's masks; without one it is a field that measuring fills.
    """

    name: str
    of: str
    title: str
    short: str
    unit: str
    digits: int = 1
    column: str = ""
    interval: bool = False
    brief: bool = True
    always: bool = False
    description: str = ""
    code: Code | None = None
    find: Find | None = None

    @property
    def in_csv(self) -> str:
        """Column of the CSV file."""
        return self.column or self.name

    @property
    def interval_name(self) -> str:
        """Its interval in the JSON file, and as an attribute: ``volume_interval_ml``."""
        base, _, unit = self.name.rpartition("_")
        return f"{base}_interval_{unit}"

    def value(self, item: Any) -> float | None:
        """The number of a side, lesion or score; None where it is not known."""
        if self.find is not None:
            return item.more.get(self.name)
        return getattr(item, self.name)

    def interval_of(self, item: Any) -> tuple[float, float] | None:
        """Its interval; None without one."""
        return getattr(item, self.interval_name) if self.interval else None

    def text(self, item: Any, *, missing: str = "", ranges: bool = True) -> str:
        """The number as text, with its interval where it has one and ranges are wanted."""
        value = self.value(item)
        if value is None:
            return missing
        if self.unit == "share":
            return f"{100 * value:.{self.digits}f} %"
        return with_interval(value, self.interval_of(item) if ranges else None, self.digits)


_VOLUME = Code("SCT", "118565006", "Volume")
_LENGTH = Code("SCT", "410668003", "Length")
_AREA = Code("SCT", "42798000", "Area")


def _volume(name: str, of: str, title: str, digits: int = 1, description: str = "") -> Quantity:
    """A volume in mL with its interval."""
    short = f"{title} mL" if of != "lesion" else "mL"
    return Quantity(
        name, of, title, short, "mL", digits, "volume_ml", interval=True, always=True,
        code=_VOLUME, description=description,
    )  # fmt: skip


def _diameter(name: str, title: str, short: str, description: str) -> Quantity:
    """A diameter of a lesion in mm with its interval."""
    return Quantity(
        name, "lesion", title, short, "mm", interval=True, always=True, code=_LENGTH,
        description=description,
    )  # fmt: skip


def _density(name: str, of: str, title: str, short: str, *, brief: bool = True) -> Quantity:
    """A density in HU; None without a CT."""
    description = f"{title.lower()}, of the {of}'s voxels in the CT"
    return Quantity(name, of, title, short, "HU", 0, brief=brief, description=description)


QUANTITIES: tuple[Quantity, ...] = (
    _volume("parenchyma_ml", "parenchyma", "Parenchyma", description="without tumors and cysts"),
    Quantity(
        "parenchyma_share", "parenchyma", "Share of parenchyma", "share", "share", 0, brief=False,
        description="of both sides' parenchyma, 0..1; null where the scan cuts a kidney",
    ),
    _volume("tumor_ml", "tumor", "Tumors", description="all tumors of the side"),
    _volume("cyst_ml", "cyst", "Cysts", description="all cysts of the side"),
    _volume("kidney_ml", "kidney", "Kidney", description="parenchyma, tumors and cysts"),
    _volume("volume_ml", "lesion", "Volume", 2),
    Quantity(
        "length_mm", "kidney", "Length", "length mm", "mm", 0, code=_LENGTH,
        description="of the parenchyma, pole to pole: its largest diameter",
        find=lambda kidney: feret_3d(kidney.parenchyma, kidney.geometry).mm,
    ),
    Quantity(
        "surface_area_cm2", "parenchyma", "Surface area", "surface cm2", "cm2", code=_AREA,
        description="of the parenchyma, borders with tumors and cysts included",
        find=lambda kidney: surface_area_cm2(kidney.parenchyma, kidney.geometry),
    ),
    Quantity(
        "probability", "lesion", "Probability", "probability", "share", 0, brief=False,
        description="mean probability that the network gave it, 0..1; null without one",
    ),
    _diameter("feret_axial_mm", "Largest diameter, axial", "axial mm", "in an axial plane"),
    Quantity(
        "short_axial_mm", "lesion", "Short axis, axial", "short mm", "mm", code=_LENGTH,
        description="across the largest axial diameter, in its plane",
    ),
    _diameter("feret_3d_mm", "Largest diameter, 3D", "3D mm", "largest diameter"),
    _diameter(
        "sphere_equivalent_mm", "Sphere-equivalent diameter", "sphere mm",
        "diameter of the sphere of that volume",
    ),
    _density("density_mean_hu", "parenchyma", "Density, mean", "HU"),
    _density("density_sd_hu", "parenchyma", "Density, SD", "SD"),
    _density("density_mean_hu", "lesion", "Density, mean", "HU"),
    _density("density_sd_hu", "lesion", "Density, SD", "SD"),
    _density("density_median_hu", "lesion", "Density, median", "median HU", brief=False),
    Quantity(
        "fat_share", "lesion", "Fat", "fat", "share", 0, brief=False,
        description="share of voxels under -20 HU",
    ),
    Quantity("c_index", "score", "C-index", "C-index", "", 2, brief=False, always=True),
    Quantity(
        "contact_area_cm2", "score", "Contact surface area", "contact cm2", "cm2", always=True,
        code=_AREA,
    ),
    Quantity(
        "exophytic_share", "score", "Exophytic", "exophytic", "share", 0, brief=False, always=True,
    ),
    Quantity("sinus_gap_mm", "score", "Distance to the sinus", "to sinus mm", "mm", brief=False),
)  # fmt: skip

SIDE_PARTS = ("parenchyma", "tumor", "cyst", "kidney")
"""Structures of a side, in the order of tables."""


def with_interval(value: float, interval: tuple[float, float] | None, digits: int = 1) -> str:
    """A value as text, its interval in parentheses: ``42.1 (38.9-45.6)``; never "-0"."""
    text = _fixed(value, digits)
    if interval is None or interval[1] == 0:
        return text
    return f"{text} ({_fixed(interval[0], digits)}-{_fixed(interval[1], digits)})"


def _fixed(value: float, digits: int) -> str:
    """A number with so many digits; what is nearly nothing has no sign."""
    return f"{round(value, digits) + 0.0:.{digits}f}"


def quantities_of(*structures: str, brief: bool = False) -> list[Quantity]:
    """Rows of some structures, in their order; all of them, or those that short tables show."""
    return [q for q in QUANTITIES if q.of in structures and (q.brief or not brief)]


def found_by_function(kidney: KidneyParts) -> dict[str, float | None]:
    """Every quantity of a kidney that has a function; None where there is no parenchyma."""
    there = bool(kidney.parenchyma.any())
    return {q.name: q.find(kidney) if there else None for q in QUANTITIES if q.find is not None}


def columns(structures: Sequence[str], *, brief: bool = False) -> list[str]:
    """Columns of the CSV file of some structures, each once."""
    return list(dict.fromkeys(q.in_csv for q in quantities_of(*structures, brief=brief)))
