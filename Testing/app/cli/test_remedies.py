import re
from pathlib import Path

import pytest

import KidneySegLib
from KidneySegLib.app.cli.remedies import REMEDIES, saying, with_remedy
from KidneySegLib.core.findings import warning

LIBRARY = Path(KidneySegLib.__file__).parent


def test_every_remedy_that_the_library_names_is_worded():
    named = set()
    for path in LIBRARY.rglob("*.py"):
        named |= set(re.findall(r'remedy="([a-z-]+)"', path.read_text(encoding="utf-8")))
    assert named == set(REMEDIES)


@pytest.mark.parametrize("remedy", REMEDIES)
def test_a_remedy_names_an_option_that_exists(remedy):
    from KidneySegLib.app.cli.main import build_parser

    options = set()
    (commands,) = build_parser()._subparsers._group_actions
    for parser in commands.choices.values():
        options |= set(parser._option_string_actions)
    named = set(re.findall(r"--[a-z-]+", REMEDIES[remedy]))
    assert named
    assert named <= options


def test_a_finding_is_said_with_its_remedy():
    class Heard:
        def message(self, kind, text):
            self.said = (kind, text)

    console = Heard()
    saying(console)(warning("no-kidney", "None was found.", remedy="point-or-box"))
    assert console.said[0] == "warning"
    assert console.said[1].startswith("None was found. On the command line: --point")
    assert with_remedy("As it is.", "") == "As it is."
