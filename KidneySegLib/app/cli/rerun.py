"""``kidneyseg rerun``: a run again from its record, on the same CT."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...core.errors import InputError
from ..console import Console
from .options import add_result_options
from .remedies import saying

if TYPE_CHECKING:
    from ...kidney_ct.settings import Settings
    from ..wanted_models import WantedModels

_NUMBERS_ONLY = tuple(f"kidneyseg-measurements-{n}" for n in range(1, 5))  # no IDs of removals


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "rerun", help="repeat a run from its record (measurements.json) on the same CT"
    )
    parser.add_argument("record", type=Path, metavar="RECORD", help="measurements.json of a result")
    parser.add_argument("ct", type=Path, help="CT file or DICOM folder")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder for the results")
    parser.add_argument(
        "--model", metavar="NAME|FOLDER|ZIP", help="where the record's model is now"
    )
    parser.add_argument(
        "--kidneys", metavar="MODEL", help="the same, where kidneys and lesions had models"
    )
    parser.add_argument(
        "--lesions", action="append", default=[], metavar="MODEL", help="the same; may be repeated"
    )
    parser.add_argument("--device", default="auto", help="auto, cuda, cuda:N, mps or cpu")
    add_result_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, console: Console) -> int:
    """Run the command; returns the exit code."""
    from ...core.source import fingerprint, without_date
    from ...io.atomic import check_target
    from ...io.images import read_volume
    from ...io.lock import reserved
    from ...io.paths import shown
    from ...report.case_folder import ALL_FILES, read_record
    from ..case import CaseRunner

    stored = read_record(options.record)
    made_by, made_on = _entry(stored, "model"), _entry(stored, "input")
    settings = _settings(stored)
    with reserved(options.output):
        check_target(options.output, ALL_FILES, overwrite=options.overwrite)
        case = CaseRunner(
            settings,
            console,
            models=_models(options, made_by),
            device=options.device,
            say=saying(console),
        )
        if case.model.sha256 != made_by["sha256"]:
            raise InputError(
                f"The record was made with the model {made_by['name']} {made_by['version']} "
                f"(sha256 {made_by['sha256'][:12]}...), and {case.model.name} {case.model.version} "
                f"({case.model.sha256[:12]}...) is here. Give the folder of that model (--model)."
            )
        console.progress("read", 0.0, None)
        volume = read_volume(options.ct, series=options.series)
        if fingerprint(volume) != made_on["sha256"]:
            raise InputError(
                "The record was made on another CT: its fingerprint is not the one of this CT. "
                "Give the CT of that run."
            )
        if options.no_dates or not made_on.get("study_date"):
            volume = without_date(volume)  # as it was left out of the record
        result = case.run(volume, options.output, overwrite=options.overwrite)
    data = result.as_dict()
    same = _agrees(stored["measurements"], data["measurements"])
    outcome = "The measurements are the same." if same else _difference(stored, data)
    text = f"{case.text(result)}\n\n{outcome}\nResults are in {shown(options.output)}"
    console.result(data | {"same_measurements": same}, text)
    return 0


def _models(options: argparse.Namespace, made_by: Mapping[str, Any]) -> WantedModels:
    """The model that is named, else that of the record, with what was chosen about it."""
    from ...models.foreign import ModelChoice
    from ..wanted_models import WantedModels

    lesions, parts = tuple(options.lesions), made_by.get("parts") or [made_by]
    choice = ModelChoice.from_dict(parts[-1].get("choice") or {})
    if options.kidneys or lesions:
        return WantedModels(None, options.kidneys, lesions, choice)
    return WantedModels(options.model or made_by["name"], choice=choice)


_NEEDED = {
    "settings": ("quality",),
    "model": ("name", "version", "sha256"),
    "input": ("sha256",),
    "software": ("kidneyseg",),
}


def _entry(stored: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An entry of a record, with all that is needed of it."""
    record = stored["record"]
    entry = record.get(name) if isinstance(record, Mapping) else None
    if not isinstance(entry, Mapping) or not all(key in entry for key in _NEEDED[name]):
        raise InputError(
            f"The record does not say with which {name} it was made ({', '.join(_NEEDED[name])}): "
            "it is damaged, or of a version that did not keep it. Run the CT anew (kidneyseg "
            "segment)."
        )
    return entry


def _settings(stored: Mapping[str, Any]) -> Settings:
    """The settings of a record, where they still mean what they meant."""
    from ...kidney_ct.settings import Settings

    _entry(stored, "software")
    if not isinstance(stored.get("measurements"), Mapping):
        raise InputError("The record holds no measurements to compare with: it is damaged.")
    try:
        settings = Settings.from_dict(_entry(stored, "settings"))
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"The settings of the record are damaged ({error!r}).") from error
    if settings.keep and stored.get("format") in _NUMBERS_ONLY:
        raise InputError(
            "In the run of this record, parts were taken back by number, and numbers may differ "
            "in this version. Run the CT anew (kidneyseg segment), look up their IDs in "
            "measurements.json, and take them back by ID (--keep)."
        )
    return settings


def _agrees(stored: Any, now: Any) -> bool:
    """Whether all that a record says is so now; an older record says less."""
    if isinstance(stored, Mapping) and isinstance(now, Mapping):
        return all(key in now and _agrees(value, now[key]) for key, value in stored.items())
    if isinstance(stored, list) and isinstance(now, list):
        return len(stored) == len(now) and all(map(_agrees, stored, now))
    return bool(stored == now)


def _difference(stored: Mapping[str, Any], data: Mapping[str, Any]) -> str:
    """What to know where numbers differ."""
    versions = [d["record"]["software"]["kidneyseg"] for d in (stored, data)]
    devices = [d["record"].get("device", "an unknown device") for d in (stored, data)]
    return (
        "The measurements differ from the record's. It was made by version "
        f"{versions[0]} on {devices[0]}, this run by {versions[1]} on {devices[1]}."
    )
