"""The stand-ins offer what Slicer's headers declare, and the panel uses nothing else of them."""

import re
from pathlib import Path

import pytest

pytest.importorskip("slicer", reason="slicer-core is not installed")
pytest.importorskip("PySide6", reason="PySide6 is not installed")

from slicer_api import SLICER_API

PANEL = Path(__file__).parents[2] / "KidneySeg" / "KidneySegPanel"


@pytest.mark.parametrize("name", SLICER_API)
def test_a_stand_in_has_the_signals_properties_and_methods_of_its_class(name, qt_application):
    import standins

    api, kind = SLICER_API[name], getattr(standins, name)
    widget = kind()
    meta = widget.metaObject()
    own = {meta.method(n).name().data().decode() for n in range(meta.methodCount())}
    assert {signal.split("(")[0] for signal in api.signals} <= own
    assert all(meta.indexOfProperty(p) >= 0 for p in api.properties)
    assert all(callable(getattr(widget, method)) for method in api.methods)


def test_the_panel_calls_nothing_else_of_the_segment_editor():
    text = (PANEL / "correct.py").read_text(encoding="utf-8")
    used = set(re.findall(r"\b(?:self\._editor|editor)\.(\w+)\(", text))
    assert used <= set(SLICER_API["qMRMLSegmentEditorWidget"].methods)
    assert {"setupViewObservations", "removeViewObservations"} <= used


def test_the_panel_calls_nothing_else_of_the_list_of_segments_and_the_sections():
    text = "\n".join(p.read_text(encoding="utf-8") for p in PANEL.glob("*.py"))
    table = set(re.findall(r"ui\.segmentsTable\.(\w+)", text)) - {"visible"}
    assert table <= {*SLICER_API["qMRMLSegmentsTableView"].methods, "readOnly"}
    sections = set(re.findall(r"ui\.\w+Section\.(\w+)", text)) - {"enabled", "connect", "layout"}
    assert sections <= set(SLICER_API["ctkCollapsibleButton"].properties)
