"""Result to Slicer's scene and back: the only folder that knows MRML (no Qt, no main window)."""

from .belongings import (
    RECORD,
    belongings,
    candidates_of,
    diameter_lines,
    folder_of,
    hierarchy_of,
    owner_of_candidates,
    remove_folder,
    remove_with_display,
    results_on,
    table_of,
)
from .candidates import add_candidates, candidate_list, restore_candidate
from .checkpoint import Checkpoint, remove_result
from .clicks import add_lesion, remove_lesion
from .corrections import corrections, is_locked, segments_now, set_locked
from .joint_table import fill_joint_table
from .journal import note_change, stored_changes
from .lines import hide_diameters, hide_untrue_lines, show_diameters
from .measuring import (
    complete,
    in_world,
    labels_from_segmentation,
    measure_segmentation,
    require_own_ct,
)
from .placement import Sent, holds_image, placement_of, reference_volume, same_placement, voxels_of
from .results import RECORDED, add_to_scene, recorded_voxels, require_output, stored_record
from .staleness import state_of
from .structures import add_structures
from .tables import (
    MEASUREMENTS,
    fill_table,
    keep_pending,
    stored_ct_name,
    stored_numbers,
    table_rows,
    text_table,
    why_stale,
)
from .volumes import (
    is_linear,
    is_turned,
    points_from_node,
    roi_from_node,
    volume_from_node,
)
from .warps import warp_of

__all__ = [
    "MEASUREMENTS",
    "RECORD",
    "RECORDED",
    "Checkpoint",
    "Sent",
    "add_candidates",
    "add_lesion",
    "add_structures",
    "add_to_scene",
    "belongings",
    "candidate_list",
    "candidates_of",
    "complete",
    "corrections",
    "diameter_lines",
    "fill_joint_table",
    "fill_table",
    "folder_of",
    "hide_diameters",
    "hide_untrue_lines",
    "hierarchy_of",
    "holds_image",
    "in_world",
    "is_linear",
    "is_locked",
    "is_turned",
    "keep_pending",
    "labels_from_segmentation",
    "measure_segmentation",
    "note_change",
    "owner_of_candidates",
    "placement_of",
    "points_from_node",
    "recorded_voxels",
    "reference_volume",
    "remove_folder",
    "remove_lesion",
    "remove_result",
    "remove_with_display",
    "require_output",
    "require_own_ct",
    "restore_candidate",
    "results_on",
    "roi_from_node",
    "same_placement",
    "segments_now",
    "set_locked",
    "show_diameters",
    "state_of",
    "stored_changes",
    "stored_ct_name",
    "stored_numbers",
    "stored_record",
    "table_of",
    "table_rows",
    "text_table",
    "volume_from_node",
    "voxels_of",
    "warp_of",
    "why_stale",
]
