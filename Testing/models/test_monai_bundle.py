import foreign_models as made
import numpy as np
import pytest
import torch

from KidneySegLib.core.errors import ModelError
from KidneySegLib.models.opening import open_model


def test_a_bundle_is_read_as_data(tmp_path):
    model = open_model(made.write_bundle(tmp_path / "bundle"))
    roles = [c.role.value for c in model.classes.outputs]
    assert roles == ["background", "artery", "vein", "ureter", "tumor", "kidney"]
    assert [c.name for c in model.classes.extras] == ["artery", "vein", "ureter"]
    assert model.spec.input.axes == "LPS"
    assert model.spec.input.spacing_mm == (2.0, 2.0, 3.0)
    assert model.spec.patch == (32, 32, 16)
    np.testing.assert_allclose(
        model.spec.input.normalization(np.array([-2000.0, 0.0], np.float32)), [0, 0.5]
    )
    with torch.inference_mode():
        out = model.networks[0].load()(torch.zeros(1, 1, 32, 32, 16))
    assert out.shape == (1, 6, 32, 32, 16)


def test_lesions_lie_upon_the_kidney_where_classes_overlap(tmp_path):
    classes = open_model(made.write_bundle(tmp_path)).classes
    shares = np.array([0, 0, 0, 0, 0.8, 0.9], np.float32).reshape(6, 1, 1, 1)
    assert classes.numbers(shares).ravel() == [4]
    np.testing.assert_allclose(classes.tissues(shares)[:4].ravel(), [0.1, 0.1, 0.8, 0], atol=1e-6)


def test_classes_of_a_softmax(tmp_path):
    inference = made.inference_of(postprocessing={"transforms": []})
    classes = open_model(made.write_bundle(tmp_path, inference)).classes
    assert not classes.nested


def transforms(*more):
    return {"transforms": [*made.inference_of()["preprocessing"]["transforms"], *more]}


CROP = {"_target_": "CropForegroundd", "source_key": "image"}
SPACE, SCALE = made.inference_of()["preprocessing"]["transforms"][2:]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"preprocessing": transforms(CROP | {"select_fn": "$lambda x: x > 9"})}, "select_fn"),
        ({"preprocessing": transforms(CROP | {"k_divisible": 16})}, "CropForegroundd: k_divisible"),
        ({"preprocessing": {"transforms": [SPACE | {"mode": "nearest"}, SCALE]}}, "Spacingd: mode"),
        ({"preprocessing": {"transforms": [SPACE | {"scale_extent": True}, SCALE]}}, "scale_ext"),
        (
            {"preprocessing": {"transforms": [SPACE, {"_target_": "Orientationd"}, SCALE]}},
            "Orientationd after Spacingd",
        ),
        ({"inferer": {"roi_size": [32, 32, 16], "sigma_scale": 0.3}}, "sigma_scale"),
        ({"inferer": {"_target_": "SliceInferer", "roi_size": [32, 32, 16]}}, "SliceInferer"),
    ],
)
def test_what_is_not_followed_is_said_and_has_no_way_of_its_own(tmp_path, change, named):
    model = open_model(made.write_bundle(tmp_path, made.inference_of(**change)))
    assert model.exactly is None
    assert any(named in remark for remark in model.remarks)


def test_options_that_mean_the_usual_are_followed(tmp_path):
    steps = [SPACE | {"mode": "bilinear", "keys": ["image"], "padding_mode": "border"}, SCALE]
    turn = {"_target_": "monai.transforms.Orientationd", "axcodes": "RAS", "keys": "image"}
    inference = made.inference_of(preprocessing={"transforms": [turn, *steps]})
    model = open_model(made.write_bundle(tmp_path, inference))
    assert (model.exactly.turned, model.remarks) == (True, ())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"network_def": made.UNET | {"_target_": "os.system"}}, "'os.system'"),
        ({"network_def": made.UNET | {"_target_": "evil.monai.networks.nets.UNet"}}, "'evil."),
        ({"network_def": "$__import__('os').system('true')"}, "does not describe"),
        ({"preprocessing": transforms({"_target_": "builtins.exec"})}, "through 'exec'"),
        ({"preprocessing": {"transforms": []}}, "does not say how"),
        ({"preprocessing": None}, "does not list"),
        (
            {"preprocessing": transforms({"_target_": "NormalizeIntensityd"})},
            "two of 'NormalizeIntensityd'",
        ),
        ({"spacing": ["@spacing"] * 9}, "refers to itself too often"),
        ({"spacing": "$[1,1,1]"}, "spacing"),
        ({"inferer": {"roi_size": [0, 1, 1]}}, "tile"),
        ({"preprocessing": transforms(CROP | {"margin": [1, 2, 3]})}, "another margin"),
        ({"preprocessing": transforms(CROP, CROP)}, "two of 'CropForegroundd'"),
        ({"preprocessing": {"transforms": [SPACE, SCALE | {"b_min": 1, "b_max": 0}]}}, "1 to 0"),
    ],
)
def test_what_is_not_supported_is_refused_with_its_reason(tmp_path, change, words):
    with pytest.raises(ModelError, match=words):
        open_model(made.write_bundle(tmp_path, made.inference_of(**change)))


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        (made.metadata_of(modality="MR"), "reads 'MR', no CT"),
        (made.metadata_of(names=()), "names no classes"),
        ({"version": "1"}, "does not say what"),
    ],
)
def test_metadata_that_do_not_fit(tmp_path, metadata, words):
    with pytest.raises(ModelError, match=words):
        open_model(made.write_bundle(tmp_path, metadata=metadata))


def test_a_script_is_not_run(tmp_path):
    folder = made.write_bundle(tmp_path)
    (folder / "models/model.pt").rename(folder / "models/model.ts")
    with pytest.raises(ModelError, match="which is a program"):
        open_model(folder)


def test_references_in_circles_end(tmp_path):
    with pytest.raises(ModelError, match="spacing"):
        open_model(made.write_bundle(tmp_path, made.inference_of(spacing="@spacing")))


def test_a_softmax_must_begin_with_the_background(tmp_path):
    inference = made.inference_of(postprocessing={"transforms": []})
    names = ("bg", "artery", "vein", "ureter", "neoplasm", "parenchyma")
    with pytest.raises(ModelError, match="first class is 'bg'"):
        open_model(made.write_bundle(tmp_path, inference, made.metadata_of(names=names)))


def test_a_dynunet_that_lists_its_layers_twice(tmp_path):
    from monai.networks.nets import DynUNet

    own = {
        "spatial_dims": 3,
        "in_channels": 1,
        "out_channels": 6,
        "kernel_size": [3, 3, 3],
        "strides": [1, 2, 2],
        "upsample_kernel_size": [2, 2],
        "filters": [4, 8, 8],
    }
    inference = made.inference_of(network_def={"_target_": "DynUNet", **own})
    weights = DynUNet(**own).state_dict()
    assert any(key.startswith("skip_layers.") for key in weights)
    model = open_model(made.write_bundle(tmp_path, inference, weights=weights))
    assert model.networks[0].load()(torch.zeros(1, 1, 16, 16, 16)).shape[1] == 6
