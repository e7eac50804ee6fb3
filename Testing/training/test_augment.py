import numpy as np
import pytest
from phantom import grid, make_phantom
from scipy import ndimage

from KidneySegLib.anatomy import Tissue
from KidneySegLib.training import augment


@pytest.fixture
def scene():
    phantom = make_phantom(grid((2.5, 2.5, 2.5)), lesions=False)
    return phantom.ct.array.copy(), phantom.tissue == Tissue.KIDNEY


def test_cortex_is_the_rim_and_reaches_inward_between_the_pyramids(scene, rng):
    _, kidney = scene
    share = augment._cortex(kidney, rng)
    depth = ndimage.distance_transform_edt(kidney)
    rim, core = kidney & (depth <= 1), depth >= 4
    assert share[rim].mean() > 0.9
    assert 0.02 < share[core].mean() < 0.6
    assert share[core].max() > 0.8


def test_phase_changes_the_kidneys_and_nothing_far_from_them(scene):
    image, kidney = scene
    label = kidney.astype(np.uint8)
    far = ~ndimage.binary_dilation(kidney, iterations=4)
    shifts = []
    for seed in range(12):
        changed = image.copy()
        augment.change_phase(changed, label, np.random.default_rng(seed))
        assert np.abs(changed[far] - image[far]).max() < 0.5
        shifts.append(float(np.median(changed[kidney] - image[kidney])))
    assert min(shifts) < -20
    assert max(shifts) > 10
    assert 0 in shifts
