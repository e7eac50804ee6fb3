import pytest
import torch
from monai.networks.nets import DynUNet as Peer

from KidneySegLib.models.dynunet import DynUNet

FILTERS = [4, 6, 8, 10]


@pytest.mark.parametrize("dimensions", [2, 3])
def test_the_same_tensors_and_logits_as_monais(dimensions):
    torch.manual_seed(0)
    depth = len(FILTERS)
    peer = Peer(
        dimensions,
        2,
        3,
        [3] * depth,
        [1] + [2] * (depth - 1),
        [2] * (depth - 1),
        filters=FILTERS,
        norm_name=("INSTANCE", {"affine": True}),
    ).eval()
    own = DynUNet(dimensions, 2, 3, FILTERS).eval()
    tensors = dict(peer.named_parameters())  # each once: MONAI lists layers under two names
    assert set(tensors) == set(own.state_dict())
    own.load_state_dict(tensors)
    x = torch.randn(2, 2, *(16,) * dimensions)
    with torch.inference_mode():
        torch.testing.assert_close(own(x), peer(x))
