"""What helps, in the words of the command line: options for the codes of errors and findings."""

from __future__ import annotations

from collections.abc import Callable

from ...core.findings import Finding
from ..console import Console

REMEDIES = {
    "choose-series": "On the command line: --series with a UID or number of this list.",
    "overwrite": "On the command line: --overwrite replaces them.",
    "labels": "On the command line: --labels with kidneyseg, kits, totalsegmentator, amos or btcv, "
    "or with NUMBER=ROLE for each number, such as 2=right_kidney,3=left_kidney.",
    "point-or-box": "On the command line: --point R,A,S for each kidney, or --roi.",
    "take-back-or-click": "On the command line: --keep with its ID, or --point R,A,S for each "
    "kidney.",
    "keep-or-remove": "On the command line: --without with its place leaves it out; it stays "
    "otherwise.",
    "removed-components": "On the command line: --keep with an ID or number of removed_components "
    "in measurements.json.",
    "channel": "On the command line: --channel FILE for each image after the first.",
    "map": "On the command line: --map NAME=ROLE.",
    "operating-point": "On the command line: leave --operating-point out.",
    "device": "On the command line: --device cpu.",
}


def with_remedy(message: str, remedy: str) -> str:
    """A message, and what helps on the command line."""
    return f"{message} {REMEDIES[remedy]}" if remedy in REMEDIES else message


def saying(console: Console) -> Callable[[Finding], None]:
    """How findings are said on a console."""

    def say(finding: Finding) -> None:
        console.message(finding.severity.value, with_remedy(finding.message, finding.remedy))

    return say
