from commands import run
from tiny_training import write_training_data


def test_places_that_a_locator_is_mistaken_in_are_left_for_training(capsys, tmp_path):
    write_training_data(tmp_path)
    options = ("--data", tmp_path, "--out", tmp_path / "out", "--device", "cpu")
    code, _, err = run(capsys, "mine", "locator", *options)
    assert code == 0
    assert "CTs" in err
    assert (tmp_path / "out" / "mistakes.npz").is_file()
