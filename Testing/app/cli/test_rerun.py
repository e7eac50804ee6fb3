import json

import pytest
import SimpleITK as sitk
from commands import record, run
from phantom import make_phantom

from KidneySegLib.io.itk import sitk_from_volume


@pytest.fixture
def first(capsys, ct, tmp_path, no_pictures):
    out = tmp_path / "first"
    assert run(capsys, "segment", ct, "-o", out, "--quality", "fast")[0] == 0
    return out / "measurements.json"


def test_a_run_is_repeated_from_its_record(capsys, ct, first, tmp_path):
    code, out, _ = run(capsys, "rerun", first, ct, "-o", tmp_path / "again")
    assert code == 0
    assert "The measurements are the same." in out
    again = record(tmp_path / "again")
    assert again["record"]["settings"]["quality"] == "fast"
    assert again["measurements"] == record(first.parent)["measurements"]


def test_another_ct_model_or_file_is_refused(capsys, ct, first, tmp_path):
    other = tmp_path / "other.nii.gz"
    sitk.WriteImage(sitk_from_volume(make_phantom(seed=5).ct), str(other))
    code, _, err = run(capsys, "rerun", first, other, "-o", tmp_path / "again")
    assert code == 2
    assert "made on another CT" in err
    data = json.loads(first.read_text())
    data["record"]["model"]["sha256"] = "0" * 64
    changed = tmp_path / "changed.json"
    changed.write_text(json.dumps(data))
    code, _, err = run(capsys, "rerun", changed, ct, "-o", tmp_path / "again")
    assert code == 2
    assert "(sha256 000000000000" in err
    assert run(capsys, "rerun", ct, ct, "-o", tmp_path / "again")[0] == 2
    assert not (tmp_path / "again").exists()


def _without_measurements(data):
    del data["measurements"]


def _without_settings(data):
    del data["record"]["settings"]


def _damaged_settings(data):
    data["record"]["settings"]["rois_ras_mm"] = [1]


def _unknown_quality(data):
    data["record"]["settings"]["quality"] = "superb"


def _model_as_text(data):
    data["record"]["model"] = "kidneyseg-ct"


def _numbers_of_before(data):
    data["format"] = "kidneyseg-measurements-4"
    data["record"]["settings"]["keep"] = [1]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_without_measurements, "holds no measurements"),
        (_without_settings, "does not say with which settings"),
        (_damaged_settings, "settings of the record are damaged"),
        (_unknown_quality, "Unknown quality 'superb'"),
        (_model_as_text, "does not say with which model"),
        (_numbers_of_before, "taken back by number"),
    ],
)
def test_a_record_that_cannot_be_repeated_is_refused(capsys, ct, first, tmp_path, damage, message):
    data = json.loads(first.read_text())
    damage(data)
    changed = tmp_path / "changed.json"
    changed.write_text(json.dumps(data))
    code, _, err = run(capsys, "rerun", changed, ct, "-o", tmp_path / "again")
    assert code == 2
    assert message in err
    assert not (tmp_path / "again").exists()


def test_what_an_older_record_does_not_say_does_not_differ(capsys, ct, first, tmp_path):
    data = json.loads(first.read_text())
    for side in data["measurements"]["sides"]:
        del side["kidney_ml"]
    changed = tmp_path / "changed.json"
    changed.write_text(json.dumps(data))
    _, out, _ = run(capsys, "rerun", changed, ct, "-o", tmp_path / "again")
    assert "The measurements are the same." in out
    data["measurements"]["sides"][0]["parenchyma_ml"] += 1
    changed.write_text(json.dumps(data))
    _, out, _ = run(capsys, "rerun", changed, ct, "-o", tmp_path / "other")
    assert "The measurements differ from the record's." in out


def test_a_date_that_was_left_out_stays_out(capsys, dicom, tmp_path):
    first, again = tmp_path / "first", tmp_path / "again"
    assert run(capsys, "segment", dicom, "-o", first, "--quality", "fast", "--no-dates")[0] == 0
    assert run(capsys, "rerun", first / "measurements.json", dicom, "-o", again)[0] == 0
    assert record(again)["record"]["input"]["study_date"] == ""
