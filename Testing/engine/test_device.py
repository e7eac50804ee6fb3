import pytest
import torch

from KidneySegLib.core.errors import DeviceError
from KidneySegLib.engine.device import autocast_type, choose_device, describe


@pytest.mark.parametrize("name", ["gpu", "cuda:x", "tpu", ""])
def test_unknown_device_names(name):
    with pytest.raises(DeviceError, match="Unknown device"):
        choose_device(name)


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is there")
def test_missing_gpu_says_what_to_do():
    with pytest.raises(DeviceError, match="Use the CPU") as caught:
        choose_device("cuda:3")
    assert caught.value.remedy == "device"


def test_auto_and_description():
    device = choose_device("auto")
    assert device.type in describe(device, autocast_type(device))
