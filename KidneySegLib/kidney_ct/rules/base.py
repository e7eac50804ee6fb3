"""What a cleaning rule is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any, Protocol, TypeVar

from ...core.anatomy import MASSES, Tissue
from ...core.findings import Finding
from ..removals import Removal
from ..scene import Change, Scene, Where

Kept = TypeVar("Kept")


class Rule(Protocol):
    """One reason to take something out, to call it something else, or to warn about it.

    Limits stand in a frozen dataclass of the rule's file, with the cases on which they were set.
    Those that depend on how sure a network is come with the model.
    """

    code: str
    """Stable; removals carry it."""

    needs: frozenset[str]
    """What a scene must have: ``probabilities``, ``density``, ``places``, ``not guided``."""

    def find(self, scene: Scene) -> Iterator[Change]:
        """Changes, one after the other; each is made before the next is asked for."""
        ...

    def tell(self, scene: Scene, removed: Sequence[Removal]) -> list[Finding]:
        """What the user must know in the end.

        Parameters
        ----------
        scene : Scene
            After all rules.
        removed : sequence of Removal
            What this rule took out and the user did not take back.
        """
        ...


def own_limits(kind: type[Kept], values: Mapping[str, Any] | None) -> Kept | None:
    """Limits of a rule from a model's; None where the model does not bring them."""
    if values is None:
        return None
    return kind(**{f.name: values[f.name] for f in fields(kind)})  # type: ignore[arg-type]


def dropped(scene: Scene, reason: str, part: Any, where: Where) -> Iterator[Change]:
    """Changes that remove a component, one for each tissue in it."""
    tissue = scene.tissue[where].copy()
    for kind in (Tissue.KIDNEY, *MASSES):
        own = part & (tissue == kind)
        if own.any():
            yield Change(where, own, Tissue.BACKGROUND, kind, reason)
