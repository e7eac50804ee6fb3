import foreign_models as made
import pytest
import torch

from KidneySegLib.core.errors import ModelError
from KidneySegLib.models.monai_networks import build_monai, monai_network

UNET = {
    "_target_": "monai.networks.nets.UNet",
    "spatial_dims": 3,
    "in_channels": 1,
    "out_channels": 2,
    "channels": [4, 8],
    "strides": [2],
    "norm": ["batch", {"momentum": 0.1}],
    "act": "PRELU",
}
DYNUNET = {
    "_target_": "DynUNet",
    "spatial_dims": 3,
    "kernel_size": [[3, 3, 1], [3, 3, 3], 3],
    "strides": [1, 2, 2],
    "upsample_kernel_size": [2, 2],
    "filters": [4, 8, 8],
    "norm_name": "instance",
    "dropout": 0.1,
}


@pytest.mark.parametrize("described", [UNET, DYNUNET, made.SEGRESNET, made.UNET])
def test_networks_of_the_list(described):
    name, options = monai_network(described, channels=1, classes=3)
    with torch.inference_mode():
        out = build_monai(name, options).eval()(torch.zeros(1, 1, 16, 16, 16))
    assert (out[0] if isinstance(out, list) else out).shape[1] == 3


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"_target_": "builtins.eval"}, "'builtins.eval', which is not supported"),
        ({"_target_": "monai.networks.nets.os.system"}, "which is not supported"),
        ({"norm": "$exit()"}, "'norm' set to"),
        ({"norm": ["batch", {"x": []}]}, "'norm' set to"),
        ({"channels": [4] * 30}, "30 levels"),
        ({"channels": [10**9, 2]}, "'channels'"),
        ({"hook": 1}, "option 'hook'"),
    ],
)
def test_what_is_not_in_the_lists(change, words):
    with pytest.raises(ModelError, match=words):
        monai_network(UNET | change, channels=1, classes=2)


def test_options_that_do_not_fit_together():
    name, options = monai_network(UNET | {"strides": [2, 2, 2, 2]}, channels=1, classes=2)
    options["strides"] = []
    with pytest.raises(ModelError, match="do not fit together"):
        build_monai(name, options)
