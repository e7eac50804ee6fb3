"""``kidneyseg models``: the models that are there."""

from __future__ import annotations

import argparse

from ..console import Console


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    parser = commands.add_parser("models", help="list the models that are there")
    parser.add_argument("--json", action="store_true", help="JSON on standard output")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, console: Console) -> int:
    """Run the command; returns the exit code."""
    from ...models.manifest import load_package
    from ...models.registry import model_folders

    packages = [load_package(folder) for folder in model_folders().values()]
    lines = [
        f"{p.name}  {p.version}\n  {p.title}\n  license: {p.license}\n  card: {p.card}"
        for p in packages
    ]
    data = [{"name": p.name, "version": p.version, "license": p.license} for p in packages]
    console.result({"models": data}, "\n".join(lines) or "No model is installed.")
    return 0
