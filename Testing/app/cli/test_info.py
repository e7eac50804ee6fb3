import json

from commands import run

from KidneySegLib import __version__
from KidneySegLib.measure.quantities import QUANTITIES
from KidneySegLib.result import FORMAT


def test_programs_are_told_what_there_is(capsys, shipped):
    code, out, _ = run(capsys, "info", "--json")
    assert code == 0
    data = json.loads(out.splitlines()[-1])
    assert data["version"] == __version__
    assert shipped.sha256 in [model["sha256"] for model in data["models"]]
    assert "cpu" in data["devices"]
    assert data["label_scheme"]["left_kidney"] == 2
    assert len(data["quantities"]) == len(QUANTITIES)
    assert data["result_format"] == FORMAT
    assert data["exit_codes"] == {"0": "done", "1": "anything else", "2": "wrong use or input"}
    assert data["packages"]["torch"]


def test_a_damaged_model_is_a_line_and_no_failure(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("KidneySegLib.models.registry.model_folders", lambda: {"mine": tmp_path})
    code, out, _ = run(capsys, "info", "--json")
    assert code == 0
    (model,) = json.loads(out.splitlines()[-1])["models"]
    assert model["name"] == "mine"
    assert "model.json" in model["error"]
    assert f"Model mine: {model['error']}" in run(capsys, "info")[1]


def test_people_are_told_about_the_computer(capsys, shipped):
    code, out, _ = run(capsys, "info")
    assert code == 0
    assert f"KidneySeg {__version__}" in out
    assert f"Model {shipped.name} {shipped.version}" in out
    assert "2 left_kidney" in out
    assert "2 wrong use or input" in out
