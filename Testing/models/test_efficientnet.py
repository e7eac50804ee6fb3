"""The 2-D U-Net with a published encoder."""

import pytest
import torch
from efficientnet_lite_pytorch import EfficientNet

from KidneySegLib.core.errors import InputError, ModelError
from KidneySegLib.models.efficientnet import EfficientUNet, FrozenBatchNorm, encoder_weights
from KidneySegLib.models.networks import build_network
from KidneySegLib.training.loop import read_encoder
from KidneySegLib.training.recipe import load_recipe

OPTIONS = {"filters": [16, 12, 8, 8], "classes": 4}
SIZE = 97


@pytest.fixture(scope="module")
def reference():
    """The network that the published weights are for; odd sizes need no one-sided padding."""
    torch.manual_seed(2)
    network = EfficientNet.from_name("efficientnet-lite0", image_size=SIZE).eval()
    for norm in network.modules():
        if isinstance(norm, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(norm.running_mean, -0.1, 0.1)
            torch.nn.init.uniform_(norm.running_var, 0.5, 1.5)
    return network


def test_the_encoder_computes_what_the_published_network_does(reference):
    network = EfficientUNet(4, OPTIONS["filters"]).eval()
    left = network.load_state_dict(encoder_weights(reference.state_dict()), strict=False)
    assert not left.unexpected_keys
    assert all(key.startswith(("steps.", "heads.")) for key in left.missing_keys)
    gray = torch.rand(1, 1, SIZE, SIZE) * 2 - 1
    with torch.no_grad():
        expected = reference._swish(
            reference._bn0(reference._conv_stem(gray.expand(-1, 3, -1, -1)))
        )
        for block in reference._blocks:
            expected = block(expected)
        found = network.stem(gray)
        for group in network.groups:
            found = group(found)
    assert expected.std() > 1e-3
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


def test_statistics_of_the_encoder_stay_in_training():
    network = EfficientUNet(4, OPTIONS["filters"], heads=3).train()
    norms = [m for m in network.modules() if isinstance(m, FrozenBatchNorm)]
    before = norms[0].running_mean.clone()
    network(torch.randn(2, 1, 64, 64) + 3).sum().backward()
    assert torch.equal(norms[0].running_mean, before)
    assert not any(m.training for m in norms)
    assert norms[0].weight.grad is not None


def test_heads_are_for_training_only():
    options = {**OPTIONS, "deep_supervision": True, "deep_supervision_heads": 2}
    network = build_network("PlanarEfficientUNet", options)
    blocks = torch.randn(1, 1, 3, 64, 96)
    assert network.train()(blocks).shape == (1, 3, 4, 3, 64, 96)
    assert network.eval()(blocks).shape == (1, 4, 3, 64, 96)


@pytest.mark.parametrize(("filters", "heads"), [([8, 8, 8], 1), ([8] * 4, 4)])
def test_impossible_networks_are_refused(filters, heads):
    options = {"filters": filters, "classes": 4, "deep_supervision": True}
    with pytest.raises(ModelError, match="Expected 4 filters"):
        build_network("PlanarEfficientUNet", {**options, "deep_supervision_heads": heads})


def test_weights_of_something_else_are_refused(tmp_path, reference):
    recipe = load_recipe("axial")
    path = tmp_path / "other.pth"
    torch.save({"conv.weight": torch.zeros(3)}, path)
    with pytest.raises(InputError, match="EfficientNet-Lite0"):
        read_encoder(path, recipe)
    path.write_text("no weights")
    with pytest.raises(InputError, match="EfficientNet-Lite0"):
        read_encoder(path, recipe)
    first = {"_conv_stem.weight": reference.state_dict()["_conv_stem.weight"]}
    excited = {**reference.state_dict(), "_blocks.0._se_reduce.weight": torch.zeros(8, 32, 1, 1)}
    for weights in (first, excited, torch.zeros(3)):
        torch.save(weights, path)
        with pytest.raises(InputError, match="EfficientNet-Lite0"):
            read_encoder(path, recipe)
    torch.save(reference.state_dict(), path)
    assert all(key.startswith("plane.") for key in read_encoder(path, recipe))
    with pytest.raises(InputError, match="takes no published encoder"):
        read_encoder(path, load_recipe("fine"))
