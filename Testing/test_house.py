"""The house: arrows go down, tests mirror modules, functions fit, messages name no command line."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LIBRARY = ROOT / "KidneySegLib"
MODULES = sorted(LIBRARY.rglob("*.py"))
# From below to above: a part may import what stands before it, and its own. ``pipeline`` and
# ``result`` are modules.
LAYERS = (
    {"core"},
    {"environment"},
    {"io", "models"},
    {"engine"},
    {"segmenters", "measure"},
    {"kidney_ct"},
    {"result", "pipeline"},
    {"report", "mrml", "training"},
    {"evaluation"},
    {"app"},
)
MOST_LINES, MOST_PARAMETERS = 60, 7
SCRIPTS_OF_SLICER = {"process"}  # the logic's public function keeps its signature
_WORDS = re.compile(r"(?<![\w-])--[a-z]")
_BUTTONS = ("Set up", "Take back", "Measure again", "Export...", "Apply")


def part_of(module: str) -> str:
    return module.split(".")[0]


def layer_of(part: str) -> int:
    return next(n for n, parts in enumerate(LAYERS) if part in parts)


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(path: Path) -> set[str]:
    """Modules of the library that a file imports, as ``core.volume``."""
    package = path.relative_to(LIBRARY).parent.parts
    found = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1]
            target = (*base, *(node.module.split(".") if node.module else ()))
            found |= {".".join(target)} if target else {alias.name for alias in node.names}
        else:  # absolute, which the house does not need: as if it were written the other way
            names = [node.module] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            prefix = f"{LIBRARY.name}."
            found |= {name.removeprefix(prefix) for name in names if name.startswith(prefix)}
    return found - {"__version__"}


def functions(path: Path):
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef):
            yield node


def own_name(path: Path) -> str:
    return ".".join(path.relative_to(LIBRARY).with_suffix("").parts)


def test_arrows_go_down_only():
    wrong = []
    for path in MODULES:
        own = part_of(own_name(path))
        if own in ("__init__", "__main__"):
            continue
        for target in imported(path):
            if layer_of(part_of(target)) > layer_of(own):
                wrong.append(f"{own_name(path)} -> {target}")
            same = layer_of(part_of(target)) == layer_of(own) and part_of(target) != own
            if same and (own, part_of(target)) not in ALLOWED:
                wrong.append(f"{own_name(path)} -> {target}")
    assert not wrong


ALLOWED = {("pipeline", "result")}


def test_every_module_has_its_test_file():
    missing = [
        own_name(path)
        for path in MODULES
        if path.stem not in ("__init__", "__main__")
        and not (
            ROOT / "Testing" / path.relative_to(LIBRARY).parent / f"test_{path.stem}.py"
        ).is_file()
    ]
    assert len(MODULES) > 100
    assert not missing


def test_functions_fit_on_a_screen_and_take_few_parameters():
    files = [*MODULES, *(ROOT / "KidneySeg").rglob("*.py"), *(ROOT / "studies").glob("*.py")]
    wrong = []
    for path in files:
        for node in functions(path):
            arguments = node.args
            count = len(arguments.posonlyargs + arguments.args + arguments.kwonlyargs)
            count -= bool(arguments.args) and arguments.args[0].arg in ("self", "cls")
            lines = node.end_lineno - node.lineno + 1
            if lines > MOST_LINES or (
                count > MOST_PARAMETERS and node.name not in SCRIPTS_OF_SLICER
            ):
                wrong.append(f"{path.name}: {node.name} has {lines} lines, {count} parameters")
    assert not wrong


def texts(path: Path):
    """Strings of a file that are no docstrings, with their lines."""
    tree = tree_of(path)
    documentation = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
        and isinstance(node.body[0].value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, "" if id(node) in documentation else node.value


def test_messages_below_the_app_name_no_option_no_button_and_no_program():
    wrong = []
    for path in MODULES:
        part = part_of(own_name(path))
        if part == "app" or own_name(path) == "environment.computer":  # options of nvidia-smi
            continue
        for line, text in texts(path):
            named = _WORDS.search(text) or any(button in text for button in _BUTTONS)
            slicer = part != "mrml" and re.search(r"\bSlicer\b", text)
            if named or (slicer and " 3D Slicer" not in f" {text}"):
                wrong.append(f"{own_name(path)}:{line}: {text[:60]}")
    assert not wrong


def test_the_torch_engine_is_made_in_one_place():
    files = [*MODULES, *(ROOT / "KidneySeg").rglob("*.py"), *(ROOT / "studies").glob("*.py")]
    made = [
        p for p in files if re.search(r"(?<!class )TorchEngine\(", p.read_text(encoding="utf-8"))
    ]
    assert [p.relative_to(ROOT).as_posix() for p in made] == ["KidneySegLib/engine/__init__.py"]


@pytest.mark.parametrize("pattern", [r"\bqt\b", r"\bslicer\b"])
def test_qt_and_mrml_are_known_where_they_belong(pattern):
    for path in MODULES:
        if part_of(own_name(path)) == "mrml" and "slicer" in pattern:
            continue
        for node in ast.walk(tree_of(path)):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += (
                [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            )
            assert not any(re.search(pattern, name) for name in names), path


def test_what_ships_limits_of_weights_has_no_copy_in_the_code():
    """Limits of the model stand in model.json: rules for them have no defaults."""
    from KidneySegLib.kidney_ct.rules import FROM_THE_MODEL

    for kind in FROM_THE_MODEL.values():
        with pytest.raises(TypeError, match="missing"):
            kind()
