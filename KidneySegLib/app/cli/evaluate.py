"""``kidneyseg evaluate``: label maps against the truth."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..console import Console
from .options import add_labels_option


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "evaluate", help="compare label maps with the truth (KiTS23 metric and voxel metrics)"
    )
    parser.add_argument("prediction", type=Path, metavar="PRED", help="label map, or folder")
    parser.add_argument("truth", type=Path, metavar="TRUTH", help="label map, or folder")
    add_labels_option(parser)
    parser.add_argument(
        "--truth-labels",
        dest="truth_scheme",
        metavar="SCHEME",
        help="scheme of the truth where it differs from --labels",
    )
    parser.add_argument("--json", action="store_true", help="JSON on standard output")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, console: Console) -> int:
    """Run the command; returns the exit code."""
    from ...evaluation.folders import evaluate_paths, scores_as_text

    scores = evaluate_paths(
        options.prediction,
        options.truth,
        scheme=options.scheme,
        truth_scheme=options.truth_scheme or options.scheme,
    )
    for text in scores["warnings"]:
        console.message("warning", text)
    console.result(scores, scores_as_text(scores))
    return 0
