import numpy as np
import pytest

from KidneySegLib.core.errors import InputError
from KidneySegLib.core.volume import Geometry, Volume
from KidneySegLib.io.grids import perpendicular


def volume(matrix, shape=(20, 16, 16)):
    ramp = np.broadcast_to(np.arange(shape[2]) * 10.0, shape).astype(np.float32)
    return Volume(ramp, Geometry(shape, matrix))


def test_rounding_is_put_right_in_the_matrix_alone():
    matrix = np.diag([1.0, 1.0, 2.0, 1.0])
    matrix[0, 2] = 0.002
    given = volume(matrix)
    found = perpendicular(given)
    assert found.array is given.array
    axes = found.geometry.ijk_to_ras[:3, :3]
    np.testing.assert_allclose(axes.T @ axes, np.diag([1.0, 1.0, 4.0]), atol=1e-9)


def test_shifted_slices_are_moved_back():
    matrix = np.diag([1.0, 1.0, 2.0, 1.0])
    matrix[0, 2] = 0.5
    found = perpendicular(volume(matrix))
    axes = found.geometry.ijk_to_ras[:3, :3]
    np.testing.assert_allclose(axes.T @ axes, np.diag(np.diag(axes.T @ axes)), atol=1e-9)
    assert found.findings


def test_a_sheared_slice_is_refused():
    matrix = np.diag([1.0, 1.0, 2.0, 1.0])
    matrix[0, 1] = 0.3
    with pytest.raises(InputError, match="not perpendicular"):
        perpendicular(volume(matrix))
