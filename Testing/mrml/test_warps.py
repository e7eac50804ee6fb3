import numpy as np
import pytest
from scene import put_under_bend, put_under_matrix

from KidneySegLib.mrml.volumes import transformed, volume_from_node, world_transform
from KidneySegLib.mrml.warps import warp_of


def test_a_matrix_needs_no_warp(node):
    assert warp_of(node) is None
    put_under_matrix(node, np.diag([1.2, 1.0, 1.0, 1.0]))
    assert warp_of(node) is None


def test_the_lattice_holds_the_whole_ct_and_inverts_the_transform(node):
    put_under_bend(node, scale=1.1)
    warp = warp_of(node)
    geometry = volume_from_node(node).geometry
    ends = np.array([[0, 0, 0], np.array(geometry.shape) - 1])
    world = transformed(geometry.ras_from_kji(ends), world_transform(node))
    inside = warp.grid.kji_from_ras(world)
    assert (inside >= 0).all()
    assert (inside <= np.array(warp.grid.shape) - 1).all()
    corner = warp.grid.ras_from_kji([[0, 0, 0]])
    back = transformed(geometry.ras_from_kji(warp.kji[:, 0, 0, 0][None]), world_transform(node))
    np.testing.assert_allclose(back, corner, atol=0.01)
    assert warp.kji.dtype == np.float32
    assert np.prod(warp.grid.shape) * 6.0**3 == pytest.approx(
        1.331 * np.prod(geometry.shape) * geometry.voxel_volume_ml * 1000, rel=0.5
    )
