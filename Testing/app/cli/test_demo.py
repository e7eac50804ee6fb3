from commands import run


def test_the_demo_is_a_command_with_its_own_folder(capsys, tmp_path):
    """With the phantom's engine; what the shipped network finds is in app/test_demo.py."""
    code, out, _ = run(capsys, "demo", "-o", tmp_path / "out", "--quality", "fast")
    assert code == 0
    assert "against the truth" in out
    assert (tmp_path / "out" / "demo.txt").is_file()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "labels.nii.gz").write_bytes(b"mine")
    code, _, err = run(capsys, "demo", "-o", tmp_path / "mine")
    assert code == 2
    assert "--overwrite" in err
    assert (tmp_path / "mine" / "labels.nii.gz").read_bytes() == b"mine"
