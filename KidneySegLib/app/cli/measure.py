"""``kidneyseg measure``: a label map, whoever drew it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ...core.errors import InputError
from ..console import Console
from .options import add_labels_option, override
from .remedies import saying

if TYPE_CHECKING:
    from ...core.volume import Volume
    from ...io.label_maps import LabelMap
    from ...measure.measurements import Measurements
    from ...measure.resection import Resection


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    parser = commands.add_parser("measure", help="measure a label map")
    parser.add_argument("label_map", type=Path, metavar="LABELS", help="label map file")
    add_labels_option(parser)
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
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, console: Console) -> int:
    """Run the command; returns the exit code."""
    from ...core.places import with_slices
    from ...io.atomic import atomic_file
    from ...io.images import read_volume
    from ...io.label_maps import read_label_map
    from ...kidney_ct.plausibility import offering_schemes
    from ...kidney_ct.warnings import measurement_warnings
    from ...report.table import as_text, write_csv

    ct = read_volume(options.ct) if options.ct else None
    with offering_schemes():
        found = read_label_map(options.label_map, scheme=options.scheme, ct=ct)
    if ct is not None:
        _require_same_ct(found.volume, ct, options.label_map)
    sided, findings = _sided(found, ct)
    measurements = _measured(sided, found.volume, ct)
    findings += measurement_warnings(measurements)
    for tumor, component, points in options.overrides:
        measurements = measurements.overridden(tumor, {component: points})
    plan, lines = _margin_plans(sided, options.margin)
    function, more = _function_estimate(measurements, options)
    if options.output:
        with atomic_file(options.output, overwrite=options.overwrite) as partial:
            write_csv(measurements, partial)
    findings = with_slices(findings, ct or found.volume)
    say = saying(console)
    for finding in findings:
        say(finding)
    text = "\n".join([as_text(measurements), *lines, *more])
    data = {
        "measurements": measurements.as_dict(),
        "findings": [f.as_dict() for f in findings],
    }
    console.result(data | plan | function, text)
    return 0


def _measured(sided: Volume, labels: Volume, ct: Volume | None) -> Measurements:
    """Measurements with intervals, slice numbers, and whether the files tell sides."""
    from ...measure.intervals import with_intervals
    from ...measure.measurements import measure

    measurements = with_intervals(measure(sided, ct.canonical() if ct else None), sided)
    sources = [v.source for v in (labels, ct) if v is not None and v.source is not None]
    known = all(source.sides_known for source in sources)
    return measurements.with_slices(ct or labels).with_sides_known(known)


def _sided(found: LabelMap, ct: Volume | None) -> tuple[Volume, list]:
    """Labels with sides, and what about them does not fit anatomy."""
    from ...kidney_ct.plausibility import check_labels, require_fitting
    from ...kidney_ct.sides import to_kidneyseg

    sided, findings = to_kidneyseg(found.volume, found.scheme, ct)
    odd = check_labels(sided, ct)
    require_fitting(found.volume, found.scheme, odd, ct)
    read = dict.fromkeys((*found.findings, *(ct.findings if ct is not None else ())))
    return sided, [*read, *findings, *odd]


def _require_same_ct(labels: Volume, ct: Volume, path: Path) -> None:
    """Refuse a CT that a label map does not belong to: by its grid, or by the record beside it."""
    from ...core.source import voxels_fingerprint
    from ...report.case_folder import recorded_fingerprint

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
    from ...core.anatomy import SIDES
    from ...measure.resection import plan_resection

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
    from ...measure.renal_function import estimate_function

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
