import csv
import gzip
import shutil

import pytest
import SimpleITK as sitk
from commands import record, run
from phantom import make_phantom

from KidneySegLib.io.itk import sitk_from_volume

pytestmark = pytest.mark.usefixtures("threshold_engine", "no_pictures")


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
