import pytest
import torch

from KidneySegLib.models.unet import UNet
from KidneySegLib.models.unet_plan import Parts, UNetPlan


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("dimensions", [2, 3])
def test_logits_have_the_images_size(residual, dimensions):
    parts = Parts(dimensions, norm=f"BatchNorm{dimensions}d")
    one, two = (1,) * dimensions, (2,) * dimensions
    kernels = ((3,) * dimensions,) * 3
    plan = UNetPlan((4, 6, 8), kernels, (one, two, two), (1, 1, 2), (1, 1), residual, parts)
    out = UNet(plan, 2, 5).eval()(torch.zeros(1, 2, *(16,) * dimensions))
    assert out.shape == (1, 5, *(16,) * dimensions)


def test_uneven_strides():
    parts = Parts(3)
    strides = ((1, 1, 1), (1, 2, 2))
    plan = UNetPlan((4, 8), ((1, 3, 3), (3, 3, 3)), strides, (1, 1), (1,), False, parts)
    assert UNet(plan, 1, 2)(torch.zeros(1, 1, 5, 8, 8)).shape == (1, 2, 5, 8, 8)
