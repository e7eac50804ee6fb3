"""What is in no CMake list is silently absent from an installed extension."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def entries(path: Path) -> set[str]:
    """Every word of a CMake file that looks like a file with one of our suffixes."""
    text = re.sub(r"#.*", "", path.read_text())
    text = text.replace("${MODULE_NAME}", "KidneySeg")
    return set(
        re.findall(r"[\w./-]+\.(?:py|ui|png|json|md|gz|safetensors|txt)|[\w./-]+/LICENSE", text)
    )


def files(folder: Path, *suffixes: str) -> set[str]:
    """Files of a folder with these suffixes, relative to it; caches are not looked at."""
    found = (p for p in folder.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    return {p.relative_to(folder).as_posix() for p in found if p.suffix in suffixes}


def test_every_script_and_resource_of_the_library_is_listed():
    listed = entries(ROOT / "KidneySegLib" / "CMakeLists.txt")
    own = {e for e in listed if not e.startswith("Resources/")}
    assert len(own) > 100
    assert own == files(ROOT / "KidneySegLib", ".py", ".json", ".txt") - {"CMakeLists.txt"}


def test_every_model_and_the_demo_are_listed():
    listed = entries(ROOT / "KidneySegLib" / "CMakeLists.txt")
    shared = {e for e in listed if e.startswith("Resources/")}
    there = set()
    for name in ("Models", "Demo"):
        folder = ROOT / "Resources" / name
        there |= {p.relative_to(ROOT).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert shared == {p for p in there if not p.endswith((".py", ".pyc"))}


def test_every_file_of_the_module_is_listed():
    listed = entries(ROOT / "KidneySeg" / "CMakeLists.txt")
    assert listed == files(ROOT / "KidneySeg", ".py", ".ui", ".png")


def test_the_index_entry_is_named_as_the_project():
    text = (ROOT / "CMakeLists.txt").read_text()
    name = re.search(r"project\((\w+)\)", text).group(1)
    entry = json.loads((ROOT / "Resources" / f"{name}.json").read_text())
    assert entry["category"] == re.search(r'EXTENSION_CATEGORY "(\w+)"', text).group(1)
    assert entry["build_dependencies"] == [re.search(r'EXTENSION_DEPENDS "(\w+)"', text).group(1)]


@pytest.mark.parametrize(
    "field", ["HOMEPAGE", "CONTRIBUTORS", "DESCRIPTION", "ICONURL", "SCREENSHOTURLS", "DEPENDS"]
)
def test_the_extension_says_what_the_index_needs(field):
    found = re.search(rf'set\(EXTENSION_{field} "([^"]+)"\)', (ROOT / "CMakeLists.txt").read_text())
    assert found
    assert "TODO" not in found.group(1)


def test_icon_and_screenshots_are_in_the_repository():
    text = (ROOT / "CMakeLists.txt").read_text()
    pictures = re.findall(r"/main/([\w./]+\.png)", text)
    assert len(pictures) >= 3
    for path in pictures:
        assert (ROOT / path).is_file(), path


def test_the_icon_has_the_size_that_slicer_wants():
    header = (ROOT / "KidneySeg" / "Resources" / "Icons" / "KidneySeg.png").read_bytes()[16:24]
    assert [int.from_bytes(header[n : n + 4], "big") for n in (0, 4)] == [128, 128]
