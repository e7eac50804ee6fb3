from pathlib import Path

import pytest

from KidneySegLib.core.errors import InputError
from KidneySegLib.io.checks import damaged, require_3d, require_bytes, require_sane_size

PATH = Path("somewhere/ct.nii.gz")


def test_each_cause_has_its_own_message():
    require_sane_size(PATH, 2**20)
    require_bytes(PATH, 100, 100)
    require_3d(PATH, (10, 20, 30), 1)
    for call, words in (
        (lambda: require_sane_size(PATH, 2**45), "promises"),
        (lambda: require_bytes(PATH, 99, 100), "ct.nii.gz"),
        (lambda: require_3d(PATH, (10, 20, 30, 4), 1), "3D"),
        (lambda: require_3d(PATH, (10, 20, 30), 3), "3"),
    ):
        with pytest.raises(InputError, match=words):
            call()
    assert "somewhere" not in str(damaged(PATH))
