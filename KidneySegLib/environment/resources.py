"""Where the shipped resources are: in a wheel, an installed extension or a checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parents[1]


def resource_folder(name: str) -> Path | None:
    """Folder ``Resources/<name>`` beside the library or inside it; None where there is none."""
    for root in (_PACKAGE / "Resources", _PACKAGE.parent / "Resources"):
        if (root / name).is_dir():
            return root / name
    return None
