"""Result to Slicer's scene and back: the only folder that knows MRML (no Qt, no main window)."""

from .candidates import add_candidates, candidate_list, candidates_of, restore_candidate
from .lines import diameter_lines, hide_diameters, show_diameters
from .measuring import (
    in_world,
    labels_from_segmentation,
    measure_segmentation,
    require_own_ct,
)
from .results import (
    RECORD,
    RECORDED,
    add_to_scene,
    fitting_outputs,
    reference_volume,
    stored_record,
)
from .segments import any_edited, is_edited
from .tables import MEASUREMENTS, fill_table, is_stale, stored_measurements, table_rows, text_table
from .volumes import is_linear, points_from_node, roi_from_node, volume_from_node

__all__ = [
    "MEASUREMENTS",
    "RECORD",
    "RECORDED",
    "add_candidates",
    "add_to_scene",
    "any_edited",
    "candidate_list",
    "candidates_of",
    "diameter_lines",
    "fill_table",
    "fitting_outputs",
    "hide_diameters",
    "in_world",
    "is_edited",
    "is_linear",
    "is_stale",
    "labels_from_segmentation",
    "measure_segmentation",
    "points_from_node",
    "reference_volume",
    "require_own_ct",
    "restore_candidate",
    "roi_from_node",
    "show_diameters",
    "stored_measurements",
    "stored_record",
    "table_rows",
    "text_table",
    "volume_from_node",
]
