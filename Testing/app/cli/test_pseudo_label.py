from commands import run


def test_a_folder_without_cts_is_refused(capsys, tmp_path):
    code, _, err = run(capsys, "pseudo-label", "--data", tmp_path, "--out", tmp_path / "out")
    assert code == 2
    assert "Expected files named <name>_ct.nii.gz" in err
    assert not (tmp_path / "out").exists()
