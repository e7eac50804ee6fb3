import pytest

from KidneySegLib.app import cli


@pytest.mark.parametrize(
    "bad",
    [
        ["--point", "1,2"],
        ["--roi", "1,2,3"],
        ["--quality", "x"],
        ["--keep", "x"],
        ["--refine", "x"],
    ],
)
def test_wrong_use_exits_with_two(ct, tmp_path, bad):
    with pytest.raises(SystemExit) as caught:
        cli.main(["segment", str(ct), "-o", str(tmp_path / "o"), *bad])
    assert caught.value.code == 2
