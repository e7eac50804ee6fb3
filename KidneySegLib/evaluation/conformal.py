"""Split conformal prediction: how much a model's doubt must count for its intervals to hold.

Of factors that an interval may be scaled with, the one is taken whose intervals held the truth of
so many of the values that it was fitted on as conformal prediction asks for (Papadopoulos et al.,
ECML 2002: inductive confidence machines, with normalized errors).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np

NOMINAL = 0.9


@dataclass(frozen=True)
class Value:
    """A measured value, and its interval at each factor.

    Attributes
    ----------
    case : hashable
        The CT: values of one CT are fitted, or judged, together.
    true, found : float
    intervals : sequence of (float, float)
        One for each factor, from narrow to wide.
    """

    case: Hashable
    true: float
    found: float
    intervals: Sequence[tuple[float, float]]

    def holds(self, factor: int) -> bool:
        """Whether the interval of a factor holds the truth."""
        low, high = self.intervals[factor]
        return low <= self.true <= high

    def needed(self) -> int:
        """Number of the smallest factor whose interval holds the truth; one too many if none."""
        count = len(self.intervals)
        return next((n for n in range(count) if self.holds(n)), count)


def coverage(values: Sequence[Value], factor: int) -> float:
    """Share of values whose interval holds the truth; nan without any."""
    return float(np.mean([v.holds(factor) for v in values])) if values else float("nan")


def fit(values: Sequence[Value], *, fallback: int, nominal: float = NOMINAL) -> int:
    """Number of the factor that split conformal prediction takes.

    The last one where even that would not do.

    Parameters
    ----------
    fallback : int
        What is taken without any value.
    """
    if not values:
        return fallback
    rank = min(len(values), int(np.ceil((len(values) + 1) * nominal)))
    last = len(values[0].intervals) - 1
    return min(sorted(v.needed() for v in values)[rank - 1], last)


def half_width(values: Sequence[Value], factor: int) -> float:
    """Median half width of the intervals, as a share of what was found; nan without any."""
    ends = [(v.intervals[factor], v.found) for v in values]
    return float(np.median([(e[1] - e[0]) / 2 / f for e, f in ends])) if ends else float("nan")


def held_out(values: Sequence[Value], fitted: Callable[[Sequence[Value]], int]) -> list[bool]:
    """Whether each interval holds whose factor was fitted on the other cases."""
    held = []
    for case in sorted({v.case for v in values}, key=str):
        chosen = fitted([v for v in values if v.case != case])
        held += [v.holds(chosen) for v in values if v.case == case]
    return held
