from commands import run
from phantom import RIGHT_CENTER


def test_point_with_a_negative_first_number(capsys, ct, tmp_path):
    point = ",".join(str(-abs(x)) for x in RIGHT_CENTER[:1]) + ",-20,5"
    code, out, _ = run(capsys, "segment", ct, "-o", tmp_path / "out", "--point", point)
    assert code == 0
    assert "left kidney" in out


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


def test_without_a_command_all_are_listed(capsys):
    code, out, err = run(capsys)
    assert code == 2
    for command in ("segment", "measure", "rerun", "evaluate", "models", "info", "demo", "train"):
        assert f"  {command} " in out
    assert err == ""
