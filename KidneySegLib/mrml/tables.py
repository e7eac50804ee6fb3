"""Measurements as a table node that knows which segments it was made of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import slicer
import vtk

from ..kidney_ct.measured import Measured
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
from .belongings import TABLE_ROLE, diameter_lines, place_beside, table_of
from .journal import note_edits
from .lines import show_diameters
from .placement import reference_volume
from .staleness import stale_reasons, state_of

STATE = "KidneySeg.State"
MEASUREMENTS = "KidneySeg.Measurements"
_FINDINGS, _RESECTIONS = "KidneySeg.Findings", "KidneySeg.Resections"
_PENDING = "KidneySeg.RunNumbers"
ATTRIBUTES = (STATE, MEASUREMENTS, _FINDINGS, _RESECTIONS)
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


def fill_table(
    found: Measured,
    segmentation_node: Any,
    volume_node: Any,
    *,
    state: Mapping[str, Any] | None = None,
    tools: Mapping[str, str] | None = None,
) -> Any:
    """Write numbers into the table of a segmentation, and remember what they depend on.

    What a reader has changed since the numbers before is noted with the segmentation.

    Parameters
    ----------
    found : Measured
    volume_node : vtkMRMLScalarVolumeNode
        CT that the segmentation was measured on.
    state : mapping, optional
        What `state_of` said when the labels were taken, where that was a while ago.
    tools : mapping, optional
        Segment ID: what it was changed with, where that is known.

    Returns
    -------
    vtkMRMLTableNode
        Made where the segmentation has none.
    """
    scene = segmentation_node.GetScene()
    table_node = table_of(segmentation_node)
    if table_node is None:
        name = scene.GenerateUniqueName(f"{segmentation_node.GetName()} measurements")
        table_node = scene.AddNewNodeByClass("vtkMRMLTableNode", name)
        table_node.SetNodeReferenceID(TABLE_ROLE, segmentation_node.GetID())
        place_beside(table_node, segmentation_node)
    if reference_volume(segmentation_node) is None:  # by hand, or its CT was loaded again
        role = slicer.vtkMRMLSegmentationNode.GetReferenceImageGeometryReferenceRole()
        segmentation_node.SetNodeReferenceID(role, volume_node.GetID())
    state = state or state_of(segmentation_node, volume_node)
    note_edits(segmentation_node, stored_state(table_node), state, tools or {})
    columns = list(zip(*table_rows(found.measurements), strict=True)) or [()] * len(COLUMNS)
    attributes = {STATE: state, MEASUREMENTS: found.measurements.as_dict()}
    attributes |= {
        _FINDINGS: [f.as_dict() for f in found.findings],
        _RESECTIONS: [r.as_dict() for r in found.resections],
    }
    with slicer.util.NodeModify(table_node):
        table_node.RemoveAllColumns()
        for (name, unit), values in zip(COLUMNS, columns, strict=True):
            add_column(table_node, name, unit, values)
        table_node.SetUseColumnTitleAsColumnHeader(True)
        for name, value in attributes.items():
            table_node.SetAttribute(name, json.dumps(value))
    segmentation_node.RemoveAttribute(_PENDING)
    if diameter_lines(segmentation_node):
        show_diameters(found.measurements, segmentation_node)
    return table_node


def forget_numbers(table_node: Any) -> None:
    """Empty a table whose segments are about to be others."""
    with slicer.util.NodeModify(table_node):
        table_node.RemoveAllColumns()
        for name in ATTRIBUTES:
            table_node.RemoveAttribute(name)


def stored_state(table_node: Any) -> dict[str, Any]:
    """What the numbers of a table depend on; empty in scenes of versions that did not keep it."""
    return json.loads(table_node.GetAttribute(STATE) or "{}")


def stored_numbers(segmentation_node: Any) -> Measured | None:
    """Numbers in the table of a segmentation, true or stale; None where there are none."""
    table_node = table_of(segmentation_node)
    stored = table_node.GetAttribute(MEASUREMENTS) if table_node is not None else None
    if not stored:
        return None
    more = [json.loads(table_node.GetAttribute(n) or "[]") for n in (_FINDINGS, _RESECTIONS)]
    keys = ("measurements", "findings", "resections")
    return Measured.from_dict(dict(zip(keys, (json.loads(stored), *more), strict=True)))


def why_stale(segmentation_node: Any) -> tuple[str, ...]:
    """Why the numbers of a segmentation are not true any more (see `stale_reasons`)."""
    table_node = table_of(segmentation_node)
    if table_node is None:
        return ()
    return stale_reasons(stored_state(table_node), segmentation_node)


def add_column(table_node: Any, name: str, unit: str | None, values: tuple) -> None:
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
    notes += lesion.remarks
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


def keep_pending(segmentation_node: Any, run: Measured) -> None:
    """Keep what a run knew of its lesions until its segments, and the user's, are measured."""
    segmentation_node.SetAttribute(_PENDING, json.dumps(run.as_dict()))


def pending_numbers(segmentation_node: Any) -> Measured | None:
    """What `keep_pending` kept; None where there is nothing to be measured."""
    stored = segmentation_node.GetAttribute(_PENDING)
    return Measured.from_dict(json.loads(stored)) if stored else None


def stored_ct_name(segmentation_node: Any) -> str:
    """Name of the CT that the numbers of a segmentation were taken on; empty where unknown."""
    table_node = table_of(segmentation_node)
    state = stored_state(table_node) if table_node is not None else {}
    return state.get("ct", {}).get("name", "")
