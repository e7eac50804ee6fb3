"""Result to Slicer's scene and back: the only folder that knows MRML (no Qt, no main window)."""

from .measuring import labels_from_segmentation, measure_labels, measure_segmentation
from .results import RECORD, add_to_scene, fitting_outputs, reference_volume
from .segments import is_edited
from .tables import MEASUREMENTS, fill_table, is_stale, table_rows
from .volumes import is_linear, points_from_node, roi_from_node, volume_from_node

__all__ = [
    "MEASUREMENTS",
    "RECORD",
    "add_to_scene",
    "fill_table",
    "fitting_outputs",
    "is_edited",
    "is_linear",
    "is_stale",
    "labels_from_segmentation",
    "measure_labels",
    "measure_segmentation",
    "points_from_node",
    "reference_volume",
    "roi_from_node",
    "table_rows",
    "volume_from_node",
]
