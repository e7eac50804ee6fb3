"""Tables: measurements as CSV, JSON and text for a terminal."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from ..measure.nephrometry import Component, Nephrometry
from ..measure.volumes import DIAMETERS, NETWORK, Interval, LesionMeasurement, Measurements
from ..pipeline import Result

COLUMNS = (
    "item",
    "id",
    "side",
    "kind",
    "volume_ml",
    "volume_low_ml",
    "volume_high_ml",
    "probability",
    "feret_axial_mm",
    "feret_axial_low_mm",
    "feret_axial_high_mm",
    "feret_3d_mm",
    "feret_3d_low_mm",
    "feret_3d_high_mm",
    "sphere_equivalent_mm",
    "sphere_equivalent_low_mm",
    "sphere_equivalent_high_mm",
    "density_mean_hu",
    "density_sd_hu",
    "density_median_hu",
    "fat_share",
    "renal",
    "padua",
    "set_by_reader",
    "c_index",
    "contact_area_cm2",
    "exophytic_share",
    "sinus_gap_mm",
    "incomplete",
    "uncertain",
    "side_known",
    "center_r_mm",
    "center_a_mm",
    "center_s_mm",
    "slice",
)


def rows(measurements: Measurements) -> list[dict[str, Any]]:
    """Table rows: parenchyma, tumor and cyst per side, then each lesion."""
    table = []
    for side in measurements.sides:
        base = {
            "item": "side",
            "side": side.side,
            "incomplete": side.incomplete,
            "side_known": measurements.sides_known,
        }
        table.append(
            base
            | {
                "kind": "parenchyma",
                "density_mean_hu": side.density_mean_hu,
                "density_sd_hu": side.density_sd_hu,
            }
            | _ranged("volume", "ml", side.parenchyma_ml, side.parenchyma_interval_ml)
        )
        for kind, value, interval in (
            ("tumor", side.tumor_ml, side.tumor_interval_ml),
            ("cyst", side.cyst_ml, side.cyst_interval_ml),
        ):
            table.append(base | {"kind": kind} | _ranged("volume", "ml", value, interval))
    scores = {n.lesion_id: n for n in measurements.nephrometry}
    for lesion in measurements.lesions:
        table.append(
            _score_cells(scores.get(lesion.id))
            | _lesion_sizes(lesion)
            | {
                "item": "lesion",
                "id": lesion.id,
                "side": lesion.side,
                "kind": lesion.kind,
                "probability": lesion.probability,
                "density_mean_hu": lesion.density_mean_hu,
                "density_sd_hu": lesion.density_sd_hu,
                "density_median_hu": lesion.density_median_hu,
                "fat_share": lesion.fat_share,
                "incomplete": lesion.incomplete,
                "uncertain": lesion.uncertain,
                "side_known": measurements.sides_known,
                "slice": lesion.slice_number,
                "center_r_mm": lesion.center_ras_mm[0],
                "center_a_mm": lesion.center_ras_mm[1],
                "center_s_mm": lesion.center_ras_mm[2],
            }
        )
    return table


def _ranged(name: str, unit: str, value: float, interval: Interval | None) -> dict[str, Any]:
    """Cells of a value and of its interval, empty where there is none."""
    low, high = interval or (None, None)
    return {f"{name}_{unit}": value, f"{name}_low_{unit}": low, f"{name}_high_{unit}": high}


def _lesion_sizes(lesion: LesionMeasurement) -> dict[str, Any]:
    """Volume and diameters of a lesion with their intervals."""
    cells = _ranged("volume", "ml", lesion.volume_ml, lesion.volume_interval_ml)
    for name in DIAMETERS:
        value, interval = getattr(lesion, f"{name}_mm"), getattr(lesion, f"{name}_interval_mm")
        cells |= _ranged(name, "mm", value, interval)
    return cells


def with_interval(value: float, interval: Interval | None, digits: int = 1) -> str:
    """A value as text, its interval in parentheses: ``42.1 (38.9-45.6)``."""
    text = f"{value:.{digits}f}"
    if interval is None or interval[1] == 0:
        return text
    return f"{text} ({interval[0]:.{digits}f}-{interval[1]:.{digits}f})"


def _score_cells(scores: Nephrometry | None) -> dict[str, Any]:
    """Cells of a tumor's nephrometry; none for what is not scored."""
    if scores is None:
        return {}
    return {
        "renal": scores.renal_text,
        "padua": scores.padua_total,
        "set_by_reader": " ".join(scores.set_by_reader),
        "c_index": scores.c_index,
        "contact_area_cm2": scores.contact_area_cm2,
        "exophytic_share": scores.exophytic_share,
        "sinus_gap_mm": scores.sinus_gap_mm,
    }


def write_csv(measurements: Measurements, path: Path) -> None:
    """Write the table as CSV, lengths in mm, volumes in mL, densities in HU."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, COLUMNS, restval="")
        writer.writeheader()
        for row in rows(measurements):
            writer.writerow({k: _rounded(v) for k, v in row.items()})


def _rounded(value: Any) -> Any:
    """Numbers with three decimals, None as an empty cell."""
    if value is None:
        return ""
    return round(value, 3) if isinstance(value, float) else value


def result_as_dict(result: Result) -> dict[str, Any]:
    """Everything of a result but the label map, for JSON."""
    return {
        "format": "kidneyseg-measurements-4",
        "measurements": _round_all(result.measurements.as_dict()),
        "contrast_phase": _round_all(result.phase.as_dict()),
        "findings": [f.as_dict() for f in result.findings],
        "removed_components": [r.as_dict() for r in result.removals],
        "refinements": [_round_all(r.as_dict()) for r in result.refinements],
        "record": result.record,
    }


def _round_all(value: Any) -> Any:
    """Round every float of nested lists and dictionaries to three decimals."""
    if isinstance(value, dict):
        return {k: _round_all(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_round_all(v) for v in value]
    return round(value, 3) if isinstance(value, float) else value


def write_json(data: dict[str, Any], path: Path) -> None:
    """Write JSON with two spaces of indent."""
    path.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")


def as_text(measurements: Measurements) -> str:
    """Table for a terminal."""
    if not measurements.sides and not measurements.lesions:
        return "No kidney was found."
    lines = [f"{'':14}{'parenchyma':>22}{'tumor':>22}{'cyst':>22}   mL"]
    for side in measurements.sides:
        note = "  (incomplete: at least this much)" if side.incomplete else ""
        lines.append(
            f"{_kidney(side.side, measurements):14}"
            f"{with_interval(side.parenchyma_ml, side.parenchyma_interval_ml):>22}"
            f"{with_interval(side.tumor_ml, side.tumor_interval_ml):>22}"
            f"{with_interval(side.cyst_ml, side.cyst_interval_ml):>22}{note}"
        )
    if not measurements.sides_known:
        lines += ["", "? right and left are a guess: the file does not say how the patient lies"]
    if measurements.lesions:
        lines += [
            "",
            f"{'lesion':8}{'kind':7}{'side':8}{'mL':>20}{'axial mm':>18}{'3D mm':>18}"
            f"{'sphere mm':>18}{'HU':>6}{'SD':>5}{'slice':>7}",
        ]
    for x in measurements.lesions:
        density = "" if x.density_mean_hu is None else f"{round(x.density_mean_hu):6}"
        spread = "" if x.density_sd_hu is None else f"{round(x.density_sd_hu):5}"
        slice_text = "" if x.slice_number is None else str(x.slice_number)
        side = x.side if measurements.sides_known else f"{x.side}?"
        lines.append(
            f"{x.id:<8}{x.kind:7}{side:8}"
            f"{with_interval(x.volume_ml, x.volume_interval_ml, 2):>20}"
            f"{with_interval(x.feret_axial_mm, x.feret_axial_interval_mm):>18}"
            f"{with_interval(x.feret_3d_mm, x.feret_3d_interval_mm):>18}"
            f"{with_interval(x.sphere_equivalent_mm, x.sphere_equivalent_interval_mm):>18}"
            f"{density:>6}{spread:>5}{slice_text:>7}{'  unsure' if x.doubtful else ''}"
        )
    if measurements.interval_source:
        lines += ["", f"In parentheses: {interval_text(measurements)}"]
    return "\n".join(lines + _score_lines(measurements))


def _kidney(side: str, measurements: Measurements) -> str:
    """A kidney as the table names it; with a question mark where the side is a guess."""
    return f"{side} kidney" + ("" if measurements.sides_known else "?")


def interval_text(measurements: Measurements) -> str:
    """What the intervals are, for whoever reads them."""
    if measurements.interval_source == NETWORK:
        return "nominal 90 % interval, from the network's probabilities and the voxel size."
    return (
        "interval from the voxel size only; how sure the network, or whoever drew, is of a border "
        "is not in it."
    )


def _score_lines(measurements: Measurements) -> list[str]:
    """Nephrometry for a terminal; marks for what is close to a threshold or set by a reader."""
    if not measurements.nephrometry:
        return []
    shown = [
        n
        for n in measurements.nephrometry
        if n.set_by_reader or not measurements.is_uncertain(n.lesion_id)
    ]
    hidden = [n for n in measurements.nephrometry if n not in shown]
    lines = [""]
    if shown:
        lines.append(
            f"{'tumor':8}{'R.E.N.A.L.':22}{'PADUA':>6}{'C-index':>9}{'contact cm2':>13}"
            f"{'exophytic':>11}{'to sinus':>10}"
        )
    for n in shown:
        parts = "+".join(f"{c.points}{_mark(c)}" for c in n.renal.values())
        gap = "unseen" if n.sinus_gap_mm is None else f"{n.sinus_gap_mm:.1f} mm"
        lines.append(
            f"{n.lesion_id:<8}{f'{n.renal_text} = {parts}':22}{n.padua_total:6}{n.c_index:9.2f}"
            f"{n.contact_area_cm2:13.1f}{100 * n.exophytic_share:9.0f} %{gap:>10}"
        )
        if n.set_by_reader:
            lines.append(f"{'':8}set by the reader: {', '.join(n.set_by_reader)}")
    if shown:
        lines.append("* close to a threshold; main vessels (suffix h) are left to the reader")
    if hidden:
        numbers = ", ".join(str(n.lesion_id) for n in hidden)
        lines.append(
            f"Nephrometry is not shown here for what is uncertain, and may not be a tumor at all "
            f"(lesion {numbers}). The report and the JSON file have it."
        )
    return lines


def _mark(component: Component) -> str:
    """Mark of a component that is set by a reader, or close to a threshold."""
    return "!" if component.overridden else "*" if component.borderline else ""
