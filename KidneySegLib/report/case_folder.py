"""The output folder of one case: label map, segmentation, tables, picture."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..core.errors import InputError
from ..core.volume import Volume
from ..io.atomic import atomic_folder
from ..io.images import read_labels, read_volume
from ..io.paths import shown
from ..io.segmentations import read_channels, write_channels, write_label_map, write_segmentation
from ..measure.structures import FIRST_NUMBER
from ..result import Probabilities, Result, write_json
from .overview import write_overview
from .page import write_page
from .table import write_csv

SEGMENTATION = "segmentation.seg.nrrd"
LABELS = "labels.nii.gz"
TABLE = "measurements.csv"
RECORD = "measurements.json"
PICTURE = "overview.png"
REJECTED = "rejected.nii.gz"
REPORT = "report.html"
PROBABILITIES = "probabilities.nii.gz"
RAW_LABELS = "raw_labels.nii.gz"
FILES = (SEGMENTATION, LABELS, TABLE, RECORD, PICTURE, REJECTED, REPORT)
"""What every whole result has."""
ALL_FILES = (*FILES, PROBABILITIES, RAW_LABELS)
"""What a result may have: nothing of it is replaced unasked, and nothing of an older one stays."""


def write_result(result: Result, ct: Volume, folder: Path, *, overwrite: bool = False) -> None:
    """Write everything about a case into a folder, whole or not at all.

    The numbers in ``rejected.nii.gz`` are those of ``removed_components`` in the JSON file.

    Raises
    ------
    OutputError
        If the folder holds results already, is read-only, or the disk is full.
    """
    with (
        atomic_folder(folder, ALL_FILES, overwrite=overwrite) as partial,
        ThreadPoolExecutor(1) as beside,
    ):
        images = beside.submit(_write_images, result, partial)  # while pictures are drawn
        write_csv(result.measurements, partial / TABLE)
        write_overview(ct, result.labels, result.measurements, partial / PICTURE)
        data = result.as_dict()
        write_page(result.labels, result.measurements, data, partial / PICTURE, partial / REPORT)
        images.result()
        write_json(data, partial / RECORD)


def _write_images(result: Result, folder: Path) -> None:
    """Write everything that is compressed."""
    write_label_map(result.label_map, folder / LABELS)
    others = {s.label: s.name for s in result.measurements.structures if s.label is not None}
    write_segmentation(result.label_map, folder / SEGMENTATION, others)
    write_label_map(result.rejected, folder / REJECTED)
    if result.probabilities is not None:
        own = result.probabilities
        write_channels(own.percent, own.geometry, folder / PROBABILITIES)
    if result.raw_labels is not None:
        write_label_map(result.raw_labels, folder / RAW_LABELS)


def read_case(folder: Path) -> Result:
    """The result whose files lie in a case folder, written by this version or one before.

    Raises
    ------
    InputError
        If there is no result, or it is damaged.
    """
    missing = [name for name in (LABELS, REJECTED, RECORD) if not (folder / name).is_file()]
    if missing:
        raise InputError(
            f"The folder '{shown(folder)}' holds no whole result: {', '.join(missing)} is missing. "
            "Expected a folder that a run has written."
        )
    labels = read_labels(folder / LABELS)
    numbers = read_volume(folder / REJECTED).array.astype(np.uint16)
    rejected = labels.with_array(numbers)
    labels, structures = _split(labels)
    result = Result.from_dict(read_record(folder / RECORD), labels, rejected)
    if (folder / RAW_LABELS).is_file():
        raw = read_volume(folder / RAW_LABELS).array.astype(np.uint16)
        result = replace(result, raw_labels=labels.with_array(raw))
    result = replace(result, structures=structures)
    if not (folder / PROBABILITIES).is_file():
        return result
    return replace(result, probabilities=Probabilities(*read_channels(folder / PROBABILITIES)))


def _split(label_map: Volume) -> tuple[Volume, Volume | None]:
    """Labels, and the numbers of a model's other structures where there are some."""
    others = label_map.array >= FIRST_NUMBER
    if not others.any():
        return label_map, None
    labels = np.where(others, 0, label_map.array).astype(np.uint8)
    structures = np.where(others, label_map.array, 0).astype(np.uint16)
    return label_map.with_array(labels), label_map.with_array(structures)


def read_record(path: Path) -> dict[str, Any]:
    """Content of a result's JSON file.

    Raises
    ------
    InputError
        If it cannot be read, or is no JSON object.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"'{shown(path)}' cannot be read as JSON ({error}).") from error
    if not isinstance(data, dict) or "record" not in data:
        raise InputError(
            f"'{shown(path)}' is no record of a run. Expected the {RECORD} of a result."
        )
    return data


def recorded_fingerprint(label_map: Path) -> str:
    """Fingerprint of the voxels that a result's label map was made on; empty without a record."""
    record = label_map.with_name(RECORD)
    if label_map.name not in (LABELS, SEGMENTATION) or not record.is_file():
        return ""
    try:
        return str(read_record(record)["record"]["input"]["voxels_sha256"])
    except (InputError, KeyError, TypeError):
        return ""
