import pytest
from tiny_training import write_training_data


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Training data so small that a step takes a moment."""
    folder = tmp_path_factory.mktemp("data")
    write_training_data(folder)
    return folder
