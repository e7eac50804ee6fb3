import pytest
from phantom import grid, make_phantom


@pytest.fixture
def geometry():
    return grid((2.0, 2.0, 2.0))


@pytest.fixture
def tissue(geometry):
    return make_phantom(geometry).tissue.copy()
