import json

import SimpleITK as sitk
from commands import run
from phantom import make_phantom

from KidneySegLib.io.itk import sitk_from_volume


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
