"""Nephrometry of a tumor: R.E.N.A.L., PADUA, C-index, contact surface area.

R.E.N.A.L.: Kutikov and Uzzo 2009, J Urol 182:844. PADUA: Ficarra et al. 2009, Eur Urol 56:786.
C-index: Simmons et al. 2010, J Urol 183:1708. Contact surface area: Leslie et al. 2014, Hsieh et
al. 2016. Each component carries its continuous value (which predicts outcome better than points),
what was assumed, and whether it lies close to a threshold. The suffix h (main vessels) is left to
the reader. Automatic against expert scores: Lin's concordance 0.59 (Heller et al. 2022), readers
among each other: ICC 0.66.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from ..core.errors import InputError
from ..core.masks import gap_mm
from .contact import contact_area_cm2, spherical_cap_area_cm2
from .frame import KidneyFrame

_ENTIRELY = 0.05  # of the volume: "entirely inside" to this tolerance, as the reference code has it
_AP_NEITHER_MM = 10.0  # our own: where anterior and posterior cannot be told
_NEAR_SIZE_MM, _NEAR_GAP_MM, _NEAR_PLACE_MM = 5.0, 1.5, 3.0  # our own: about a reader's spread
_NEAR_SHARE, _NEAR_ENTIRELY = 0.05, 0.02  # our own, as above

_NO_SINUS = "no sinus was seen: distance to the middle of the kidney instead"

RENAL = ("R", "E", "N", "L")
_RANGES = {
    **dict.fromkeys(("R", "E", "N", "L", "exophytic", "size"), (1, 3)),
    **dict.fromkeys(("polar", "rim", "sinus", "collecting_system"), (1, 2)),
}


@dataclass(frozen=True)
class Component:
    """One component of a score.

    Attributes
    ----------
    points : int
    value : float
        What the points follow from.
    unit : str
        ``mm`` or ``share``.
    borderline : bool
        Close to a threshold: another reader may give other points.
    note : str
        What was assumed.
    overridden : bool
        The user set the points.
    """

    points: int
    value: float
    unit: str
    borderline: bool = False
    note: str = ""
    overridden: bool = False


@dataclass(frozen=True)
class Nephrometry:
    """Scores of one tumor. Areas in cm2, lengths in mm.

    ``face`` is a (anterior), p (posterior) or x; ``exophytic_share`` the share of the volume
    outside the kidney's outline; ``c_index`` the distance of the centers over the radius.
    """

    lesion_id: int
    side: str
    renal: dict[str, Component]
    face: str
    padua: dict[str, Component]
    c_index: float
    contact_area_cm2: float
    contact_area_cap_cm2: float
    exophytic_share: float
    sinus_gap_mm: float | None
    notes: tuple[str, ...]

    @property
    def renal_total(self) -> int:
        """4 to 12."""
        return sum(c.points for c in self.renal.values())

    @property
    def renal_text(self) -> str:
        """Total with its suffix, such as ``9a``."""
        return f"{self.renal_total}{self.face}"

    @property
    def renal_complexity(self) -> str:
        """Low (4-6), moderate (7-9) or high (10-12)."""
        return _grade(self.renal_total, 6, 9, ("low", "moderate", "high"))

    @property
    def padua_total(self) -> int:
        """6 to 14."""
        return sum(c.points for c in self.padua.values())

    @property
    def padua_complexity(self) -> str:
        """Low (6-7), intermediate (8-9) or high (10 and more)."""
        return _grade(self.padua_total, 7, 9, ("low", "intermediate", "high"))

    @property
    def borderline(self) -> tuple[str, ...]:
        """R.E.N.A.L. components close to a threshold."""
        return tuple(name for name, c in self.renal.items() if c.borderline)

    @property
    def set_by_reader(self) -> tuple[str, ...]:
        """Components whose points a reader set."""
        return tuple(
            name for score in (self.renal, self.padua) for name, c in score.items() if c.overridden
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain dictionary for JSON, with the totals."""
        return asdict(self) | {
            "renal_text": self.renal_text,
            "renal_complexity": self.renal_complexity,
            "padua_total": self.padua_total,
            "padua_complexity": self.padua_complexity,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Nephrometry:
        """Scores that `as_dict` wrote."""
        own = {name: data[name] for name in cls.__dataclass_fields__}
        for score in ("renal", "padua"):
            own[score] = {name: Component(**c) for name, c in data[score].items()}
        return cls(**{**own, "notes": tuple(data["notes"])})

    def overridden(self, points: Mapping[str, int]) -> Nephrometry:
        """Scores with components that a reader set.

        Parameters
        ----------
        points : mapping
            Component (``R``, ``E``, ``N``, ``L``; ``polar``, ``rim``, ``sinus``,
            ``collecting_system``, ``exophytic``, ``size``) to points.

        Raises
        ------
        InputError
            If a component is unknown or its points are out of range.
        """
        changed = {"renal": dict(self.renal), "padua": dict(self.padua)}
        for name, value in points.items():
            if name not in _RANGES:
                raise InputError(
                    f"There is no component '{name}'. Expected one of {', '.join(_RANGES)}."
                )
            low, high = _RANGES[name]
            if value not in range(low, high + 1):
                raise InputError(f"{name} was set to {value}. Expected {low} to {high} points.")
            score = changed["renal" if name in RENAL else "padua"]
            score[name] = replace(score[name], points=int(value), overridden=True)
        return replace(self, renal=changed["renal"], padua=changed["padua"])


def _grade(value: float, low: float, high: float, names: tuple[Any, Any, Any]) -> Any:
    """First name up to low, second up to high, else the third."""
    return names[0] if value <= low else names[1] if value <= high else names[2]


def score_tumor(
    lesion_id: int,
    side: str,
    tumor: np.ndarray,
    frame: KidneyFrame,
    *,
    diameter_mm: float,
    sphere_mm: float,
    incomplete: bool = False,
) -> Nephrometry:
    """Score one tumor against its kidney.

    Parameters
    ----------
    tumor : (k, j, i) bool
        On the frame's block.
    diameter_mm : float
        Maximal axial diameter, for R and PADUA's size.
    sphere_mm : float
        Sphere-equivalent diameter: the radius of the C-index and of the spherical cap.
    incomplete : bool
        Kidney or tumor are cut by the end of the scan: every component is then uncertain.
    """
    geometry = frame.geometry
    center = geometry.ras_from_kji(np.argwhere(tumor)).mean(axis=0)
    inside = float((tumor & frame.hull).sum() / tumor.sum())
    seen = bool(frame.sinus.any())
    gap = gap_mm(tumor, frame.sinus if seen else frame.middle, geometry.spacing_mm)
    face, face_note = _face(center, frame)
    along = frame.along_mm(tumor)
    renal = {
        "R": size_component(diameter_mm),
        "E": exophytic_component(1 - inside),
        "N": nearness_component(gap, seen=seen),
        "L": location_component(along, frame.polar_mm),
    }
    padua = {
        "polar": _padua_polar(along, frame),
        "rim": _padua_rim(center, frame, side),
        **_padua_touches(gap, seen=seen),
        "exophytic": renal["E"],
        "size": _padua_size(diameter_mm),
    }
    notes = [*frame.notes, face_note, "suffix h (main vessels) is left to the reader"]
    if incomplete:
        notes.insert(0, "cut by the end of the scan: every component and index is uncertain")
        renal, padua = _all_borderline(renal), _all_borderline(padua)
    return Nephrometry(
        lesion_id=lesion_id,
        side=side,
        renal=renal,
        face=face,
        padua=padua,
        c_index=float(np.linalg.norm(center - frame.center_ras) / (sphere_mm / 2)),
        contact_area_cm2=contact_area_cm2(tumor, frame.kidney, geometry),
        contact_area_cap_cm2=spherical_cap_area_cm2(sphere_mm, inside),
        exophytic_share=1 - inside,
        sinus_gap_mm=gap if seen else None,
        notes=tuple(notes),
    )


def _all_borderline(score: dict[str, Component]) -> dict[str, Component]:
    """A score of which every component is uncertain."""
    return {name: replace(c, borderline=True) for name, c in score.items()}


def _padua_touches(gap: float, *, seen: bool) -> dict[str, Component]:
    """PADUA's sinus and collecting system, both by the distance to the sinus."""
    system = "collecting system (taken for the sinus)"
    return {
        "sinus": _padua_touch(gap, "sinus", seen=seen),
        "collecting_system": _padua_touch(gap, system, seen=seen),
    }


def _near(value: float, thresholds: tuple[float, ...], within: float) -> bool:
    """Whether a value lies close to one of the thresholds."""
    return any(abs(value - t) <= within for t in thresholds)


def size_component(diameter_mm: float) -> Component:
    """R: at most 4 cm, over 4 and under 7 cm, 7 cm and more."""
    return _size(1 if diameter_mm <= 40 else 2 if diameter_mm < 70 else 3, diameter_mm)


def _padua_size(diameter_mm: float) -> Component:
    """PADUA's size: at most 4 cm, 4.1 to 7 cm, over 7 cm."""
    return _size(_grade(diameter_mm, 40, 70, (1, 2, 3)), diameter_mm)


def _size(points: int, diameter_mm: float) -> Component:
    """Component of the diameter; both scores have the same thresholds."""
    near = _near(diameter_mm, (40.0, 70.0), _NEAR_SIZE_MM)
    return Component(points, diameter_mm, "mm", near, "largest axial diameter")


def exophytic_component(share: float) -> Component:
    """E: 50 % or more outside the outline, less, or entirely inside (to 5 %)."""
    points = 1 if share >= 0.5 else 2 if share > _ENTIRELY else 3
    near = _near(share, (0.5,), _NEAR_SHARE) or _near(share, (_ENTIRELY,), _NEAR_ENTIRELY)
    return Component(
        points, share, "share", near, "outline: convex hull of the kidney without the tumor"
    )


def nearness_component(gap: float, *, seen: bool = True) -> Component:
    """N: 7 mm or more from the sinus, over 4 and under 7 mm, at most 4 mm.

    Parameters
    ----------
    seen : bool
        False where no sinus was seen: the distance is then that to the middle of the kidney (a
        large central tumor is what hides a sinus).
    """
    points = 1 if gap >= 7 else 2 if gap > 4 else 3
    near = not seen or _near(gap, (4.0, 7.0), _NEAR_GAP_MM)
    note = "to the sinus; the collecting system is not seen" if seen else _NO_SINUS
    return Component(points, gap, "mm", near, note)


def location_component(along_mm: np.ndarray, polar_mm: tuple[float, float]) -> Component:
    """L: beyond a polar line, across one, or mostly between them or across the middle.

    Borderline where polar lines 3 mm further in or out would give other points.

    Parameters
    ----------
    along_mm : (n,) float
        Places of the tumor's voxels on the kidney's long axis.
    """
    low, high = polar_mm
    points, between = _location_points(along_mm, low, high)
    shifts = (-_NEAR_PLACE_MM, _NEAR_PLACE_MM)
    near = any(_location_points(along_mm, low - d, high + d)[0] != points for d in shifts)
    return Component(points, between, "share", near, "share of the volume between the polar lines")


def _location_points(along_mm: np.ndarray, low: float, high: float) -> tuple[int, float]:
    """Points of L for given polar lines, and the share of the tumor between them."""
    between = float(((along_mm >= low) & (along_mm <= high)).mean())
    first, last = np.percentile(along_mm, (1, 99))  # a few voxels do not cross a line
    if between <= 0.01:
        return 1, between
    return (3 if between > 0.5 or first < (low + high) / 2 < last else 2), between


def _face(center: np.ndarray, frame: KidneyFrame) -> tuple[str, str]:
    """A: in front of the kidney's center, behind it, or neither (within 10 mm)."""
    ahead = float(center[1] - frame.center_ras[1])
    note = f"center {abs(ahead):.0f} mm {'in front of' if ahead >= 0 else 'behind'} the kidney's"
    if abs(ahead) < _AP_NEITHER_MM:
        return "x", note
    return ("a" if ahead > 0 else "p"), note


def _padua_polar(along_mm: np.ndarray, frame: KidneyFrame) -> Component:
    """Polar (1) where most lies beyond one polar line, else middle (2)."""
    low, high = frame.polar_mm
    beyond = float(max((along_mm < low).mean(), (along_mm > high).mean()))
    near = _near(beyond, (0.5,), _NEAR_SHARE)
    return Component(1 if beyond > 0.5 else 2, beyond, "share", near, "share beyond a polar line")


def _padua_rim(center: np.ndarray, frame: KidneyFrame, side: str) -> Component:
    """Lateral (1) or medial (2) of the kidney's center."""
    rightward = float(center[0] - frame.center_ras[0])
    lateral = rightward if side == "right" else -rightward
    near = abs(lateral) <= _NEAR_PLACE_MM
    return Component(
        1 if lateral >= 0 else 2, lateral, "mm", near, "center lateral of the kidney's"
    )


def _padua_touch(gap: float, what: str, *, seen: bool) -> Component:
    """Not involved (1), or touched (2)."""
    note = f"distance to the {what}" if seen else _NO_SINUS
    near = not seen or gap <= _NEAR_GAP_MM
    return Component(2 if gap <= 0 else 1, gap, "mm", near, note)
