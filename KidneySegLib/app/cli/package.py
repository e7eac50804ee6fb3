"""``kidneyseg package``: a model package of trained networks."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..console import Console


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    parser = commands.add_parser("package", help="make a model package of trained networks")
    kept = "several are averaged (without: the one in the model folder stays)"
    several = {"type": Path, "nargs": "+", "default": (), "metavar": "FILE"}
    parser.add_argument("--locator", **several, help=f"checkpoint of the locator; {kept}")
    parser.add_argument("--fine", **several, help=f"checkpoint of the fine network; {kept}")
    parser.add_argument("--axial", **several, help=f"checkpoint of the axial network; {kept}")
    parser.add_argument(
        "--axial-second",
        **several,
        help=f"checkpoint of another axial network, whose probabilities count as much; {kept}",
    )
    parser.add_argument("--into", type=Path, required=True, help="model folder (with model.json)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, console: Console) -> int:
    """Run the command; returns the exit code."""
    from ...models.manifest import STAGES
    from ...training.release import release

    digest = release({stage: getattr(options, stage) for stage in STAGES}, options.into)
    console.message("info", f"Wrote {options.into}, weights sha256 {digest[:12]}")
    return 0
