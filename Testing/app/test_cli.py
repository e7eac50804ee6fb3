import csv
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from phantom import RIGHT_CENTER, ThresholdEngine, make_phantom

from KidneySegLib.app import cli
from KidneySegLib.core.volume import Box
from KidneySegLib.io.images import read_labels
from KidneySegLib.io.itk import sitk_from_volume
from KidneySegLib.report.case_folder import FILES

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def threshold_engine(monkeypatch, package):
    """Commands run with the phantom's engine; test_demo.py runs the shipped network."""
    from KidneySegLib.app import case

    shipped = case.find_model
    monkeypatch.setattr(case, "open_engine", lambda device: ThresholdEngine())
    monkeypatch.setattr(case, "find_model", lambda name=None: shipped(name) if name else package)


@pytest.fixture
def no_pictures(monkeypatch):
    """Results without their overview, which takes half of a run's time."""
    monkeypatch.setattr(
        "KidneySegLib.report.case_folder.write_overview",
        lambda *args: Path(args[-1]).write_bytes(b""),
    )


@pytest.fixture(scope="module")
def ct(tmp_path_factory):
    path = tmp_path_factory.mktemp("in") / "case.nii.gz"
    sitk.WriteImage(sitk_from_volume(make_phantom().ct), str(path))
    return path


def run(capsys, *arguments):
    code = cli.main([str(a) for a in arguments])
    out, err = capsys.readouterr()
    return code, out, err


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


def test_json_lines(capsys, ct, tmp_path):
    code, out, _ = run(capsys, "segment", ct, "-o", tmp_path / "out", "--json")
    lines = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert lines[-1]["event"] == "result"
    assert {"progress"} <= {line["event"] for line in lines}
    assert lines[-1]["measurements"]["sides"][0]["side"] == "right"


def test_point_with_a_negative_first_number(capsys, ct, tmp_path):
    point = ",".join(str(-abs(x)) for x in RIGHT_CENTER[:1]) + ",-20,5"
    code, out, _ = run(capsys, "segment", ct, "-o", tmp_path / "out", "--point", point)
    assert code == 0
    assert "left kidney" in out


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


@pytest.mark.parametrize(
    "bad",
    [
        ["--point", "1,2"],
        ["--roi", "1,2,3"],
        ["--quality", "x"],
        ["--keep", "x"],
        ["--refine", "x"],
    ],
)
def test_wrong_use_exits_with_two(ct, tmp_path, bad):
    with pytest.raises(SystemExit) as caught:
        cli.main(["segment", str(ct), "-o", str(tmp_path / "o"), *bad])
    assert caught.value.code == 2


@pytest.fixture(scope="module")
def label_map(tmp_path_factory):
    """The phantom's true label map: a tumor in the left kidney."""
    phantom = make_phantom()
    middle = phantom.ct.geometry.shape[2] // 2
    labels = np.array([0, 1, 3, 4], np.uint8)[phantom.tissue]
    labels[..., :middle][labels[..., :middle] == 1] = 2
    path = tmp_path_factory.mktemp("labels") / "labels.nii.gz"
    sitk.WriteImage(sitk_from_volume(phantom.ct.with_array(labels)), str(path))
    return path


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


def test_unexpected_error_names_a_log_file(capsys, ct, tmp_path, monkeypatch):
    def crash(*args, **kwargs):
        raise RuntimeError("boom")

    monkeypatch.setattr("KidneySegLib.app.case.run", crash)
    code, _, err = run(capsys, "segment", ct, "-o", tmp_path / "out")
    assert code == 1
    assert "Traceback" not in err
    log = next(word.rstrip(";") for word in err.split() if ".log" in word)
    with open(log) as stream:
        assert "boom" in stream.read()
    assert not (tmp_path / "out").exists()


def test_interrupt_leaves_nothing(capsys, ct, tmp_path, monkeypatch):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("KidneySegLib.report.case_folder.write_overview", interrupt)
    code, _, err = run(capsys, "segment", ct, "-o", tmp_path / "out")
    assert code == 1
    assert "was not written" in err
    assert list(tmp_path.iterdir()) == []


def test_batch_resumes_and_reports_failures(capsys, ct, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    shutil.copy(ct, folder / "a.nii.gz")
    (folder / "b.nii.gz").write_bytes(b"broken")
    out = tmp_path / "out"
    code, _, err = run(capsys, "segment", folder, "-o", out)
    assert code == 2
    assert "b: failed" in err
    with (out / "summary.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [(r["case"], r["status"]) for r in rows] == [("a", "done"), ("b", "failed")]
    assert float(rows[0]["right_parenchyma_ml"]) > 50
    shutil.copy(ct, folder / "b.nii.gz")
    code, _, err = run(capsys, "segment", folder, "-o", out, "--kidneys-only")
    assert code == 2
    assert "other settings" in err
    shutil.rmtree(out / "b")
    assert run(capsys, "segment", folder, "-o", out)[0] == 0
    with (out / "summary.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [(r["case"], r["status"]) for r in rows] == [("a", "kept"), ("b", "done")]


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


def test_evaluate_files_and_folders(capsys, ct, tmp_path):
    phantom = make_phantom()
    truth = tmp_path / "truth"
    truth.mkdir()
    sitk.WriteImage(
        sitk_from_volume(phantom.ct.with_array(phantom.tissue)), str(truth / "case.nii.gz")
    )
    run(capsys, "segment", ct.parent, "-o", tmp_path / "out")
    code, out, _ = run(
        capsys, "evaluate", tmp_path / "out", truth, "--labels", "kidneyseg",
        "--truth-labels", "kits", "--json",
    )  # fmt: skip
    scores = json.loads(out.splitlines()[-1])
    assert code == 0
    assert scores["cases"]["case"]["kidney_and_mass"]["dice"] > 0.85
    code, out, _ = run(
        capsys, "evaluate", truth / "case.nii.gz", truth / "case.nii.gz", "--labels", "kits"
    )
    assert "1.0000 (0.0000)" in out
    code, _, err = run(capsys, "evaluate", truth, tmp_path / "out", "--labels", "kits")
    assert code == 2
    assert "calls the number 2 'left_kidney'" in err
    (truth / "case.nii.gz").rename(truth / "other.nii.gz")
    code, _, err = run(capsys, "evaluate", truth, tmp_path / "out", "--labels", "kits")
    assert code == 2
    assert "no truth for 'other'" in err


def test_models_lists_the_shipped_one(capsys):
    code, out, _ = run(capsys, "models")
    assert code == 0
    assert "kidneyseg-ct" in out
    assert "license" in out


def test_one_broken_case_does_not_end_a_batch(capsys, ct, tmp_path, monkeypatch):
    from KidneySegLib.app import case

    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a", "b"):
        shutil.copy(ct, folder / f"{name}.nii.gz")
    real, calls = case.run, []

    def crash_once(*args, **kwargs):
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("boom")
        return real(*args, **kwargs)

    monkeypatch.setattr("KidneySegLib.app.case.run", crash_once)
    code, _, err = run(capsys, "segment", folder, "-o", tmp_path / "out")
    assert code == 2
    assert ".log" in err
    with (tmp_path / "out" / "summary.csv").open() as stream:
        assert [r["status"] for r in csv.DictReader(stream)] == ["failed", "done"]


def test_batch_into_a_file_is_refused(capsys, ct, tmp_path):
    (tmp_path / "out").write_text("x")
    code, _, err = run(capsys, "segment", ct.parent, "-o", tmp_path / "out")
    assert code == 2
    assert "is a file" in err


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


@pytest.fixture
def dicom(tmp_path):
    """A DICOM folder of the phantom, in whole HU."""
    import dicom_files

    phantom = make_phantom()
    whole = phantom.ct.with_array(np.rint(phantom.ct.array).astype(np.int16))
    slices = dicom_files.series(whole, kernel="B30f", description="ABD PV Mustermann 2.0")
    return dicom_files.save(slices, tmp_path / "dicom" / "P1")


def record(folder):
    return json.loads((folder / "measurements.json").read_text(encoding="utf-8"))


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


def test_a_replaced_ct_is_run_again_and_the_old_result_kept(capsys, ct, tmp_path, no_pictures):
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    shutil.copy(ct, folder / "a.nii.gz")
    run(capsys, "segment", folder, "-o", out)
    other = make_phantom(kidneys=("right",), lesions=False)
    sitk.WriteImage(sitk_from_volume(other.ct), str(folder / "a.nii.gz"))
    code, text, err = run(capsys, "segment", folder, "-o", out)
    assert code == 0
    assert "those are in a.stale-1 now" in err
    assert "1 replaced" in text
    assert len(record(out / "a.stale-1")["measurements"]["sides"]) == 2
    assert len(record(out / "a")["measurements"]["sides"]) == 1
    _, text, _ = run(capsys, "segment", folder, "-o", out)
    assert "1 CTs found: 1 kept." in text


def test_a_batch_names_its_cases_before_their_warnings_and_counts_what_it_left(
    capsys, ct, tmp_path, no_pictures
):
    folder = tmp_path / "in"
    for name in ("P1", "P2"):
        (folder / name).mkdir(parents=True)
        shutil.copy(ct, folder / name / "ct.nii.gz")
    (folder / "._x.nii.gz").write_bytes(b"x")
    shutil.copy(ct, folder / "P1" / "ct_labels.nii.gz")
    _, text, err = run(capsys, "segment", folder, "-o", tmp_path / "out")
    lines = err.splitlines()
    assert lines[0] == "P1_ct:"
    assert "P2_ct:" in lines[lines.index("P1_ct: done") + 1]
    assert text.splitlines()[-1] == (
        "2 CTs found: 2 done. Files not taken: 1 files of macOS; 1 label maps (by their names)."
    )


def test_labels_of_another_ct_are_not_measured(capsys, ct, tmp_path, no_pictures):
    out = tmp_path / "out"
    run(capsys, "segment", ct, "-o", out)
    other = make_phantom(seed=5)
    sitk.WriteImage(sitk_from_volume(other.ct), str(tmp_path / "other.nii.gz"))
    code, _, err = run(capsys, "measure", out / "labels.nii.gz", "--ct", tmp_path / "other.nii.gz")
    assert code == 2
    assert "made on another CT" in err
    assert run(capsys, "measure", out / "labels.nii.gz", "--ct", ct)[0] == 0


def test_kept_results_do_not_escape_strict_and_no_dates(capsys, dicom, ct, tmp_path, no_pictures):
    root = dicom.parent
    shutil.copy(ct, root / "x.nii.gz")  # two inputs: a batch
    out = tmp_path / "out"
    assert run(capsys, "segment", root, "-o", out)[0] == 0
    code, _, err = run(capsys, "segment", root, "-o", out, "--no-dates")
    assert code == 2
    assert "P1: failed: Results of another model or other settings" in err
    data = bytearray(gzip.decompress(ct.read_bytes()))
    data[252:256] = bytes(4)
    (root / "x.nii.gz").write_bytes(gzip.compress(bytes(data)))
    shutil.rmtree(out / "x")
    assert run(capsys, "segment", root, "-o", out)[0] == 0
    code, _, err = run(capsys, "segment", root, "-o", out, "--strict")
    assert code == 2
    assert "x: failed: Refused" in err


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


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_a_terminal_that_cannot_write_a_letter_ends_no_run(ct, tmp_path, encoding):
    out = tmp_path / "Ergebnis 日本"
    done = subprocess.run(
        [sys.executable, "-m", "KidneySegLib", "evaluate", str(ct), str(tmp_path / "日本.nii.gz")],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"},
        cwd=ROOT,
    )
    assert done.returncode == 2
    assert b"error: " in done.stderr
    assert b"Traceback" not in done.stderr
    assert not out.exists()


def test_a_reader_that_goes_away_changes_nothing(tmp_path):
    child = subprocess.Popen(
        [sys.executable, "-m", "KidneySegLib", "models"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    )
    child.stdout.close()
    assert child.wait(60) == 0
    assert child.stderr.read() == b""
