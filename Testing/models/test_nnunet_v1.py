import os
import pickle
import re
from collections import OrderedDict

import foreign_models as made
import numpy as np
import pytest
import torch

from KidneySegLib.core.errors import ModelError
from KidneySegLib.models.nnunet_plan import network_plan
from KidneySegLib.models.nnunet_v1 import convert, read_plans
from KidneySegLib.models.opening import open_model
from KidneySegLib.models.unet import UNet

LABELS = {1: "kidney", 2: "tumor", 3: "cyst"}
STAGE = {
    "patch_size": np.array([16, 32, 32]),
    "current_spacing": np.array([3.0, 2.0, 2.0]),
    "pool_op_kernel_sizes": [[2, 2, 2], [1, 2, 2]],
    "conv_kernel_sizes": [[3, 3, 3]] * 3,
}
PLANS = {
    "plans_per_stage": OrderedDict({0: STAGE}),
    "modalities": {0: "CT"},
    "all_classes": [1, 2, 3],
    "normalization_schemes": OrderedDict({0: "CT"}),
    "base_num_features": 4,
    "conv_per_stage": 2,
    "transpose_forward": [0, 1, 2],
    "transpose_backward": [0, 1, 2],
    "dataset_properties": {
        "intensityproperties": {
            0: {
                "mean": np.float64(104.0),
                "sd": np.float64(75.0),
                "percentile_00_5": np.float64(-58.0),
                "percentile_99_5": np.float64(302.0),
            }
        }
    },
}


def old_state(network: UNet) -> dict:
    """Tensors of a network under the names of version 1, without the biases it does not have."""
    state = {}
    for key, tensor in network.state_dict().items():
        part, block = key.split(".")[1], key.split(".")
        name = key
        if part == "stages" and block[0] == "encoder":
            level, n, kind, end = int(block[2]), int(block[5]), block[6], block[7]
            kind = "instnorm" if kind == "norm" else kind
            middle = f"{n}.blocks.0" if level == 2 else f"blocks.{n}"
            name = f"conv_blocks_context.{level}.{middle}.{kind}.{end}"
        elif part == "stages":
            level, n, kind, end = block[2], block[4], block[5], block[6]
            kind = "instnorm" if kind == "norm" else kind
            name = f"conv_blocks_localization.{level}.{n}.blocks.0.{kind}.{end}"
        elif part == "transpconvs":
            name = f"tu.{block[2]}.{block[3]}"
        elif part == "seg_layers":
            name = f"seg_outputs.{block[2]}.{block[3]}"
        if not re.fullmatch(r"(tu|seg_outputs)\.\d\.bias", name):
            state[name] = tensor
    return state


@pytest.fixture
def network():
    torch.manual_seed(1)
    own = made.configuration(
        architecture=made.architecture(
            features_per_stage=[4, 8, 16],
            kernel_sizes=[[3, 3, 3]] * 3,
            strides=[[1, 1, 1], [2, 2, 2], [1, 2, 2]],
            n_conv_per_stage=[2, 2, 2],
            n_conv_per_stage_decoder=[2, 2],
        )
    )
    network = UNet(network_plan(own, "nnUNetTrainer", 3)[0], 1, 4).eval()
    with torch.no_grad():
        for name, tensor in network.named_parameters():
            if re.search(r"(transpconvs|seg_layers)\.\d\.bias", name):
                tensor.zero_()
    return network


@pytest.fixture
def folder(tmp_path, network):
    folder = tmp_path / "Task048_KiTS" / "nnUNetTrainerV2__nnUNetPlansv2.1"
    (folder / "fold_0").mkdir(parents=True)
    (folder / "plans.pkl").write_bytes(pickle.dumps(PLANS))
    content = {"state_dict": old_state(network), "epoch": 1}
    torch.save(content, folder / "fold_0" / "model_final_checkpoint.model")
    return folder


def test_the_converted_network_is_the_same(folder, network, tmp_path):
    home = convert(folder, tmp_path / "new", LABELS)
    model = open_model(home)
    assert [c.name for c in model.classes.outputs] == ["background", "kidney", "tumor", "cyst"]
    assert model.spec.input.spacing_mm == (3.0, 2.0, 2.0)
    x = torch.randn(1, 1, 16, 32, 32)
    with torch.inference_mode():
        torch.testing.assert_close(model.networks[0].load()(x), network(x))
    with pytest.raises(ModelError, match="is there already"):
        convert(folder, tmp_path / "new", LABELS)


class Payload:
    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.system, (f"touch {self.mark}",)


def test_programs_in_plans_are_not_run(tmp_path):
    path = tmp_path / "plans.pkl"
    path.write_bytes(pickle.dumps({"x": Payload(tmp_path / "mark")}))
    with pytest.raises(ModelError, match=r"ask for '(posix|nt)\.system'"):
        read_plans(path)
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize("content", [b"", b"abc", pickle.dumps([1, 2])])
def test_plans_that_are_none(tmp_path, content):
    path = tmp_path / "plans.pkl"
    path.write_bytes(content)
    with pytest.raises(ModelError):
        read_plans(path)


@pytest.mark.parametrize(
    ("change", "labels", "words"),
    [
        ({}, {1: "kidney"}, "has the classes 1, 2, 3, and names were given for 1"),
        ({"base_num_features": None}, LABELS, "cannot be converted"),
        ({"dataset_properties": {}}, LABELS, "cannot be converted"),
        ({"plans_per_stage": {}}, LABELS, "cannot be converted"),
    ],
)
def test_what_cannot_be_converted_is_said(folder, tmp_path, change, labels, words):
    (folder / "plans.pkl").write_bytes(pickle.dumps(PLANS | change))
    with pytest.raises(ModelError, match=words):
        convert(folder, tmp_path / "new", labels)
    assert not (tmp_path / "new").exists()


def test_other_networks_are_named(folder, tmp_path):
    file = folder / "fold_0" / "model_final_checkpoint.model"
    torch.save({"state_dict": {"attention.0.weight": torch.zeros(1)}}, file)
    with pytest.raises(ModelError, match=r"'attention.0.weight' is none of"):
        convert(folder, tmp_path / "new", LABELS)
