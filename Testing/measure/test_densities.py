import numpy as np

from KidneySegLib.measure.densities import finite


def test_only_numbers_under_the_mask_count():
    density = np.array([[[1.0, np.nan, 3.0, np.inf]]])
    mask = np.array([[[True, True, False, True]]])
    np.testing.assert_array_equal(finite(density, (), mask), [1.0])
    assert finite(density, (), np.zeros_like(mask)) is None
    assert finite(None, (), mask) is None
