"""The .ui file: every widget class and property exists, every name that the code uses is there."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

pytest.importorskip("slicer", reason="slicer-core is not installed")
pytest.importorskip("PySide6", reason="PySide6 is not installed")

MODULE = Path(__file__).parents[2] / "KidneySeg"
UI = ET.parse(MODULE / "Resources" / "UI" / "KidneySeg.ui").getroot()


def test_every_property_is_one_of_its_class(widget):
    unknown = []
    for element in UI.find("widget").iter("widget"):
        target = getattr(widget.ui, element.get("name"), None)
        for entry in element.findall("property"):
            if target is None or entry.get("stdset") == "0" or entry.get("name") == "buddy":
                continue
            if target._target.metaObject().indexOfProperty(entry.get("name")) < 0:
                unknown.append((element.get("name"), entry.get("name")))
    assert unknown == []


def test_names_used_in_the_code_are_in_the_ui():
    text = "\n".join(p.read_text(encoding="utf-8") for p in MODULE.rglob("*.py"))
    used = set(re.findall(r"\bui\.(\w+)", text))
    named = {element.get("name") for element in UI.iter("widget")}
    assert used <= named
    buttons = {n for n in named if n.endswith(("Button", "Selector", "Table"))}
    in_code = used | set(re.findall(r'"(\w+)"', text))
    assert buttons <= in_code, f"nobody uses {buttons - in_code}"


def test_parameter_names_are_parameters(widget):
    names = [
        entry.find("string").text
        for entry in UI.iter("property")
        if entry.get("name") == "SlicerParameterName"
    ]
    assert len(names) == 5
    for name in names:
        getattr(widget._parameterNode, name)


def test_labels_have_buddies_and_mnemonics_are_unique():
    letters = re.findall(r"&amp;(\w)|&(\w)", ET.tostring(UI, encoding="unicode"))
    mnemonics = [a or b for a, b in letters]
    assert len(mnemonics) > 12
    doubled = {m.lower() for m in mnemonics if [x.lower() for x in mnemonics].count(m.lower()) > 1}
    assert doubled == set()


def test_the_order_of_the_tab_key_names_every_control():
    order = [element.text for element in UI.iter("tabstop")]
    assert len(order) == len(set(order))
    kinds = ("QPushButton", "QToolButton", "QComboBox", "QCheckBox", "qMRMLNodeComboBox")
    controls = {e.get("name") for e in UI.iter("widget") if e.get("class") in kinds}
    assert controls <= set(order)
