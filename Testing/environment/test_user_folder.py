import sys
from pathlib import Path

import pytest

from KidneySegLib.environment.user_folder import VARIABLE, user_folder


def test_the_variable_wins(monkeypatch, tmp_path):
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    assert user_folder() == tmp_path


@pytest.mark.parametrize(
    ("platform", "part"),
    [("win32", "KidneySeg"), ("darwin", "Application Support"), ("linux", "share")],
)
def test_else_as_the_system_has_it(monkeypatch, platform, part):
    for name in (VARIABLE, "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", platform)
    assert part in str(user_folder())
    assert Path.home() in user_folder().parents
