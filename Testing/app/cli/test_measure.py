import csv
import gzip
import json

import numpy as np
import pytest
import SimpleITK as sitk
from commands import run
from phantom import make_phantom

from KidneySegLib.core.volume import Box
from KidneySegLib.io.itk import sitk_from_volume


def test_measure_plans_a_resection_and_estimates_function(capsys, label_map):
    arguments = ("--labels", "kidneyseg", "--margin", "5", "--gfr", "80", "--age", "60")
    code, out, _ = run(capsys, "measure", label_map, *arguments, "--set", "1:N=3")
    assert code == 0
    assert "margin 5 mm: the left kidney loses" in out
    assert "partial 72 (by ratio 71), radical 54" in out
    assert "no advice" in out
    assert "set by the reader: N" in out
    code, out, _ = run(capsys, "measure", label_map, *arguments, "--set", "1:N=3", "--json")
    assert "set by the reader: N" not in out
    data = json.loads(out.splitlines()[-1])
    assert data["resection"][0]["side"] == "left"
    assert data["measurements"]["nephrometry"][0]["renal"]["N"]["overridden"]
    assert data["function"]["partial_by_ratio"] == pytest.approx(71.2)


def test_a_missing_kidney_is_not_taken_for_one_without_function(capsys, label_map, tmp_path):
    image = sitk.ReadImage(str(label_map))
    array = sitk.GetArrayFromImage(image)
    alone = sitk.GetImageFromArray(np.where(array == 1, 0, array))
    alone.CopyInformation(image)
    sitk.WriteImage(alone, str(tmp_path / "alone.nii.gz"))
    given = ("--labels", "kidneyseg", "--gfr", "80", "--age", "60")
    _, out, _ = run(capsys, "measure", tmp_path / "alone.nii.gz", *given)
    assert "not estimated by split" in out


@pytest.mark.parametrize(
    ("extra", "match"),
    [
        (["--margin", "-1"], "0 to 30 mm"),
        (["--gfr", "80"], "both --gfr and --age"),
        (["--set", "7:N=3"], "no scored tumor 7. Scored: 1"),
        (["--set", "1:N=5"], "1 to 3 points"),
    ],
)
def test_impossible_wishes_for_measure_are_refused(capsys, label_map, extra, match):
    code, _, err = run(capsys, "measure", label_map, "--labels", "kidneyseg", *extra)
    assert code == 2
    assert match in err


def test_measure_needs_a_scheme_and_refuses_the_wrong_one(capsys, tmp_path):
    phantom = make_phantom()
    kits = tmp_path / "kits.nii.gz"
    sitk.WriteImage(sitk_from_volume(phantom.ct.with_array(phantom.tissue)), str(kits))
    code, _, err = run(capsys, "measure", kits)
    assert code == 2
    assert "'kits' (1 kidney, 2 tumor, 3 cyst)" in err
    assert "--labels" in err
    code, out, _ = run(capsys, "measure", kits, "--labels", "kits")
    assert code == 0
    assert "tumor" in out
    phantom.tissue[0, 0, 0] = 9
    sitk.WriteImage(sitk_from_volume(phantom.ct.with_array(phantom.tissue)), str(kits))
    code, _, err = run(capsys, "measure", kits, "--labels", "kidneyseg")
    phantom.tissue[0, 0, 0] = 0
    assert code == 2
    assert "numbers 9" in err


def test_measure_equals_segment(capsys, ct, tmp_path):
    run(capsys, "segment", ct, "-o", tmp_path / "out")
    table = tmp_path / "again.csv"
    code, _, _ = run(
        capsys, "measure", tmp_path / "out" / "labels.nii.gz", "--labels", "kidneyseg",
        "--ct", ct, "-o", table,
    )  # fmt: skip
    assert code == 0
    rows, again = (
        list(csv.DictReader(p.open())) for p in (tmp_path / "out" / "measurements.csv", table)
    )
    assert len(rows) == len(again) > 2
    for row, other in zip(rows, again, strict=True):
        own = [k for k in row if "_low_" not in k and "_high_" not in k and k != "probability"]
        assert {k: row[k] for k in own} == {k: other[k] for k in own}
    lesion, drawn = rows[-1], again[-1]  # a label map does not tell what the network thought
    assert (bool(lesion["probability"]), bool(drawn["probability"])) == (True, False)
    assert float(lesion["volume_high_ml"]) > float(drawn["volume_high_ml"])


def test_measure_refuses_a_ct_on_another_grid(capsys, ct, tmp_path):
    small = make_phantom().ct.with_array(make_phantom().tissue)
    path = tmp_path / "l.nii.gz"
    sitk.WriteImage(sitk_from_volume(small)[5:], str(path))
    code, _, err = run(capsys, "measure", path, "--labels", "kits", "--ct", ct)
    assert code == 2
    assert "same grid" in err


def test_measure_into_a_new_folder_and_not_over_a_file(capsys, tmp_path):
    phantom = make_phantom()
    kits = tmp_path / "kits.nii.gz"
    sitk.WriteImage(sitk_from_volume(phantom.ct.with_array(phantom.tissue)), str(kits))
    table = tmp_path / "new" / "t.csv"
    assert run(capsys, "measure", kits, "--labels", "kits", "-o", table)[0] == 0
    code, _, err = run(capsys, "measure", kits, "--labels", "kits", "-o", table)
    assert code == 2
    assert "--overwrite" in err
    assert [p.name for p in table.parent.iterdir()] == ["t.csv"]


def test_labels_of_another_ct_are_not_measured(capsys, ct, tmp_path, no_pictures):
    out = tmp_path / "out"
    run(capsys, "segment", ct, "-o", out)
    other = make_phantom(seed=5)
    sitk.WriteImage(sitk_from_volume(other.ct), str(tmp_path / "other.nii.gz"))
    code, _, err = run(capsys, "measure", out / "labels.nii.gz", "--ct", tmp_path / "other.nii.gz")
    assert code == 2
    assert "made on another CT" in err
    assert run(capsys, "measure", out / "labels.nii.gz", "--ct", ct)[0] == 0


def test_measure_marks_sides_that_are_a_guess(capsys, ct, tmp_path, no_pictures):
    data = bytearray(gzip.decompress(ct.read_bytes()))
    data[252:256] = bytes(4)
    guess = tmp_path / "guess.nii.gz"
    guess.write_bytes(gzip.compress(bytes(data)))
    run(capsys, "segment", guess, "-o", tmp_path / "out")
    code, out, err = run(
        capsys, "measure", tmp_path / "out" / "labels.nii.gz", "--ct", guess, "-o",
        tmp_path / "t.csv",
    )  # fmt: skip
    assert code == 0
    assert "right kidney?" in out
    assert err.count("right and left are a guess") == 1
    with (tmp_path / "t.csv").open() as stream:
        assert {r["side_known"] for r in csv.DictReader(stream)} == {"False"}


def test_no_function_is_estimated_from_a_cut_kidney(capsys, tmp_path):
    phantom = make_phantom()
    cut = phantom.ct.with_array(phantom.tissue).cropped(Box((45, 0, 0), (100, 133, 173)))
    sitk.WriteImage(sitk_from_volume(cut), str(tmp_path / "cut.nii.gz"))
    code, out, _ = run(
        capsys, "measure", tmp_path / "cut.nii.gz", "--labels", "kits", "--gfr", "80", "--age",
        "60", "--margin", "5",
    )  # fmt: skip
    assert code == 0
    assert "not estimated: the scan cuts a kidney" in out
    assert "no share of what the scan cuts" in out
