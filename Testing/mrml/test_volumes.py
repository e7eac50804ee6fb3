import numpy as np
import pytest
from scene import put_under_matrix

from KidneySegLib import mrml
from KidneySegLib.core.errors import InputError

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")


def test_a_ct_node_has_the_patients_geometry(node, case):
    volume = mrml.volume_from_node(node)
    np.testing.assert_allclose(volume.geometry.ijk_to_ras, case[0].geometry.ijk_to_ras)
    np.testing.assert_array_equal(volume.array, case[0].array.astype(np.int16))


def test_a_linear_transform_is_part_of_the_geometry(node):
    matrix = np.diag([1.0, 1.0, 1.0, 1.0])
    matrix[:3, 3] = (10, -20, 30)
    before = mrml.volume_from_node(node).geometry.ijk_to_ras
    put_under_matrix(node, matrix)
    after = mrml.volume_from_node(node).geometry.ijk_to_ras
    np.testing.assert_allclose(after[:3, 3] - before[:3, 3], (10, -20, 30))


def test_no_volume_and_wrong_volumes_are_refused(scene):
    with pytest.raises(InputError, match="No CT is chosen"):
        mrml.volume_from_node(None)
    with pytest.raises(InputError, match="no scalar volume"):
        mrml.volume_from_node(scene.AddNewNodeByClass("vtkMRMLTableNode", "table"))
    empty = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "gone")
    with pytest.raises(InputError, match="'gone' holds no image; its file may be gone"):
        mrml.volume_from_node(empty)
    color = scene.AddNewNodeByClass("vtkMRMLVectorVolumeNode", "color")
    slicer.util.updateVolumeFromArray(color, np.zeros((4, 5, 6, 4), np.uint8))
    with pytest.raises(InputError, match="'color' has 4 values a voxel"):
        mrml.volume_from_node(color)
