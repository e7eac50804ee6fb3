"""``kidneyseg demo``: the main job on the CT that ships."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..console import Console
from .options import add_engine_options
from .remedies import saying


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    parser = commands.add_parser("demo", help="run the main job on the CT that ships")
    parser.add_argument("-o", "--output", type=Path, default=Path("demo_output"))
    add_engine_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, console: Console) -> int:
    """Run the command; returns the exit code."""
    from ..demo import run_demo

    text = run_demo(
        options.output,
        console,
        model=options.model,
        device=options.device,
        quality=options.quality,
        say=saying(console),
    )
    console.result({"output": str(options.output)}, text)
    return 0
