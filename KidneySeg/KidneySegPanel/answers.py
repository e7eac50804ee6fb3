"""The answer in lines: one a kidney and a lesion, with its numbers and its place. Needs no Qt."""

from dataclasses import dataclass

from slicer.i18n import tr as _

SIDES = {"right": _("Right"), "left": _("Left"), "unknown": _("Side unknown:")}
KINDS = {"tumor": _("tumor"), "cyst": _("cyst")}


@dataclass(frozen=True)
class Answer:
    """A line, all numbers with their intervals, and where to look (R, A, S in mm)."""

    line: str
    numbers: str
    place: tuple
    is_lesion: bool


def answers(found):
    """Lines of measurements: kidneys, then lesions."""
    scores = {n.lesion_id: n for n in found.nephrometry}
    parts = ("parenchyma", "tumor", "cyst", "kidney")
    lines = [
        Answer(kidney_line(side), with_units(parts, side), side.center_ras_mm, False)
        for side in found.sides
    ]
    return lines + [
        Answer(
            lesion_line(lesion, scores.get(lesion.id)),
            with_units(("lesion",), lesion),
            lesion.center_ras_mm,
            True,
        )
        for lesion in found.lesions
    ]


def kidney_line(side):
    """One kidney in a line."""
    parts = [_("{ml:.0f} mL parenchyma").format(ml=side.parenchyma_ml)]
    length = side.more.get("length_mm")
    if length is not None:
        parts.append(_("{mm:.0f} mm long").format(mm=length))
    if side.incomplete:
        parts.append(_("cut by the scan: at least this much"))
    name = _("{side} kidney").format(side=SIDES.get(side.side, side.side))
    return f"{name} {', '.join(parts)}"


def lesion_line(lesion, scores):
    """One lesion in a line: side, kind, diameter, volume, score, doubt."""
    parts = [
        _("{mm:.0f} mm axial").format(mm=lesion.feret_axial_mm),
        _("{ml:.1f} mL").format(ml=lesion.volume_ml),
    ]
    if scores is not None:
        parts.append(f"R.E.N.A.L. {scores.renal_text}")
    if lesion.uncertain:
        parts.append(_("uncertain"))
    if lesion.incomplete:
        parts.append(_("cut by the scan"))
    side, kind = SIDES.get(lesion.side, lesion.side), KINDS.get(lesion.kind, lesion.kind)
    return f"{side} {kind} {', '.join(parts)}"


def with_units(structures, item):
    """Every number of a side or lesion with its interval and unit, a line each (a tool tip)."""
    from KidneySegLib.measure.quantities import quantities_of

    lines = []
    for quantity in quantities_of(*structures):
        text = quantity.text(item)
        if text:
            unit = "" if quantity.unit == "share" else f" {quantity.unit}"
            lines.append(f"{_(quantity.title)}: {text}{unit}")
    return "\n".join(lines)
