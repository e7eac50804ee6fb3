import numpy as np

from KidneySegLib.core.volume import Geometry, Volume
from KidneySegLib.io.itk import sitk_from_volume, volume_from_sitk


def test_a_volume_goes_to_itk_and_back(rng):
    angle = np.radians(20)
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    turn[:3, 3] = (10, -20, 30)
    geometry = Geometry((4, 5, 6), turn @ np.diag([0.8, 0.9, 2.5, 1.0]))
    volume = Volume(rng.integers(-1000, 1000, (4, 5, 6)).astype(np.int16), geometry)
    again = volume_from_sitk(sitk_from_volume(volume))
    np.testing.assert_array_equal(again.array, volume.array)
    np.testing.assert_allclose(again.geometry.ijk_to_ras, geometry.ijk_to_ras, atol=1e-9)


def test_itk_has_the_other_world():
    volume = Volume(np.zeros((2, 2, 2), np.uint8), Geometry((2, 2, 2), np.eye(4)))
    image = sitk_from_volume(volume)
    assert image.GetDirection()[0] == image.GetDirection()[4] == -1.0
