import dataclasses

import numpy as np
import pytest

from KidneySegLib.core.errors import DeviceError
from KidneySegLib.engine import openvino_engine as module
from KidneySegLib.engine.openvino_engine import CACHE, OpenVinoEngine, _activated
from KidneySegLib.engine.torch_engine import TorchEngine
from KidneySegLib.environment.user_folder import VARIABLE

needs_openvino = pytest.mark.skipif(
    not module.is_installed(), reason="openvino is not installed (pip install openvino)"
)


def test_without_openvino_it_is_said(monkeypatch):
    monkeypatch.setattr(module, "is_installed", lambda: False)
    with pytest.raises(DeviceError, match="is not installed") as caught:
        OpenVinoEngine()
    assert caught.value.remedy == "device"


def test_probabilities_of_logits(rng):
    logits = rng.normal(size=(1, 3, 2, 2, 2)).astype(np.float32)
    np.testing.assert_allclose(_activated(logits, "softmax").sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(_activated(logits, "sigmoid"), 1 / (1 + np.exp(-logits)))
    assert (_activated(logits, "none") == logits).all()


@needs_openvino
@pytest.mark.parametrize("stage", ["locator", "axial"])
def test_the_networks_that_ship_give_the_same(shipped, stage, tmp_path, monkeypatch, rng):
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    network = dataclasses.replace(shipped.network(stage), precise=True)
    tiles = rng.uniform(-1, 1, (2, 1, *network.spec.patch)).astype(np.float32)
    expected = TorchEngine("cpu").predictor(network)(tiles)
    np.testing.assert_allclose(OpenVinoEngine().predictor(network)(tiles), expected, atol=2e-4)
    kept = list((tmp_path / CACHE).iterdir())
    assert {p.suffix for p in kept} == {".xml", ".bin"}

    def no_torch():
        raise AssertionError("it was converted again")

    again = dataclasses.replace(network, load=no_torch)
    np.testing.assert_allclose(OpenVinoEngine().predictor(again)(tiles), expected, atol=2e-4)


@needs_openvino
def test_a_place_that_cannot_be_written_is_no_reason_to_stop(shipped, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "file"))
    network = shipped.network("locator")
    tile = np.zeros((1, 1, *network.spec.patch), np.float32)
    assert OpenVinoEngine().predictor(network)(tile).shape[1] == 2
    assert "openvino" in OpenVinoEngine().description
