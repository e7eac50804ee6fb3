"""The JSON schema of a result: what quantities it has follows `measure.quantities`.

``python -m KidneySegLib.report.schema`` writes the schema's file anew; a test fails where it is not
what this makes.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from ..measure.quantities import SIDE_PARTS, Quantity, quantities_of
from ..result import FORMAT, write_json

SCHEMA = Path(__file__).with_name("measurements.schema.json")


def schema_text() -> dict[str, Any]:
    """The shipped schema."""
    return json.loads(SCHEMA.read_text(encoding="utf-8"))


def with_quantities(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema whose sides, lesions and scores have the quantities of this version."""
    made = copy.deepcopy(schema)
    made["properties"]["format"] = {"const": FORMAT}
    lists = made["properties"]["measurements"]["properties"]
    _fill(lists["sides"]["items"], quantities_of(*SIDE_PARTS))
    _fill(lists["lesions"]["items"], quantities_of("lesion"))
    _fill(lists["nephrometry"]["items"], quantities_of("score"))
    return made


def _fill(item: dict[str, Any], quantities: list[Quantity]) -> None:
    """Put quantities, and their intervals, into the schema of an item."""
    for q in quantities:
        kind: Any = "number" if q.always else ["number", "null"]
        description = q.description or f"{q.title.lower()} of the {q.of}"
        item["properties"][q.name] = {"type": kind, "description": description}
        if q.interval:
            item["properties"][q.interval_name] = {
                "type": ["array", "null"],
                "items": {"type": "number"},
                "minItems": 2,
                "maxItems": 2,
                "description": f"nominal 90 % interval in {q.unit}; null where there is none",
            }
    item["required"] = list(item["properties"])


if __name__ == "__main__":
    write_json(with_quantities(schema_text()), SCHEMA)
