import numpy as np
import pytest
from phantom import (
    CYST_RADIUS,
    TUMOR_RADIUS,
    grid,
    make_phantom,
    sphere_ml,
)
from scene import add_ct, put_under_bend, put_under_matrix
from segmentation_nodes import segment_id, true_volumes

from KidneySegLib import mrml
from KidneySegLib.core.anatomy import Label, sided_style
from KidneySegLib.core.errors import InputError
from KidneySegLib.core.volume import Geometry, Volume

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")


def test_volumes_and_diameters(node, case):
    segmentation_node = mrml.add_to_scene(case[1], node, record=None).segmentation
    found = true_volumes(segmentation_node, node)
    assert found["tumor"][0] == pytest.approx(sphere_ml(TUMOR_RADIUS), rel=0.02)
    assert found["tumor"][1] == "left"
    assert found["tumor"][2] == pytest.approx(2 * TUMOR_RADIUS, abs=2.5)
    assert found["cyst"][1] == "right"


@pytest.mark.parametrize(
    ("matrix", "factor"),
    [
        (np.diag([1.1, 1.1, 1.1, 1.0]), 1.331),
        (np.array([[0, -1, 0, 5], [1, 0, 0, 9], [0, 0, 1, -7], [0, 0, 0, 1.0]]), 1.0),
        (np.diag([-1.0, 1.0, 1.0, 1.0]), 1.0),
        (np.array([[1, 0, 0.2, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]]), 1.0),
    ],
    ids=["scaled", "rotated", "mirrored", "sheared"],
)
def test_linear_transforms(node, case, matrix, factor):
    put_under_matrix(node, matrix)
    segmentation_node = mrml.add_to_scene(case[1], node, record=None).segmentation
    assert segmentation_node.GetTransformNodeID() == node.GetTransformNodeID()
    back = mrml.labels_from_segmentation(segmentation_node, node)
    np.testing.assert_array_equal(back.array, case[1])
    found = true_volumes(segmentation_node, node)
    assert found["tumor"][0] == pytest.approx(factor * sphere_ml(TUMOR_RADIUS), rel=0.02)
    assert found["cyst"][0] == pytest.approx(factor * sphere_ml(CYST_RADIUS), rel=0.03)


def test_a_bent_volume_is_measured_in_world_coordinates(node, case):
    put_under_bend(node, scale=1.1)
    segmentation_node = mrml.add_to_scene(case[1], node, record=None).segmentation
    assert segmentation_node.GetTransformNodeID() == node.GetTransformNodeID()
    back = mrml.labels_from_segmentation(segmentation_node, node)
    np.testing.assert_array_equal(back.array, case[1])
    found = true_volumes(segmentation_node, node)
    assert found["tumor"][0] == pytest.approx(1.331 * sphere_ml(TUMOR_RADIUS), rel=0.02)
    assert found["tumor"][2] == pytest.approx(2.2 * TUMOR_RADIUS, abs=2.5)


def test_anisotropic_and_oblique_volumes(scene):
    turn = np.eye(4)
    turn[:3, :3] = np.linalg.qr(np.array([[1.0, 0.2, 0.1], [-0.2, 1, 0.15], [-0.1, -0.2, 1]]))[0]
    turn[:3, :3] *= np.sign(np.diag(turn[:3, :3]))
    straight = make_phantom(grid((4.0, 1.0, 1.0)))
    geometry = Geometry(straight.ct.geometry.shape, turn @ straight.ct.geometry.ijk_to_ras)
    ct = Volume(straight.ct.array, geometry)
    labels = np.where(straight.tissue == 2, np.uint8(Label.TUMOR), np.uint8(0))
    labels[straight.tissue == 1] = Label.LEFT_KIDNEY
    node = add_ct(ct)
    segmentation_node = mrml.add_to_scene(labels, node, record=None).segmentation
    found = true_volumes(segmentation_node, node)
    assert found["tumor"][0] == pytest.approx(sphere_ml(TUMOR_RADIUS), rel=0.03)


def test_the_users_own_tumor_is_measured_by_its_terminology(node, case):
    without = np.where(case[1] == Label.TUMOR, 0, case[1])
    segmentation_node = mrml.add_to_scene(without, node, record=None).segmentation
    segmentation = segmentation_node.GetSegmentation()
    own = segmentation.AddEmptySegment("", "drawn by hand")
    mask = (case[1] == Label.TUMOR).astype(np.uint8)
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, segmentation_node, own, node)
    assert "tumor" not in true_volumes(segmentation_node, node)
    terminology = sided_style(Label.TUMOR, "left").terminology()
    segmentation.GetSegment(own).SetTag("TerminologyEntry", terminology)
    found = true_volumes(segmentation_node, node)
    assert found["tumor"][0] == pytest.approx(sphere_ml(TUMOR_RADIUS), rel=0.02)


def test_the_users_terminology_wins_and_makes_the_table_stale(node, case):
    segmentation_node = mrml.add_to_scene(case[1], node, record=None).segmentation
    table = mrml.fill_table(mrml.measure_segmentation(segmentation_node, node), segmentation_node)
    segment = segmentation_node.GetSegmentation().GetSegment(
        segment_id(segmentation_node, "Left renal tumor")
    )
    segment.SetTag("TerminologyEntry", sided_style(Label.CYST, "left").terminology())
    assert mrml.is_stale(table, segmentation_node)
    measurements = mrml.measure_segmentation(segmentation_node, node)
    assert [x.kind for x in measurements.lesions] == ["cyst", "cyst"]
    update = mrml.add_to_scene(case[1], node, segmentation_node, record=None)
    assert update.kept == ("Left renal tumor (edited)",)


def test_segments_of_something_else_cannot_be_measured(scene, node):
    other = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "liver")
    other.GetSegmentation().AddEmptySegment("", "Liver")
    with pytest.raises(InputError, match="No segment of 'liver' is known as kidney"):
        mrml.measure_segmentation(other, node)


def test_measuring_leaves_the_scene_as_it_is(scene, node, case):
    segmentation_node = mrml.add_to_scene(case[1], node, record=None).segmentation
    before = [scene.GetNthNode(n).GetID() for n in range(scene.GetNumberOfNodes())]
    mrml.measure_segmentation(segmentation_node, node)
    assert [scene.GetNthNode(n).GetID() for n in range(scene.GetNumberOfNodes())] == before
