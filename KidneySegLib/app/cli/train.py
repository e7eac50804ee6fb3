"""``kidneyseg train``: a network by a recipe, in legs."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..console import Console


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    parser = commands.add_parser("train", help="train a network by a recipe; legs resume")
    parser.add_argument("recipe", help="one that ships (locator, fine, axial), or a file")
    parser.add_argument("--data", type=Path, required=True, help="folder with the training data")
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoints and curves")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="length of this leg")
    parser.add_argument("--device", default="auto", help="auto, cuda, cuda:N, mps or cpu")
    parser.add_argument("--workers", type=int, default=1, help="processes that compose samples")
    start = parser.add_mutually_exclusive_group()
    start.add_argument("--warm-start", metavar="MODEL", help="begin with this model's weights")
    start.add_argument(
        "--encoder",
        type=Path,
        metavar="FILE",
        help="begin with published weights of the encoder (.pth; see docs/engineers/training.md)",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, console: Console) -> int:
    """Run the command; returns the exit code."""
    from ...engine.device import choose_device
    from ...models.registry import find_model
    from ...models.weights import load_network
    from ...training.loop import Leg, best_file, checkpoint_file, read_encoder, takes_encoder, train
    from ...training.recipe import load_recipe

    recipe = load_recipe(options.recipe)
    warm, checkpoint = None, checkpoint_file(recipe, options.out)
    if checkpoint.is_file():
        console.message("info", f"going on from {checkpoint}")
    elif options.warm_start:
        warm = load_network(find_model(options.warm_start), recipe.role).state_dict()
    elif options.encoder:
        warm = read_encoder(options.encoder, recipe)
    elif takes_encoder(recipe):
        console.message(
            "warning",
            "This network was made for a published encoder (--encoder, see "
            "docs/engineers/training.md), and begins with random weights.",
        )
    steps = train(
        recipe,
        options.data,
        options.out,
        Leg(options.minutes, str(choose_device(options.device)), options.workers),
        warm_start=warm,
        progress=lambda step, total, loss: console.progress(
            f"step {step} of {total}, loss {loss:.3f}", step / total, None
        ),
    )
    console.message("info", f"{steps} of {recipe.steps} steps done; checkpoint in {options.out}")
    best = best_file(recipe, options.out)
    if recipe.validate_every and best.is_file():
        console.message("info", f"the weights of the best validation are in {best}")
    return 0
