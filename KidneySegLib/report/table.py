"""Tables: measurements as CSV and as text for a terminal, row by row of `measure.quantities`."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ..measure.lesions import LesionMeasurement
from ..measure.measurements import NETWORK, Measurements
from ..measure.nephrometry import Component, Nephrometry
from ..measure.quantities import QUANTITIES, SIDE_PARTS, Quantity, quantities_of

_SCORES = ("renal", "padua", "set_by_reader")
_GAP = "  "
AT_LEAST = "incomplete: at least this much"


def _csv_columns() -> tuple[str, ...]:
    """Columns of the CSV file: what a row is, its numbers, what to know about it, its place."""
    numbers: list[str] = []
    for q in QUANTITIES:
        if q.of == "score" and not set(_SCORES) & set(numbers):
            numbers += _SCORES
        numbers += [q.in_csv, *(_ends(q) if q.interval else ())]
    about = ("incomplete", "uncertain", "side_known", "center_r_mm", "center_a_mm", "center_s_mm")
    made = ("origin", "made_of")
    return tuple(dict.fromkeys(("item", "id", "side", "kind", *numbers, *about, "slice", *made)))


def _ends(q: Quantity) -> tuple[str, str]:
    """Columns of an interval: ``volume_low_ml``, ``volume_high_ml``."""
    base, _, unit = q.in_csv.rpartition("_")
    return f"{base}_low_{unit}", f"{base}_high_{unit}"


COLUMNS = _csv_columns()


def rows(measurements: Measurements) -> list[dict[str, Any]]:
    """Table rows: parts of each side, then each lesion, then other structures of the model."""
    table = []
    for side in measurements.sides:
        base = {
            "item": "side",
            "side": side.side,
            "incomplete": side.incomplete,
            "side_known": measurements.sides_known,
        }
        for part in SIDE_PARTS:
            table.append(base | {"kind": part} | _cells(quantities_of(part), side))
    scores = {n.lesion_id: n for n in measurements.nephrometry}
    for lesion in measurements.lesions:
        table.append(
            _score_cells(scores.get(lesion.id))
            | _cells(quantities_of("lesion"), lesion)
            | {
                "item": "lesion",
                "id": lesion.id,
                "side": lesion.side,
                "kind": lesion.kind,
                "incomplete": lesion.incomplete,
                "uncertain": lesion.uncertain,
                "side_known": measurements.sides_known,
                "slice": lesion.slice_number,
                "origin": lesion.origin,
                "made_of": lesion.composition and lesion.composition.kind,
                "center_r_mm": lesion.center_ras_mm[0],
                "center_a_mm": lesion.center_ras_mm[1],
                "center_s_mm": lesion.center_ras_mm[2],
            }
        )
    for s in measurements.structures:
        table.append(
            {"item": "structure", "kind": s.name, "volume_ml": s.volume_ml}
            | {"incomplete": s.incomplete}
        )
    return table


def _cells(quantities: Iterable[Quantity], item: Any) -> dict[str, Any]:
    """Numbers of a side, lesion or score with their intervals, empty where there is none."""
    cells: dict[str, Any] = {}
    for q in quantities:
        cells[q.in_csv] = q.value(item)
        if q.interval:
            cells |= zip(_ends(q), q.interval_of(item) or (None, None), strict=True)
    return cells


def _score_cells(scores: Nephrometry | None) -> dict[str, Any]:
    """Cells of a tumor's nephrometry; none for what is not scored."""
    if scores is None:
        return {}
    return {
        "renal": scores.renal_text,
        "padua": scores.padua_total,
        "set_by_reader": " ".join(scores.set_by_reader),
    } | _cells(quantities_of("score"), scores)


def write_csv(measurements: Measurements, path: Path) -> None:
    """Write the table as CSV, lengths in mm, volumes in mL, areas in cm2, densities in HU."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, COLUMNS, restval="")
        writer.writeheader()
        for row in rows(measurements):
            writer.writerow({k: _rounded(v) for k, v in row.items()})


def _rounded(value: Any) -> Any:
    """Numbers with three decimals, None as an empty cell."""
    if value is None:
        return ""
    return round(value, 3) if isinstance(value, float) else value


def as_text(measurements: Measurements) -> str:
    """Tables for a terminal; a column is as wide as it must be."""
    if not measurements.sides and not measurements.lesions:
        return "No kidney was found."
    lines = _side_lines(measurements)
    if not measurements.sides_known:
        lines += ["", "? right and left are a guess: the file does not say how the patient lies"]
    if measurements.lesions:
        lines += ["", *_lesion_lines(measurements)]
    if measurements.structures:
        lines += ["", *_structure_lines(measurements)]
    if measurements.interval_source:
        lines += ["", f"In parentheses: {interval_text(measurements)}"]
    return "\n".join(lines + _score_lines(measurements))


def _side_lines(measurements: Measurements) -> list[str]:
    """One line a kidney."""
    shown = quantities_of(*SIDE_PARTS, brief=True)
    table = [["", *(q.short for q in shown), ""]]
    for side in measurements.sides:
        note = AT_LEAST if side.incomplete else ""
        name = f"{side.side} kidney" + ("" if measurements.sides_known else "?")
        table.append([name, *(q.text(side) for q in shown), note])
    return aligned(table, left=(0, len(shown) + 1))


def _lesion_lines(measurements: Measurements) -> list[str]:
    """One line a lesion."""
    shown = quantities_of("lesion", brief=True)
    table = [["lesion", "kind", "side", *(q.short for q in shown), "slice", ""]]
    for x in measurements.lesions:
        side = x.side if measurements.sides_known else f"{x.side}?"
        place = "" if x.slice_number is None else str(x.slice_number)
        numbers = [q.text(x) for q in shown]
        table.append([str(x.id), x.kind, side, *numbers, place, _doubt(x)])
    return aligned(table, left=(0, 1, 2, len(shown) + 4))


def _structure_lines(measurements: Measurements) -> list[str]:
    """One line for each other structure that the model tells."""
    table = [["structure", "mL", ""]]
    for s in measurements.structures:
        table.append([s.name, f"{s.volume_ml:.1f}", AT_LEAST if s.incomplete else ""])
    return aligned(table, left=(0, 2))


def _doubt(lesion: LesionMeasurement) -> str:
    """Marks of a lesion of which the network, or its origin, is not sure; what it is made of."""
    return "; ".join(["unsure"] * lesion.doubtful + list(lesion.remarks))


def aligned(table: Sequence[Sequence[str]], *, left: Sequence[int] = ()) -> list[str]:
    """Lines of a table whose columns are as wide as their widest cell, numbers to the right.

    Parameters
    ----------
    left : sequence of int
        Columns of words, to the left.
    """
    widths = [max(len(cell) for cell in column) for column in zip(*table, strict=True)]
    lines = []
    for row in table:
        cells = [
            cell.ljust(width) if n in left else cell.rjust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append(_GAP.join(cells).rstrip())
    return lines


def interval_text(measurements: Measurements) -> str:
    """What the intervals are, for whoever reads them."""
    if measurements.interval_source == NETWORK:
        return "nominal 90 % interval, from the network's probabilities and the voxel size."
    return (
        "interval from the voxel size only; how sure the network, or whoever drew, is of a border "
        "is not in it."
    )


def _score_lines(measurements: Measurements) -> list[str]:
    """Nephrometry for a terminal; marks for what is close to a threshold or set by a reader."""
    if not measurements.nephrometry:
        return []
    shown = [
        n
        for n in measurements.nephrometry
        if n.set_by_reader or not measurements.is_uncertain(n.lesion_id)
    ]
    hidden = [n for n in measurements.nephrometry if n not in shown]
    lines = [""]
    if shown:
        lines += _score_table(shown)
        lines.append("* close to a threshold; main vessels (suffix h) are left to the reader")
    if hidden:
        numbers = ", ".join(str(n.lesion_id) for n in hidden)
        lines.append(
            f"Nephrometry is not shown here for what is uncertain, and may not be a tumor at all "
            f"(lesion {numbers}). The report and the JSON file have it."
        )
    return lines


def _score_table(scores: Sequence[Nephrometry]) -> list[str]:
    """One line a scored tumor."""
    quantities = quantities_of("score")
    table = [["tumor", "R.E.N.A.L.", "PADUA", *(q.short for q in quantities), ""]]
    for n in scores:
        parts = "+".join(f"{c.points}{_mark(c)}" for c in n.renal.values())
        numbers = [q.text(n, missing="unseen") for q in quantities]
        note = f"set by the reader: {', '.join(n.set_by_reader)}" if n.set_by_reader else ""
        score = f"{n.renal_text} = {parts}"
        table.append([str(n.lesion_id), score, str(n.padua_total), *numbers, note])
    return aligned(table, left=(0, 1, len(quantities) + 3))


def _mark(component: Component) -> str:
    """Mark of a component that is set by a reader, or close to a threshold."""
    return "!" if component.overridden else "*" if component.borderline else ""
