import numpy as np
import pytest
import torch
from recipes import axial, copy_texts
from tiny_training import tiny

from KidneySegLib.core.errors import InputError, ModelError
from KidneySegLib.models.manifest import WEIGHTS, load_package
from KidneySegLib.models.weights import load_network
from KidneySegLib.training.loop import Leg, train
from KidneySegLib.training.release import release


def test_release_makes_a_package_that_loads(data, tmp_path, package):
    for name in ("locator", "fine"):
        train(tiny(name, steps=1), data, tmp_path, Leg(workers=0))
    into = tmp_path / "model"
    into.mkdir()
    copy_texts(package, into)
    locators, fines = ((tmp_path / f"{n}.checkpoint.pt",) for n in ("locator", "fine"))
    digest = release({"locator": locators, "fine": fines}, into)
    made = load_package(into)
    assert made.sha256 == digest
    assert made.training["fine"]["steps_done"] == 1
    locator = load_network(made, "locator").state_dict()
    train(tiny("fine", steps=2), data, tmp_path, Leg(workers=0))
    release({"fine": fines}, into)
    again = load_package(into)
    assert again.sha256 != digest
    assert again.training["locator"] == made.training["locator"]
    for name, value in load_network(again, "locator").state_dict().items():
        torch.testing.assert_close(value, locator[name])
    release({"fine": fines * 2}, into)
    assert len(load_package(into).training["fine"]["averaged_with"]) == 1
    with pytest.raises(InputError, match="locator network. Expected: fine"):
        release({"fine": locators}, into)


def test_axial_network_is_released_into_a_file_of_its_own(data, tmp_path, package):
    for recipe in (tiny("locator", steps=1), tiny("fine", steps=1), axial(steps=1)):
        train(recipe, data, tmp_path / recipe.name, Leg(workers=0))
    into = tmp_path / "model"
    into.mkdir()
    copy_texts(package, into)
    paths = {n: (tmp_path / n / f"{n}.checkpoint.pt",) for n in ("locator", "fine", "axial")}
    without = release({n: paths[n] for n in ("locator", "fine")}, into)
    assert "axial" not in load_package(into).stages
    before = (into / WEIGHTS).read_bytes()
    digest = release({"axial": paths["axial"]}, into)
    made = load_package(into)
    assert (into / WEIGHTS).read_bytes() == before
    assert made.stages["axial"].patch == (16, 32, 32)
    assert made.sha256 == digest != without
    assert load_network(made, "axial")(torch.zeros(1, 1, 2, 32, 32)).shape == (1, 4, 2, 32, 32)
    two = release({"axial_second": paths["axial"]}, into)
    assert load_package(into).sha256 == two != digest
    second = load_network(load_package(into), "axial_second").state_dict()
    for name, tensor in load_network(made, "axial").state_dict().items():
        np.testing.assert_array_equal(tensor, second[name])
    with pytest.raises(InputError, match="fine network. Expected: axial"):
        release({"axial_second": paths["fine"]}, into)
    damaged = bytearray((into / "axial.safetensors").read_bytes())
    damaged[-5] ^= 1
    (into / "axial.safetensors").write_bytes(damaged)
    with pytest.raises(ModelError, match="axial.safetensors.*damaged"):
        load_package(into)
    (into / "axial.safetensors").unlink()
    with pytest.raises(ModelError, match="no axial.safetensors"):
        load_package(into)
