"""``kidneyseg segment``: one CT, or a folder of CTs."""

from __future__ import annotations

import argparse
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from ...core.errors import InputError
from ...core.findings import Severity
from ...environment.crash import log_crash
from ...environment.memory import is_lack_of_memory
from ..console import Console
from .options import (
    add_engine_options,
    add_foreign_options,
    add_result_options,
    point,
    removal,
    roi,
    wanted_models,
)
from .remedies import saying

if TYPE_CHECKING:
    from ...core.volume import Volume
    from ...io.inputs import Contents
    from ..case import CaseRunner

NOTE = "Research software, not a medical device. Nothing leaves this computer."
# Warnings that doubt neither position nor size nor sides: --strict lets them pass.
_NO_DOUBTS = ("thick-slices", "oblique", "clipped")


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "segment",
        help="find and measure kidneys, tumors and cysts in a CT, or in a folder of CTs",
        description=f"Segment a CT. {NOTE}",
    )
    parser.add_argument("ct", type=Path, help="CT file, DICOM folder, or folder of CTs (a batch)")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder for the results")
    add_engine_options(parser)
    parser.add_argument("--kidneys-only", action="store_true", help="count lesions as kidney")
    _add_hints(parser)
    parser.add_argument(
        "--refine",
        default="off",
        choices=("off", "levelset", "contour"),
        help="move outer borders of kidneys, and those of cysts, to the edges in the CT, at most "
        "2 mm; off by default: good contours are moved away from experts'",
    )
    parser.add_argument(
        "--operating-point",
        default="standard",
        choices=("sensitive", "standard", "specific"),
        help="find more tumors, or fewer false ones; what each costs is in the documentation",
    )
    parser.add_argument(
        "--probabilities",
        action="store_true",
        help="write the probabilities of kidney, tumor and cyst too (probabilities.nii.gz)",
    )
    parser.add_argument(
        "--strict",
        action="store_true",
        help="refuse an input whose position, size, sides or densities are in doubt",
    )
    add_result_options(parser)
    add_foreign_options(parser)
    parser.set_defaults(run=run)


def _add_hints(parser: argparse.ArgumentParser) -> None:
    """Options that say where kidneys are, and what cleaning must take back."""
    parser.add_argument(
        "--point",
        type=point,
        action="append",
        default=[],
        metavar="R,A,S",
        help="point in mm inside a kidney; replaces the automatic search; may be repeated",
    )
    parser.add_argument(
        "--roi",
        type=roi,
        action="append",
        default=[],
        metavar="R1,A1,S1,R2,A2,S2",
        help="box in mm around a kidney; replaces the automatic search; may be repeated",
    )
    parser.add_argument(
        "--keep",
        type=removal,
        action="append",
        default=[],
        metavar="ID",
        help="take back a component that cleaning removed, by its ID or number "
        "(removed_components in measurements.json of a run with the same settings); may be "
        "repeated",
    )
    parser.add_argument(
        "--without",
        type=point,
        action="append",
        default=[],
        metavar="R,A,S",
        help="leave out the tumor or cyst at a place in mm, with all that is joined to it; may be "
        "repeated",
    )


def run(options: argparse.Namespace, console: Console) -> int:
    """Run the command; returns the exit code."""
    from ...io.atomic import check_target
    from ...io.inputs import look_into
    from ...io.lock import reserved
    from ...io.paths import shown
    from ...report.case_folder import ALL_FILES
    from ..case import load_what_reports_need

    with reserved(options.output):
        contents = None
        if options.ct.is_dir():
            contents = look_into(options.ct, leave_out=(options.output,))
            if contents.is_batch and options.series is None:
                return _run_batch(contents, options, console)
        check_target(options.output, ALL_FILES, overwrite=options.overwrite)
        console.progress("read", 0.0, None)
        with ThreadPoolExecutor(1) as beside:  # reading and loading take about as long
            reading = beside.submit(_read_one, contents, options)
            case = _case_runner(options, console)
            load_what_reports_need()
            volume = _prepared(reading.result(), options)
        result = case.run(volume, options.output, overwrite=options.overwrite)
    text = f"{case.text(result)}\n\nResults are in {shown(options.output)}"
    console.result(result.as_dict(), text)
    return 0


def _read_one(contents: Contents | None, options: argparse.Namespace) -> Volume:
    """Read the CT that was named: a file, or a folder that holds one."""
    from ...io.images import read_volume

    if contents is None or contents.is_batch:
        return read_volume(options.ct, series=options.series)
    return contents.read(options.ct, series=options.series)


def _case_runner(options: argparse.Namespace, console: Console) -> CaseRunner:
    """Load model and device once, for one CT or many."""
    from ...kidney_ct.settings import Settings
    from ..case import CaseRunner

    settings = Settings(
        quality=options.quality,
        kidneys_only=options.kidneys_only,
        points=tuple(options.point),
        rois=tuple(options.roi),
        keep=tuple(options.keep),
        without=tuple(options.without),
        refine=options.refine,
        operating_point=options.operating_point,
        probabilities=options.probabilities,
        raw_labels=options.raw_labels,
    )
    return CaseRunner(
        settings,
        console,
        models=wanted_models(options),
        device=options.device,
        say=saying(console),
    )


def _prepared(volume: Volume, options: argparse.Namespace) -> Volume:
    """A CT as the options want it: without its date, or refused where it is in doubt."""
    from ...core.source import without_date

    if options.strict:
        _require_certain(volume)
    return without_date(volume) if options.no_dates else volume


def _require_certain(volume: Volume) -> None:
    """Refuse a CT of which a finding says that something about it is in doubt (--strict)."""
    from ...kidney_ct.preflight import check_input

    doubts = [
        f.message
        for f in (*volume.findings, *check_input(volume))
        if f.severity is Severity.WARNING and f.code not in _NO_DOUBTS
    ]
    if doubts:
        raise InputError("Refused, since --strict was given: " + " ".join(doubts))


def _run_batch(contents: Contents, options: argparse.Namespace, console: Console) -> int:
    """Segment every CT of a folder."""
    from ...io.paths import shown
    from ..batch import SUMMARY, BatchRun, account_of, cases_of, run_batch

    if options.point or options.roi or options.keep or options.without or options.channel:
        raise InputError(
            "--point, --roi, --keep, --without and --channel belong to one CT; they cannot be used "
            "for a folder."
        )
    runner = _case_runner(options, console)

    def run_case(case, volume) -> dict:
        console.message("info", f"{case.name}:")
        return runner.run(volume, case.target, overwrite=options.overwrite).as_dict()

    how = BatchRun(
        run_case=run_case,
        prepare=lambda volume: _prepared(volume, options),
        made_with=runner.made_with,
        on_crash=_why,
        on_case=lambda case, status: console.message("info", f"{case.name}: {status}"),
    )
    cases = cases_of(contents, options.output)
    table = run_batch(cases, options.output, how, overwrite=options.overwrite)
    failed = [row["case"] for row in table if row["status"] == "failed"]
    account = account_of(contents, table)
    console.result(
        {"cases": len(table), "failed": failed, "not_taken": dict(contents.passed)},
        f"{len(table) - len(failed)} of {len(table)} cases done; "
        f"{shown(options.output / SUMMARY)}\n{account}",
    )
    return 2 if failed else 0


def _why(error: Exception) -> str:
    """What a summary says of a case that ended in an error nobody expected."""
    if is_lack_of_memory(error):
        return "The computer's memory was not enough. Run this CT alone."
    return log_crash(error)
