import torch

from KidneySegLib.models.unet_parts import ConvBlock, Residual
from KidneySegLib.models.unet_plan import Parts

PARTS = Parts(3, norm="InstanceNorm3d", norm_options={"affine": True}, activation="ReLU")
ONE, TWO, THREE = (1,) * 3, (2,) * 3, (3,) * 3


def test_a_block_by_hand():
    block = ConvBlock(PARTS, 1, 1, ONE, ONE)
    with torch.no_grad():
        block.conv.weight.fill_(2.0)
        block.conv.bias.fill_(1.0)
    x = torch.randn(1, 1, 4, 4, 4)
    y = 2 * x + 1
    expected = torch.relu((y - y.mean()) / (y.var(unbiased=False) + 1e-5).sqrt())
    torch.testing.assert_close(block(x), expected, atol=1e-5, rtol=1e-5)


def test_a_shortcut_is_there_where_sizes_differ():
    assert len(Residual(PARTS, 4, 4, THREE, ONE).skip) == 0
    assert len(Residual(PARTS, 4, 8, THREE, ONE).skip) == 1
    assert len(Residual(PARTS, 4, 8, THREE, TWO).skip) == 2
    names = Residual(PARTS, 4, 8, THREE, TWO).state_dict()
    assert "skip.1.conv.weight" in names  # as nnU-Net stores it: the mean comes first
    assert "skip.1.conv.bias" not in names


def test_two_convolutions_and_a_shortcut_by_hand():
    block = Residual(Parts(3, activation="ReLU"), 1, 1, ONE, ONE)
    with torch.no_grad():
        for own in (block.conv1.conv, block.conv2.conv):
            own.weight.fill_(-1.0)
            own.bias.fill_(0.5)
    x = torch.randn(1, 1, 3, 3, 3)
    expected = torch.relu(-torch.relu(-x + 0.5) + 0.5 + x)
    torch.testing.assert_close(block(x), expected)
