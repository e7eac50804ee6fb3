"""Report: one self-contained HTML page that prints on A4; no patient name, nothing from outside."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from ..core.anatomy import SIDES
from ..core.volume import Box, Volume
from ..measure.lesions import LesionComponent, LesionMeasurement, find_lesions
from ..measure.measurements import Measurements
from ..measure.nephrometry import Nephrometry
from ..measure.quantities import SIDE_PARTS, quantities_of
from ..measure.resection import resection_planner
from ..result import DISCLAIMER
from .surfaces import draw_surfaces
from .table import interval_text

_MARGINS_MM = (0.0, 5.0, 10.0)
_NONE = "–"
_AT_LEAST_SEEN = "at least (cut by what was looked at)"
_AT_LEAST = "at least (cut by the scan)"
_UNSURE = "the network is not sure of it, or of its kind"
_STYLE = """
@page { size: A4; margin: 14mm }
body { font: 10.5pt/1.4 system-ui, sans-serif; color: #1b1b1b; max-width: 190mm; margin: 1em auto }
h1 { font-size: 17pt; margin: 0 } h2 { font-size: 12pt; margin: 1.2em 0 .3em }
.note { color: #555; font-size: 9pt; margin: .3em 0 }
.box { border-left: 4px solid #c62828; background: #fdecea; padding: .5em .8em; margin: .6em 0 }
.box.info { border-color: #1565c0; background: #e8f1fb }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
th, td { padding: .18em .5em; border-bottom: 1px solid #ddd; text-align: right }
th:first-child, td:first-child, .text td, .text th { text-align: left }
thead th { border-bottom: 2px solid #888; font-weight: 600 }
img { max-width: 100%; break-inside: avoid } tr, .box { break-inside: avoid }
.pair { display: flex; gap: 4mm } .pair figure { flex: 1 } .pair img { width: 70% }
figcaption { font-size: 9pt; color: #555 }
.name { border-bottom: 1px solid #1b1b1b; padding-bottom: .2em } summary { color: #c62828 }
"""


def write_page(
    labels: Volume,
    found: Measurements,
    data: Mapping[str, Any],
    picture: Path,
    path: Path,
    *,
    edited: bool = False,
    changes: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Write the report.

    Parameters
    ----------
    labels : Volume
        `Label` numbers.
    found : Measurements
    data : mapping
        What a run says beside them, as `Result.as_dict` spells it: ``findings``,
        ``removed_components``, ``record`` and ``contrast_phase``.
    picture : Path
        The overview (PNG), embedded.
    path : Path
        HTML file to write.
    edited : bool
        The labels were changed after the run: said on top.
    changes : sequence of mapping
        What a reader changed: ``when``, ``tool``, ``segment``, ``what``, ``before_ml`` and
        ``after_ml``.
    """
    labels = labels.canonical()
    cut_sides = tuple(s.side for s in found.sides if s.incomplete)
    box = Box.of_mask(labels.array)
    lesions: list[LesionComponent] = []
    if box is not None:
        known = found.with_components(labels).components
        labels = labels.cropped(box)
        lesions = [c.seen_from(box.start) for c in known] or find_lesions(labels)
    parts = [
        "<h1>Kidneys, tumors and cysts</h1>",
        f"<p class=note>{escape(DISCLAIMER)}</p>",
        *_patient(data["record"]),
        *_warnings(data["findings"], edited=edited),
        *_sides(found),
        *_lesions(found),
        *_nephrometry(found),
        *_resections(labels, found, cut_sides),
        "<h2>Key slices</h2>",
        _image(picture.read_bytes(), "Contours on the CT; lines are the largest axial diameters"),
        *_surfaces(labels, lesions),
        *_removed(data["removed_components"]),
        *_changed(changes),
        *_record(data),
    ]
    body = "\n".join(parts)
    path.write_text(
        f"<!doctype html>\n<html lang=en><head><meta charset=utf-8><title>KidneySeg report</title>"
        f"<style>{_STYLE}</style></head><body>\n{body}\n</body></html>\n",
        encoding="utf-8",
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]], *, text: bool = False) -> list[str]:
    """A table; numbers to the right, text to the left."""
    cells = "".join(f"<th>{escape(h)}</th>" for h in head)
    heading = f"<thead><tr>{cells}</tr></thead>" if head else ""
    lines = [f"<table{' class=text' if text else ''}>{heading}<tbody>"]
    for row in rows:
        lines.append("<tr>" + "".join(f"<td>{escape(str(c))}</td>" for c in row) + "</tr>")
    return [*lines, "</tbody></table>"]


def _number(value: float | None, digits: int = 1, *, unit: str = "") -> str:
    """A number with a fixed number of digits, a dash where there is none."""
    return _NONE if value is None else f"{value:.{digits}f}{unit}"


def _percent(share: float | None) -> str:
    """A share in percent, a dash where it is not known."""
    return _NONE if share is None else f"{100 * share:.0f} %"


def _warnings(findings: Sequence[Mapping[str, Any]], *, edited: bool) -> list[str]:
    """Findings, warnings first: they come before any number."""
    boxes = [("", "The segments were edited after the run.")] if edited else []
    for severity, style in (("warning", ""), ("info", " info")):
        boxes += [(style, f["message"]) for f in findings if f["severity"] == severity]
    return [f"<p class='box{style}'>{escape(text)}</p>" for style, text in boxes]


def _sides(found: Measurements) -> list[str]:
    """Volumes of each kidney."""
    if not found.sides:
        return ["<h2>Volumes</h2><p>No kidney was found.</p>"]
    shown = quantities_of(*SIDE_PARTS)
    rows = [
        (
            found.side_text(s.side),
            *(q.text(s, missing=_NONE) for q in shown),
            _AT_LEAST if s.incomplete else "",
        )
        for s in found.sides
    ]
    notes = [
        "share: of both kidneys' parenchyma, an estimate of split function. Kidney: with its "
        "masses. length: pole to pole, surface: of the parenchyma."
    ]
    if any(s.incomplete for s in found.sides):
        notes = ["No share is given, since the scan cuts a kidney."]
    if found.interval_source:
        notes.append(f"In parentheses: {interval_text(found)}")
    table = _table(("Kidney", *(q.short for q in shown), ""), rows)
    return ["<h2>Volumes</h2>", *table, f"<p class=note>{' '.join(notes)}</p>"]


def _lesions(found: Measurements) -> list[str]:
    """Size, density and place of each tumor and cyst."""
    lesions: Sequence[LesionMeasurement] = found.lesions
    if not lesions:
        none = "<h2>Tumors and cysts</h2><p>None was found. That excludes none.</p>"
        return [none, *_structures(found)]
    shown = quantities_of("lesion")
    rows = [
        (
            f"{x.kind} {x.id}",
            found.side_text(x.side),
            _NONE if x.slice_number is None else x.slice_number,
            *(q.text(x, missing=_NONE) for q in shown),
            "; ".join([_AT_LEAST] * x.incomplete + [_UNSURE] * x.doubtful + list(x.remarks)),
        )
        for x in lesions
    ]
    note = (
        "<p class=note>slice: of its center (the DICOM instance number, else counted from 1). "
        "axial, 3D: largest diameters. sphere: diameter of the sphere of that volume. probability: "
        "mean, that the network gave it and its kind. fat: share of voxels under -20 HU.</p>"
    )
    head = ("Lesion", "Side", "slice", *(q.short for q in shown), "")
    return ["<h2>Tumors and cysts</h2>", *_table(head, rows), note, *_structures(found)]


def _structures(found: Measurements) -> list[str]:
    """Volumes of what the model tells beside kidneys, tumors and cysts."""
    if not found.structures:
        return []
    rows = [
        (s.name, _number(s.volume_ml), _AT_LEAST_SEEN if s.incomplete else "")
        for s in found.structures
    ]
    return ["<h2>Other structures</h2>", *_table(("Structure", "mL", ""), rows)]


def _nephrometry(found: Measurements) -> list[str]:
    """Scores of each tumor; those of a tumor that may hardly be there are folded up."""
    parts = ["<h2>Nephrometry</h2>"] if found.nephrometry else []
    for n in found.nephrometry:
        side = found.side_text(n.side)
        title = (
            f"Tumor {n.lesion_id} ({side}): R.E.N.A.L. {n.renal_text} ({n.renal_complexity}), "
            f"PADUA {n.padua_total} ({n.padua_complexity}), C-index {n.c_index:.2f}, contact "
            f"surface {n.contact_area_cm2:.1f} cm² ({n.contact_area_cap_cm2:.1f} as a cap)"
        )
        scores = [f"<p><b>{escape(title)}</b></p>", *_components(n)]
        if found.is_uncertain(n.lesion_id):
            summary = (
                f"Tumor {n.lesion_id} ({side}) is uncertain: it may not be there, or not be one. "
                "Its scores, for whoever has checked its contour"
            )
            scores = [f"<details><summary>{escape(summary)}</summary>", *scores, "</details>"]
        parts += scores
    return parts


def _components(n: Nephrometry) -> list[str]:
    """Each component of a tumor's scores, with the value behind its points."""
    rows = [
        (name, c.points, _component_value(c), _remark(c))
        for name, c in (*n.renal.items(), *((_padua_name(k), c) for k, c in n.padua.items()))
    ]
    table = _table(("Component", "Points", "Value", "How"), rows, text=True)
    return [*table, f"<p class=note>{escape('; '.join(n.notes))}.</p>"]


def _padua_name(component: str) -> str:
    """A component of PADUA as a reader spells it."""
    return f"PADUA {component.replace('_', ' ')}"


def _component_value(component: Any) -> str:
    """The continuous value behind points."""
    if component.unit == "share":
        return f"{100 * component.value:.0f} %"
    return f"{component.value:.1f} mm"


def _remark(component: Any) -> str:
    """Assumption, closeness to a threshold, and who set the points."""
    remarks = [component.note]
    if component.borderline:
        remarks.append("borderline")
    if component.overridden:
        remarks.append("points set by the reader")
    return "; ".join(r for r in remarks if r)


def _resections(labels: Volume, found: Measurements, cut_sides: Sequence[str]) -> list[str]:
    """Parenchyma removed and kept for a few margins, where there is a tumor."""
    rows = []
    for side in SIDES:
        planner = resection_planner(labels, side, cut_sides=cut_sides)
        if planner is not None:
            for plan in map(planner.plan, _MARGINS_MM):
                rows.append(
                    (
                        found.side_text(side),
                        f"{plan.margin_mm:.0f} mm",
                        _number(plan.removed_ml),
                        _number(plan.preserved_ml),
                        _percent(plan.preserved_share),
                        _percent(plan.preserved_share_of_both),
                    )
                )
    if not rows:
        return []
    head = ("Kidney", "Margin", "removed mL", "kept mL", "of this kidney", "of both")
    note = "<p class=note>Parenchyma within the margin of a tumor; cuts are not planned.</p>"
    return ["<h2>Resection margins</h2>", *_table(head, rows), note]


def _image(png: bytes, caption: str) -> str:
    """An embedded picture."""
    data = base64.b64encode(png).decode("ascii")
    alt = escape(caption)
    return (
        f"<figure style='margin:0'><img alt='{alt}' src='data:image/png;base64,{data}'>"
        f"<figcaption>{alt}</figcaption></figure>"
    )


def _surfaces(labels: Volume, lesions: Sequence[LesionComponent]) -> list[str]:
    """A 3D picture of each kidney that is there."""
    pictures = []
    for side in SIDES:
        stream = io.BytesIO()
        if draw_surfaces(labels, side, stream, lesions):
            pictures.append(_image(stream.getvalue(), f"{side} kidney from the front"))
    return ["<h2>In 3D</h2><div class=pair>", *pictures, "</div>"] if pictures else []


def _removed(removals: Sequence[Mapping[str, Any]]) -> list[str]:
    """What cleaning took out, with its reason and place."""
    if not removals:
        return []
    head = ("ID", "Was", "mL", "Reason", "Place (R, A, S mm)")
    rows = [
        (
            r["id"],
            r["tissue"],
            _number(r["volume_ml"], 2),
            r["reason"] + (" (restored)" if r["restored"] else ""),
            ", ".join(f"{x:.0f}" for x in r["center_ras_mm"]),
        )
        for r in removals
    ]
    return ["<h2>Removed by cleaning</h2>", *_table(head, rows, text=True)]


def _changed(changes: Sequence[Mapping[str, Any]]) -> list[str]:
    """What a reader changed after the run, in the order of time."""
    if not changes:
        return []
    head = ("When", "Segment", "Change", "With", "mL before", "mL after")
    rows = [
        (
            c["when"],
            c["segment"],
            c["what"],
            c["tool"],
            _number(c["before_ml"]),
            _number(c["after_ml"]),
        )
        for c in changes
    ]
    return ["<h2>Changed by a reader</h2>", *_table(head, rows, text=True)]


def _patient(record: Mapping[str, Any] | None) -> list[str]:
    """A line to write the patient's name on by hand, and what ties this sheet to its scan."""
    parts = ["<p class=name>Patient:</p>"]
    source = (record or {}).get("input")
    if not source:
        return parts
    slices = source["slices"]
    size = " x ".join(str(n) for n in source["grid"]["size"])
    spacing = " x ".join(f"{s:.3g}" for s in source["grid"]["spacing_mm"])
    rows = [
        ("Study date", source["study_date"]),
        ("Series", "" if source["series_number"] is None else str(source["series_number"])),
        ("Description", source["description"]),
        ("Kernel", source["kernel"]),
        ("Slices", f"{slices[0]} to {slices[1]}" if slices else ""),
        ("Grid", f"{size} voxels of {spacing} mm ({source['kind']})"),
        ("Fingerprint", source["sha256"][:16]),
    ]
    return [*parts, *_table((), [row for row in rows if row[1]], text=True)]


def _record(data: Mapping[str, Any]) -> list[str]:
    """Model, software, device and settings."""
    record = data["record"]
    if record is None:
        return ["<h2>This run</h2><p>No run of KidneySeg is recorded with these segments.</p>"]
    model = record["model"]
    rows = [
        ("Model", f"{model['name']} {model['version']}, sha256 {model['sha256'][:16]}"),
        ("License of the model", model["license"]),
        ("Software", ", ".join(f"{k} {v}" for k, v in record["software"].items())),
        ("Device", record["device"]),
        ("Settings", ", ".join(f"{k}: {v}" for k, v in record["settings"].items())),
        ("Contrast phase", f"{data['contrast_phase']['phase']} (estimated from densities)"),
    ]
    return ["<h2>This run</h2>", *_table((), rows, text=True)]
