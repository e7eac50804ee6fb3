"""A folder of CTs: one case after the other, resumed where an earlier run stopped."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.errors import KidneySegError, OutputError
from ..core.source import fingerprint
from ..core.volume import Volume
from ..io.atomic import atomic_file, check_target
from ..io.inputs import Contents, Input
from ..models.info import choice_in
from ..report.case_folder import ALL_FILES, FILES, RECORD, read_record

SUMMARY = "summary.csv"
_STATUSES = ("done", "kept", "replaced", "failed")
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
    "sides_known",
    "warnings",
    "message",
)


@dataclass(frozen=True)
class Case:
    """One CT of a batch and where its results go."""

    source: Input
    target: Path

    @property
    def name(self) -> str:
        """Name of the case, and of its folder."""
        return self.source.name


def cases_of(contents: Contents, out: Path) -> list[Case]:
    """Cases of a batch folder, each with a folder of its own in ``out``."""
    return [Case(source, out / source.name) for source in contents.inputs]


def account_of(contents: Contents, table: Sequence[Mapping[str, Any]]) -> str:
    """One line: how many inputs a batch saw, took and did not take, and why."""
    counts = Counter(row["status"] for row in table)
    taken = ", ".join(f"{counts[s]} {s}" for s in (*_STATUSES,) if counts[s]) or "none"
    text = f"{len(table)} CTs found: {taken}."
    if contents.passed:
        passed = "; ".join(f"{n} {reason}" for reason, n in contents.passed.most_common())
        text += f" Files not taken: {passed}."
    return text


@dataclass(frozen=True)
class BatchRun:
    """How a batch runs its cases.

    Attributes
    ----------
    run_case : callable
        Segments a case's CT, writes its folder, returns the content of its JSON file.
    prepare : callable
        Changes or refuses a CT that was read, before it is segmented or its results are kept.
    made_with : mapping
        Model sha256 (``model``) and run settings (``settings``): earlier results are kept only
        where they were made with the same.
    on_crash : callable
        Turns an unexpected error into a message (and a log file).
    on_case : callable
        Called with a case and its status.
    """

    run_case: Callable[[Case, Volume], dict[str, Any]]
    prepare: Callable[[Volume], Volume]
    made_with: Mapping[str, Any]
    on_crash: Callable[[Exception], str]
    on_case: Callable[[Case, str], None]


def run_batch(
    cases: Sequence[Case], out: Path, how: BatchRun, *, overwrite: bool = False
) -> list[dict[str, Any]]:
    """Run cases that have no results yet, and keep a summary, one row a case.

    A case that fails gets a row with the reason; the others go on. Results that were made of
    another CT of the same name are kept beside the new ones as ``NAME.stale-1``.

    Returns
    -------
    list of dict
        Rows of the summary.

    Raises
    ------
    OutputError
        If the output folder or its summary cannot be written.
    """
    check_target(out, (), overwrite=True)
    table: list[dict[str, Any]] = []
    for case in cases:
        try:
            row = _row(case, how, overwrite=overwrite)
        except KidneySegError as error:
            row = _failed(case, str(error))
        except Exception as error:  # one broken CT must not end the batch
            row = _failed(case, how.on_crash(error))
        table.append(row)
        _write_summary(table, out / SUMMARY)
        how.on_case(case, row["status"] + (f": {row['message']}" if row.get("message") else ""))
    return table


def _failed(case: Case, message: str) -> dict[str, Any]:
    """Summary row of a case without a result."""
    return {"case": case.name, "status": "failed", "message": " ".join(message.split())}


def _row(case: Case, how: BatchRun, *, overwrite: bool) -> dict[str, Any]:
    """Summary row of a case: run now, or taken from an earlier run of this CT."""
    row: dict[str, Any] = {"case": case.name, "status": "done"}
    complete = all((case.target / name).is_file() for name in FILES)
    if not complete or overwrite:
        check_target(case.target, ALL_FILES, overwrite=overwrite)
        return row | _numbers(how.run_case(case, how.prepare(case.source.read())))
    volume = how.prepare(case.source.read())
    stored = read_record(case.target / RECORD)
    if stored["record"].get("input", {}).get("sha256") != fingerprint(volume):
        stale = _move_aside(case.target)
        row |= {
            "status": "replaced",
            "message": "the CT is not the one that the results there were made of (or they do not "
            f"say); those are in {stale.name} now",
        }
        return row | _numbers(how.run_case(case, volume))
    made_with = {
        "model": stored["record"]["model"]["sha256"],
        "choice": choice_in(stored["record"]["model"]),
        "settings": stored["record"]["settings"],
    }
    date = volume.source.study_date if volume.source else ""
    if made_with != how.made_with or stored["record"]["input"]["study_date"] != date:
        raise OutputError(
            "Results of another model or other settings are there. Choose another output folder, "
            "or replace them.",
            remedy="overwrite",
        )
    return row | {"status": "kept"} | _numbers(stored)


def _move_aside(target: Path) -> Path:
    """Rename a folder to ``NAME.stale-1``, or the next number that is free."""
    number = 1
    while (stale := target.with_name(f"{target.name}.stale-{number}")).exists():
        number += 1
    return target.rename(stale)


def _numbers(data: dict[str, Any]) -> dict[str, Any]:
    """Summary columns from the content of a case's JSON file."""
    known = data["record"].get("input", {}).get("sides_known", True)
    row: dict[str, Any] = {
        "contrast_phase": data["contrast_phase"]["phase"],
        "sides_known": "yes" if known else "no, a guess",
    }
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
