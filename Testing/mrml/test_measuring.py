import dataclasses

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


def test_the_users_terminology_wins(node, case):
    segmentation_node = mrml.add_to_scene(case[1], node, record=None).segmentation
    segment = segmentation_node.GetSegmentation().GetSegment(
        segment_id(segmentation_node, "Left renal tumor")
    )
    segment.SetTag("TerminologyEntry", sided_style(Label.CYST, "left").terminology())
    measurements = mrml.measure_segmentation(segmentation_node, node).measurements
    assert [x.kind for x in measurements.lesions] == ["cyst", "cyst"]


@pytest.fixture
def without_sides(scene, node, case):
    """Both kidneys in one segment whose terminology names no side, drawn by hand."""
    own = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "by hand")
    own.SetReferenceImageGeometryParameterFromVolumeNode(node)
    segment = own.GetSegmentation().AddEmptySegment("", "Kidneys")
    mask = np.isin(case[1], (1, 2)).astype(np.uint8)
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, own, segment, node)
    kidney = sided_style(Label.RIGHT_KIDNEY, "right")
    codes = dataclasses.replace(kidney, type_modifier=None).terminology()
    own.GetSegmentation().GetSegment(segment).SetTag("TerminologyEntry", codes)
    return own


@pytest.mark.parametrize("turned", [False, True])
def test_kidneys_whose_terminology_names_no_side_count_where_they_lie(node, without_sides, turned):
    if turned:
        turn = put_under_matrix(node, np.diag([-1.0, -1.0, 1.0, 1.0]))
        without_sides.SetAndObserveTransformNodeID(turn.GetID())
    found = mrml.measure_segmentation(without_sides, node)
    volumes = {s.side: s.parenchyma_ml for s in found.measurements.sides}
    assert set(volumes) == {"right", "left"}
    (note,) = [f for f in found.findings if f.code == "side-by-place"]
    assert "'Kidneys' names no side" in note.message
    again = mrml.fill_table(found, without_sides, node)
    assert again.GetNumberOfRows() > 0
    once = [f.code for f in mrml.measure_segmentation(without_sides, node).findings]
    assert once.count("side-by-place") == 1


def test_warnings_of_the_run_and_doubts_survive_measuring_again(node, case):
    warning = {"severity": "warning", "code": "model", "message": "Lesions are experimental."}
    owner = mrml.add_to_scene(case[1], node, record={"findings": [warning]}).segmentation
    found = mrml.measure_segmentation(owner, node)
    first = found.measurements.lesions[0]
    doubted = dataclasses.replace(first, probability=0.4, doubtful=True)
    rest = found.measurements.lesions[1:]
    numbers = dataclasses.replace(found.measurements, lesions=(doubted, *rest))
    mrml.fill_table(dataclasses.replace(found, measurements=numbers), owner, node)
    for _ in range(2):
        again = mrml.measure_segmentation(owner, node)
        assert "model" in [f.code for f in again.findings]
        assert again.measurements.lesions[0].doubtful
        mrml.fill_table(again, owner, node)


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
