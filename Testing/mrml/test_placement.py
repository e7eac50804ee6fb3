import numpy as np
import pytest
from scene import put_under_matrix

from KidneySegLib import mrml
from KidneySegLib.mrml.placement import placement, voxels_of

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")


def test_a_placement_is_the_corners_and_what_lies_between(node):
    found = np.reshape(placement(node, node), (-1, 3))
    bounds = [0.0] * 6
    node.GetSliceBounds(bounds, None)
    low, high = found.min(axis=0), found.max(axis=0)
    spacing = np.array(node.GetSpacing())
    np.testing.assert_allclose(low, np.array(bounds[::2]) + spacing / 2, atol=0.01)
    np.testing.assert_allclose(high, np.array(bounds[1::2]) - spacing / 2, atol=0.01)
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
