import json

import pytest
import SimpleITK as sitk
from commands import record, run
from phantom import make_phantom

from KidneySegLib.io.itk import sitk_from_volume


@pytest.fixture
def first(capsys, ct, tmp_path, no_pictures):
    out = tmp_path / "first"
    assert run(capsys, "segment", ct, "-o", out, "--quality", "fast", "--keep", "1")[0] in (0, 2)
    assert run(capsys, "segment", ct, "-o", out, "--quality", "fast", "--overwrite")[0] == 0
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
    del data["record"]["settings"]
    changed.write_text(json.dumps(data))
    code, _, err = run(capsys, "rerun", changed, ct, "-o", tmp_path / "again")
    assert code == 2
    assert "does not say with which settings" in err
    assert run(capsys, "rerun", ct, ct, "-o", tmp_path / "again")[0] == 2
    assert not (tmp_path / "again").exists()
