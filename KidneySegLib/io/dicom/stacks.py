"""Stacks: slices of one series that lie one behind the other; copies dropped, phases apart."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...core.errors import InputError
from ...core.findings import slices_text
from ...core.volume import Geometry
from ..grids import LPS_TO_RAS
from .headers import SliceInfo
from .text import kernel_class, phase_of

_GAP_SHARE = 0.3  # of the usual slice distance; larger deviations are missing slices
_UNEVEN_SHARE = 0.05
_ROUNDED_MM = 0.06  # positions that an archive rounded to 0.1 mm are up to 0.05 mm off
_SAME_PLACE_MM = 0.01
_EXACT_MM = 0.002
_PROJECTIONS = ("MIP", "MINIP", "PROJECTION", "RENDER", "SCREEN", "CAPTURE")
# Maps of a material, of electron density or of the atomic number, from two energies: by the words
# of the image type. Those of a description may be of the patient's preparation (water).
_MATERIALS = (
    "IODINE", "WATER", "CALCIUM", "URIC", "EFF", "EFFECTIVE", "ZEFF", "RHO", "VNC", "MD",
    "MATERIAL", "OVERLAY", "PERFUSION",
)  # fmt: skip
_MAP_NAME = re.compile(
    r"iodine (?:map|no|water)|water (?:map|no|iodine)|eff(?:ective)? z|zeff", re.I
)
_HU_TYPES = ("", "HU", "US")
# What tells phases and reconstructions apart that were put into one series, in this order.
_DISCRIMINATORS: tuple[Callable[[SliceInfo], object], ...] = (
    lambda s: s.kernel,
    lambda s: s.image_type,
    lambda s: s.temporal,
    lambda s: s.acquisition,
    lambda s: s.description,
    lambda s: s.acquisition_time,
)


@dataclass(frozen=True)
class Stack:
    """Slices of one series with one direction and size.

    Attributes
    ----------
    slices : tuple of SliceInfo
        Sorted by place.
    copies : int
        Files that were left out because the same slice was there already.
    """

    slices: tuple[SliceInfo, ...]
    copies: int = 0

    @property
    def first(self) -> SliceInfo:
        """The first slice, which speaks for the series."""
        return self.slices[0]

    @cached_property
    def heights_mm(self) -> np.ndarray:
        """Place of each slice along the stack's normal, in mm."""
        return np.array([_height(s) for s in self.slices])

    @property
    def distance_mm(self) -> float:
        """Usual distance of the slices; 0 for a single one."""
        return float(np.median(np.diff(self.heights_mm))) if len(self.slices) > 1 else 0.0

    @property
    def extent_mm(self) -> float:
        """Length that the stack covers."""
        return float(np.ptp(self.heights_mm)) + self.distance_mm

    @property
    def is_axial(self) -> bool:
        """Whether its slices lie across the body."""
        return abs(normal(self.first)[2]) > np.cos(np.radians(45))

    @property
    def is_localizer(self) -> bool:
        """Whether it is a scout picture."""
        return any("LOCALIZER" in word for word in self.first.image_type)

    @property
    def is_projection(self) -> bool:
        """Whether it is a projection or a picture of a screen, not slices as measured."""
        return any(word in kind for kind in self.first.image_type[2:] for word in _PROJECTIONS)

    @property
    def is_material_map(self) -> bool:
        """Whether its numbers are no densities as a scanner measures them."""
        words = re.split(r"[^A-Z]+", " ".join(self.first.image_type[2:]))
        named = _MAP_NAME.search(self.first.description) is not None
        odd = self.first.rescale_type not in _HU_TYPES
        return odd or named or any(w in _MATERIALS for w in words)

    @property
    def phase(self) -> str:
        """Contrast phase that its description names."""
        return phase_of(self.first.description)

    @property
    def kernel_class(self) -> str:
        """Whether its kernel is for soft tissue, or sharp."""
        return kernel_class(self.first.kernel, self.first.description)

    def described(self) -> str:
        """One line about it, without a name: number, slices, thickness, kernel, description."""
        first = self.first
        parts = [f"{first.modality or 'unknown'}, {len(self.slices)} slices"]
        if len(self.slices) > 1:
            parts[0] += f" of {self.distance_mm:.3g} mm"
        parts.append(f"{first.size[1]} x {first.size[0]}")
        parts += [f"kernel {first.kernel}"] if first.kernel else []
        parts += ["material map"] if self.is_material_map else []
        parts += ["localizer"] if self.is_localizer else []
        parts += ["not axial"] if not self.is_axial and not self.is_localizer else []
        parts += [f"'{first.description}'"] if first.description else []
        name = "without number" if first.series_number is None else str(first.series_number)
        return f"series {name}: {', '.join(parts)}"


def stacks_of(slices: Iterable[SliceInfo]) -> list[Stack]:
    """Stacks of slices that belong to one series.

    Slices of another direction, size or frame of reference are stacks of their own. Identical
    copies are left out. Where several slices lie at one place they are told apart by kernel, image
    type, phase or acquisition; what cannot be told apart stays one stack, which `require_even`
    refuses.
    """
    found = []
    for group in _alike(slices):
        kept, copies = _without_copies(group)
        parts = _split(kept)
        found += [Stack(tuple(part), copies if n == 0 else 0) for n, part in enumerate(parts)]
    return found


def _alike(slices: Iterable[SliceInfo]) -> list[list[SliceInfo]]:
    """Slices by direction, size and frame of reference, each group sorted by place."""
    groups: list[list[SliceInfo]] = []
    for item in slices:
        for group in groups:
            if _fits(item, group[0]):
                group.append(item)
                break
        else:
            groups.append([item])
    return [sorted(group, key=lambda s: (_height(s), s.number or 0)) for group in groups]


def _fits(one: SliceInfo, other: SliceInfo) -> bool:
    """Whether two slices may be of one stack."""
    return (
        one.size == other.size
        and one.frame_of_reference == other.frame_of_reference
        and ("LOCALIZER" in one.image_type) == ("LOCALIZER" in other.image_type)
        and bool(np.allclose(one.orientation, other.orientation, atol=1e-3))
        and bool(np.allclose(one.pixel_mm, other.pixel_mm, rtol=1e-4))
    )


def _without_copies(ordered: Sequence[SliceInfo]) -> tuple[list[SliceInfo], int]:
    """Slices without those whose pixels and place are there already, and how many went."""
    kept: list[SliceInfo] = []
    for places in _by_place(ordered):
        digests = set()
        for item in places:
            digest = _pixel_digest(item) if len(places) > 1 else ""
            if digest not in digests:
                digests.add(digest)
                kept.append(item)
    return kept, len(ordered) - len(kept)


def _by_place(ordered: Sequence[SliceInfo]) -> list[list[SliceInfo]]:
    """Slices at one place together."""
    groups: list[list[SliceInfo]] = []
    for item in ordered:
        if groups and _height(item) - _height(groups[-1][0]) < _SAME_PLACE_MM:
            groups[-1].append(item)
        else:
            groups.append([item])
    return groups


def _pixel_digest(item: SliceInfo) -> str:
    """Hash of a slice's stored pixels (of its whole file where they are compressed)."""
    if item.frame is not None and not item.payload_bytes:
        return f"{item.path} {item.frame}"  # compressed frames of one file: never copies
    size = item.path.stat().st_size
    count = item.size[0] * item.size[1] * item.stored_as[0] // 8
    with item.path.open("rb") as stream:
        if item.payload_bytes:
            stream.seek(max(0, size - item.payload_bytes + count * (item.frame or 0)))
        pixels = stream.read(count) if item.payload_bytes else stream.read()
    return hashlib.sha256(pixels).hexdigest()


def _split(ordered: Sequence[SliceInfo]) -> list[list[SliceInfo]]:
    """Slices of several phases or reconstructions apart, where something tells them apart."""
    if max(map(len, _by_place(ordered)), default=0) < 2:
        return [list(ordered)]
    for key in _DISCRIMINATORS:
        groups: dict[object, list[SliceInfo]] = defaultdict(list)
        for item in ordered:
            groups[key(item)].append(item)
        alone = all(max(map(len, _by_place(group))) == 1 for group in groups.values())
        if alone and min(map(len, groups.values())) > 1:
            return list(groups.values())
    return [list(ordered)]


def require_even(stack: Stack) -> Stack:
    """Refuse a stack whose slices are missing, doubled or uneven.

    Positions that were rounded to 0.1 mm count as even.

    Raises
    ------
    InputError
        Saying which.
    """
    gaps = np.diff(stack.heights_mm)
    if len(stack.slices) < 2:
        raise InputError("The series has a single slice. Load the whole series.")
    usual = float(np.median(gaps))
    if usual < 1e-3 or (gaps < 0.1 * usual).any():
        raise InputError(
            "The series holds several slices at the same place, and nothing in their headers "
            "tells them apart (several phases or reconstructions in one). Export one phase as a "
            "series of its own."
        )
    if _uneven_mm(stack.heights_mm) <= _ROUNDED_MM:
        return stack
    wide = np.flatnonzero(gaps > (1 + _GAP_SHARE) * usual)
    if wide.size:
        missing = int(np.rint(gaps[wide] / usual - 1).clip(min=1).sum())
        raise InputError(
            f"About {missing} slices are missing: most are {usual:.2f} mm apart, but there are "
            f"gaps up to {gaps.max():.2f} mm ({_after(stack, wide)}). Load the complete series; "
            "volumes would be wrong."
        )
    if np.abs(gaps - usual).max() > _UNEVEN_SHARE * usual:
        raise InputError(
            f"The slices are unevenly spaced ({gaps.min():.2f} to {gaps.max():.2f} mm). "
            "Resample the series to even slices; volumes would be wrong."
        )
    return stack


def _uneven_mm(heights_mm: np.ndarray) -> float:
    """How far the slice lies off that is farthest from where even slices would be."""
    order = np.arange(len(heights_mm))
    off = heights_mm - np.polyval(np.polyfit(order, heights_mm, 1), order)
    return float(np.ptp(off)) / 2


def _after(stack: Stack, gaps: np.ndarray) -> str:
    """Slices after which there is a gap."""
    return "after " + names_of([stack.slices[n] for n in gaps])


def names_of(slices: Sequence[SliceInfo]) -> str:
    """Slices by their instance numbers, as messages name them; by their order without any."""
    return slices_text(["?" if s.number is None else s.number for s in slices])


def normal(info: SliceInfo) -> np.ndarray:
    """Unit normal of the slice plane, LPS."""
    row, column = np.array(info.orientation[:3]), np.array(info.orientation[3:])
    across = np.cross(row, column)
    return across / np.linalg.norm(across)


def _height(info: SliceInfo) -> float:
    """Place along the normal in mm."""
    return float(normal(info) @ np.array(info.position))


def geometry_of(stack: Stack) -> Geometry:
    """Geometry of sorted slices; sheared where the gantry was tilted."""
    first, last = stack.slices[0], stack.slices[-1]
    matrix = np.eye(4)
    matrix[:3, 0] = np.array(first.orientation[:3]) * first.pixel_mm[1]
    matrix[:3, 1] = np.array(first.orientation[3:]) * first.pixel_mm[0]
    matrix[:3, 2] = (np.array(last.position) - np.array(first.position)) / (len(stack.slices) - 1)
    matrix[:3, 3] = first.position
    if _uneven_mm(stack.heights_mm) > _EXACT_MM:  # rounded: a line through all of them
        order = np.arange(len(stack.slices))
        line = np.polyfit(order, np.array([s.position for s in stack.slices]), 1)
        matrix[:3, 2], matrix[:3, 3] = line
    return Geometry((len(stack.slices), *first.size), LPS_TO_RAS @ matrix)
