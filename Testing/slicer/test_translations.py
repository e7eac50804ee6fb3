"""German and French: every text of the panel is translated, with the same places for values."""

import re
import string

import pytest

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")
pytest.importorskip("PySide6", reason="PySide6 is not installed")

from translations import (  # noqa: E402
    CATALOGUES,
    context_of,
    library_texts,
    read_catalogue,
    source_texts,
)

LANGUAGES = ("de-DE", "fr-FR")


def catalogue(language):
    return read_catalogue(CATALOGUES / f"KidneySeg_{language}.ts")


def values(text):
    """Names and formats of the values in a text."""
    return sorted((name, spec) for _, name, spec, _ in string.Formatter().parse(text) if name)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated_and_keeps_its_values(language):
    known = catalogue(language)
    texts = {(context, text) for context, own in source_texts().items() for text in own}
    assert len(texts) > 200
    assert texts - set(known) == set()
    assert set(known) - texts == set()
    wrong = [key for key, translation in known.items() if values(key[1]) != values(translation)]
    assert wrong == []
    assert [k for k, t in known.items() if k[1].count("\n") != t.count("\n")] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_mnemonics_of_a_language_are_unique(language):
    shown = [t for (context, text), t in catalogue(language).items() if "&" in text]
    letters = [m.lower() for t in shown for m in re.findall(r"&(\w)", t)]
    doubled = {m for m in letters if letters.count(m) > 1}
    assert doubled == set()


def test_what_the_library_says_can_be_translated(module, monkeypatch):
    """Its templates stand in the catalogues, and a finding is said anew with its values."""
    import KidneySegPanel.texts as panel_texts

    from KidneySegLib.core.findings import Finding, said, warning

    assert len(library_texts()) > 30
    template = next(t for t in library_texts() if t.startswith("The {side} kidney reaches the end"))
    text = (CATALOGUES / "KidneySeg_de-DE.ts").read_text(encoding="utf-8")
    assert template in text
    finding = warning("incomplete", said(template, side="left"))
    assert panel_texts.plain(finding) == finding.message
    german = "Die Niere ({side}) reicht bis ans Ende des Scans."
    monkeypatch.setattr(
        panel_texts,
        "translate",
        lambda context, known: german if (context, known) == ("KidneySegLib", template) else known,
    )
    stored = Finding.from_dict(finding.as_dict())
    assert panel_texts.plain(stored) == "Die Niere (left) reicht bis ans Ende des Scans."


def test_contexts_are_those_that_slicer_asks_for(module):
    import KidneySegPanel.texts

    assert context_of(CATALOGUES.parents[1] / "KidneySeg.py") == "KidneySeg"
    from pathlib import Path

    assert context_of(Path(KidneySegPanel.texts.__file__)) == "KidneySegPanel.texts"


@pytest.mark.parametrize(("language", "word"), [("de-DE", "Parenchym"), ("fr-FR", "parenchyme")])
def test_the_panel_speaks_the_language(
    scene, qt_application, tmp_path, monkeypatch, language, word
):
    """The whole way: marked texts, looked up by their context, in a run on the panel."""
    import importlib
    import inspect
    import sys
    from pathlib import Path

    import standins

    known = catalogue(language)
    standins.install(tmp_path)

    def translated(text):
        caller = Path(inspect.stack()[1].filename)
        return known.get((context_of(caller), text), text)

    monkeypatch.setattr(sys.modules["slicer.i18n"], "tr", translated)
    monkeypatch.syspath_prepend(str(CATALOGUES.parents[1]))
    for name in [n for n in sys.modules if n.split(".")[0] in ("KidneySeg", "KidneySegPanel")]:
        del sys.modules[name]
    module = importlib.import_module("KidneySeg")
    panel = module.KidneySegWidget()
    panel.setup()
    assert panel.ui.caseLabel.text == known["KidneySegPanel.results", "No result yet."]
    lines = importlib.import_module("KidneySegPanel.answers")
    assert word in known["KidneySegPanel.answers", "{ml:.0f} mL parenchyma"]
    assert lines.SIDES["right"] == known["KidneySegPanel.answers", "Right"]
    panel.cleanup()
