"""Words of the panel: stages, reasons, remedies, one line a finding. Needs no Qt."""

import json
import re

from slicer.i18n import tr as _
from slicer.i18n import translate

FINDINGS = "KidneySegLib"  # context of what the library says

STAGES = {
    "check": _("Checking the CT"),
    "load model": _("Loading the model"),
    "locate": _("Finding the kidneys"),
    "segment": _("Segmenting"),
    "second look": _("Looking at slices"),
    "export": _("Going back to the CT's grid"),
    "clean": _("Cleaning"),
    "refine": _("Refining borders"),
    "measure": _("Measuring"),
}
REMEDIES = {
    "point-or-box": _("Points and a box are set under 'Points and box'."),
    "take-back-or-click": _("Choose it under Review, 'Removed', and press 'Restore'."),
    "keep-or-remove": _(
        "It stays if you do nothing; to remove it, press 'Remove lesion' and click into it."
    ),
    "device": _("Choose 'CPU' as device."),
    "operating-point": _("Choose 'Standard' beside 'Tumors'."),
    "overwrite": _("The panel never replaces files: choose an empty folder."),
}
STALE = {
    "segments": _("The segments were changed after these numbers were taken."),
    "moved": _(
        "The CT or the segmentation was moved after these numbers were taken: volumes and places "
        "are not right any more."
    ),
    "ct-changed": _("The CT's voxels were changed after these numbers were taken."),
    "ct-gone": _("The CT of these numbers is no longer in the scene."),
    "earlier-version": _("These numbers were taken by an earlier version of KidneySeg."),
}
CORRECTION = {
    "edited": _("edited"),
    "relabeled": _("relabeled"),
    "renamed": _("renamed"),
    "recolored": _("recolored"),
    "deleted": _("deleted"),
    "added": _("added"),
    "locked": _("locked"),
}


def heading(case):
    """CT, date and segmentation that numbers belong to, in one line."""
    ct = case.ct_name or _("CT not known")
    if case.ct is None and case.ct_name:
        ct = _("{name} (removed)").format(name=case.ct_name)
    date = f", {case.ct_date}" if case.ct_date else ""
    return _("{ct}{date}: {segmentation}").format(
        ct=ct, date=date, segmentation=case.segmentation.GetName()
    )


def stale_text(case):
    """Why numbers are out of date, and what helps; empty where they are not."""
    if not case.stale:
        return ""
    reasons = " ".join(STALE[reason] for reason in case.stale)
    if "ct-gone" in case.stale:
        return reasons + _(" Load the CT again and choose it to measure.")
    return reasons + _(" Press Measure again.")


def plain(finding):
    """The words of a finding in the user's language, and what helps.

    Where it keeps its template, that is translated and its values are filled in again.
    """
    message = finding.message
    if finding.template:
        template = translate(FINDINGS, finding.template)
        if template != finding.template:
            message = template.format(**finding.values)
    else:
        message = translate(FINDINGS, message)
    if not finding.remedy:  # before there were remedies, findings named options
        message = re.sub(r" \(--[^)]*\)", "", message)
    return f"{message} {REMEDIES.get(finding.remedy, '')}".strip()


def worded(error):
    """An error, and what helps, in the words of the panel."""
    remedy = REMEDIES.get(getattr(error, "remedy", ""), "")
    return f"{str(error) or repr(error)} {remedy}".strip()


def split(text):
    """The first sentence of a message, and the rest, which goes to the log."""
    head, _newline, rest = text.partition("\n")
    return head, rest


def record_text(result):
    """Model, versions, settings and times of a run, for the log."""
    return json.dumps(dict(result.record), indent=2)


def escaped(text):
    """Text for a rich-text label."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("\n", "<br>")


def margin_text(plan):
    """What a resection with a margin leaves; no share of a kidney that the scan cuts."""
    text = _("Margin {margin:.0f} mm: the {side} kidney loses {removed:.0f} mL").format(
        margin=plan.margin_mm, side=plan.side, removed=plan.removed_ml
    )
    if plan.preserved_share is not None:
        text += _(" and keeps {own:.0f} %").format(own=100 * plan.preserved_share)
    if plan.preserved_share_of_both is None:
        return text + _(" (no share: the scan cuts a kidney).")
    return text + _("; {both:.0f} % of both stays.").format(both=100 * plan.preserved_share_of_both)


def change_text(change):
    """One change by a reader in a line."""
    return _("{when}: {segment} {what} ({tool}), {before:.1f} to {after:.1f} mL").format(
        when=change["when"],
        segment=change["segment"],
        what=change["what"],
        tool=change["tool"],
        before=change["before_ml"],
        after=change["after_ml"],
    )


_WORST_FIRST = (
    "no-kidney",
    "impossible-density",
    "one-kidney",
    "one-sided-field",
    "mass-origin",
    "cystic-mass",
    "incomplete",
    "side-by-place",
    "weak-phase",
    "unsure-lesion",
)


def rank(code):
    """Place of a warning: what makes numbers wrong comes first, the model's general one last."""
    if code == "model":
        return len(_WORST_FIRST) + 1
    return _WORST_FIRST.index(code) if code in _WORST_FIRST else len(_WORST_FIRST)
