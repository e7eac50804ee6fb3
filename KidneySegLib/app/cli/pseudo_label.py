"""``kidneyseg pseudo-label``: labels where several runs of a model agree."""

from __future__ import annotations

import argparse

from ...core.errors import InputError
from ..console import Console
from .options import add_training_options


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "pseudo-label", help="label CTs without labels where several runs of a model agree"
    )
    add_training_options(parser, data="folder with ct_unlabeled/ in it")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, console: Console) -> int:
    """Run the command; returns the exit code."""
    from ...engine import open_engine
    from ...models.registry import find_model
    from ...training.pseudo import UNLABELED, label_folder

    if not any((options.data / UNLABELED).glob("*_ct.nii.gz")):
        raise InputError(
            f"No CT in '{options.data / UNLABELED}'. Expected files named <name>_ct.nii.gz."
        )
    engine = open_engine(options.device)
    accepted = label_folder(options.data, options.out, find_model(options.model), engine)
    console.message("info", f"{len(accepted)} CTs labeled: {', '.join(accepted) or 'none'}")
    return 0
