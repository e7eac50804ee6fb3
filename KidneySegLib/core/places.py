"""Places as slice numbers: what a reader scrolls to, beside R, A, S in mm."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from .findings import Finding, Point
from .volume import Volume

_PLACE = re.compile(r"R,A,S = (-?\d+),(-?\d+),(-?\d+) mm")


def slice_number(volume: Volume, place_ras_mm: Sequence[float]) -> int:
    """Number of the slice (first axis as stored) nearest to a place.

    The DICOM instance number where the volume has them, else counted from 1. Places count in whole
    mm, as texts name them, so that text and table say the same slice.
    """
    k = volume.geometry.kji_from_ras(np.round(place_ras_mm))[0, 0]
    index = int(np.clip(np.rint(k), 0, volume.array.shape[0] - 1))
    numbers = volume.source.instance_numbers if volume.source else ()
    return numbers[index] if len(numbers) == volume.array.shape[0] else index + 1


def with_slices(findings: Iterable[Finding], volume: Volume) -> list[Finding]:
    """Findings whose places, in the text too, have slice numbers.

    Parameters
    ----------
    volume : Volume
        The CT as stored.
    """

    def named(match: re.Match) -> str:
        place = tuple(float(x) for x in match.groups())
        return f"{match[0]} (slice {slice_number(volume, place)})"

    found = []
    for finding in findings:
        place: Point | None = finding.place_ras_mm
        number = None if place is None else slice_number(volume, place)
        message = _PLACE.sub(named, finding.message)
        values = {
            name: _PLACE.sub(named, value) if isinstance(value, str) else value
            for name, value in finding.values.items()
        }
        found.append(replace(finding, message=message, slice_number=number, values=values))
    return found
