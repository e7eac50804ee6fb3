import numpy as np
import pytest
from scene import add_ct, put_under_bend, put_under_matrix
from segmentation_nodes import erase_top, segment_id

from KidneySegLib import mrml
from KidneySegLib.core.anatomy import Label, sided_style
from KidneySegLib.mrml.staleness import CT_CHANGED, CT_GONE, EARLIER, MOVED, SEGMENTS

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")


@pytest.fixture
def owner(node, case):
    """A segmentation whose numbers are true."""
    made = mrml.add_to_scene(case[1], node, record=None).segmentation
    mrml.fill_table(mrml.measure_segmentation(made, node), made, node)
    assert mrml.why_stale(made) == ()
    return made


def shifted(mm):
    matrix = np.eye(4)
    matrix[0, 3] = mm
    return matrix


def put_ct(owner, node, scene):
    del owner
    put_under_matrix(node, shifted(35))


def put_segmentation(owner, node, scene):
    del node
    put_under_matrix(owner, shifted(35))


def put_bend(owner, node, scene):
    bend = put_under_bend(node, scale=1.1)
    owner.SetAndObserveTransformNodeID(bend.GetID())


def change_spacing(owner, node, scene):
    node.SetSpacing(*(1.09 * s for s in node.GetSpacing()))


@pytest.mark.parametrize("move", [put_ct, put_segmentation, put_bend, change_spacing])
def test_what_is_moved_is_stale(scene, owner, node, move):
    move(owner, node, scene)
    assert MOVED in mrml.why_stale(owner)


def test_a_transform_above_a_transform_counts_and_undoing_it_does_too(scene, owner, node):
    first = put_under_matrix(node, np.eye(4))
    owner.SetAndObserveTransformNodeID(first.GetID())
    assert mrml.why_stale(owner) == ()
    above = put_under_matrix(first, shifted(1))
    assert mrml.why_stale(owner) == (MOVED,)
    above.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(np.eye(4)))
    assert mrml.why_stale(owner) == ()


def test_a_bend_that_changes_is_seen(scene, owner, node):
    put_bend(owner, node, scene)
    mrml.fill_table(mrml.measure_segmentation(owner, node), owner, node)
    assert mrml.why_stale(owner) == ()
    grid = node.GetParentTransformNode().GetTransformToParent().GetDisplacementGrid()
    from vtk.util.numpy_support import vtk_to_numpy

    vtk_to_numpy(grid.GetPointData().GetScalars())[:] *= 1.01
    grid.Modified()
    assert mrml.why_stale(owner) == (MOVED,)


def test_other_voxels_are_seen(owner, node):
    array = slicer.util.arrayFromVolume(node)
    array[0, 0, 0] += 1
    slicer.util.arrayFromVolumeModified(node)
    assert mrml.why_stale(owner) == (CT_CHANGED,)
    array[0, 0, 0] -= 1
    slicer.util.arrayFromVolumeModified(node)
    assert mrml.why_stale(owner) == ()


def test_a_ct_that_is_gone_is_said(scene, owner, node, case):
    add_ct(case[0], "another")
    scene.RemoveNode(node)
    assert mrml.why_stale(owner) == (CT_GONE,)


def test_edits_are_seen_until_it_is_measured_again(owner, node):
    erase_top(owner, node, "Left renal tumor")
    assert mrml.why_stale(owner) == (SEGMENTS,)
    mrml.fill_table(mrml.measure_segmentation(owner, node), owner, node)
    assert mrml.why_stale(owner) == ()


def test_another_terminology_another_segment_and_one_less_are_seen(owner, node):
    segmentation = owner.GetSegmentation()
    segment = segmentation.GetSegment(segment_id(owner, "Left renal tumor"))
    before = segment.GetName()
    segment.SetName("another name")
    assert mrml.why_stale(owner) == ()
    segment.SetName(before)
    segment.SetTag("TerminologyEntry", sided_style(Label.CYST, "left").terminology())
    assert mrml.why_stale(owner) == (SEGMENTS,)
    segment.SetTag("TerminologyEntry", sided_style(Label.TUMOR, "left").terminology())
    assert mrml.why_stale(owner) == ()
    segmentation.RemoveSegment(segment_id(owner, "Right renal cyst"))
    assert mrml.why_stale(owner) == (SEGMENTS,)


def test_a_table_of_an_earlier_version_is_never_called_true(owner):
    mrml.table_of(owner).RemoveAttribute("KidneySeg.State")
    assert mrml.why_stale(owner) == (EARLIER,)
