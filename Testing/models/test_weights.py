import pytest
import torch
from model_folders import edit, edit_weights
from safetensors.torch import load_file

from KidneySegLib.core.errors import ModelError
from KidneySegLib.models.manifest import WEIGHTS, load_package
from KidneySegLib.models.networks import build_network
from KidneySegLib.models.weights import load_network, own_tensors, write_weights

TINY = {"filters": [4, 8, 8], "classes": 2}


def test_missing_tensor(folder):
    edit_weights(folder, lambda t: t.pop(sorted(t)[0]))
    package = load_package(folder)
    with pytest.raises(ModelError, match="is missing"):
        load_network(package, "fine")


def test_tensor_of_another_shape(folder):
    edit_weights(folder, lambda t: t.update({sorted(t)[0]: torch.zeros(3)}))
    with pytest.raises(ModelError, match="another shape"):
        load_network(load_package(folder), "fine")


def test_unknown_network_is_not_imported(folder):
    edit(folder, lambda d: d["stages"]["fine"].update(network="os.system"))
    with pytest.raises(ModelError, match=r"os\.system.*does not know"):
        load_network(load_package(folder), "fine")


def test_unknown_option(folder):
    edit(folder, lambda d: d["stages"]["fine"]["options"].update(dropout=0.5))
    with pytest.raises(ModelError, match="dropout"):
        load_network(load_package(folder), "fine")


def test_weights_survive_the_round_trip_in_half_precision(tmp_path, folder):
    network = build_network("DynUNet", TINY)
    write_weights({"locator": network}, tmp_path / WEIGHTS)
    stored = load_file(tmp_path / WEIGHTS)
    assert set(stored) == {f"locator.{n}" for n in own_tensors(network)}
    assert all(t.dtype == torch.float16 for t in stored.values())
