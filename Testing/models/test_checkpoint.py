import os
import pickle

import numpy as np
import pytest
import torch
from torch import nn

from KidneySegLib.core.errors import ModelError
from KidneySegLib.models import checkpoint
from KidneySegLib.models.checkpoint import fill, load_checkpoint, plain_tensors


class Payload:
    """Runs a command when it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.system, (f"touch {self.mark}",)


@pytest.mark.parametrize("zipped", [True, False])
def test_programs_in_a_checkpoint_are_not_run(tmp_path, zipped):
    path, mark = tmp_path / "evil.pth", tmp_path / "mark"
    torch.save({"network_weights": Payload(mark)}, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(ModelError, match="holds more than weights"):
        load_checkpoint(path)
    assert not mark.exists()


def test_what_a_checkpoint_asks_for_is_named(tmp_path):
    torch.save({"x": Payload(tmp_path / "mark")}, tmp_path / "evil.pth")
    with pytest.raises(ModelError, match=r"(posix|nt)\.system"):
        load_checkpoint(tmp_path / "evil.pth")


def test_a_plain_pickle_is_not_run(tmp_path):
    path, mark = tmp_path / "model.pth", tmp_path / "mark"
    path.write_bytes(pickle.dumps(Payload(mark)))
    with pytest.raises(ModelError):
        load_checkpoint(path)
    assert not mark.exists()


def test_numbers_of_numpy_are_data(tmp_path):
    content = {"a": np.float64(0.5), "b": [np.float32(1), np.int64(2), np.bool_(True)]}
    torch.save(content, tmp_path / "own.pth")
    assert load_checkpoint(tmp_path / "own.pth")["b"][1] == 2


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04 not a zip", b"\x80\x02}q\x00.", b"abc" * 99, b"J\x01"]
)
def test_damaged_files_are_said_to_be(tmp_path, content):
    (tmp_path / "model.pth").write_bytes(content)
    with pytest.raises(ModelError, match=r"damaged|holds more|weights"):
        plain_tensors(load_checkpoint(tmp_path / "model.pth"), "model.pth")


def test_a_checkpoint_larger_than_memory(tmp_path, monkeypatch):
    torch.save({"a": torch.zeros(1000)}, tmp_path / "model.pth")
    monkeypatch.setattr(checkpoint, "available_bytes", lambda: 100.0)
    with pytest.raises(ModelError, match="GB of memory"):
        load_checkpoint(tmp_path / "model.pth")


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ({"a": torch.tensor([1.0, float("nan")])}, "not numbers in 1 of 1"),
        ({"a": torch.tensor([float("inf")])}, "not numbers"),
        ({}, "holds no weights"),
        (None, "holds no weights"),
        ({"a": "text"}, "no tensor"),
        ({"a": torch.zeros(2, dtype=torch.complex64)}, "not supported"),
        ({"a": torch.zeros(2).to_sparse()}, "not supported"),
        ({"a": torch.zeros(2, device="meta")}, "not supported"),
        ({"a": torch.zeros(1).expand(10**11)}, "far larger than its content"),
    ],
)
def test_weights_that_are_none(weights, words):
    with pytest.raises(ModelError, match=words):
        plain_tensors(weights, "model.pth")


def test_wrappers_of_trainings_are_taken_off():
    found = plain_tensors({"_orig_mod.module.a": torch.zeros(1, dtype=torch.float16)}, "x")
    assert found["a"].dtype == torch.float32


def test_misfits_are_named():
    network = nn.Linear(2, 1)
    good = network.state_dict()
    with pytest.raises(ModelError, match="'bias' is missing"):
        fill(network, {"weight": good["weight"]}, "x")
    with pytest.raises(ModelError, match="'more' is unexpected"):
        fill(network, {**good, "more": good["bias"]}, "x")
    with pytest.raises(ModelError, match="has the shape 3 instead of 1"):
        fill(network, {**good, "bias": torch.zeros(3)}, "x")
