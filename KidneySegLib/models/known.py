"""Public models of other projects that are worth knowing. Nothing of them ships, or is fetched."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("known.json")


def known_models() -> list[dict[str, Any]]:
    """What is known of each: link, citation, license, labels, published figures, steps."""
    return json.loads(_FILE.read_text(encoding="utf-8"))["models"]


def known_text(model: dict[str, Any]) -> str:
    """A model in words."""
    lines = [
        model["title"],
        f"  finds:     {', '.join(model['labels'])}",
        f"  format:    {model['format']}",
        f"  CT:        {model['phases']}",
        f"  published: {model['published']}",
        f"  license:   {model['license']}",
        f"  where:     {model['link']}",
        f"  cite:      {model['cite']}",
    ]
    return "\n".join([*lines, *(f"  {n}. {step}" for n, step in enumerate(model["steps"], 1))])
