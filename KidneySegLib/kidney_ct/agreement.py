"""Say where models that looked for the same lesions do not agree."""

from __future__ import annotations

from collections.abc import Sequence

from ..core.findings import Finding, said, warning
from ..measure.measurements import Measurements


def tell_agreement(found: Measurements, voters: Sequence[str]) -> list[Finding]:
    """A warning for each lesion that some of several models do not see."""
    told = []
    for lesion in found.lesions:
        if voters and len(lesion.found_by) < len(voters):
            missed = [name for name in voters if name not in lesion.found_by]
            text = said(
                "Lesion {number} ({kind}, {ml:.1f} mL) is not seen by {missed}. Check whether it "
                "is there.",
                number=lesion.id,
                kind=lesion.kind,
                ml=lesion.volume_ml,
                missed=" and ".join(missed),
            )
            told.append(warning("models-disagree", text, lesion.center_ras_mm))
    return told
