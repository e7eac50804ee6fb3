"""``kidneyseg mine``: hard negatives for a locator."""

from __future__ import annotations

import argparse

from ..console import Console
from .options import add_training_options


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "mine", help="find places in the training CTs that a locator takes for kidneys"
    )
    parser.add_argument("recipe", help="recipe of the locator")
    add_training_options(parser, data="folder with the training data")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, console: Console) -> int:
    """Run the command; returns the exit code."""
    from ...engine import open_engine
    from ...models.registry import find_model
    from ...training.loop import prepare
    from ...training.mining import find_mistakes, write_mistakes
    from ...training.recipe import load_recipe

    package = find_model(options.model)
    source = prepare(load_recipe(options.recipe), options.data, options.out)
    locator = open_engine(options.device).predictor(package.network("locator"))
    mistakes = find_mistakes(source.cases, locator, package.stages["locator"])
    write_mistakes(mistakes, options.out)
    console.message("info", f"{sum(map(len, mistakes.values()))} places in {len(mistakes)} CTs")
    return 0
