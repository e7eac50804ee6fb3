"""``kidneyseg rerun``: a run again from its record, on the same CT."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...core.errors import InputError
from ..console import Console
from .remedies import saying


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "rerun", help="repeat a run from its record (measurements.json) on the same CT"
    )
    parser.add_argument("record", type=Path, metavar="RECORD", help="measurements.json of a result")
    parser.add_argument("ct", type=Path, help="CT file or DICOM folder")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder for the results")
    parser.add_argument("--model", metavar="NAME|FOLDER", help="where the record's model is now")
    parser.add_argument("--device", default="auto", help="auto, cuda, cuda:N, mps or cpu")
    parser.add_argument("--series", metavar="UID|NUMBER", help="DICOM series to use")
    parser.add_argument("--json", action="store_true", help="JSON lines on standard output")
    parser.add_argument("--overwrite", action="store_true", help="replace results that are there")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, console: Console) -> int:
    """Run the command; returns the exit code."""
    from ...core.source import fingerprint
    from ...io.atomic import check_target
    from ...io.images import read_volume
    from ...io.lock import reserved
    from ...io.paths import shown
    from ...kidney_ct.settings import Settings
    from ...report.case_folder import FILES, read_record
    from ..case import CaseRunner

    stored = read_record(options.record)
    record = stored["record"]
    with reserved(options.output):
        check_target(options.output, FILES, overwrite=options.overwrite)
        settings = Settings.from_dict(_entry(record, "settings"))
        model = _entry(record, "model")
        case = CaseRunner(
            settings,
            console,
            model=options.model or model["name"],
            device=options.device,
            say=saying(console),
        )
        if case.model.sha256 != model["sha256"]:
            raise InputError(
                f"The record was made with the model {model['name']} {model['version']} (sha256 "
                f"{model['sha256'][:12]}...), and {case.model.name} {case.model.version} "
                f"({case.model.sha256[:12]}...) is here. Give the folder of that model (--model)."
            )
        console.progress("read", 0.0, None)
        volume = read_volume(options.ct, series=options.series)
        if fingerprint(volume) != _entry(record, "input")["sha256"]:
            raise InputError(
                "The record was made on another CT: its fingerprint is not the one of this CT. "
                "Give the CT of that run."
            )
        result = case.run(volume, options.output, overwrite=options.overwrite)
    data = result.as_dict()
    same = data["measurements"] == stored["measurements"]
    outcome = "The measurements are the same." if same else _difference(stored, data)
    text = f"{case.text(result)}\n\n{outcome}\nResults are in {shown(options.output)}"
    console.result(data | {"same_measurements": same}, text)
    return 0


def _entry(record: Any, name: str) -> Any:
    """An entry of a record."""
    if not isinstance(record, Mapping) or name not in record:
        raise InputError(
            f"The record does not say with which {name} it was made. Expected one of version 0.2.0 "
            "or later."
        )
    return record[name]


def _difference(stored: Mapping[str, Any], data: Mapping[str, Any]) -> str:
    """What to know where numbers differ."""
    versions = [d["record"]["software"]["kidneyseg"] for d in (stored, data)]
    devices = [d["record"]["device"] for d in (stored, data)]
    return (
        "The measurements differ from the record's. It was made by version "
        f"{versions[0]} on {devices[0]}, this run by {versions[1]} on {devices[1]}."
    )
