"""``kidneyseg info``: versions, models, devices, labels and quantities, for people and programs."""

from __future__ import annotations

import argparse
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
    from ...environment.computer import describe_computer
    from ...environment.requirements import installed_version
    from ...kidney_ct.task import KidneyCT
    from ...models.registry import find_model, model_folders
    from ...result import FORMAT

    names = ("torch", "monai", "SimpleITK", "numpy", "scipy", "nibabel", "pydicom", "pynrrd")
    models = [find_model(name) for name in model_folders()]
    data = {
        "version": __version__,
        "packages": {name.lower(): installed_version(name) for name in names},
        "models": [
            {"name": m.name, "version": m.version, "license": m.license, "sha256": m.sha256}
            for m in models
        ],
        "devices": devices(),
        "task": KidneyCT.name,
        "label_scheme": dict(KidneyCT.label_scheme),
        "quantities": _quantities(),
        "result_format": FORMAT,
        "exit_codes": {str(code): meaning for code, meaning in EXIT_CODES.items()},
    }
    console.result(data, describe_computer())
    return 0


def devices() -> list[str]:
    """Devices that ``--device`` takes on this computer."""
    import torch

    cuda = [f"cuda:{n}" for n in range(torch.cuda.device_count())]
    mps = ["mps"] if torch.backends.mps.is_available() else []
    return [*cuda, *mps, "cpu"]


def _quantities() -> list[dict[str, Any]]:
    """Every number of a result."""
    from ...measure.quantities import QUANTITIES

    return [
        {"name": q.name, "of": q.of, "title": q.title, "unit": q.unit, "column": q.in_csv}
        for q in QUANTITIES
    ]
