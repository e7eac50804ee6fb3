from commands import run


def test_models_lists_the_shipped_one(capsys):
    code, out, _ = run(capsys, "models")
    assert code == 0
    assert "kidneyseg-ct" in out
    assert "license" in out
