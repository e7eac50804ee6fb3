import numpy as np
import pytest
from phantom import (
    TUMOR_CENTER,
    ellipsoid,
    make_phantom,
    true_labels,
)
from scene import add_ct


@pytest.fixture(scope="module")
def case():
    """Phantom CT and its true label map, the right kidney with a cyst, the left with a tumor."""
    phantom = make_phantom()
    return phantom.ct, true_labels(phantom)


@pytest.fixture
def node(scene, case):
    return add_ct(case[0])


@pytest.fixture
def removed(case):
    """Two balls off the kidneys, and one that was relabeled only."""
    rejected = np.zeros(case[1].shape, np.uint16)
    rejected[ellipsoid(case[0].geometry, (60, 30, 0), 8)] = 7
    rejected[ellipsoid(case[0].geometry, (-60, 30, 40), 10)] = 300
    rejected[ellipsoid(case[0].geometry, TUMOR_CENTER, 5)] = 9
    return rejected
