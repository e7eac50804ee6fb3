from KidneySegLib.core import densities


def test_limits_lie_in_the_order_of_tissues():
    low, high = densities.PURE_FAT_HU
    assert low < high < densities.FAT_BELOW_HU < densities.FAT_IN_MASS_BELOW_HU
    assert densities.FAT_IN_MASS_BELOW_HU < densities.FLUID_HU[0] < densities.FLUID_HU[1]
