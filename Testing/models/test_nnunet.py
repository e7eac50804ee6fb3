import json

import foreign_models as made
import numpy as np
import pytest
import torch

from KidneySegLib.core.errors import ModelError
from KidneySegLib.models.class_roles import ClassRole
from KidneySegLib.models.foreign import ModelChoice
from KidneySegLib.models.nnunet import load_nnunet, trained_folders
from KidneySegLib.models.opening import open_model


def roles(model) -> list[str]:
    return [c.role.value for c in model.classes.outputs]


def test_a_trained_folder_is_read(tmp_path):
    folder = made.write_nnunet(tmp_path)
    assert trained_folders(tmp_path) == [folder]
    model = open_model(tmp_path)
    assert roles(model) == ["background", "kidney", "tumor", "cyst"]
    assert model.spec.input.spacing_mm == (3.0, 2.0, 2.0)
    assert model.spec.patch == (16, 32, 32)
    assert model.mirror_axes == (0, 1, 2)
    assert len(model.sha256) == 64
    assert not model.remarks
    values = model.spec.input.normalization(np.array([-1000.0, 104.0, 1000.0], np.float32))
    np.testing.assert_allclose(values, [(-58 - 104) / 75, 0, (302 - 104) / 75], rtol=1e-6)
    logits = model.networks[0].load()(torch.zeros(1, 1, 16, 32, 32))
    assert logits.shape == (1, 4, 16, 32, 32)


def test_old_plans_are_the_same_network(tmp_path):
    new = open_model(made.write_nnunet(tmp_path / "new"))
    plans = made.plans_of(made.old_configuration())
    old = open_model(
        made.write_nnunet(tmp_path / "old", plans, state=made.random_state(made.configuration()))
    )
    x = torch.randn(1, 1, 16, 32, 32)
    with torch.inference_mode():
        same = [m.networks[0].load()(x) for m in (new, old)]
    torch.testing.assert_close(*same)


@pytest.mark.parametrize("module", ["unet", "residual_unet"])
def test_residual_encoders_under_both_names(tmp_path, module):
    own = made.architecture(n_blocks_per_stage=[1, 2])
    own["network_class_name"] = (
        f"dynamic_network_architectures.architectures.{module}.ResidualEncoderUNet"
    )
    del own["arch_kwargs"]["n_conv_per_stage"]
    plans = made.plans_of(made.configuration(architecture=own))
    network = open_model(made.write_nnunet(tmp_path, plans)).networks[0].load()
    assert "encoder.stem.convs.0.conv.weight" in network.state_dict()
    assert network(torch.zeros(1, 1, 16, 32, 32)).shape[1] == 4


def test_slices_of_a_2d_configuration(tmp_path):
    own = made.configuration(
        patch_size=[32, 32], spacing=[2.0, 2.0], architecture=made.architecture(2)
    )
    folder = made.write_nnunet(
        tmp_path, made.plans_of(own), inference_allowed_mirroring_axes=(0, 1)
    )
    model = open_model(folder)
    assert model.spec.input.spacing_mm == (None, 2.0, 2.0)
    assert model.mirror_axes == (1, 2)
    assert model.networks[0].load()(torch.zeros(1, 1, 4, 32, 32)).shape == (1, 4, 4, 32, 32)


def test_regions_are_what_is_their_own(tmp_path):
    labels = {"background": 0, "kidney": [1, 2, 3], "masses": [2, 3], "tumor": [2]}
    dataset = made.dataset_of(labels=labels, regions_class_order=[1, 3, 2])
    state = made.random_state(made.configuration(), heads=3)
    model = open_model(made.write_nnunet(tmp_path, dataset=dataset, state=state))
    assert roles(model) == ["kidney", "cyst", "tumor"]
    shares = np.array([0.9, 0.8, 0.7], np.float32).reshape(3, 1, 1, 1)
    found = model.classes.tissues(shares).ravel()
    np.testing.assert_allclose(found, [0.1, 0.1, 0.7, 0.1], atol=1e-6)
    assert model.classes.numbers(shares).ravel() == [2]


def test_all_folds_are_an_ensemble_and_some_can_be_chosen(tmp_path):
    folder = made.write_nnunet(tmp_path, folds=("0", "1", "all"))
    assert len(open_model(folder).networks) == 2
    assert len(open_model(folder, ModelChoice(folds=("all",))).networks) == 1
    with pytest.raises(ModelError, match="no fold 3. Its folds: 0, 1, all"):
        open_model(folder, ModelChoice(folds=("0", "3")))


def test_the_best_checkpoint_where_there_is_no_final_one(tmp_path):
    folder = made.write_nnunet(tmp_path, trainer_name="MyOwnTrainer")
    final = folder / "fold_0" / "checkpoint_final.pth"
    final.rename(final.with_name("checkpoint_best.pth"))
    remarks = open_model(folder).remarks
    assert "MyOwnTrainer" in remarks[0]
    assert "checkpoint_best" in remarks[1]
    final.with_name("checkpoint_best.pth").unlink()
    with pytest.raises(ModelError, match="no checkpoint"):
        open_model(folder)


def test_images_are_turned_for_a_model_of_kits(tmp_path):
    model = open_model(made.write_nnunet(tmp_path, made.plans_of(transpose_forward=[2, 0, 1])))
    assert model.spec.input.axes == "ILP"
    assert "KiTS" in model.remarks[0]
    assert open_model(tmp_path / "Dataset007_Made").spec.input.axes == "ILP"
    own = load_nnunet(trained_folders(tmp_path)[0], ModelChoice(axes="sar"))
    assert own.spec.input.axes == "SAR"
    with pytest.raises(ModelError, match="names no orientation"):
        load_nnunet(trained_folders(tmp_path)[0], ModelChoice(axes="SAS"))


def test_the_user_says_what_a_class_is(tmp_path):
    labels = {"background": 0, "k": 1, "t": 2, "c": 3}
    folder = made.write_nnunet(tmp_path, dataset=made.dataset_of(labels=labels))
    with pytest.raises(ModelError, match="None of the model's classes"):
        open_model(folder)
    given = {"k": ClassRole.KIDNEY, "t": ClassRole.TUMOR}
    model = open_model(folder, ModelChoice(roles=given))
    assert roles(model) == ["background", "kidney", "tumor", "other"]
    assert model.as_record()["choice"] == {"roles": {"k": "kidney", "t": "tumor"}}
    with pytest.raises(ModelError, match="no class 'x'"):
        open_model(folder, ModelChoice(roles={**given, "x": ClassRole.CYST}))


TOO_THIN = made.configuration(patch_size=[15, 32, 32])
CASCADE = {"3d_fullres": {"inherits_from": "3d_lowres", "previous_stage": "3d_lowres"}}


@pytest.mark.parametrize(
    ("plans", "dataset", "words"),
    [
        ({"configurations": CASCADE | {"3d_lowres": {}}}, {}, "cascade"),
        ({"configurations": {"2d": {}}}, {}, "'3d_fullres', which plans.json does not have"),
        ({"configurations": None}, {}, "version 1"),
        ({"transpose_forward": [0, 0, 1]}, {}, "axes are"),
        ({"foreground_intensity_properties_per_channel": [1]}, {}, "cannot be built"),
        ({"configurations": {"3d_fullres": {"inherits_from": ["x"]}}}, {}, "cannot be built"),
        ({"configurations": {"3d_fullres": TOO_THIN}}, {}, "cannot be halved as often"),
        ({}, {"channel_names": {"0": "CT", "1": "PET"}}, "several images at once"),
        ({}, {"channel_names": {"0": "T2"}}, "reads 'T2', no CT"),
        ({}, {"labels": {"0": 0, "1": 1}}, "numbers for names"),
        ({}, {"labels": {}}, "names no labels"),
        ({}, {"labels": {"background": 0, "kidney": 2}}, "not numbered from 0"),
        ({}, {"labels": {"background": 0, "liver": 1, "spleen": 2, "aorta": 3}}, "None of the"),
        ({}, {"labels": made.LABELS | {"kidney": [1, 2]}}, "order of regions"),
    ],
)
def test_what_is_not_supported_is_refused_with_its_reason(tmp_path, plans, dataset, words):
    folder = made.write_nnunet(tmp_path)
    (folder / "plans.json").write_text(json.dumps(made.plans_of(**plans)))
    (folder / "dataset.json").write_text(json.dumps(made.dataset_of(**dataset)))
    with pytest.raises(ModelError, match=words):
        open_model(folder)


def test_two_trained_models_in_a_folder(tmp_path):
    made.write_nnunet(tmp_path)
    made.write_nnunet(tmp_path, trainer_name="Other")
    with pytest.raises(ModelError, match="holds 2 trained models.*Give the folder of one"):
        open_model(tmp_path)


def test_a_reader_that_turns_images_itself_leaves_nothing_to_guess(tmp_path):
    plans = made.plans_of(image_reader_writer="NibabelIOWithReorient", dataset_name="KiTS")
    model = open_model(made.write_nnunet(tmp_path, plans))
    assert model.spec.input.axes == "SAR"
    assert not model.remarks


def test_options_that_a_layer_does_not_have(tmp_path):
    own = made.architecture(nonlin="torch.nn.GELU", nonlin_kwargs={"inplace": True})
    plans = made.plans_of(made.configuration(architecture=own))
    folder = made.write_nnunet(tmp_path, plans, state=made.random_state(made.configuration()))
    with pytest.raises(ModelError, match="cannot be built from its files"):
        open_model(folder).networks[0].load()
