import base64
import zlib

import numpy as np
import pytest
from scene import put_under_bend, put_under_matrix

from KidneySegLib import mrml
from KidneySegLib.mrml.placement import placement_of, same_placement, voxels_of

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")


def test_a_placement_is_the_corners_and_what_lies_between(node):
    units = zlib.decompress(base64.b64decode(placement_of(node, node)))
    found = np.frombuffer(units, "<i4").reshape(-1, 3) * 0.05
    bounds = [0.0] * 6
    node.GetSliceBounds(bounds, None)
    low, high = found.min(axis=0), found.max(axis=0)
    spacing = np.array(node.GetSpacing())
    np.testing.assert_allclose(low, np.array(bounds[::2]) + spacing / 2, atol=0.03)
    np.testing.assert_allclose(high, np.array(bounds[1::2]) - spacing / 2, atol=0.03)
    assert len(found) == 125


def test_voxels_are_hashed_once_until_the_image_changes(node, monkeypatch):
    from KidneySegLib.mrml import placement as module

    first = voxels_of(node)
    monkeypatch.setattr(module, "voxels_fingerprint", lambda _volume: "taken again")
    assert voxels_of(node) == first
    slicer.util.arrayFromVolumeModified(node)
    assert voxels_of(node) == "taken again"


def test_a_ct_as_it_was_sent(scene, node):
    sent = mrml.Sent(node)
    assert sent.change() == ""
    node.SetName("another name")
    slicer.util.arrayFromVolumeModified(node)  # modified, but the same
    assert sent.change() == ""
    transform = put_under_matrix(node, np.diag([1.0, 1.0, 1.1, 1.0]))
    assert sent.change() == "moved"
    scene.RemoveNode(transform)
    assert sent.change() == ""
    slicer.util.arrayFromVolume(node)[1, 2, 3] += 7
    slicer.util.arrayFromVolumeModified(node)
    assert sent.change() == "changed"
    scene.RemoveNode(node)
    assert sent.change() == "removed"


def test_the_next_frame_of_a_sequence_is_another_ct(scene, node):
    sent, frame = mrml.Sent(node), scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "frame 2")
    frame.CopyContent(node, True)
    slicer.util.arrayFromVolume(frame)[:] += 1
    node.CopyContent(frame, False)  # as the sequence browser does with its proxy
    assert sent.change() == "changed"


def test_a_local_bend_is_seen(node):
    """A bump of 6 mm and 15 mm SD, between the points of a coarse lattice."""
    from vtk.util.numpy_support import vtk_to_numpy

    transform = put_under_bend(node, scale=1.0, reach_mm=150)
    before = placement_of(node, node)
    grid = transform.GetTransformToParent().GetDisplacementGrid()
    axis = np.linspace(-150, 150, 13)
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    away = (x - 50) ** 2 + (y - 25) ** 2 + (z - 25) ** 2
    shift = vtk_to_numpy(grid.GetPointData().GetScalars()).reshape(-1, 3)
    shift[:, 0] += 6 * np.exp(-away.ravel() / (2 * 15**2))
    grid.Modified()
    assert not same_placement(placement_of(node, node), before)


def test_what_cannot_be_read_is_another_place(node):
    here = placement_of(node, node)
    assert same_placement(here, here)
    for other in ("", "rubbish", [1.0, 2.0], None):
        assert not same_placement(here, other)


def test_a_label_map_is_no_ct_of_a_segmentation(scene):
    labels = scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "labels")
    slicer.util.updateVolumeFromArray(labels, np.ones((4, 5, 6), np.uint8))
    own = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "imported")
    own.SetReferenceImageGeometryParameterFromVolumeNode(labels)
    assert mrml.reference_volume(own) is None
