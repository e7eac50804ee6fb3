"""Measurements of a case: sides, lesions and scores of a label map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, TypeVar

import numpy as np

from ..core.anatomy import KIDNEY_OF_SIDE, SIDES, Label
from ..core.errors import InputError
from ..core.masks import components
from ..core.places import slice_number
from ..core.volume import Box, Volume
from .composition import Composition
from .densities import finite
from .frame import kidney_frame
from .lesions import (
    LesionComponent,
    LesionMeasurement,
    find_lesions,
    matched,
    measure_lesion,
)
from .nephrometry import Nephrometry, score_tumor
from .origin import LEAST_ML, Outline, origin_of, shape_of
from .quantities import QUANTITIES, KidneyParts, found_by_function
from .sides import SideMeasurement, measure_side
from .structures import StructureMeasurement

NETWORK, VOXELS = "network and voxel size", "voxel size"  # where intervals come from
_LEAST_SCORED_ML = 0.1  # a speck has no nephrometry
_DOUBTFUL_BEFORE = 0.6  # of records up to format 4, which do not say what is doubtful

Row = TypeVar("Row", SideMeasurement, LesionMeasurement)


@dataclass(frozen=True)
class Measurements:
    """All measurements of a case; ``nephrometry`` has one entry a tumor of a kidney.

    ``interval_source`` says what the intervals come from: `NETWORK` or `VOXELS`; None without any.
    ``sides_known`` is False where the file does not say how the patient lies. ``structures``
    are what a model tells beside kidneys, tumors and cysts. ``components`` are the lesions' voxels
    on the label map that was measured, in their order; empty where they were not kept (they are
    not in the JSON file, see `with_components`).
    """

    sides: tuple[SideMeasurement, ...] = ()
    lesions: tuple[LesionMeasurement, ...] = ()
    nephrometry: tuple[Nephrometry, ...] = ()
    interval_source: str | None = None
    sides_known: bool = True
    structures: tuple[StructureMeasurement, ...] = ()
    components: tuple[LesionComponent, ...] = field(default=(), compare=False, repr=False)

    def side_text(self, side: str) -> str:
        """A side as tables and pictures name it: marked where it is a guess."""
        return side if self.sides_known or side == "unknown" else f"{side} (a guess)"

    def is_uncertain(self, lesion_id: int) -> bool:
        """Whether a lesion may hardly be there, and its scores with it."""
        return any(x.uncertain for x in self.lesions if x.id == lesion_id)

    def as_dict(self) -> dict[str, Any]:
        """Plain dictionary for JSON."""
        return {
            "sides": [_side_as_dict(side) for side in self.sides],
            "lesions": [asdict(lesion) for lesion in self.lesions],
            "nephrometry": [scores.as_dict() for scores in self.nephrometry],
            "interval_source": self.interval_source,
            "sides_known": self.sides_known,
            "structures": [structure.as_dict() for structure in self.structures],
        }

    def overridden(self, lesion_id: int, points: dict[str, int]) -> Measurements:
        """Measurements with points of a tumor's scores as a reader set them.

        Raises
        ------
        InputError
            If no such tumor is scored, or the points are not possible.
        """
        known = [n.lesion_id for n in self.nephrometry]
        if lesion_id not in known:
            raise InputError(
                f"There is no scored tumor {lesion_id}. Scored: "
                f"{', '.join(map(str, known)) or 'none'}."
            )
        scores = [n.overridden(points) if n.lesion_id == lesion_id else n for n in self.nephrometry]
        return replace(self, nephrometry=tuple(scores))

    def with_components(self, labels: Volume) -> Measurements:
        """Measurements with the lesions' voxels, found again where they are not known.

        Parameters
        ----------
        labels : Volume
            The label map that was measured, canonical.
        """
        box = Box.of_mask(labels.array)
        if self.components or not self.lesions or box is None:
            return self
        found = [c.within(box.slices) for c in find_lesions(labels.cropped(box))]
        return replace(self, components=matched(found, self.lesions))

    def with_slices(self, volume: Volume) -> Measurements:
        """Measurements whose lesions have the slice number of their centers in a CT."""
        lesions = tuple(
            replace(x, slice_number=slice_number(volume, x.center_ras_mm)) for x in self.lesions
        )
        return replace(self, lesions=lesions)

    def with_sides_known(self, known: bool) -> Measurements:
        """Measurements of a scan that says, or does not say, how the patient lies."""
        return replace(self, sides_known=known)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Measurements:
        """Measurements that `as_dict` wrote, by this version or one before."""
        return cls(
            tuple(_row_from(SideMeasurement, row) for row in data["sides"]),
            tuple(_row_from(LesionMeasurement, _as_now(row)) for row in data["lesions"]),
            tuple(Nephrometry.from_dict(row) for row in data["nephrometry"]),
            data.get("interval_source"),
            data.get("sides_known", True),
            tuple(StructureMeasurement(**row) for row in data.get("structures", ())),
        )


def _side_as_dict(side: SideMeasurement) -> dict[str, Any]:
    """A side with the quantities of its whole kidney, and with those that have a function."""
    row = asdict(side)
    more = row.pop("more")
    whole = {name: getattr(side, name) for name in ("kidney_ml", "kidney_interval_ml")}
    return row | whole | more


def _row_from(kind: type[Row], row: Mapping[str, Any]) -> Row:
    """A side or lesion from JSON; numbers that are no field are quantities with a function."""
    names = {f.name for f in fields(kind)}
    own: dict[str, Any] = {n: _as_tuple(value) for n, value in row.items() if n in names}
    if "more" in names:
        known = {q.name for q in QUANTITIES if q.find is not None}
        own["more"] = {name: value for name, value in row.items() if name in known}
    return kind(**own)


def _as_tuple(value: Any) -> Any:
    """Lists as tuples, as they were before JSON."""
    return tuple(map(_as_tuple, value)) if isinstance(value, (list, tuple)) else value


def _as_now(row: Mapping[str, Any]) -> dict[str, Any]:
    """A lesion of any version: up to format 4 its probability alone said whether it is doubtful."""
    probability, made_of = row.get("probability"), row.get("composition")
    doubtful = probability is not None and probability < _DOUBTFUL_BEFORE
    own = {"composition": None if made_of is None else Composition(**made_of)}
    return {"doubtful": doubtful, **row, **own}


def measure(
    labels: Volume, ct: Volume | None = None, *, ends: np.ndarray | None = None
) -> Measurements:
    """Measure a label map with `Label` numbers.

    Parameters
    ----------
    labels : Volume
    ct : Volume, optional
        HU on the same grid; without it densities are None.
    ends : (k, j, i) bool, optional
        Voxels at the end of the scan; without it those of the grid's faces.

    Returns
    -------
    Measurements
        Sides that hold nothing are left out; lesions are numbered by volume, largest first. A
        tumor is scored where there is enough of its kidney.
    """
    box = Box.of_mask(labels.array)
    if box is None:
        return Measurements()
    part = labels.cropped(box)
    own_ends = _faces(labels.array.shape, box) if ends is None else ends[box.slices]
    own_ct = ct.cropped(box) if ct is not None else None
    density = own_ct.array if own_ct is not None else None
    parts = find_lesions(part)
    kidney_hu = _kidney_hu(part, density)
    found = [
        measure_lesion(n, c, part, density, own_ends, kidney_hu)
        for n, c in enumerate(parts, start=1)
    ]
    found = _with_origins(found, parts, part)
    sides = [measure_side(side, part, density, found, own_ends) for side in SIDES]
    kept = [_with_functions(side, part, parts) for side in sides if side.kidney_ml > 0]
    if any(side.incomplete for side in kept):
        kept = [replace(side, parenchyma_share=None) for side in kept]
    scores = [n for side in kept for n in _scores(side, part, own_ct, parts, found)]
    return Measurements(
        tuple(kept),
        tuple(found),
        tuple(sorted(scores, key=lambda n: n.lesion_id)),
        components=tuple(c.within(box.slices) for c in parts),
    )


def _kidney_hu(labels: Volume, density: np.ndarray | None) -> float | None:
    """Median density of the parenchyma; None where nobody knows it."""
    kidney = np.isin(labels.array, list(KIDNEY_OF_SIDE.values()))
    if density is None or not kidney.any():
        return None
    values = finite(density, (), kidney)
    return None if values is None else float(np.median(values))


def _with_origins(
    lesions: Sequence[LesionMeasurement], parts: Sequence[LesionComponent], labels: Volume
) -> list[LesionMeasurement]:
    """Lesions with where their masses come from: those that touch are one mass."""
    found = list(lesions)
    firsts = [np.argwhere(p.part)[0] + [s.start for s in p.where] for p in parts]
    outlines: dict[str, Outline | None] = {}
    for where, mass in components(labels.array >= Label.TUMOR):
        volume_ml = float(mass.sum()) * labels.geometry.voxel_volume_ml
        if volume_ml < LEAST_ML:
            continue
        inside = [n for n, first in enumerate(firsts) if _holds(where, mass, first)]
        side = found[inside[0]].side  # of the largest
        if side not in outlines:
            number = KIDNEY_OF_SIDE.get(side)
            own = None if number is None else labels.array == number
            outlines[side] = None if own is None else Outline.of(own, labels.geometry)
        outline = outlines[side]
        shape = None if outline is None else shape_of(mass, where, outline)
        origin, reason = origin_of(shape, volume_ml)
        for n in inside:
            found[n] = replace(found[n], origin=origin, origin_reason=reason)
    return found


def _holds(where: Sequence[slice], mass: np.ndarray, voxel: np.ndarray) -> bool:
    """Whether a component holds a voxel of the whole array."""
    inside = [n - s.start for n, s in zip(voxel, where, strict=True)]
    within = all(0 <= n < size for n, size in zip(inside, mass.shape, strict=True))
    return within and bool(mass[tuple(inside)])


def _with_functions(
    side: SideMeasurement, labels: Volume, lesions: Sequence[LesionComponent]
) -> SideMeasurement:
    """A side with the quantities that have a function, computed in a block around its kidney."""
    parenchyma = labels.array == KIDNEY_OF_SIDE[side.side]
    whole = parenchyma.copy()
    for lesion in lesions:
        if lesion.side == side.side:
            whole[lesion.where] |= lesion.part
    box = Box.of_mask(whole)
    if box is None:
        return side
    geometry = labels.geometry.cropped(box)
    parts = KidneyParts(parenchyma[box.slices], whole[box.slices], geometry)
    return replace(side, more=found_by_function(parts))


def _scores(
    measured: SideMeasurement,
    labels: Volume,
    ct: Volume | None,
    parts: Sequence[LesionComponent],
    lesions: Sequence[LesionMeasurement],
) -> list[Nephrometry]:
    """Nephrometry of the tumors of a side."""
    side = measured.side
    tumors = [
        (part, lesion)
        for part, lesion in zip(parts, lesions, strict=True)
        if lesion.kind == "tumor" and lesion.side == side and lesion.volume_ml >= _LEAST_SCORED_ML
    ]
    boxes = [Box.of_slices(part.where) for part, _ in tumors]
    frame = kidney_frame(labels, side, ct, masses=boxes) if tumors else None
    if frame is None:
        return []
    scores = []
    for part, lesion in tumors:
        tumor = np.zeros(labels.array.shape, bool)
        tumor[part.where] = part.part
        scores.append(
            score_tumor(
                lesion.id,
                side,
                tumor[frame.box.slices],
                frame,
                diameter_mm=lesion.feret_axial_mm,
                sphere_mm=lesion.sphere_equivalent_mm,
                incomplete=measured.incomplete,
            )
        )
    return scores


def _faces(shape: tuple[int, ...], box: Box) -> np.ndarray:
    """Voxels of a box that lie at a face of the grid."""
    ends = np.zeros(box.shape, bool)
    for axis in range(3):
        for end, reached in ((0, box.start[axis] == 0), (-1, box.stop[axis] == shape[axis])):
            if reached:
                np.moveaxis(ends, axis, 0)[end] = True
    return ends
