import importlib
import os
import sys
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
MODULE = Path(__file__).parents[2] / "KidneySeg"


@pytest.fixture(scope="session")
def qt_application():
    from PySide6 import QtWidgets

    return QtWidgets.QApplication.instance() or QtWidgets.QApplication([])


def forget():
    """Drop the module, so that it is imported anew over the stand-ins of the next test."""
    for name in [n for n in sys.modules if n.split(".")[0] in ("KidneySeg", "KidneySegPanel")]:
        del sys.modules[name]


@pytest.fixture
def module(scene, qt_application, tmp_path, monkeypatch):
    """The scripted module, imported over the stand-ins; an exception in a slot fails the test."""
    import pythonqt
    import standins

    pythonqt.errors.clear()
    standins.install(tmp_path)
    monkeypatch.syspath_prepend(str(MODULE))
    forget()
    yield importlib.import_module("KidneySeg")
    forget()
    assert not pythonqt.errors, "\n".join(pythonqt.errors)


@pytest.fixture
def widget(module):
    """The panel, set up in an empty scene."""
    panel = module.KidneySegWidget()
    panel.setup()
    yield panel
    panel.cleanup()


REJECTED_CENTER = (60.0, 25.0, 0.0)
GRID_MM = (2.5, 2.5, 2.5)  # for speed: these tests are about state


@pytest.fixture(scope="session")
def result(tmp_path_factory, package):
    """What the library finds in the phantom with an engine that needs no network.

    A removed component is added to it: a ball in front of the right kidney.
    """
    from phantom import ThresholdEngine, ellipsoid, grid, make_phantom, segment, sphere_ml

    from KidneySegLib.kidney_ct.measured import of_result
    from KidneySegLib.kidney_ct.removals import Removal
    from KidneySegLib.result import write_json

    phantom = make_phantom(grid(GRID_MM))
    ct = phantom.ct.with_array(phantom.ct.array.astype(np.int16))  # as a node holds it
    found = segment(ct, package, ThresholdEngine())
    folder = tmp_path_factory.mktemp("result")
    np.save(folder / "labels.npy", found.labels.array.astype(np.uint8))
    data = found.as_dict()
    ball = ellipsoid(phantom.ct.geometry, REJECTED_CENTER, 8)
    np.save(folder / "rejected.npy", ball.astype(np.uint16))
    far = "more than 4 mm from any kidney"
    place = REJECTED_CENTER
    removal = Removal(1, "t0a1b2", "far-from-kidney", "tumor", far, sphere_ml(8), place)
    data["removed_components"] = [removal.as_dict()]
    data["ijk_to_ras"] = ct.geometry.ijk_to_ras.tolist()
    data["record"]["device"] = "CPU"
    write_json(data, folder / "result.json")
    of_result(found.labels, ct, found.measurements, found.findings).save(folder)
    return ct, folder


@pytest.fixture
def imitate(module, tmp_path, monkeypatch, result):
    """Let the child process do what a test says instead of segmenting."""
    import panels

    def make(body=None):
        path = panels.program(tmp_path, body or panels.SUCCEED.format(source=str(result[1])))
        for name in ("logic", "install", "support"):
            target = sys.modules[f"KidneySegPanel.{name}"]
            monkeypatch.setattr(target, "pythonExecutable", lambda: path)

    return make


@pytest.fixture
def ct(widget, result):
    from scene import add_ct

    node = add_ct(result[0])
    widget.initializeParameterNode()
    return node


@pytest.fixture
def done(widget, ct, imitate):
    """The panel after a run."""
    import panels

    imitate()
    panels.run(widget)
    return widget
