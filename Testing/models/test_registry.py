import pytest

from KidneySegLib.core.errors import ModelError
from KidneySegLib.models.registry import ENVIRONMENT_VARIABLE, find_model, model_folders


def test_models_are_found_by_name_folder_and_variable(folder, monkeypatch):
    assert find_model(folder).folder == folder
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, str(folder.parent))
    assert model_folders()["copy"] == folder
    assert find_model("copy").folder == folder
    with pytest.raises(ModelError, match=r"There is no model 'nothing'.*kidneyseg-ct"):
        find_model("nothing")
