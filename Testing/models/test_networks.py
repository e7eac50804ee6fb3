import pytest
import torch

from KidneySegLib.core.errors import ModelError
from KidneySegLib.models.networks import build_network

SMALL = {"filters": [4, 8, 8], "classes": 3}


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("name", ["DynUNet", "PlanarDynUNet"])
def test_networks_take_the_channels_of_their_input(name, channels):
    network = build_network(name, {**SMALL, "channels": channels}).eval()
    with torch.inference_mode():
        assert network(torch.zeros(1, channels, 16, 16, 16)).shape == (1, 3, 16, 16, 16)


def test_an_encoder_of_photographs_takes_channels_too():
    options = {"filters": [16, 8, 8, 8], "classes": 3, "channels": 2}
    network = build_network("PlanarEfficientUNet", options).eval()
    with torch.inference_mode():
        assert network(torch.zeros(1, 2, 2, 32, 32)).shape == (1, 3, 2, 32, 32)


def test_unknown_networks_and_options_are_refused():
    with pytest.raises(ModelError, match="does not know"):
        build_network("os.system", {})
    with pytest.raises(ModelError, match="not supported"):
        build_network("DynUNet", {**SMALL, "hook": 1})
