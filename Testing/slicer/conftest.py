import importlib
import os
import sys
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
MODULE = Path(__file__).parents[2] / "KidneySeg"


@pytest.fixture(scope="session")
def qt_application():
    from PySide6 import QtWidgets

    return QtWidgets.QApplication.instance() or QtWidgets.QApplication([])


@pytest.fixture
def module(scene, qt_application, tmp_path, monkeypatch):
    """The scripted module, imported over the stand-ins; an exception in a slot fails the test."""
    import pythonqt
    import standins

    pythonqt.errors.clear()
    standins.install(tmp_path)
    monkeypatch.syspath_prepend(str(MODULE))
    sys.modules.pop("KidneySeg", None)
    yield importlib.import_module("KidneySeg")
    sys.modules.pop("KidneySeg", None)
    assert not pythonqt.errors, "\n".join(pythonqt.errors)


@pytest.fixture
def widget(module):
    """The panel, set up in an empty scene."""
    panel = module.KidneySegWidget()
    panel.setup()
    yield panel
    panel.cleanup()
