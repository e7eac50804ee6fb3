from commands import run


def test_a_folder_without_a_manifest_is_refused(capsys, tmp_path):
    code, _, err = run(capsys, "package", "--fine", tmp_path / "x.pt", "--into", tmp_path)
    assert code == 2
    assert "Write the manifest's texts first" in err
    assert list(tmp_path.iterdir()) == []
