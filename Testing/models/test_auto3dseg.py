import foreign_models as made
import numpy as np
import pytest
import torch

from KidneySegLib.core.errors import ModelError
from KidneySegLib.models.opening import open_model


def test_overlapping_regions_of_the_challenge_recipe(tmp_path):
    model = open_model(made.write_auto3dseg(tmp_path / "kits"))
    assert [c.role.value for c in model.classes.outputs] == ["kidney", "cyst", "tumor"]
    assert [c.number for c in model.classes.outputs] == [1, 3, 2]
    assert model.spec.input.axes == "RAS"
    values = model.spec.input.normalization(np.array([50.0], np.float32))
    assert values == pytest.approx(0.5)
    with torch.inference_mode():
        out = model.networks[0].load()(torch.zeros(1, 1, 32, 32, 16))
    assert out.shape == (1, 3, 32, 32, 16)
    shares = np.array([0.9, 0.6, 0.2], np.float32).reshape(3, 1, 1, 1)
    assert model.classes.numbers(shares).ravel() == [3]


def test_regions_in_any_order(tmp_path):
    config = made.NESTED | {
        "class_index": [[2], [1, 2, 3], [2, 3]],
        "class_names": ["tumor", "kidney_and_masses", "masses"],
    }
    classes = open_model(made.write_auto3dseg(tmp_path, config)).classes
    shares = np.array([0.7, 0.9, 0.8], np.float32).reshape(3, 1, 1, 1)
    assert classes.numbers(shares).ravel() == [2]
    np.testing.assert_allclose(classes.tissues(shares).ravel(), [0.1, 0.1, 0.7, 0.1], atol=1e-6)


def test_classes_of_a_softmax_are_named_by_the_table(tmp_path):
    config = made.NESTED | {"sigmoid": False, "class_names": None, "class_index": None}
    folder = made.write_auto3dseg(tmp_path, config)
    with pytest.raises(ModelError, match=r"Neither 'model.pt' nor 'labels.csv'"):
        open_model(folder)
    (folder / "labels.csv").write_text("LabelValue,Name\n1,kidney\n2,renal mass\n")
    classes = open_model(folder).classes
    assert [c.role.value for c in classes.outputs] == ["background", "kidney", "mass"]
    before = open_model(folder).sha256
    (folder / "labels.csv").write_text("LabelValue,Name\n1,kidney\n3,tumor\n")
    changed = open_model(folder)
    assert [(c.name, c.number) for c in changed.classes.outputs[1:]] == [
        ("kidney", 1),
        ("tumor", 3),
    ]
    assert changed.sha256 != before
    (folder / "labels.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ModelError, match="columns LabelValue and Name"):
        open_model(folder)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"network": made.SEGRESNET | {"_target_": "os.system"}}, "'os.system', which is not supp"),
        ({"network": made.SEGRESNET | {"blocks_down": [1] * 12}}, "12 levels"),
        ({"network": made.SEGRESNET | {"preprocess": "$exit()"}}, "'preprocess', which is not"),
        ({"network": None}, "does not describe its network"),
        ({"normalize_mode": "strange"}, "by 'strange'"),
        ({"intensity_bounds": [3, 1]}, "run from 3 to 1"),
        ({"modality": "mri"}, "reads 'mri', no CT"),
        ({"roi_size": [10**6] * 3}, "tile"),
        ({"class_index": [[1]]}, "other regions than names"),
        ({"orientation_ras": False}, ""),
    ],
)
def test_what_is_not_supported_is_refused_with_its_reason(tmp_path, change, words):
    folder = made.write_auto3dseg(tmp_path, made.NESTED | change)
    if not words:
        assert "RAS is assumed" in open_model(folder).remarks[0]
        return
    with pytest.raises(ModelError, match=words):
        open_model(folder)


def test_weights_of_another_network(tmp_path):
    folder = made.write_auto3dseg(tmp_path, state_dict={"a": torch.zeros(2)})
    with pytest.raises(ModelError, match="of another network"):
        open_model(folder).networks[0].load()
