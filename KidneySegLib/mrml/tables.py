"""Measurements as a table node that knows which segments it was made of."""

from __future__ import annotations

import json
from typing import Any

import slicer
import vtk

from ..measure.lesions import LesionMeasurement
from ..measure.measurements import VOXELS, Measurements
from ..measure.nephrometry import Nephrometry
from ..measure.quantities import (
    QUANTITIES,
    SIDE_PARTS,
    Quantity,
    quantities_of,
    with_interval,
)
from .measuring import measured_fingerprints
from .results import TABLE_ROLE, place_beside
from .segments import same_print

MEASURED = "KidneySeg.MeasuredFingerprints"
MEASUREMENTS = "KidneySeg.Measurements"
_WORLD = "KidneySeg.MeasuredUnder"
_SCORE_TEXTS = ("R.E.N.A.L.", "PADUA")
_INCOMPLETE = "reaches the end of the scan: at least this much"
_ONLY_VOXELS = "intervals from the voxel size only"
_ROW_NAMES = {
    "parenchyma": "Parenchyma",
    "tumor": "Tumors",
    "cyst": "Cysts",
    "kidney": "Kidney with masses",
}


def _columns() -> tuple[tuple[str, str | None], ...]:
    """Names and units of the columns, in the order of quantities; texts have no unit."""
    columns: list[tuple[str, str | None]] = [("Item", None), ("Side", None)]
    for q in (q for q in QUANTITIES if q.brief):
        name = _column_name(q)
        columns.append((name, q.unit))
        if _has_range(q):
            columns += [(f"{name}, {end}", q.unit) for end in ("low", "high")]
    scores = [(name, None) for name in _SCORE_TEXTS]
    return tuple(dict.fromkeys([*columns, *scores, ("Note", None)]))


def _column_name(q: Quantity) -> str:
    """Volumes of all structures share a column."""
    return "Volume" if _has_range(q) else q.title


def _has_range(q: Quantity) -> bool:
    """Whether the table has columns for its interval: that of a diameter follows the volume's."""
    return q.unit == "mL"


COLUMNS = _columns()


def fill_table(measurements: Measurements, segmentation_node: Any, table_node: Any = None) -> Any:
    """Write measurements into a table node, with units, and remember what was measured.

    Returns
    -------
    vtkMRMLTableNode
        Made where none is given.
    """
    scene = segmentation_node.GetScene()
    if table_node is None:
        name = scene.GenerateUniqueName(f"{segmentation_node.GetName()} measurements")
        table_node = scene.AddNewNodeByClass("vtkMRMLTableNode", name)
        place_beside(table_node, segmentation_node)
    columns = list(zip(*table_rows(measurements), strict=True)) or [()] * len(COLUMNS)
    with slicer.util.NodeModify(table_node):
        table_node.RemoveAllColumns()
        for (name, unit), values in zip(COLUMNS, columns, strict=True):
            _add_column(table_node, name, unit, values)
        table_node.SetUseColumnTitleAsColumnHeader(True)
        table_node.SetAttribute(MEASURED, json.dumps(measured_fingerprints(segmentation_node)))
        table_node.SetNodeReferenceID(TABLE_ROLE, segmentation_node.GetID())
        table_node.SetAttribute(MEASUREMENTS, json.dumps(measurements.as_dict()))
        table_node.SetAttribute(_WORLD, _world(segmentation_node))
    return table_node


def _add_column(table_node: Any, name: str, unit: str | None, values: tuple) -> None:
    """Add a column of texts, or of numbers with a unit (an empty cell is NaN)."""
    if unit is None:
        column = vtk.vtkStringArray()
        for value in values:
            column.InsertNextValue(value)
    else:
        column = vtk.vtkDoubleArray()
        for value in values:
            column.InsertNextValue(float("nan") if value is None else round(value, 2))
    column.SetName(name)
    table_node.AddColumn(column)
    if unit is not None:
        table_node.SetColumnUnitLabel(name, unit)
        table_node.SetColumnProperty(name, "longName", f"{name} ({unit})")


def table_rows(measurements: Measurements) -> list[tuple]:
    """Rows of the table: the parts of each side, then every lesion."""
    rows: list[tuple] = []
    only_voxels = _ONLY_VOXELS if measurements.interval_source == VOXELS else ""
    for side in measurements.sides:
        for part in SIDE_PARTS:
            note = _INCOMPLETE if side.incomplete else only_voxels
            cells = {"Item": _ROW_NAMES[part], "Side": side.side, **_numbers(part, side)}
            rows.append(_row(cells | {"Note": note if part in ("parenchyma", "kidney") else ""}))
    scores = {n.lesion_id: n for n in measurements.nephrometry}
    return rows + [_lesion_row(lesion, scores.get(lesion.id)) for lesion in measurements.lesions]


def _row(cells: dict[str, Any]) -> tuple:
    """Cells in the order of the columns; empty ones are "" or None."""
    return tuple(cells.get(name, "" if unit is None else None) for name, unit in COLUMNS)


def _numbers(structure: str, item: Any) -> dict[str, float | None]:
    """Numbers of a structure by column."""
    cells: dict[str, float | None] = {}
    for q in quantities_of(structure, brief=True):
        name = _column_name(q)
        cells[name] = q.value(item)
        if _has_range(q):
            low, high = q.interval_of(item) or (None, None)
            cells |= {f"{name}, low": low, f"{name}, high": high}
    return cells


def _lesion_row(lesion: LesionMeasurement, scores: Nephrometry | None) -> tuple:
    """Row of one tumor or cyst."""
    notes = [_INCOMPLETE] if lesion.incomplete else []
    if lesion.doubtful:
        notes.append(f"unsure: mean probability {100 * (lesion.probability or 0):.0f} %")
    cells: dict[str, Any] = {
        "Item": f"{lesion.kind.capitalize()} {lesion.id}",
        "Side": lesion.side,
        **_numbers("lesion", lesion),
    }
    if scores is not None:
        texts = (scores.renal_text, str(scores.padua_total))
        cells |= _numbers("score", scores) | dict(zip(_SCORE_TEXTS, texts, strict=True))
        if scores.borderline:
            notes.append(f"R.E.N.A.L. borderline: {', '.join(scores.borderline)}")
    return _row(cells | {"Note": "; ".join(notes)})


def text_table(
    measurements: Measurements, *, ranges: bool = False
) -> tuple[list[str], list[list[str]]]:
    """The same table as headers and texts, with short headers.

    Parameters
    ----------
    ranges : bool
        Intervals in columns of their own, a number a cell, for a spreadsheet; else in parentheses.
    """
    quantities = {_column_name(q): q for q in reversed(QUANTITIES) if q.brief}
    headers, kept = [], []
    for n, (name, unit) in enumerate(COLUMNS):
        q = quantities.get(name)
        if q is None and unit is not None and not ranges:
            continue  # the ends of a range
        kept.append(n)
        headers.append(name.replace("Volume, ", "mL ") if q is None else _short(q, ranges=ranges))
    rows = []
    for row in table_rows(measurements):
        cells = [_text_cell(row, n, quantities, ranges=ranges) for n in kept]
        rows.append(cells)
    return headers, rows


def _short(q: Quantity, *, ranges: bool) -> str:
    """Header of a column: volumes of all structures share one."""
    if _has_range(q):
        return q.unit if ranges else f"{q.unit} (interval)"
    return q.short.replace("cm2", "cm\N{SUPERSCRIPT TWO}")


def _text_cell(row: tuple, n: int, quantities: dict[str, Quantity], *, ranges: bool) -> str:
    """One cell as text."""
    name, unit = COLUMNS[n]
    value = row[n]
    if unit is None:
        return value
    if value is None:
        return ""
    q = quantities.get(name)
    if q is None or (_has_range(q) and ranges):
        return f"{value:.1f}"
    interval = None if not _has_range(q) or row[n + 1] is None else (row[n + 1], row[n + 2])
    return with_interval(value, interval, 1 if _has_range(q) else q.digits)


def _world(segmentation_node: Any) -> str:
    """The transform that a segmentation lies under, as text; empty for one that bends."""
    parent = segmentation_node.GetParentTransformNode()
    matrix = vtk.vtkMatrix4x4()
    if parent is not None:
        if not parent.IsTransformToWorldLinear():
            return ""
        parent.GetMatrixTransformToWorld(matrix)
    return " ".join(f"{matrix.GetElement(r, c):.6g}" for r in range(3) for c in range(4))


def stored_measurements(segmentation_node: Any) -> Measurements | None:
    """Measurements of a table that are still those of the segments, where they lie now.

    None without such a table, and under a bent transform: nobody can tell whether it has changed.
    """
    scene = segmentation_node.GetScene()
    for table in slicer.util.getNodesByClass("vtkMRMLTableNode", scene):
        stored = table.GetAttribute(MEASUREMENTS)
        own = table.GetNodeReference(TABLE_ROLE) is segmentation_node
        here = table.GetAttribute(_WORLD) == (_world(segmentation_node) or "bent")
        if own and stored and here and not is_stale(table, segmentation_node):
            return Measurements.from_dict(json.loads(stored))
    return None


def is_stale(table_node: Any, segmentation_node: Any) -> bool:
    """Whether segments were changed after the table was filled."""
    stored = json.loads(table_node.GetAttribute(MEASURED) or "{}")
    current = measured_fingerprints(segmentation_node)
    return set(stored) != set(current) or any(
        stored[s][0] != current[s][0] or not same_print(stored[s][1], current[s][1]) for s in stored
    )
