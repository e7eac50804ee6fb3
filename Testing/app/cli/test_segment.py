import csv
import gzip
import re
import shutil

import numpy as np
import pytest
import SimpleITK as sitk
from commands import record, run
from phantom import make_phantom

from KidneySegLib.io.images import read_labels
from KidneySegLib.io.itk import sitk_from_volume
from KidneySegLib.report.case_folder import FILES


def test_segment_writes_everything(capsys, ct, tmp_path):
    code, out, err = run(capsys, "segment", ct, "-o", tmp_path / "out")
    assert code == 0
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == sorted(FILES)
    assert "right kidney" in out
    assert "not a medical device" in out
    labels = read_labels(tmp_path / "out" / "labels.nii.gz")
    assert {1, 2, 3, 4} <= set(np.unique(labels.array))
    assert "Traceback" not in err


def test_results_name_neither_patient_nor_input(capsys, ct, tmp_path):
    renamed = tmp_path / "Doe_Jane_19700101.nii.gz"
    shutil.copy(ct, renamed)
    run(capsys, "segment", renamed, "-o", tmp_path / "out")
    for path in (tmp_path / "out").iterdir():
        content = path.read_bytes()
        for name in (b"Doe_", b"_Jane", b"Doe Jane", b"19700101"):
            assert name not in content
        if path.suffix in (".html", ".json", ".csv"):  # in pictures three letters come by chance
            assert b"Doe" not in re.sub(rb"base64,[A-Za-z0-9+/=]+", b"", content)


def test_results_are_not_replaced_without_overwrite(capsys, ct, tmp_path):
    assert run(capsys, "segment", ct, "-o", tmp_path / "out")[0] == 0
    code, _, err = run(capsys, "segment", ct, "-o", tmp_path / "out")
    assert code == 2
    assert "--overwrite" in err
    assert run(capsys, "segment", ct, "-o", tmp_path / "out", "--overwrite")[0] == 0


@pytest.mark.parametrize(
    ("extra", "match"),
    [
        (["--point", "900,0,0"], "outside the CT"),
        (["--roi", "900,0,0,950,10,10"], "does not overlap"),
        (["--model", "nothing"], "There is no model"),
        (["--keep", "99"], "no removed component 99"),
    ],
)
def test_wrong_options_have_one_message_and_leave_nothing(capsys, ct, tmp_path, extra, match):
    code, _, err = run(capsys, "segment", ct, "-o", tmp_path / "out", *extra)
    assert code == 2
    assert match in err
    assert list(tmp_path.iterdir()) == []


def test_missing_input(capsys, tmp_path):
    code, _, err = run(capsys, "segment", tmp_path / "no.nii", "-o", tmp_path / "out")
    assert code == 2
    assert "There is no file or folder" in err


def test_ct_without_kidneys_is_an_empty_result_and_no_error(capsys, tmp_path):
    chest = tmp_path / "chest.nii.gz"
    sitk.WriteImage(sitk_from_volume(make_phantom(kidneys=()).ct), str(chest))
    code, out, err = run(capsys, "segment", chest, "-o", tmp_path / "out")
    assert code == 0
    assert "No kidney was found" in out
    assert "--point" in err
    assert not read_labels(tmp_path / "out" / "labels.nii.gz").array.any()


def test_a_result_belongs_to_its_scan_and_names_nobody(capsys, dicom, tmp_path):
    out = tmp_path / "out"
    assert run(capsys, "segment", dicom, "-o", out)[0] == 0
    data = record(out)["record"]["input"]
    assert (data["study_date"], data["series_number"]) == ("2024-01-31", 1)
    assert (data["kernel"], data["description"]) == ("B30f", "ABD PV 2.0")
    assert data["slices"] == [1, 100]
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "2024-01-31" in page
    assert "<p class=name>Patient:</p>" in page
    texts = [p.read_bytes() for p in out.iterdir() if p.suffix in (".json", ".html", ".csv")]
    for secret in (b"Leak", b"ID-A", b"Mustermann", b"1.2.826.0", str(dicom).encode()):
        assert not any(secret in text for text in texts)


def test_no_dates_leaves_the_date_out_everywhere(capsys, dicom, tmp_path, no_pictures):
    out = tmp_path / "out"
    assert run(capsys, "segment", dicom, "-o", out, "--no-dates")[0] == 0
    for path in out.iterdir():
        if path.suffix in (".json", ".html", ".csv"):
            assert "2024" not in path.read_text(encoding="utf-8").replace("2024 ", "")


def test_strict_refuses_what_is_in_doubt(capsys, ct, tmp_path, no_pictures):
    import nibabel

    image = nibabel.load(str(ct))
    guess = tmp_path / "guess.nii.gz"
    data = bytearray(gzip.decompress(ct.read_bytes()))
    data[252:256] = bytes(4)  # qform_code, sform_code
    guess.write_bytes(gzip.compress(bytes(data)))
    assert image.header["sform_code"] > 0
    code, _, err = run(capsys, "segment", guess, "-o", tmp_path / "a", "--strict")
    assert code == 2
    assert "right and left are a guess" in err
    assert not (tmp_path / "a").exists()
    code, out, err = run(capsys, "segment", guess, "-o", tmp_path / "b")
    assert code == 0
    assert err.splitlines()[0].startswith("warning: The file does not say how the patient lies")
    assert "right kidney?" in out
    page = (tmp_path / "b" / "report.html").read_text(encoding="utf-8")
    assert "right (a guess)" in page
    assert record(tmp_path / "b")["measurements"]["sides_known"] is False
    with (tmp_path / "b" / "measurements.csv").open() as stream:
        assert {r["side_known"] for r in csv.DictReader(stream)} == {"False"}
    assert run(capsys, "segment", ct, "-o", tmp_path / "c", "--strict")[0] == 0
