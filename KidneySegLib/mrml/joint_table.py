"""One table of the numbers of several segmentations, each row with the CT that it belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import slicer

from .placement import reference_volume
from .tables import COLUMNS, add_column, stored_numbers, table_rows, why_stale

_OWN = (("CT", None), ("Segmentation", None), ("State when taken", None))
_CURRENT, _STALE = "current", "out of date"


def fill_joint_table(segmentation_nodes: Sequence[Any], name: str) -> Any:
    """Write the numbers of segmentations into one table node.

    Parameters
    ----------
    segmentation_nodes : sequence of vtkMRMLSegmentationNode
        Those that nobody has measured are left out.
    name : str
        Of the table; one of that name is filled again.

    Returns
    -------
    vtkMRMLTableNode
    """
    scene = segmentation_nodes[0].GetScene()
    tables = slicer.util.getNodesByClass("vtkMRMLTableNode", scene=scene)
    table = next((node for node in tables if node.GetName() == name), None)
    if table is None:
        table = scene.AddNewNodeByClass("vtkMRMLTableNode", name)
    rows: list[tuple] = []
    for node in segmentation_nodes:
        numbers, ct = stored_numbers(node), reference_volume(node)
        if numbers is None:
            continue
        state = _STALE if why_stale(node) else _CURRENT
        head = ("" if ct is None else ct.GetName(), node.GetName(), state)
        rows += [(*head, *row) for row in table_rows(numbers.measurements)]
    columns = list(zip(*rows, strict=True)) or [()] * (len(_OWN) + len(COLUMNS))
    with slicer.util.NodeModify(table):
        table.RemoveAllColumns()
        for (title, unit), values in zip((*_OWN, *COLUMNS), columns, strict=True):
            add_column(table, title, unit, values)
        table.SetUseColumnTitleAsColumnHeader(True)
    return table
