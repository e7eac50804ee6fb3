"""The 2-D network that takes the place of a 3-D one."""

import pytest
import torch

from KidneySegLib.models.networks import build_network

OPTIONS = {"filters": [4, 8, 8], "classes": 4}


@pytest.fixture
def network():
    torch.manual_seed(1)
    return build_network("PlanarDynUNet", OPTIONS).eval()


def test_every_slice_is_seen_on_its_own(network):
    blocks = torch.randn(2, 1, 3, 16, 24)
    changed = blocks.clone()
    changed[1, :, 2] = torch.randn(16, 24)
    with torch.no_grad():
        before, after = network(blocks), network(changed)
        alone = network(blocks[:1, :, 1:2])
    assert before.shape == (2, 4, 3, 16, 24)
    same = torch.isclose(before, after, atol=1e-5).all(dim=1).all(dim=-1).all(dim=-1)
    assert same.tolist() == [[True] * 3, [True, True, False]]
    torch.testing.assert_close(alone[0, :, 0], before[0, :, 1], atol=1e-5, rtol=1e-4)


def test_training_heads_keep_their_place():
    options = {**OPTIONS, "deep_supervision": True, "deep_supervision_heads": 1}
    network = build_network("PlanarDynUNet", options).train()
    assert network(torch.randn(2, 1, 3, 16, 16)).shape == (2, 2, 4, 3, 16, 16)
