"""Volumes, diameters and densities of kidneys and lesions."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from ..core.anatomy import KIDNEY_OF_SIDE, SIDES, Label
from ..core.errors import InputError
from ..core.masks import bodies
from ..core.volume import Box, Volume
from .diameters import Point, feret_3d, feret_axial, sphere_equivalent_mm
from .frame import kidney_frame
from .nephrometry import Nephrometry, score_tumor

Interval = tuple[float, float]

NETWORK, VOXELS = "network and voxel size", "voxel size"  # where intervals come from

DIAMETERS = ("feret_axial", "feret_3d", "sphere_equivalent")  # fields <name>_mm of a lesion
DOUBTFUL_BELOW = 0.6
_NEAR_MM = 5.0
_FAT_HU = -20.0
_LEAST_SCORED_ML = 0.1
_NEXT_TO_NOTHING = 0.1  # of the volume; the interval is a nominal 90 % one
_OWN_LESION_ML = 0.1  # of a body that touches another one at corners only


@dataclass(frozen=True)
class SideMeasurement:
    """One side: volumes in mL, density of the parenchyma in HU.

    ``parenchyma_share`` is that of both sides' parenchyma (the estimate of split function); None
    where a kidney is incomplete.
    ``incomplete`` says that the kidney touches the end of the scan: volumes are lower bounds;
    ``center_ras_mm`` is that of the parenchyma.
    Intervals (see intervals.py) are None where none were asked for.
    """

    side: str
    parenchyma_ml: float
    tumor_ml: float
    cyst_ml: float
    density_mean_hu: float | None
    density_sd_hu: float | None
    incomplete: bool
    parenchyma_share: float | None
    center_ras_mm: Point | None = None
    parenchyma_interval_ml: Interval | None = None
    tumor_interval_ml: Interval | None = None
    cyst_interval_ml: Interval | None = None


@dataclass(frozen=True)
class LesionMeasurement:
    """One tumor or cyst component.

    Lengths in mm, volume in mL, densities in HU (None without a CT), places in RAS mm.
    ``fat_share`` is the share of its voxels under -20 HU, ``..._ends_ras_mm`` the two ends of the
    diameters. ``incomplete`` says that it reaches the end of the scan. ``probability`` is the mean
    probability that the network gave it and its kind, None without one; intervals as in
    `SideMeasurement`. ``slice_number`` is that of its center, None where no scan tells it.
    """

    id: int
    kind: str
    side: str
    volume_ml: float
    feret_axial_mm: float
    feret_3d_mm: float
    sphere_equivalent_mm: float
    density_mean_hu: float | None
    density_sd_hu: float | None
    density_median_hu: float | None
    fat_share: float | None
    center_ras_mm: Point
    feret_axial_ends_ras_mm: tuple[Point, Point]
    feret_3d_ends_ras_mm: tuple[Point, Point]
    incomplete: bool
    probability: float | None = None
    volume_interval_ml: Interval | None = None
    feret_axial_interval_mm: Interval | None = None
    feret_3d_interval_mm: Interval | None = None
    sphere_equivalent_interval_mm: Interval | None = None
    slice_number: int | None = None

    @property
    def doubtful(self) -> bool:
        """Whether the network is not sure of it, or of its kind; False without a network."""
        return self.probability is not None and self.probability < DOUBTFUL_BELOW

    @property
    def uncertain(self) -> bool:
        """Whether it may hardly be there: doubtful, or an interval that begins near nothing."""
        interval = self.volume_interval_ml
        from_nothing = interval is not None and interval[0] < _NEXT_TO_NOTHING * self.volume_ml
        return self.doubtful or from_nothing


@dataclass(frozen=True)
class Measurements:
    """All measurements of a case; ``nephrometry`` has one entry a tumor of a kidney.

    ``interval_source`` says what the intervals come from: `NETWORK` or `VOXELS`; None without any.
    ``sides_known`` is False where the file does not say how the patient lies.
    """

    sides: tuple[SideMeasurement, ...] = ()
    lesions: tuple[LesionMeasurement, ...] = ()
    nephrometry: tuple[Nephrometry, ...] = ()
    interval_source: str | None = None
    sides_known: bool = True

    def side_text(self, side: str) -> str:
        """A side as tables and pictures name it: marked where it is a guess."""
        return side if self.sides_known or side == "unknown" else f"{side} (a guess)"

    def is_uncertain(self, lesion_id: int) -> bool:
        """Whether a lesion may hardly be there, and its scores with it."""
        return any(x.uncertain for x in self.lesions if x.id == lesion_id)

    def as_dict(self) -> dict[str, Any]:
        """Plain dictionary for JSON."""
        return {
            "sides": [asdict(side) for side in self.sides],
            "lesions": [asdict(lesion) for lesion in self.lesions],
            "nephrometry": [scores.as_dict() for scores in self.nephrometry],
            "interval_source": self.interval_source,
            "sides_known": self.sides_known,
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

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Measurements:
        """Measurements that `as_dict` wrote."""
        lesions = []
        for row in data["lesions"]:
            points = {}
            for name in ("feret_axial_ends_ras_mm", "feret_3d_ends_ras_mm"):
                points[name] = tuple(tuple(point) for point in row[name])
            lesions.append(LesionMeasurement(**{**_with_tuples(row), **points}))
        return cls(
            tuple(SideMeasurement(**_with_tuples(row)) for row in data["sides"]),
            tuple(lesions),
            tuple(Nephrometry.from_dict(row) for row in data["nephrometry"]),
            data.get("interval_source"),
            data.get("sides_known", True),
        )


def _with_tuples(row: dict[str, Any]) -> dict[str, Any]:
    """A row whose intervals and center are tuples again, as they were before JSON."""
    return {
        k: tuple(v) if v is not None and ("_interval_" in k or k == "center_ras_mm") else v
        for k, v in row.items()
    }


@dataclass(frozen=True, eq=False)
class LesionComponent:
    """A connected tumor or cyst: label, side, slices of its box, mask in the box, center in mm."""

    kind: Label
    side: str
    where: tuple[slice, slice, slice]
    part: np.ndarray
    center_ras: np.ndarray


def measure(labels: Volume, ct: Volume | None = None) -> Measurements:
    """Measure a label map with `Label` numbers.

    Parameters
    ----------
    labels : Volume
    ct : Volume, optional
        HU on the same grid; without it densities are None.

    Returns
    -------
    Measurements
        Sides that hold nothing are left out; lesions are numbered by volume, largest first. A
        tumor is scored where there is enough of its kidney.
    """
    box = Box.of_mask(labels.array)
    if box is None:
        return Measurements()
    touched = _touched_faces(labels.array, box)
    part = labels.cropped(box)
    own_ct = ct.cropped(box) if ct is not None else None
    density = own_ct.array if own_ct is not None else None
    parts = lesion_components(part)
    found = [_lesion(n, c, part, density, touched) for n, c in enumerate(parts, start=1)]
    sides = [
        _side(side, part, density, found, incomplete=_is_incomplete(part, side, touched))
        for side in SIDES
    ]
    kept = [s for s in sides if s.parenchyma_ml + s.tumor_ml + s.cyst_ml > 0]
    if any(side.incomplete for side in kept):
        kept = [replace(side, parenchyma_share=None) for side in kept]
    scores = [n for side in kept for n in _scores(side, part, own_ct, parts, found)]
    return Measurements(tuple(kept), tuple(found), tuple(sorted(scores, key=lambda n: n.lesion_id)))


def _scores(
    measured: SideMeasurement,
    labels: Volume,
    ct: Volume | None,
    parts: list[LesionComponent],
    lesions: list[LesionMeasurement],
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


def _touched_faces(array: np.ndarray, box: Box) -> set[tuple[int, int]]:
    """Faces of the grid (axis, 0 or -1) that labels reach."""
    touched = set()
    for axis in range(3):
        if box.start[axis] == 0:
            touched.add((axis, 0))
        if box.stop[axis] == array.shape[axis]:
            touched.add((axis, -1))
    return touched


def _is_incomplete(part: Volume, side: str, touched: set[tuple[int, int]]) -> bool:
    """Whether the kidney of a side reaches a face of the scan."""
    return any(
        (np.take(part.array, end, axis) == KIDNEY_OF_SIDE[side]).any() for axis, end in touched
    )


def lesion_components(labels: Volume) -> list[LesionComponent]:
    """Every tumor and cyst of a label map (`Label` numbers), largest first.

    Two that touch at the corners of voxels only are two.
    """
    found, least = [], math.ceil(_OWN_LESION_ML / labels.geometry.voxel_volume_ml)
    for kind in (Label.TUMOR, Label.CYST):
        for where, part in bodies(labels.array == kind, least):
            box = Box.of_slices(where)
            own = labels.geometry.cropped(box)
            center = own.ras_from_kji(np.argwhere(part).mean(axis=0))[0]
            side = _nearest_side(box, labels, center)
            found.append(LesionComponent(kind, side, where, part, center))
    return sorted(found, key=lambda c: (-int(c.part.sum()), c.kind))


def _lesion(
    number: int,
    component: LesionComponent,
    labels: Volume,
    density: np.ndarray | None,
    touched: set[tuple[int, int]],
) -> LesionMeasurement:
    """Measure one component."""
    where, part = component.where, component.part
    own = labels.geometry.cropped(Box.of_slices(where))
    volume_ml = float(part.sum()) * own.voxel_volume_ml
    values = _finite(density, where, part)
    axial, longest = feret_axial(part, own), feret_3d(part, own)
    return LesionMeasurement(
        id=number,
        kind=component.kind.name.lower(),
        side=component.side,
        volume_ml=volume_ml,
        feret_axial_mm=axial.mm,
        feret_3d_mm=longest.mm,
        sphere_equivalent_mm=sphere_equivalent_mm(volume_ml),
        density_mean_hu=None if values is None else float(values.mean()),
        density_sd_hu=None if values is None else float(values.std()),
        density_median_hu=None if values is None else float(np.median(values)),
        fat_share=None if values is None else float((values < _FAT_HU).mean()),
        center_ras_mm=tuple(float(x) for x in component.center_ras),
        feret_axial_ends_ras_mm=(axial.start_ras_mm, axial.end_ras_mm),
        feret_3d_ends_ras_mm=(longest.start_ras_mm, longest.end_ras_mm),
        incomplete=_reaches(where, labels.array.shape, touched),
    )


def _center_ras(mask: np.ndarray, volume: Volume) -> Point | None:
    """Center of a mask in RAS mm; None where it is empty."""
    count = mask.sum()
    if not count:
        return None
    center = []
    for axis, n in enumerate(mask.shape):
        along = mask.sum(axis=tuple(a for a in range(3) if a != axis))
        center.append(float(along @ np.arange(n)) / count)
    return tuple(float(x) for x in volume.geometry.ras_from_kji(center)[0])


def _finite(density: np.ndarray | None, where: tuple, mask: np.ndarray) -> np.ndarray | None:
    """Densities under a mask that are numbers; None without any."""
    if density is None:
        return None
    values = density[where][mask]
    values = values[np.isfinite(values)]
    return values if values.size else None


def _reaches(where: tuple, shape: tuple[int, ...], touched: set[tuple[int, int]]) -> bool:
    """Whether a component reaches one of the scan's faces."""
    return any(
        (where[axis].start == 0 if end == 0 else where[axis].stop == shape[axis])
        for axis, end in touched
    )


def _nearest_side(box: Box, labels: Volume, center: np.ndarray) -> str:
    """Side whose kidney is nearest: most voxels around the component, else by distance."""
    reach = labels.geometry.voxels_covering(_NEAR_MM)
    around = labels.array[box.grown(reach, labels.array.shape).slices]
    counts = {side: int((around == KIDNEY_OF_SIDE[side]).sum()) for side in SIDES}
    if any(counts.values()):
        return max(counts, key=counts.get)
    gaps = {}
    for side in SIDES:
        voxels = np.argwhere(labels.array == KIDNEY_OF_SIDE[side])
        if len(voxels):
            middle = labels.geometry.ras_from_kji(voxels.mean(axis=0))[0]
            gaps[side] = float(np.linalg.norm(middle - center))
    return min(gaps, key=gaps.get) if gaps else "unknown"


def _side(
    side: str,
    labels: Volume,
    density: np.ndarray | None,
    lesions: list[LesionMeasurement],
    *,
    incomplete: bool,
) -> SideMeasurement:
    """Measure one side."""
    kidney = labels.array == KIDNEY_OF_SIDE[side]
    both = np.isin(labels.array, list(KIDNEY_OF_SIDE.values())).sum()
    values = _finite(density, (), kidney)
    own = [x for x in lesions if x.side == side]
    return SideMeasurement(
        side=side,
        parenchyma_ml=float(kidney.sum()) * labels.geometry.voxel_volume_ml,
        tumor_ml=sum(x.volume_ml for x in own if x.kind == "tumor"),
        cyst_ml=sum(x.volume_ml for x in own if x.kind == "cyst"),
        density_mean_hu=None if values is None else float(values.mean()),
        density_sd_hu=None if values is None else float(values.std()),
        incomplete=incomplete or any(x.incomplete for x in own),
        parenchyma_share=float(kidney.sum()) / both if both else 0.0,
        center_ras_mm=_center_ras(kidney, labels),
    )
