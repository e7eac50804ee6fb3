"""The panel's texts, and their catalogues in the form of Slicer's language packs (Qt .ts files).

``python Testing/support/translations.py`` brings the catalogues in KidneySeg/Resources/Translations
into line with the sources: what is new is marked as unfinished, what is gone is dropped. Qt's
lrelease, which Slicer calls when it builds with languages, turns them into .qm files.
"""

from __future__ import annotations

import ast
import xml.etree.ElementTree as ET
from pathlib import Path

MODULE = Path(__file__).parents[2] / "KidneySeg"
CATALOGUES = MODULE / "Resources" / "Translations"
LIBRARY = "KidneySegLib"
_UI_TEXTS = ("text", "toolTip", "noneDisplay")


def context_of(path: Path) -> str:
    """Context of a Python file, as ``slicer.i18n`` names it: package and module."""
    inside = (path.parent / "__init__.py").exists()
    return f"{path.parent.name}.{path.stem}" if inside else path.stem


def source_texts() -> dict[str, list[str]]:
    """Texts of every context that are marked for translation, in order, each once."""
    found: dict[str, list[str]] = {}
    for path in sorted(MODULE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            marked = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
            if marked and node.func.id == "_" and isinstance(node.args[0], ast.Constant):
                found.setdefault(context_of(path), []).append(node.args[0].value)
    ui = ET.parse(MODULE / "Resources" / "UI" / "KidneySeg.ui").getroot()
    for entry in ui.iter("property"):
        text = entry.findtext("string")
        if entry.get("name") in _UI_TEXTS and text:
            found.setdefault("KidneySeg", []).append(text)
    return {context: list(dict.fromkeys(texts)) for context, texts in sorted(found.items())}


def library_texts() -> list[str]:
    """Templates of what the library tells users of the panel, to be translated as a next step."""
    texts = []
    for path in sorted((MODULE.parent / "KidneySegLib").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            place = {"said": 0, "warning": 1, "info": 1}.get(node.func.id)
            if place is not None and len(node.args) > place:
                text = node.args[place]
                if isinstance(text, ast.Constant) and isinstance(text.value, str):
                    texts.append(text.value)
    return list(dict.fromkeys(texts))


def read_catalogue(path: Path) -> dict[tuple[str, str], str]:
    """Translation of every context and text; unfinished ones are left out."""
    found = {}
    for context in ET.parse(path).getroot().iter("context"):
        for message in context.iter("message"):
            translation = message.find("translation")
            if translation.get("type") != "unfinished" and translation.text:
                key = (context.findtext("name"), message.findtext("source"))
                found[key] = translation.text
    return found


def write_catalogue(path: Path, known: dict[tuple[str, str], str]) -> None:
    """Write a catalogue of all texts, with the translations that are known."""
    root = ET.Element("TS", version="2.1", language=path.stem.split("_")[1].replace("-", "_"))
    for context, texts in {**source_texts(), LIBRARY: library_texts()}.items():
        entry = ET.SubElement(root, "context")
        ET.SubElement(entry, "name").text = context
        for text in texts:
            message = ET.SubElement(entry, "message")
            ET.SubElement(message, "source").text = text
            translation = ET.SubElement(message, "translation")
            if (context, text) in known:
                translation.text = known[context, text]
            else:
                translation.set("type", "unfinished")
    ET.indent(root)
    body = ET.tostring(root, encoding="unicode")
    head = '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE TS>\n'
    path.write_text(f"{head}{body}\n", encoding="utf-8")


if __name__ == "__main__":
    for catalogue in sorted(CATALOGUES.glob("*.ts")):
        write_catalogue(catalogue, read_catalogue(catalogue))
