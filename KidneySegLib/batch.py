"""A folder of CTs: one case after the other, resumed where an earlier run stopped."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import InputError, KidneySegError, OutputError
from .io.atomic import atomic_file, check_target
from .io.dicom import is_dicom_file, study_of_folder
from .io.images import case_name, is_image_file
from .outputs import FILES, RECORD

SUMMARY = "summary.csv"
_COLUMNS = (
    "case",
    "status",
    "right_parenchyma_ml",
    "right_tumor_ml",
    "right_cyst_ml",
    "left_parenchyma_ml",
    "left_tumor_ml",
    "left_cyst_ml",
    "tumors",
    "cysts",
    "contrast_phase",
    "warnings",
    "message",
)


@dataclass(frozen=True)
class Case:
    """One CT of a batch and where its results go."""

    name: str
    source: Path
    target: Path


def is_batch(path: Path) -> bool:
    """True for a folder of CT files, or of DICOM folders of several studies.

    DICOM files directly in the folder, or folders of one study, are one case.
    """
    if not path.is_dir():
        return False
    files = [p for p in path.iterdir() if p.is_file()]
    if any(is_dicom_file(p) for p in files):
        return False
    if any(is_image_file(p) for p in files):
        return True
    return len({study_of_folder(folder) for folder in _dicom_folders(path)}) > 1


def _dicom_folders(path: Path) -> Iterator[Path]:
    """Direct sub-folders with DICOM files somewhere below."""
    for folder in sorted(p for p in path.iterdir() if p.is_dir()):
        if any(is_dicom_file(p) for p in folder.rglob("*") if p.is_file()):
            yield folder


def find_cases(path: Path, out: Path) -> list[Case]:
    """Cases of a batch folder, by name.

    Raises
    ------
    InputError
        If two inputs would write to the same folder.
    """
    sources = sorted(p for p in path.iterdir() if p.is_file() and is_image_file(p))
    sources += list(_dicom_folders(path))
    cases = [Case(case_name(p), p, out / case_name(p)) for p in sources]
    names = [c.name for c in cases]
    doubled = sorted({n for n in names if names.count(n) > 1})
    if doubled:
        raise InputError(
            f"Several inputs are named {', '.join(doubled)} and would write to the same folder. "
            "Rename them."
        )
    return cases


def run_batch(
    cases: list[Case],
    out: Path,
    run_case: Callable[[Case], dict[str, Any]],
    *,
    settings: dict[str, Any],
    on_crash: Callable[[Exception], str],
    overwrite: bool = False,
    on_case: Callable[[Case, str], None] | None = None,
) -> list[dict[str, Any]]:
    """Run cases that have no results yet, and keep a summary, one row a case.

    A case that fails gets a row with the reason; the others go on.

    Parameters
    ----------
    run_case : callable
        Segments a case, writes its folder, returns the content of its JSON file.
    settings : dict
        Model sha256 (``model``) and run settings (``settings``): earlier results are kept only
        where they were made with the same.
    on_crash : callable
        Turns an unexpected error into a message (and a log file).
    on_case : callable, optional
        Called with a case and its status.

    Raises
    ------
    OutputError
        If the output folder or its summary cannot be written.

    Returns
    -------
    list of dict
        Rows of the summary.
    """
    check_target(out, (), overwrite=True)
    table: list[dict[str, Any]] = []
    for case in cases:
        try:
            row = _row(case, run_case, settings, overwrite=overwrite)
        except KidneySegError as error:
            row = _failed(case, str(error))
        except Exception as error:  # one broken CT must not end the batch
            row = _failed(case, on_crash(error))
        table.append(row)
        _write_summary(table, out / SUMMARY)
        if on_case:
            on_case(case, row["status"] + (f": {row['message']}" if row.get("message") else ""))
    return table


def _failed(case: Case, message: str) -> dict[str, Any]:
    """Summary row of a case without a result."""
    return {"case": case.name, "status": "failed", "message": " ".join(message.split())}


def _row(
    case: Case,
    run_case: Callable[[Case], dict[str, Any]],
    settings: dict[str, Any],
    *,
    overwrite: bool,
) -> dict[str, Any]:
    """Summary row of a case: run now, or taken from an earlier run with the same settings."""
    complete = all((case.target / name).is_file() for name in FILES)
    if complete and not overwrite:
        stored = json.loads((case.target / RECORD).read_text(encoding="utf-8"))
        made_with = {
            "model": stored["record"]["model"]["sha256"],
            "settings": stored["record"]["settings"],
        }
        if made_with != settings:
            raise OutputError(
                "Results of another model or other settings are there. Choose another output "
                "folder, or add --overwrite to replace them."
            )
        return {"case": case.name, "status": "kept"} | _numbers(stored)
    check_target(case.target, FILES, overwrite=overwrite)
    return {"case": case.name, "status": "done"} | _numbers(run_case(case))


def _numbers(data: dict[str, Any]) -> dict[str, Any]:
    """Summary columns from the content of a case's JSON file."""
    row: dict[str, Any] = {"contrast_phase": data["contrast_phase"]["phase"]}
    for side in data["measurements"]["sides"]:
        for kind in ("parenchyma", "tumor", "cyst"):
            row[f"{side['side']}_{kind}_ml"] = side[f"{kind}_ml"]
    kinds = [lesion["kind"] for lesion in data["measurements"]["lesions"]]
    row["tumors"], row["cysts"] = kinds.count("tumor"), kinds.count("cyst")
    row["warnings"] = ";".join(f["code"] for f in data["findings"] if f["severity"] == "warning")
    return row


def _write_summary(table: list[dict[str, Any]], path: Path) -> None:
    """Write the summary anew; the old one stays until the new one is whole."""
    with (
        atomic_file(path, overwrite=True) as partial,
        partial.open("w", newline="", encoding="utf-8") as stream,
    ):
        writer = csv.DictWriter(stream, _COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(table)
