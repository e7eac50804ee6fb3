"""The result as sentences, to paste into a radiology report. Needs no Qt."""

from slicer.i18n import tr as _

from . import texts
from .answers import KINDS, SIDES, kidney_line


def report_text(case):
    """Sentences about a case: whose CT, both kidneys, every lesion, what is in doubt."""
    from KidneySegLib import __version__
    from KidneySegLib.result import DISCLAIMER

    found = case.numbers.measurements
    scores = {n.lesion_id: n for n in found.nephrometry}
    date = _(" of {date}").format(date=case.ct_date) if case.ct_date else ""
    lines = [_("CT '{name}'{date}, segmentation '{segmentation}'.").format(
        name=case.ct_name, date=date, segmentation=case.segmentation.GetName()
    )]  # fmt: skip
    stale = texts.stale_text(case)
    if stale:
        lines.append(_("NOT CURRENT: {reason}").format(reason=stale))
    lines += [_side(side, found.lesions, case) for side in found.sides] or [
        _("No kidney was found.")
    ]
    lines += [_lesion(lesion, scores.get(lesion.id)) for lesion in found.lesions]
    warnings = [f for f in case.numbers.findings if f.severity.value == "warning"]
    if warnings:
        lines += ["", _("To be checked:")]
        lines += [f"- {texts.plain(f)}" for f in sorted(warnings, key=lambda f: texts.rank(f.code))]
    if case.changes:
        lines += ["", _("Changed by a reader:")]
        lines += [f"- {texts.change_text(change)}" for change in case.changes]
    tail = _("Measured with KidneySeg {version}. {disclaimer}")
    return "\n".join([*lines, "", tail.format(version=__version__, disclaimer=DISCLAIMER)])


def _side(side, lesions, case):
    """A kidney in a sentence, and why no mass is named where there is none."""
    text = f"{kidney_line(side)}."
    if any(lesion.side == side.side for lesion in lesions):
        return text
    if case.kidneys_only:
        return text + _(" Masses were not looked for.")
    if case.changes or case.corrections:
        return text + _(" No mass is in the segmentation.")
    return text + _(" No mass was found by the software.")


def _lesion(lesion, scores):
    """A lesion in a sentence, with its intervals and scores."""
    from KidneySegLib.measure.quantities import with_interval

    axial = _("{mm:.0f} mm in the axial plane").format(mm=lesion.feret_axial_mm)
    if lesion.short_axial_mm is not None:
        axial = _("{long:.0f} x {short:.0f} mm in the axial plane").format(
            long=lesion.feret_axial_mm, short=lesion.short_axial_mm
        )
    text = _(
        "{side} {kind}: {axial}, largest diameter {longest:.0f} mm, volume {volume} mL"
    ).format(
        side=SIDES.get(lesion.side, lesion.side),
        kind=KINDS.get(lesion.kind, lesion.kind),
        axial=axial,
        longest=lesion.feret_3d_mm,
        volume=with_interval(lesion.volume_ml, lesion.volume_interval_ml),
    )
    if lesion.density_mean_hu is not None:
        text += _(", {hu:.0f} HU").format(hu=lesion.density_mean_hu)
    if scores is not None:
        text += f", R.E.N.A.L. {scores.renal_text}, PADUA {scores.padua_total}"
    if lesion.incomplete:
        text += _("; cut by the scan, at least this much")
    return text + (_("; uncertain.") if lesion.uncertain else ".")
