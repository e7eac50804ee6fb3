import copy

import foreign_models as made
import pytest

from KidneySegLib.core.errors import ModelError
from KidneySegLib.models.nnunet_plan import network_plan


def changed(**changes):
    own = made.architecture()
    own["arch_kwargs"] = copy.deepcopy(own["arch_kwargs"]) | changes
    return made.configuration(architecture=own)


@pytest.mark.parametrize(
    "name", ["os.system", "torch.nn.Module", "PlainConvUNet", "evil.PlainConvUNet", None]
)
def test_networks_by_name_come_from_a_list(name):
    own = made.architecture() | {"network_class_name": name}
    with pytest.raises(ModelError, match="which is not supported"):
        network_plan(made.configuration(architecture=own), "nnUNetTrainer", 3)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"conv_op": "os.system"}, "'os.system'"),
        ({"norm_op": "os.InstanceNorm3d"}, "layer 'os.InstanceNorm3d'"),
        ({"nonlin": "torch.nn.modules.os.system"}, "layer"),
        ({"nonlin": "torch.nn.Tanh"}, "Supported: LeakyReLU"),
        ({"dropout_op": "subprocess.run"}, "layer 'subprocess.run'"),
        ({"nonlin_kwargs": {"negative_slope": "x"}}, "option 'negative_slope'"),
        ({"nonlin_kwargs": {"evil": 1}}, "options that are not supported"),
        ({"init": "x"}, "option 'init'"),
        ({"nonlin_first": True}, "'nonlin_first' set"),
        ({"pool_type": "max"}, "'pool_type' set"),
        ({"stem_channels": 7}, "stem of its own size"),
        ({"block": "BottleneckD"}, "other residual blocks"),
        ({"features_per_stage": [4]}, "has 1 stages"),
        ({"features_per_stage": [10**9, 8]}, "features"),
        ({"kernel_sizes": [[3, 3, 3]]}, "kernel sizes do not fit its 2 stages"),
        ({"kernel_sizes": [[3, 3], [3, 3]]}, "do not fit its 3 axes"),
        ({"strides": [[1] * 3, [10**6] * 3]}, "strides"),
        ({"n_conv_per_stage": [1]}, "do not fit its stages"),
        ({"n_conv_per_stage_decoder": [10**8]}, "blocks in the decoder"),
    ],
)
def test_what_the_plans_cannot_mean(changes, words):
    with pytest.raises(ModelError, match=words):
        network_plan(changed(**changes), "nnUNetTrainer", 3)


def test_plain_numbers_stand_for_all_axes_and_stages():
    plan, remarks = network_plan(
        changed(kernel_sizes=[3, 3], n_conv_per_stage=2), "nnUNetTrainer", 3
    )
    assert plan.kernels == ((3, 3, 3), (3, 3, 3))
    assert plan.encoder == (2, 2)
    assert not remarks


def test_a_trainer_that_is_not_known_is_a_remark():
    _, remarks = network_plan(made.configuration(), "DeepTrainer", 3)
    assert "'DeepTrainer', which is not known" in remarks[0]


def test_old_plans_of_another_network():
    own = made.old_configuration() | {"UNet_class_name": "Other"}
    with pytest.raises(ModelError, match="'Other', which is not supported"):
        network_plan(own, "nnUNetTrainer", 3)
