import json

import foreign_models as made
import pytest

from KidneySegLib.app.cli.main import main
from KidneySegLib.environment.user_folder import VARIABLE


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "home"))


def test_the_model_that_ships_is_listed(capsys):
    assert main(["models"]) == 0
    assert "kidneyseg-ct" in capsys.readouterr().out


def test_import_list_show_verify_remove(tmp_path, capsys):
    folder = str(made.write_nnunet(tmp_path))
    assert main(["models", "import", folder, "--name", "mine", "--map", "cyst=mass"]) == 0
    assert main(["models", "import", folder, "--name", "mine"]) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert main(["models", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [m["name"] for m in listed["models"]] == ["kidneyseg-ct", "mine"]
    assert main(["models", "show", "mine", "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["classes"]["cyst"] == "mass"
    assert main(["models", "verify"]) == 0
    plans = next((tmp_path / "home").rglob("plans.json"))
    plans.write_text(plans.read_text() + " ")
    assert main(["models", "verify", "mine"]) == 2
    plans.write_text("{")
    assert main(["models"]) == 0
    assert "cannot be used" in capsys.readouterr().out
    assert main(["models", "remove", "mine"]) == 0
    assert main(["models", "show", "mine"]) == 2


def test_what_can_be_had_is_told(capsys):
    assert main(["models", "known"]) == 0
    assert "Renal-Net" in capsys.readouterr().out


def test_a_model_whose_classes_say_nothing(tmp_path, capsys):
    labels = {"background": 0, "a": 1, "b": 2, "c": 3}
    folder = made.write_nnunet(tmp_path, dataset=made.dataset_of(labels=labels))
    assert main(["models", "import", str(folder)]) == 2
    assert "--map NAME=ROLE" in capsys.readouterr().err
