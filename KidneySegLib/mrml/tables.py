"""Measurements as a table node that knows which segments it was made of."""

from __future__ import annotations

import json
from typing import Any

import slicer
import vtk

from ..measure.nephrometry import Nephrometry
from ..measure.volumes import VOXELS, LesionMeasurement, Measurements
from .measuring import measured_fingerprints
from .results import TABLE_ROLE, place_beside
from .segments import same_print

MEASURED = "KidneySeg.MeasuredFingerprints"
MEASUREMENTS = "KidneySeg.Measurements"
_WORLD = "KidneySeg.MeasuredUnder"
_COLUMNS = (
    ("Item", None),
    ("Side", None),
    ("Volume", "mL"),
    ("Volume, low", "mL"),
    ("Volume, high", "mL"),
    ("Largest diameter, axial", "mm"),
    ("Largest diameter, 3D", "mm"),
    ("Sphere-equivalent diameter", "mm"),
    ("Density, mean", "HU"),
    ("Density, SD", "HU"),
    ("Contact surface area", "cm2"),
    ("R.E.N.A.L.", None),
    ("PADUA", None),
    ("Note", None),
)
_NO_SCORES = (None, "", "")
_NO_INTERVAL = (None, None)
_INCOMPLETE = "reaches the end of the scan: at least this much"
_ONLY_VOXELS = "intervals from the voxel size only"


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
    columns = list(zip(*table_rows(measurements), strict=True)) or [()] * len(_COLUMNS)
    with slicer.util.NodeModify(table_node):
        table_node.RemoveAllColumns()
        for (name, unit), values in zip(_COLUMNS, columns, strict=True):
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
    """Rows of the table: parenchyma, tumors and cysts of each side, then every lesion."""
    rows: list[tuple] = []
    only_voxels = _ONLY_VOXELS if measurements.interval_source == VOXELS else ""
    for side in measurements.sides:
        note = _INCOMPLETE if side.incomplete else only_voxels
        density = (side.density_mean_hu, side.density_sd_hu)
        empty = (None, None, None)
        none = (None, None, *_NO_SCORES)
        for item, volume, interval, rest in (
            (
                "Parenchyma",
                side.parenchyma_ml,
                side.parenchyma_interval_ml,
                (*density, *_NO_SCORES, note),
            ),
            ("Tumors", side.tumor_ml, side.tumor_interval_ml, (*none, "")),
            ("Cysts", side.cyst_ml, side.cyst_interval_ml, (*none, "")),
        ):
            rows.append((item, side.side, volume, *(interval or _NO_INTERVAL), *empty, *rest))
    scores = {n.lesion_id: n for n in measurements.nephrometry}
    return rows + [_lesion_row(lesion, scores.get(lesion.id)) for lesion in measurements.lesions]


def _lesion_row(lesion: LesionMeasurement, scores: Nephrometry | None) -> tuple:
    """Row of one tumor or cyst."""
    notes = [_INCOMPLETE] if lesion.incomplete else []
    if lesion.doubtful:
        notes.append(f"unsure: mean probability {100 * lesion.probability:.0f} %")
    if scores is not None and scores.borderline:
        notes.append(f"R.E.N.A.L. borderline: {', '.join(scores.borderline)}")
    cells = _NO_SCORES
    if scores is not None:
        cells = (scores.contact_area_cm2, scores.renal_text, str(scores.padua_total))
    return (
        f"{lesion.kind.capitalize()} {lesion.id}",
        lesion.side,
        lesion.volume_ml,
        *(lesion.volume_interval_ml or _NO_INTERVAL),
        lesion.feret_axial_mm,
        lesion.feret_3d_mm,
        lesion.sphere_equivalent_mm,
        lesion.density_mean_hu,
        lesion.density_sd_hu,
        *cells,
        "; ".join(notes),
    )


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
