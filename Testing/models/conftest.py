import shutil

import pytest


@pytest.fixture
def folder(tmp_path, package):
    target = tmp_path / "copy"
    shutil.copytree(package.folder, target)
    return target
