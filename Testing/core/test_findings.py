import pytest

from KidneySegLib.core.errors import InputError
from KidneySegLib.core.findings import (
    Finding,
    error,
    info,
    place_text,
    raise_errors,
    slices_text,
    warning,
)


def test_json_and_back_and_from_the_format_before():
    finding = warning("code", "words", (1.0, 2.0, 3.0), remedy="overwrite")
    assert Finding.from_dict(finding.as_dict()) == finding
    old = {"severity": "info", "code": "c", "message": "m", "place_ras_mm": None, "slice": None}
    assert Finding.from_dict(old) == info("c", "m")


def test_the_first_error_stops():
    raise_errors([warning("a", "a"), info("b", "b")])
    with pytest.raises(InputError, match="first"):
        raise_errors([warning("a", "a"), error("b", "first"), error("c", "second")])


def test_places_and_slices_in_words():
    assert place_text((1.4, -2.6, 3.0)) == "R,A,S = 1,-3,3 mm"
    assert slices_text([4]) == "slice 4"
    assert slices_text(range(1, 10)) == "slices 1, 2, 3, 4, 5, 6 and 3 more"


def test_a_message_keeps_its_template_and_values_for_a_translation():
    import json

    import numpy as np

    from KidneySegLib.core.findings import Finding, said, warning

    text = said("The {side} kidney has {ml:.0f} mL.", side="left", ml=np.float32(70.4))
    assert text == "The left kidney has 70 mL."
    finding = warning("x", text)
    assert finding.message == "The left kidney has 70 mL."
    stored = json.loads(json.dumps(finding.as_dict()))
    again = Finding.from_dict(stored)
    assert again.template.format(**again.values) == finding.message
    plain = warning("y", "No values.")
    assert (plain.template, dict(plain.values)) == ("", {})
    del stored["template"], stored["values"]
    assert Finding.from_dict(stored).template == ""


def test_findings_with_values_can_be_told_apart_in_sets():
    from KidneySegLib.core.findings import said, warning

    one, two = (warning("x", said("{n} slices.", n=n)) for n in (1, 2))
    assert len({one, two, warning("x", said("{n} slices.", n=1))}) == 2
