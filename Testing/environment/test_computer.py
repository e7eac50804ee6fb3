from pathlib import Path

from KidneySegLib import __version__
from KidneySegLib.environment import computer


def test_support_is_told_versions_and_no_names():
    text = computer.describe_computer()
    assert f"KidneySeg {__version__}" in text
    assert "torch" in text
    assert str(Path.home()) not in text


def test_what_is_missing_is_listed_without_a_button(monkeypatch):
    monkeypatch.setattr(computer, "missing", lambda: computer.REQUIREMENTS[:1])
    assert computer.describe_computer().endswith(f"Missing: {computer.REQUIREMENTS[0].spec}")
