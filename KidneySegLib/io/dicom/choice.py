"""Which stack of a folder is segmented: chosen by rules that are said, or refused with a list.

An axial stack before others; one that can hold a kidney; the kernel for soft tissue; the portal
venous or nephrographic phase; thin slices; and of equals the one that is clearly longer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ...core.errors import InputError
from .stacks import Stack
from .text import ARTERIAL, EXCRETORY, NEPHROGRAPHIC, NON_CONTRAST, PORTAL, SHARP, SOFT

_LEAST_EXTENT_MM = 80.0  # shorter ones cannot hold a whole kidney
_CLEAR_RATIO = 1.5
_MOST_OF_IT = 0.6
_THINNER = 0.9
_KERNELS = {SOFT: 0, SHARP: 2}
_PHASES = {PORTAL: 0, NEPHROGRAPHIC: 0, ARTERIAL: 2, EXCRETORY: 3, NON_CONTRAST: 4}


@dataclass(frozen=True)
class Choice:
    """The stack that is taken, why, and what else was there."""

    stack: Stack
    reason: str
    others: tuple[Stack, ...]


@dataclass(frozen=True)
class _Rule:
    """A property by which a stack is preferred, smaller first, and how that is said."""

    key: Callable[[Stack], float]
    reason: Callable[[Stack], str]


_RULES = (
    _Rule(lambda s: not s.is_axial, lambda s: "its slices are axial"),
    _Rule(lambda s: s.is_projection, lambda s: "it is no projection"),
    _Rule(lambda s: s.extent_mm < _LEAST_EXTENT_MM, lambda s: "it is long enough for a kidney"),
    _Rule(lambda s: s.is_material_map, lambda s: "its numbers are densities"),
    _Rule(
        lambda s: _KERNELS.get(s.kernel_class, 1),
        lambda s: "its kernel is for soft tissue" if s.kernel_class == SOFT else "it is not sharp",
    ),
    _Rule(
        lambda s: _PHASES.get(s.phase, 1),
        lambda s: f"its phase is {s.phase}" if s.phase else "the other's phase is less suited",
    ),
)


def choose(stacks: Sequence[Stack], *, series: str | None = None) -> Choice:
    """The stack to segment.

    Parameters
    ----------
    stacks : sequence of Stack
        All of a folder.
    series : str, optional
        Series instance UID, or series number, to take.

    Raises
    ------
    InputError
        If they are of several patients or studies, none is CT, the wanted one is not there, or it
        is not clear which one to take; the message lists them, without a name.
    """
    if series is not None:
        return _wanted(stacks, series)
    usable = [s for s in stacks if _is_usable(s)]
    if not usable:
        kinds = ", ".join(sorted({s.first.modality or "unknown" for s in stacks}))
        if "CT" in kinds:
            raise InputError(
                "The folder holds CT images, but no series with several slices (found:\n"
                f"{listing(stacks)}\n). Load the whole series."
            )
        raise InputError(
            f"The folder holds no CT series (found: {kinds}). KidneySeg segments CT only."
        )
    _require_one_patient(stacks)
    return _best(usable, stacks)


def _is_usable(stack: Stack) -> bool:
    """Whether a stack may be a CT volume at all."""
    return stack.first.modality == "CT" and not stack.is_localizer and len(stack.slices) > 1


def _require_one_patient(stacks: Sequence[Stack]) -> None:
    """Refuse what belongs to several patients or studies."""
    patients = sorted({s.first.patient for s in stacks})
    if len(patients) > 1:
        text = "\n".join(
            f" patient {n}:\n{listing([s for s in stacks if s.first.patient == patient])}"
            for n, patient in enumerate(patients, start=1)
        )
        raise InputError(
            f"The folder holds images of {len(patients)} patients. Expected one patient. Put each "
            f"into a folder of its own, or choose a series by its UID:\n{text}",
            remedy="choose-series",
        )
    studies = {s.first.study for s in stacks if _is_usable(s)}
    if len(studies) > 1:
        raise InputError(
            f"The folder holds {len(studies)} studies of one patient. Expected one. Put each into "
            f"a folder of its own, or choose a series:\n{listing(stacks)}",
            remedy="choose-series",
        )


def _wanted(stacks: Sequence[Stack], series: str) -> Choice:
    """The stack of the series that the user named by UID or number."""
    wanted, _, part = series.partition("#")
    own = [s for s in stacks if s.first.series == wanted]
    if not own and wanted.isdecimal():
        own = [s for s in stacks if s.first.series_number == int(wanted)]
        if len({s.first.series for s in own}) > 1:
            raise InputError(
                f"Several series have the number {wanted}. Choose one by its UID:\n"
                f"{listing(own, stacks)}",
                remedy="choose-series",
            )
    if part:
        own = [s for s in own if _part(s, stacks) == part]
    if not own:
        raise InputError(f"There is no series '{series}'. Found:\n{listing(stacks)}")
    if len({s.first.patient for s in own}) > 1:
        raise InputError(
            f"The series '{series}' holds images of several patients under one UID. Expected one. "
            "Export it again from where it was made."
        )
    others = tuple(s for s in stacks if s not in own)
    best = _best([s for s in own if not s.is_localizer] or own, stacks)
    rest = tuple(s for s in own if s is not best.stack)
    return Choice(best.stack, "you chose it", (*rest, *others))


def _best(usable: Sequence[Stack], stacks: Sequence[Stack]) -> Choice:
    """The best of the usable stacks; refused where two are alike."""
    left, reasons = list(usable), []
    for rule in _RULES:
        least = min(rule.key(s) for s in left)
        kept = [s for s in left if rule.key(s) == least]
        if len(kept) < len(left):
            reasons.append(rule.reason(kept[0]))
        left = kept
    long = [s for s in left if s.extent_mm >= _MOST_OF_IT * max(t.extent_mm for t in left)]
    if len(long) < len(left):
        reasons.append("it covers more of the body")
    thinnest = min(s.distance_mm for s in long)
    thin = [s for s in long if s.distance_mm * _THINNER <= thinnest]
    if len(thin) < len(long):
        reasons.append("its slices are thinner")
    ranked = sorted(thin, key=lambda s: -len(s.slices))
    if len(ranked) > 1:
        if len(ranked[0].slices) < _CLEAR_RATIO * len(ranked[1].slices):
            raise InputError(
                f"It is not clear which of {len(ranked)} series is meant: they are alike in "
                f"kernel, phase and thickness. Choose one:\n{listing(ranked, stacks)}",
                remedy="choose-series",
            )
        reasons.append("it has the most slices")
    best = ranked[0]
    others = tuple(s for s in stacks if s is not best)
    return Choice(best, " and ".join(reasons) or "it is the only CT series", others)


def listing(stacks: Sequence[Stack], among: Sequence[Stack] | None = None) -> str:
    """One line a stack, with the UID by which it can be chosen; no names.

    Parts of one series (phases, reconstructions) are told apart by ``#1``, ``#2``.

    Parameters
    ----------
    among : sequence of Stack, optional
        All stacks, where only some of them are listed: parts are numbered among them.
    """
    lines = []
    for stack in sorted(stacks, key=lambda s: -len(s.slices)):
        part = _part(stack, among or stacks)
        uid = stack.first.series + (f"#{part}" if part else "")
        lines.append(f"  {stack.described()}, UID {uid}")
    return "\n".join(lines)


def _part(stack: Stack, stacks: Sequence[Stack]) -> str:
    """Number of a stack among those of its patient's series; empty where it is alone."""
    first = stack.first
    own = [
        s
        for s in stacks
        if (s.first.patient, s.first.series, s.first.modality)
        == (first.patient, first.series, first.modality)
    ]
    return str(own.index(stack) + 1) if len(own) > 1 else ""
