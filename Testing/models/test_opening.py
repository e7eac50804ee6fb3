import foreign_models as made
import pytest

from KidneySegLib.core.errors import ModelError
from KidneySegLib.models.foreign import ModelChoice
from KidneySegLib.models.manifest import ModelPackage
from KidneySegLib.models.opening import open_model


def test_the_model_that_ships_opens_by_its_name_and_by_none():
    assert isinstance(open_model(), ModelPackage)
    assert open_model("kidneyseg-ct").sha256 == open_model().sha256


def test_choices_for_other_projects_do_not_fit_our_own():
    with pytest.raises(ModelError, match="has no mirror, folds"):
        open_model(None, ModelChoice(mirror=True, folds=("0",)))


def test_a_folder_of_something_else(tmp_path):
    (tmp_path / "readme.txt").write_text("x")
    with pytest.raises(ModelError, match="holds no model that is known. Expected"):
        open_model(tmp_path)
    with pytest.raises(ModelError, match="There is no model"):
        open_model(tmp_path / "nothing")


def test_a_model_that_looks_for_no_lesions_says_so(tmp_path):
    labels = {"background": 0, "kidney_left": 1, "kidney_right": 2, "spleen": 3}
    model = open_model(made.write_nnunet(tmp_path, dataset=made.dataset_of(labels=labels)))
    assert "does not look for tumors or cysts" in model.remarks[-1]
    assert not open_model(made.write_nnunet(tmp_path / "other")).remarks


def test_a_bundle_is_not_taken_for_a_checkpoint(tmp_path):
    assert open_model(made.write_bundle(tmp_path / "b")).format == "MONAI bundle"
    assert open_model(made.write_auto3dseg(tmp_path / "a")).format == "MONAI Auto3DSeg"
