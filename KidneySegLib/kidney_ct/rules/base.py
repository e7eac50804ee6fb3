"""What a cleaning rule is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from ...core.anatomy import MASSES, Tissue
from ...core.findings import Finding
from ...models.info import limits_of
from ..removals import Removal
from ..scene import Change, Scene, Where

Kept = TypeVar("Kept")


class Rule:
    """One reason to take something out, to call it something else, or to warn about it.

    Limits stand in a frozen dataclass of the rule's file, with the cases on which they were set.
    Those that depend on how sure a network is come with the model.
    """

    code: str
    """Stable; removals carry it."""

    needs: frozenset[str] = frozenset()
    """What a scene must have: ``probabilities``, ``density``, ``places``, ``not guided``."""

    def find(self, scene: Scene) -> Iterator[Change]:
        """Changes, one after the other; each is made before the next is asked for."""
        yield from ()

    def tell(self, scene: Scene, removed: Sequence[Removal]) -> list[Finding]:
        """What the user must know in the end; nothing where it is enough to list removals.

        Parameters
        ----------
        scene : Scene
            After all rules.
        removed : sequence of Removal
            What this rule took out and the user did not take back.
        """
        return []


def own_limits(kind: type[Kept], values: Mapping[str, Any] | None) -> Kept | None:
    """Limits of a rule from a model's; None where the model does not bring them."""
    return None if values is None else limits_of(kind, values)


def dropped(scene: Scene, reason: str, part: Any, where: Where) -> Iterator[Change]:
    """Changes that remove a component, one for each tissue in it."""
    tissue = scene.tissue[where].copy()
    for kind in (Tissue.KIDNEY, *MASSES):
        own = part & (tissue == kind)
        if own.any():
            yield Change(where, own, Tissue.BACKGROUND, kind, reason)
