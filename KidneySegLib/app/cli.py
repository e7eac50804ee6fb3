"""Command line of KidneySeg.

``kidneyseg segment | measure | evaluate | models | demo``, and for those who train
``train | mine | pseudo-label | package``. Exit codes: 0 done, 2 wrong use or input, 1 anything
else.
"""

from __future__ import annotations

import argparse
import logging
import re
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from .. import __version__
from ..core.errors import CanceledError, InputError, KidneySegError
from ..core.findings import Severity
from ..environment.crash import log_crash
from ..environment.memory import LackOfMemory, explained, is_lack_of_memory
from .console import Console, JsonConsole, close_streams, prepare_streams

if TYPE_CHECKING:
    from ..core.volume import Volume
    from ..io.inputs import Contents
    from ..io.label_maps import LabelMap
    from ..measure.resection import Resection
    from ..measure.volumes import Measurements

logger = logging.getLogger(__name__)

_NOTE = "Research software, not a medical device. Nothing leaves this computer."
_REMEDIES = {
    "choose-series": "On the command line: --series with a UID or number of this list.",
    "overwrite": "On the command line: --overwrite replaces them.",
    "labels": "On the command line: --labels with kidneyseg, kits, totalsegmentator, amos or btcv, "
    "or with NUMBER=ROLE for each number, such as 2=right_kidney,3=left_kidney.",
}
# Warnings that doubt neither position nor size nor sides: --strict lets them pass.
_NO_DOUBTS = ("thick-slices", "oblique", "clipped")
_SIGNALS = ("SIGTERM", "SIGHUP", "SIGQUIT", "SIGBREAK")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = build_parser()
    options = parser.parse_args(_join_coordinates(arguments))
    logging.basicConfig(
        level=logging.DEBUG if options.verbose else logging.ERROR,
        format="%(levelname)s %(name)s: %(message)s",
    )
    prepare_streams()
    _stop_on_signals()
    console = JsonConsole() if getattr(options, "json", False) else Console()
    code = _guarded(options, console)
    close_streams()
    return code


def _guarded(options: argparse.Namespace, console: Console) -> int:
    """Run a command; every end has one message and its exit code."""
    try:
        with explained():
            return options.run(options, console)
    except CanceledError as error:
        console.message("canceled", str(error))
        return 1
    except KeyboardInterrupt:
        console.message("canceled", "Canceled. What was not finished was not written.")
        return 1
    except KidneySegError as error:
        console.message("error", _with_remedy(error))
        return 1 if isinstance(error, LackOfMemory) else 2
    except Exception as error:  # the last line of defense: a log file instead of a traceback
        console.message("error", log_crash(error))
        return 1


def _with_remedy(error: KidneySegError) -> str:
    """A message, and what helps on the command line."""
    return f"{error} {_REMEDIES[error.remedy]}" if error.remedy in _REMEDIES else str(error)


def _stop_on_signals() -> None:
    """Let a polite kill, and a terminal that is closed, clean up as Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():
        return
    for name in _SIGNALS:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:  # nohup
            signal.signal(number, signal.default_int_handler)


def _join_coordinates(arguments: Sequence[str] | None) -> list[str]:
    """Write ``--point -60,1,2`` as ``--point=-60,1,2``: argparse takes the first for an option."""
    joined: list[str] = []
    for text in sys.argv[1:] if arguments is None else arguments:
        if joined and joined[-1] in ("--point", "--roi"):
            joined[-1] += f"={text}"
        else:
            joined.append(text)
    return joined


def build_parser() -> argparse.ArgumentParser:
    """Parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="kidneyseg",
        description=f"Kidneys, renal tumors and cysts in CT. {_NOTE}",
    )
    parser.add_argument("--version", action="version", version=f"kidneyseg {__version__}")
    parser.add_argument("--verbose", action="store_true", help="log details to standard error")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_segment(commands)
    _add_measure(commands)
    _add_evaluate(commands)
    _add_models(commands)
    _add_train(commands)
    _add_mine(commands)
    _add_pseudo(commands)
    _add_package(commands)
    _add_demo(commands)
    return parser


def point(text: str) -> tuple[float, float, float]:
    """Parse ``R,A,S``."""
    try:
        r, a, s = (float(x) for x in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"'{text}' is no point. Expected three numbers R,A,S in mm, such as 62,-30,115"
        ) from None
    return r, a, s


def roi(text: str) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Parse ``R1,A1,S1,R2,A2,S2``."""
    parts = text.split(",")
    if len(parts) != 6:
        raise argparse.ArgumentTypeError(
            f"'{text}' is no region. Expected opposite corners R1,A1,S1,R2,A2,S2 in mm"
        )
    return point(",".join(parts[:3])), point(",".join(parts[3:]))


def override(text: str) -> tuple[int, str, int]:
    """Parse ``TUMOR:COMPONENT=POINTS``."""
    match = re.fullmatch(r"(\d+):(\w+)=(\d+)", text)
    if match is None:
        raise argparse.ArgumentTypeError(
            f"'{text}' sets nothing. Expected TUMOR:COMPONENT=POINTS, such as 1:N=3"
        )
    return int(match[1]), match[2], int(match[3])


def _add_segment(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser(
        "segment",
        help="find and measure kidneys, tumors and cysts in a CT, or in a folder of CTs",
        description=f"Segment a CT. {_NOTE}",
    )
    parser.add_argument("ct", type=Path, help="CT file, DICOM folder, or folder of CTs (a batch)")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder for the results")
    _add_engine_options(parser)
    parser.add_argument("--kidneys-only", action="store_true", help="count lesions as kidney")
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
        type=int,
        action="append",
        default=[],
        metavar="ID",
        help="take back a component that cleaning removed (removed_components in "
        "measurements.json of a run with the same settings); may be repeated",
    )
    parser.add_argument(
        "--refine",
        default="off",
        choices=("off", "levelset", "contour"),
        help="move outer borders of kidneys, and those of cysts, to the edges in the CT, at most "
        "2 mm; off by default: good contours are moved away from experts' (see README)",
    )
    parser.add_argument(
        "--series", metavar="UID|NUMBER", help="DICOM series to use: its instance UID or number"
    )
    parser.add_argument(
        "--strict",
        action="store_true",
        help="refuse an input whose position, size, sides or densities are in doubt",
    )
    parser.add_argument(
        "--no-dates", action="store_true", help="leave the study's date out of all results"
    )
    parser.add_argument("--json", action="store_true", help="JSON lines on standard output")
    parser.add_argument("--overwrite", action="store_true", help="replace results that are there")
    parser.set_defaults(run=_run_segment)


def _add_engine_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", metavar="NAME|FOLDER", help="model package (see 'models')")
    parser.add_argument("--device", default="auto", help="auto, cuda, cuda:N, mps or cpu")
    parser.add_argument(
        "--quality",
        default="balanced",
        choices=("fast", "balanced", "best"),
        help="how much work to do (default: balanced)",
    )


def _run_segment(options: argparse.Namespace, console: Console) -> int:
    from ..io.atomic import check_target
    from ..io.inputs import look_into
    from ..io.lock import reserved
    from ..io.paths import shown
    from ..report.case_folder import FILES

    with reserved(options.output):
        contents = None
        if options.ct.is_dir():
            contents = look_into(options.ct, leave_out=(options.output,))
            if contents.is_batch and options.series is None:
                return _run_segment_batch(contents, options, console)
        check_target(options.output, FILES, overwrite=options.overwrite)
        run, _ = _case_runner(options, console)
        volume = _prepared(_read_one(contents, options, console), options)
        data, text = run(volume, options.output)
    console.result(data, f"{text}\n\nResults are in {shown(options.output)}")
    return 0


def _read_one(contents: Contents | None, options: argparse.Namespace, console: Console) -> Volume:
    """Read the CT that was named: a file, or a folder that holds one."""
    from ..io.images import read_volume

    console.progress("read", 0.0, None)
    if contents is None or contents.is_batch:
        return read_volume(options.ct, series=options.series)
    return contents.read(options.ct, series=options.series)


def _case_runner(
    options: argparse.Namespace, console: Console
) -> tuple[Callable[[Volume, Path], tuple[dict, str]], dict]:
    """Load model and device once, for one CT or many.

    Returns
    -------
    run : callable
        Segments a CT and writes its folder; returns the JSON file's content and the table.
    settings : dict
        Model and settings, by which a batch knows results that it may keep.
    """
    from ..engine.torch_engine import TorchEngine
    from ..environment.memory import require_memory
    from ..models.registry import find_model
    from ..pipeline import DISCLAIMER, Settings, segment
    from ..report.case_folder import write_result
    from ..report.table import as_text, result_as_dict

    settings = Settings(
        quality=options.quality,
        kidneys_only=options.kidneys_only,
        points=tuple(options.point),
        rois=tuple(options.roi),
        keep=tuple(options.keep),
        refine=options.refine,
    )
    package, engine = find_model(options.model), TorchEngine(options.device)

    def run(volume: Volume, target: Path) -> tuple[dict, str]:
        require_memory(volume.array.shape)
        with explained(volume.array.shape):
            result = segment(volume, package, engine, settings, progress=console.progress)
            console.progress("write", 0.99, None)
            write_result(result, volume, target, overwrite=options.overwrite)
        for finding in result.findings:
            console.message(finding.severity.value, finding.message)
        text = f"{as_text(result.measurements)}\n\n{DISCLAIMER}\nModel license: {package.license}"
        return result_as_dict(result), text

    return run, {"model": package.sha256, "settings": settings.as_dict()}


def _prepared(volume: Volume, options: argparse.Namespace) -> Volume:
    """A CT as the options want it: without its date, or refused where it is in doubt."""
    from ..core.source import without_date

    if options.strict:
        _require_certain(volume)
    return without_date(volume) if options.no_dates else volume


def _require_certain(volume: Volume) -> None:
    """Refuse a CT of which a finding says that something about it is in doubt (--strict)."""
    from ..kidney_ct.preflight import check_input

    doubts = [
        f.message
        for f in (*volume.findings, *check_input(volume))
        if f.severity is Severity.WARNING and f.code not in _NO_DOUBTS
    ]
    if doubts:
        raise InputError("Refused, since --strict was given: " + " ".join(doubts))


def _run_segment_batch(contents: Contents, options: argparse.Namespace, console: Console) -> int:
    from ..io.paths import shown
    from .batch import SUMMARY, account_of, cases_of, run_batch

    if options.point or options.roi or options.keep:
        raise InputError(
            "--point, --roi and --keep belong to one CT; they cannot be used for a folder."
        )
    run, settings = _case_runner(options, console)

    def run_case(case, volume) -> dict:
        console.message("info", f"{case.name}:")
        return run(volume, case.target)[0]

    table = run_batch(
        cases_of(contents, options.output),
        options.output,
        run_case,
        prepare=lambda volume: _prepared(volume, options),
        settings=settings,
        on_crash=_why,
        overwrite=options.overwrite,
        on_case=lambda case, status: console.message("info", f"{case.name}: {status}"),
    )
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


def _add_labels_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--labels",
        dest="scheme",
        metavar="SCHEME",
        help="what the numbers mean, where the file does not say it itself: kidneyseg (1 right "
        "kidney, 2 left kidney, 3 tumor, 4 cyst), kits (1 kidney, 2 tumor, 3 cyst), "
        "totalsegmentator, amos, btcv, or NUMBER=ROLE,... such as 2=right_kidney,3=left_kidney",
    )


def _add_measure(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser("measure", help="measure a label map")
    parser.add_argument("label_map", type=Path, metavar="LABELS", help="label map file")
    _add_labels_option(parser)
    parser.add_argument("--ct", type=Path, help="CT on the same grid, for densities and sides")
    parser.add_argument(
        "--margin", type=float, metavar="MM", help="plan a resection with this margin (0 to 30 mm)"
    )
    parser.add_argument(
        "--set",
        type=override,
        action="append",
        default=[],
        dest="overrides",
        metavar="TUMOR:COMPONENT=POINTS",
        help="your own points for a component of a tumor's nephrometry, such as 1:N=3",
    )
    parser.add_argument("--gfr", type=float, help="GFR before surgery, for estimates after it")
    parser.add_argument("--age", type=float, help="age in years (with --gfr)")
    parser.add_argument("--diabetes", action="store_true", help="diabetes (with --gfr)")
    parser.add_argument("-o", "--output", type=Path, help="write the table here (.csv)")
    parser.add_argument("--json", action="store_true", help="JSON on standard output")
    parser.add_argument("--overwrite", action="store_true", help="replace the table if it is there")
    parser.set_defaults(run=_run_measure)


def _run_measure(options: argparse.Namespace, console: Console) -> int:
    from ..core.places import lesions_with_slices, with_slices
    from ..io.atomic import atomic_file
    from ..io.images import read_volume
    from ..io.label_maps import read_label_map
    from ..kidney_ct.warnings import judge_measurements
    from ..measure.intervals import with_intervals
    from ..measure.volumes import measure
    from ..report.table import as_text, write_csv

    ct = read_volume(options.ct) if options.ct else None
    found = read_label_map(options.label_map, scheme=options.scheme, ct=ct)
    if ct is not None:
        _require_same_ct(found.volume, ct, options.label_map)
    sided, findings = _sided(found, ct)
    measurements = measure(sided, ct.canonical() if ct is not None else None)
    measurements = with_intervals(measurements, sided)
    measurements = lesions_with_slices(measurements, ct or found.volume)
    sources = [v.source for v in (found.volume, ct) if v is not None and v.source is not None]
    measurements = replace(measurements, sides_known=all(s.sides_known for s in sources))
    findings += judge_measurements(measurements)
    for tumor, component, points in options.overrides:
        measurements = measurements.overridden(tumor, {component: points})
    plan, lines = _margin_plans(sided, options.margin)
    function, more = _function_estimate(measurements, options)
    if options.output:
        with atomic_file(options.output, overwrite=options.overwrite) as partial:
            write_csv(measurements, partial)
    findings = with_slices(findings, ct or found.volume)
    for finding in findings:
        console.message(finding.severity.value, finding.message)
    text = "\n".join([as_text(measurements), *lines, *more])
    data = {
        "measurements": measurements.as_dict(),
        "findings": [f.as_dict() for f in findings],
    }
    console.result(data | plan | function, text)
    return 0


def _sided(found: LabelMap, ct: Volume | None) -> tuple[Volume, list]:
    """Labels with sides, and what about them does not fit anatomy."""
    from ..kidney_ct.plausibility import check_labels, require_fitting
    from ..kidney_ct.schemes import to_kidneyseg

    sided, findings = to_kidneyseg(found.volume, found.scheme, ct)
    odd = check_labels(sided, ct)
    require_fitting(found.volume, found.scheme, odd, ct)
    read = dict.fromkeys((*found.findings, *(ct.findings if ct is not None else ())))
    return sided, [*read, *findings, *odd]


def _require_same_ct(labels: Volume, ct: Volume, path: Path) -> None:
    """Refuse a CT that a label map does not belong to: by its grid, or by the record beside it."""
    from ..core.source import voxels_fingerprint
    from ..report.case_folder import recorded_fingerprint

    if not ct.canonical().geometry.matches(labels.canonical().geometry):
        raise InputError(
            f"The CT ({_size_text(ct)} voxels) and the label map ({_size_text(labels)}) do not lie "
            "on the same grid. Expected the CT that the labels were made on; resample the label "
            "map onto this one."
        )
    recorded = recorded_fingerprint(path)
    if recorded and recorded != voxels_fingerprint(ct):
        raise InputError(
            "The label map was made on another CT: the record beside it names other voxels than "
            "this CT has. Expected the CT of that result. Give that one, or move the label map out "
            "of its folder of results if you know that they belong together."
        )


def _size_text(volume: Volume) -> str:
    """Voxels of a volume as messages name them."""
    return " x ".join(str(n) for n in volume.array.shape[::-1])


def _margin_plans(labels: Volume, margin_mm: float | None) -> tuple[dict, list[str]]:
    """Resection plans as JSON data and as lines, where a margin was given."""
    from ..core.anatomy import SIDES
    from ..measure.resection import plan_resection

    if margin_mm is None:
        return {}, []
    found = [plan_resection(labels, side, margin_mm=margin_mm) for side in SIDES]
    plans = [plan for plan in found if plan is not None]
    lines = [
        f"\nmargin {plan.margin_mm:g} mm: the {plan.side} kidney loses {plan.removed_ml:.1f} mL"
        + _kept_text(plan)
        for plan in plans
    ]
    return {"resection": [plan.as_dict() for plan in plans]}, lines


def _kept_text(plan: Resection) -> str:
    """What a resection leaves, where the scan shows all of it."""
    text = ""
    if plan.preserved_share is not None:
        text += f" and keeps {100 * plan.preserved_share:.0f} %"
    if plan.preserved_share_of_both is not None:
        return f"{text}; {100 * plan.preserved_share_of_both:.0f} % of both stays"
    return f"{text} (no share of what the scan cuts)"


def _function_estimate(
    measurements: Measurements, options: argparse.Namespace
) -> tuple[dict, list[str]]:
    """Function after surgery as JSON data and as a line, where GFR and age were given."""
    from ..measure.renal_function import estimate_function

    if options.gfr is None and options.age is None:
        return {}, []
    if options.gfr is None or options.age is None:
        raise InputError("Give both --gfr and --age, or neither.")
    tumor = next((x for x in measurements.lesions if x.kind == "tumor"), None)
    if tumor is None:
        raise InputError("There is no tumor: nothing to estimate a surgery for.")
    if any(side.incomplete for side in measurements.sides):
        line = "\nGFR after surgery is not estimated: the scan cuts a kidney."
        return {"function": None}, [line]
    estimate = estimate_function(
        gfr=options.gfr,
        age=options.age,
        diameter_mm=tumor.feret_axial_mm,
        other_share=_other_share(measurements, tumor.side),
        diabetes=options.diabetes,
    )
    split = (
        "not estimated by split: both kidneys must be whole in the map"
        if estimate.radical_by_split is None
        else f"by split {estimate.radical_by_split:.0f}"
    )
    line = (
        "\nGFR after surgery by equations of the literature (mL/min/1.73 m2, mean error "
        f"{estimate.error:g}; no advice):\n  partial {estimate.new_baseline_partial:.0f} (by ratio "
        f"{estimate.partial_by_ratio:.0f}), radical {estimate.new_baseline_radical:.0f} ({split})"
    )
    return {"function": estimate.as_dict()}, [line]


def _other_share(measurements: Measurements, side: str) -> float | None:
    """Share of the kidney opposite to a side; None where one is missing or cut by the scan."""
    whole = {
        s.side: s.parenchyma_share
        for s in measurements.sides
        if s.parenchyma_ml > 0 and not s.incomplete
    }
    if len(whole) != 2 or side not in whole:
        return None
    return sum(share for name, share in whole.items() if name != side)


def _add_evaluate(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser(
        "evaluate", help="compare label maps with the truth (KiTS23 metric and voxel metrics)"
    )
    parser.add_argument("prediction", type=Path, metavar="PRED", help="label map, or folder")
    parser.add_argument("truth", type=Path, metavar="TRUTH", help="label map, or folder")
    _add_labels_option(parser)
    parser.add_argument(
        "--truth-labels",
        dest="truth_scheme",
        metavar="SCHEME",
        help="scheme of the truth where it differs from --labels",
    )
    parser.add_argument("--json", action="store_true", help="JSON on standard output")
    parser.set_defaults(run=_run_evaluate)


def _run_evaluate(options: argparse.Namespace, console: Console) -> int:
    from ..evaluation.folders import evaluate_paths, scores_as_text

    scores = evaluate_paths(
        options.prediction,
        options.truth,
        scheme=options.scheme,
        truth_scheme=options.truth_scheme or options.scheme,
    )
    for text in scores["warnings"]:
        console.message("warning", text)
    console.result(scores, scores_as_text(scores))
    return 0


def _add_models(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser("models", help="list the models that are there")
    parser.add_argument("--json", action="store_true", help="JSON on standard output")
    parser.set_defaults(run=_run_models)


def _run_models(options: argparse.Namespace, console: Console) -> int:
    from ..models.manifest import load_package
    from ..models.registry import model_folders

    packages = [load_package(folder) for folder in model_folders().values()]
    lines = [
        f"{p.name}  {p.version}\n  {p.title}\n  license: {p.license}\n  card: {p.card}"
        for p in packages
    ]
    data = [{"name": p.name, "version": p.version, "license": p.license} for p in packages]
    console.result({"models": data}, "\n".join(lines) or "No model is installed.")
    return 0


def _add_train(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser("train", help="train a network by a recipe; legs resume")
    parser.add_argument("recipe", help="one that ships (locator, fine, axial), or a file")
    parser.add_argument("--data", type=Path, required=True, help="folder with the training data")
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoints and curves")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="length of this leg")
    parser.add_argument("--device", default="auto", help="auto, cuda, cuda:N, mps or cpu")
    parser.add_argument("--workers", type=int, default=1, help="processes that compose samples")
    start = parser.add_mutually_exclusive_group()
    start.add_argument("--warm-start", metavar="MODEL", help="begin with this model's weights")
    start.add_argument(
        "--encoder",
        type=Path,
        metavar="FILE",
        help="begin with published weights of the encoder (.pth; see CONTRIBUTING.md)",
    )
    parser.set_defaults(run=_run_train)


def _run_train(options: argparse.Namespace, console: Console) -> int:
    from ..engine.device import choose_device
    from ..models.manifest import load_network
    from ..models.registry import find_model
    from ..training.loop import best_file, checkpoint_file, read_encoder, takes_encoder, train
    from ..training.recipe import load_recipe

    recipe = load_recipe(options.recipe)
    warm, checkpoint = None, checkpoint_file(recipe, options.out)
    if checkpoint.is_file():
        console.message("info", f"going on from {checkpoint}")
    elif options.warm_start:
        warm = load_network(find_model(options.warm_start), recipe.role).state_dict()
    elif options.encoder:
        warm = read_encoder(options.encoder, recipe)
    elif takes_encoder(recipe):
        console.message(
            "warning",
            "This network was made for a published encoder (--encoder, see CONTRIBUTING.md), and "
            "begins with random weights.",
        )
    steps = train(
        recipe,
        options.data,
        options.out,
        minutes=options.minutes,
        device=str(choose_device(options.device)),
        workers=options.workers,
        warm_start=warm,
        progress=lambda step, total, loss: console.progress(
            f"step {step} of {total}, loss {loss:.3f}", step / total, None
        ),
    )
    console.message("info", f"{steps} of {recipe.steps} steps done; checkpoint in {options.out}")
    best = best_file(recipe, options.out)
    if recipe.validate_every and best.is_file():
        console.message("info", f"the weights of the best validation are in {best}")
    return 0


def _add_training_options(parser: argparse.ArgumentParser, *, data: str) -> None:
    """Options of commands that prepare a training with a model."""
    parser.add_argument("--data", type=Path, required=True, help=data)
    parser.add_argument("--out", type=Path, required=True, help="folder of the training")
    parser.add_argument("--model", help="model package that is used (default: the shipped one)")
    parser.add_argument("--device", default="auto", help="auto, cuda, cuda:N, mps or cpu")


def _add_mine(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser(
        "mine", help="find places in the training CTs that a locator takes for kidneys"
    )
    parser.add_argument("recipe", help="recipe of the locator")
    _add_training_options(parser, data="folder with the training data")
    parser.set_defaults(run=_run_mine)


def _run_mine(options: argparse.Namespace, console: Console) -> int:
    from ..engine.torch_engine import TorchEngine
    from ..models.registry import find_model
    from ..training.loop import prepare
    from ..training.mining import find_mistakes, write_mistakes
    from ..training.recipe import load_recipe

    package = find_model(options.model)
    source = prepare(load_recipe(options.recipe), options.data, options.out)
    locator = TorchEngine(options.device).predictor(package, "locator")
    mistakes = find_mistakes(source.cases, locator, package.stages["locator"])
    write_mistakes(mistakes, options.out)
    console.message("info", f"{sum(map(len, mistakes.values()))} places in {len(mistakes)} CTs")
    return 0


def _add_pseudo(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser(
        "pseudo-label", help="label CTs without labels where several runs of a model agree"
    )
    _add_training_options(parser, data="folder with ct_unlabeled/ in it")
    parser.set_defaults(run=_run_pseudo)


def _run_pseudo(options: argparse.Namespace, console: Console) -> int:
    from ..engine.torch_engine import TorchEngine
    from ..models.registry import find_model
    from ..training.pseudo import UNLABELED, label_folder

    if not any((options.data / UNLABELED).glob("*_ct.nii.gz")):
        raise InputError(
            f"No CT in '{options.data / UNLABELED}'. Expected files named <name>_ct.nii.gz."
        )
    engine = TorchEngine(options.device)
    accepted = label_folder(options.data, options.out, find_model(options.model), engine)
    console.message("info", f"{len(accepted)} CTs labeled: {', '.join(accepted) or 'none'}")
    return 0


def _add_package(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser("package", help="make a model package of trained networks")
    kept = "several are averaged (without: the one in the model folder stays)"
    several = {"type": Path, "nargs": "+", "default": (), "metavar": "FILE"}
    parser.add_argument("--locator", **several, help=f"checkpoint of the locator; {kept}")
    parser.add_argument("--fine", **several, help=f"checkpoint of the fine network; {kept}")
    parser.add_argument("--axial", **several, help=f"checkpoint of the axial network; {kept}")
    parser.add_argument(
        "--axial-second",
        **several,
        help=f"checkpoint of another axial network, whose probabilities count as much; {kept}",
    )
    parser.add_argument("--into", type=Path, required=True, help="model folder (with model.json)")
    parser.set_defaults(run=_run_package)


def _run_package(options: argparse.Namespace, console: Console) -> int:
    from ..models.manifest import STAGES
    from ..training.release import release

    digest = release({stage: getattr(options, stage) for stage in STAGES}, options.into)
    console.message("info", f"Wrote {options.into}, weights sha256 {digest[:12]}")
    return 0


def _add_demo(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser("demo", help="run the main job on the CT that ships")
    parser.add_argument("-o", "--output", type=Path, default=Path("demo_output"))
    _add_engine_options(parser)
    parser.set_defaults(run=_run_demo)


def _run_demo(options: argparse.Namespace, console: Console) -> int:
    from .demo import run_demo

    text = run_demo(
        options.output,
        model=options.model,
        device=options.device,
        quality=options.quality,
        console=console,
    )
    console.result({"output": str(options.output)}, text)
    return 0
