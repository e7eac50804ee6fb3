"""``kidneyseg info``: versions, models, devices, labels and quantities, for people and programs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ... import __version__
from ..console import Console

EXIT_CODES = {0: "done", 2: "wrong use or input", 1: "anything else"}


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "info", help="versions, models, devices, label scheme, quantities and exit codes"
    )
    parser.add_argument("--json", action="store_true", help="JSON on standard output")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, console: Console) -> int:
    """Run the command; returns the exit code."""
    from ...engine.device import available_devices
    from ...environment.computer import describe_computer
    from ...environment.requirements import installed_version
    from ...kidney_ct.task import KidneyCT
    from ...models.registry import model_folders
    from ...result import FORMAT

    names = ("torch", "monai", "SimpleITK", "numpy", "scipy", "nibabel", "pydicom", "pynrrd")
    data = {
        "version": __version__,
        "packages": {name.lower(): installed_version(name) for name in names},
        "models": [_model(*entry) for entry in sorted(model_folders().items())],
        "devices": available_devices(),
        "task": KidneyCT.name,
        "label_scheme": dict(KidneyCT.label_scheme),
        "quantities": _quantities(),
        "result_format": FORMAT,
        "exit_codes": {str(code): meaning for code, meaning in EXIT_CODES.items()},
    }
    console.result(data, "\n".join([describe_computer(), *_lines(data)]))
    return 0


def _model(name: str, folder: Path) -> dict[str, Any]:
    """What a model is, or what is wrong with it: the others can be used all the same."""
    from ...core.errors import ModelError
    from ...models.manifest import load_package

    try:
        model = load_package(folder)
    except ModelError as error:
        return {"name": name, "error": str(error)}
    return {k: getattr(model, k) for k in ("name", "version", "license", "sha256")}


def _lines(data: dict[str, Any]) -> list[str]:
    """What people want to know of models, devices and results."""
    models = [
        f"Model {m['name']}: {m['error']}"
        if "error" in m
        else f"Model {m['name']} {m['version']}, license {m['license']}"
        for m in data["models"]
    ]
    labels = ", ".join(f"{value} {name}" for name, value in data["label_scheme"].items())
    codes = ", ".join(f"{code} {meaning}" for code, meaning in data["exit_codes"].items())
    return [
        *models,
        f"Devices (--device): {', '.join(data['devices'])}",
        f"Labels of {data['task']}: {labels}",
        f"Quantities: {len(data['quantities'])}, listed by --json; format {data['result_format']}",
        f"Exit codes: {codes}",
    ]


def _quantities() -> list[dict[str, Any]]:
    """Every number of a result."""
    from ...measure.quantities import QUANTITIES

    return [
        {"name": q.name, "of": q.of, "title": q.title, "unit": q.unit, "column": q.in_csv}
        for q in QUANTITIES
    ]
