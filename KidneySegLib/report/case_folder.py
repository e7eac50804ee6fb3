"""The output folder of one case: label map, segmentation, tables, picture."""

from __future__ import annotations

import json
from pathlib import Path

from ..core.volume import Volume
from ..io.atomic import atomic_folder
from ..io.segmentations import write_label_map, write_segmentation
from ..pipeline import Result
from .overview import write_overview
from .page import write_page
from .table import result_as_dict, write_csv, write_json

SEGMENTATION = "segmentation.seg.nrrd"
LABELS = "labels.nii.gz"
TABLE = "measurements.csv"
RECORD = "measurements.json"
PICTURE = "overview.png"
REJECTED = "rejected.nii.gz"
REPORT = "report.html"
FILES = (SEGMENTATION, LABELS, TABLE, RECORD, PICTURE, REJECTED, REPORT)


def write_result(result: Result, ct: Volume, folder: Path, *, overwrite: bool = False) -> None:
    """Write everything about a case into a folder, whole or not at all.

    The numbers in ``rejected.nii.gz`` are those of ``removed_components`` in the JSON file.

    Raises
    ------
    OutputError
        If the folder holds results already, is read-only, or the disk is full.
    """
    with atomic_folder(folder, FILES, overwrite=overwrite) as partial:
        write_label_map(result.labels, partial / LABELS)
        write_segmentation(result.labels, partial / SEGMENTATION)
        write_csv(result.measurements, partial / TABLE)
        write_overview(ct, result.labels, result.measurements, partial / PICTURE)
        data = result_as_dict(result)
        write_page(result.labels, result.measurements, data, partial / PICTURE, partial / REPORT)
        write_label_map(result.rejected, partial / REJECTED)
        write_json(data, partial / RECORD)


def recorded_fingerprint(label_map: Path) -> str:
    """Fingerprint of the voxels that a result's label map was made on; empty without a record."""
    record = label_map.with_name(RECORD)
    if label_map.name not in (LABELS, SEGMENTATION) or not record.is_file():
        return ""
    try:
        stored = json.loads(record.read_text(encoding="utf-8"))
        return str(stored["record"]["input"]["voxels_sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
