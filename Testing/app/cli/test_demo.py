from commands import run


def test_the_demo_replaces_nothing_but_its_own(capsys, tmp_path):
    """What the demo writes and finds, with the shipped network, is in app/test_demo.py."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "labels.nii.gz").write_bytes(b"mine")
    code, _, err = run(capsys, "demo", "-o", tmp_path / "mine")
    assert code == 2
    assert "which no demo has written" in err
    assert "--" not in err
    assert (tmp_path / "mine" / "labels.nii.gz").read_bytes() == b"mine"
