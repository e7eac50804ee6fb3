import json
import time

import pytest

from KidneySegLib.engine import OPENVINO, fastest, open_engine
from KidneySegLib.engine import __name__ as package_name
from KidneySegLib.engine.fastest import FILE, kept_choice, measure
from KidneySegLib.environment.user_folder import VARIABLE


class Timed:
    """An engine whose tiles take so long."""

    def __init__(self, seconds):
        self.seconds, self.notices = seconds, []

    def predictor(self, network):
        return lambda tile: time.sleep(self.seconds)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    monkeypatch.setattr(fastest.metadata, "version", lambda name: "1.0")
    return tmp_path


def test_the_faster_one_is_kept_for_this_computer(shipped, home):
    network = shipped.network("locator")
    assert kept_choice() is None
    faster, times = measure(Timed(0.02), Timed(0.002), network)
    assert faster == kept_choice() == OPENVINO
    assert times > 2
    assert list(json.loads((home / FILE).read_text()).values())[0]["seconds"]["cpu"] >= 0.02


def test_a_little_faster_is_not_worth_it(shipped):
    assert measure(Timed(0.02), Timed(0.0195), shipped.network("locator"))[0] == "cpu"
    assert kept_choice() == "cpu"


def test_a_damaged_file_is_nothing(home, shipped):
    for text in ("{", "[]", '{"x": 1}'):
        (home / FILE).write_text(text)
        assert kept_choice() is None
    measure(Timed(0.01), Timed(0.001), shipped.network("locator"))
    assert kept_choice() == OPENVINO


@pytest.mark.parametrize(("seconds", "engine"), [(0.001, "fake"), (0.05, "TorchEngine")])
def test_automatic_takes_what_is_faster(shipped, monkeypatch, seconds, engine):
    import sys

    module = sys.modules[package_name]
    fake = Timed(seconds)
    real = module.measure
    monkeypatch.setattr(module, "is_installed", lambda: True)
    monkeypatch.setattr(module, "may_have_gpu", lambda: False)
    monkeypatch.setattr(module, "_openvino", lambda *_: fake)
    monkeypatch.setattr(module, "measure", lambda a, b, n: real(Timed(0.01), b, n))
    network = shipped.network("locator")
    chosen = open_engine("auto", network)
    assert (chosen is fake) == (engine == "fake")
    assert bool(fake.notices) == (engine == "fake")
    again = open_engine("auto", network)
    assert type(again) is type(chosen)
    assert type(open_engine("cpu", network)).__name__ == "TorchEngine"


def test_without_openvino_torch_is_taken(shipped, monkeypatch):
    import sys

    monkeypatch.setattr(sys.modules[package_name], "is_installed", lambda: False)
    assert type(open_engine("auto", shipped.network("locator"))).__name__ == "TorchEngine"
