from pathlib import Path

from KidneySegLib.environment.crash import log_crash


def test_a_crash_is_one_sentence_and_a_file(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    try:
        raise ValueError("secret detail")
    except ValueError as error:
        message = log_crash(error)
    assert "ValueError" in message
    assert "secret detail" not in message
    (log,) = Path(tmp_path).glob("kidneyseg-*.log")
    assert str(log) in message
    assert "secret detail" in log.read_text()


def test_a_full_disk_is_said(monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", "/nowhere/at/all")
    assert "No details could be written" in log_crash(ValueError("x"))
