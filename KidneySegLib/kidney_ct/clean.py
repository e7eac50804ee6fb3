"""Clean: rules in their order, an audit trail, and what the user takes back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..core.anatomy import Tissue
from ..core.errors import ModelError
from ..core.findings import Finding
from ..core.volume import Box
from .removals import Removal, chosen, short_id
from .rules import Rule
from .rules.unwanted import nothing_at
from .scene import Change, Scene
from .sides import assign_sides

_MARGIN_MM = 4.0  # around what was found: as far as rules look
_MOST_REMOVALS = 65_535  # what 16 bits can number; a trained network leaves a few dozen


@dataclass(frozen=True, eq=False)
class Cleaned:
    """Result of cleaning.

    Attributes
    ----------
    labels : (k, j, i) uint8
        `Label` numbers on the grid of the input.
    rejected : (k, j, i) uint16
        Number of the removal that took a voxel out or relabeled it last; 0 elsewhere.
    removals : tuple of Removal
    findings : tuple of Finding
    """

    labels: np.ndarray
    rejected: np.ndarray
    removals: tuple[Removal, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, eq=False)
class _Made:
    """A change that was made, by which rule, its removal, and the voxels' tissues before."""

    rule: int
    change: Change
    removal: Removal
    before: np.ndarray


def clean(
    scene: Scene, rules: Sequence[Rule], *, midline_r_mm: float, keep: Collection[int | str] = ()
) -> Cleaned:
    """Turn raw tissues into right kidney, left kidney, tumor and cyst.

    Parameters
    ----------
    scene : Scene
        Is not changed.
    rules : sequence of Rule
        Those that need what the scene does not have are passed over.
    midline_r_mm : float
        R coordinate of the body's midline in mm.
    keep : collection of int or str
        Numbers or IDs of removals to take back: those voxels get the tissue that they had.

    Returns
    -------
    Cleaned

    Raises
    ------
    InputError
        If what is to be kept is no removal, or there is no mass where one is to be left out.
    ModelError
        If there are more removals than ``rejected`` can number.
    """
    labels = np.zeros(scene.tissue.shape, np.uint8)
    rejected = np.zeros(scene.tissue.shape, np.uint16)
    box = Box.of_mask(scene.tissue)
    if box is None:
        chosen(keep, ())
        for place in scene.unwanted:
            raise nothing_at(place)
        return Cleaned(labels, rejected)
    box = box.grown(scene.geometry.voxels_covering(_MARGIN_MM) + 2, scene.tissue.shape)
    part = scene.cropped(box)
    rules = [rule for rule in rules if rule.needs <= part.has]
    made, findings = _follow(rules, part)
    made = _taken_back(made, chosen(keep, [m.removal for m in made]), part)
    for n, rule in enumerate(rules):
        own = [m.removal for m in made if m.rule == n and not m.removal.restored]
        findings += rule.tell(part, own)
    sided, about_sides = assign_sides(part.tissue, part.geometry, midline_r_mm=midline_r_mm)
    labels[box.slices] = sided
    for m in made:
        if not m.removal.restored:
            rejected[box.slices][m.change.where][m.change.part] = m.removal.number
    removals = tuple(m.removal for m in made)
    return Cleaned(labels, rejected, removals, (*findings, *about_sides))


def _follow(rules: Sequence[Rule], scene: Scene) -> tuple[list[_Made], list[Finding]]:
    """Make every rule's changes in the scene; what was made, and what the rules found."""
    made: list[_Made] = []
    findings: list[Finding] = []
    taken: set[str] = set()
    for n, rule in enumerate(rules):
        for change in rule.find(scene):
            if change.finding is not None:
                findings.append(change.finding)
            if change.becomes is None:
                continue
            if change.was != Tissue.BACKGROUND:
                removal = _removal(len(made) + 1, rule, change, scene, taken)
                before = scene.tissue[change.where][change.part]
                made.append(_Made(n, change, removal, before))
                taken.add(made[-1].removal.id)
            scene.tissue[change.where][change.part] = change.becomes
            if len(made) > _MOST_REMOVALS:
                raise ModelError(
                    f"The network's output falls into more than {_MOST_REMOVALS} pieces that would "
                    "be left out: it is noise. Use another model, or train this one longer."
                )
    return made, findings


def _removal(
    number: int, rule: Rule, change: Change, scene: Scene, taken: Collection[str]
) -> Removal:
    """The audit trail of a change."""
    tissue = Tissue(change.was).name.lower()
    center = scene.center_ras(change.part, change.where)
    return Removal(
        number=number,
        id=short_id(rule.code, tissue, center, taken),
        code=rule.code,
        tissue=tissue,
        reason=change.reason,
        volume_ml=scene.volume_ml(change.part),
        center_ras=center,
    )


def _taken_back(made: list[_Made], numbers: Collection[int], scene: Scene) -> list[_Made]:
    """Give components that the user wants back the tissue that they had."""
    after = []
    for m in made:
        if m.removal.number in numbers:
            scene.tissue[m.change.where][m.change.part] = m.before
            m = replace(m, removal=replace(m.removal, restored=True))
        after.append(m)
    return after
