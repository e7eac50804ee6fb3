"""The command line: which command, and how every end of it is said.

Exit codes: 0 done, 2 wrong use or input, 1 anything else.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence

from ... import __version__
from ...core.errors import CanceledError, KidneySegError
from ...environment.crash import log_crash
from ...environment.memory import LackOfMemory, explained
from ..console import Console, JsonConsole, close_streams, prepare_streams
from . import (
    demo,
    evaluate,
    info,
    measure,
    mine,
    models,
    package,
    pseudo_label,
    rerun,
    segment,
    train,
)
from .remedies import with_remedy

logger = logging.getLogger(__name__)

_COMMANDS = (
    segment, measure, rerun, evaluate, models, info, demo, train, mine, pseudo_label, package,
)  # fmt: skip
_SIGNALS = ("SIGTERM", "SIGHUP", "SIGQUIT", "SIGBREAK")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = build_parser()
    options = parser.parse_args(_join_coordinates(arguments))
    logging.basicConfig(
        level=logging.DEBUG if options.verbose else logging.ERROR,
        format="%(levelname)s %(name)s: %(message)s",
    )
    prepare_streams()
    if options.run is None:
        parser.print_help()
        close_streams()
        return 2
    _stop_on_signals()
    console = JsonConsole() if getattr(options, "json", False) else Console()
    code = _guarded(options, console)
    close_streams()
    return code


def program() -> None:
    """The program ``kidneyseg``: ends at once, without taking torch apart first (half a second)."""
    code = main()
    logging.shutdown()
    os._exit(code)


def _guarded(options: argparse.Namespace, console: Console) -> int:
    """Run a command; every end has one message and its exit code."""
    try:
        with explained():
            return options.run(options, console)
    except CanceledError as error:
        console.message("canceled", str(error))
        return 1
    except KeyboardInterrupt:
        console.message("canceled", "Canceled. What was not finished was not written.")
        return 1
    except KidneySegError as error:
        console.message("error", with_remedy(str(error), error.remedy))
        return 1 if isinstance(error, LackOfMemory) else 2
    except Exception as error:  # the last line of defense: a log file instead of a traceback
        console.message("error", log_crash(error))
        return 1


def _stop_on_signals() -> None:
    """Let a polite kill, and a terminal that is closed, clean up as Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():
        return
    for name in _SIGNALS:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:  # nohup
            signal.signal(number, signal.default_int_handler)


def _join_coordinates(arguments: Sequence[str] | None) -> list[str]:
    """Write ``--point -60,1,2`` as ``--point=-60,1,2``: argparse takes the first for an option."""
    joined: list[str] = []
    for text in sys.argv[1:] if arguments is None else arguments:
        if joined and joined[-1] in ("--point", "--roi"):
            joined[-1] += f"={text}"
        else:
            joined.append(text)
    return joined


def build_parser() -> argparse.ArgumentParser:
    """Parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="kidneyseg",
        description=f"Kidneys, renal tumors and cysts in CT. {segment.NOTE}",
    )
    parser.add_argument("--version", action="version", version=f"kidneyseg {__version__}")
    parser.add_argument("--verbose", action="store_true", help="log details to standard error")
    parser.set_defaults(run=None)
    commands = parser.add_subparsers(metavar="COMMAND")
    for command in _COMMANDS:
        command.add(commands)
    return parser
