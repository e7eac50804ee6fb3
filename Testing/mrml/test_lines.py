import numpy as np
import pytest
from segmentation_nodes import erase_top

from KidneySegLib import mrml

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")


def test_lines_show_the_diameters_in_world_coordinates_and_go(node, case):
    owner = mrml.add_to_scene(case[1], node, record=None).segmentation
    found = mrml.measure_segmentation(owner, node).measurements
    lines = mrml.show_diameters(found, owner)
    assert len(lines) == 3 * len(found.lesions)
    first = found.lesions[0]
    ends = [np.zeros(3), np.zeros(3)]
    for n in range(2):
        lines[0].GetNthControlPointPositionWorld(n, ends[n])
    np.testing.assert_allclose(ends, first.feret_axial_ends_ras_mm, atol=1e-6)
    assert lines[0].GetLocked()
    assert f"{first.feret_axial_mm:.0f} mm" in lines[0].GetName()
    assert len(mrml.show_diameters(found, owner)) == len(mrml.diameter_lines(owner))
    mrml.hide_diameters(owner)
    assert mrml.diameter_lines(owner) == []


def test_lines_stay_with_their_segmentation_when_a_scene_is_saved_or_imported(
    scene, node, case, tmp_path
):
    owner = mrml.add_to_scene(case[1], node, record=None).segmentation
    count = len(mrml.show_diameters(mrml.measure_segmentation(owner, node).measurements, owner))
    path = str(tmp_path / "scene.mrb")
    assert scene.WriteToMRB(path, None)
    assert scene.ReadFromMRB(path, False)  # imported beside the first: IDs are given anew
    found = [
        mrml.diameter_lines(n)
        for n in slicer.util.getNodesByClass("vtkMRMLSegmentationNode", scene=scene)
    ]
    assert [len(lines) for lines in found] == [count, count]
    assert not set(map(id, found[0])) & set(map(id, found[1]))


def test_lines_follow_new_numbers_and_go_with_a_new_run(node, case):
    owner = mrml.add_to_scene(case[1], node, record=None).segmentation
    mrml.show_diameters(mrml.measure_segmentation(owner, node).measurements, owner)
    erase_top(owner, node, "Left renal tumor")
    found = mrml.measure_segmentation(owner, node)
    mrml.fill_table(found, owner, node)
    tumor = next(x for x in found.measurements.lesions if x.kind == "tumor")
    name = f"Tumor {tumor.id}, 3D {tumor.feret_3d_mm:.0f} mm"
    assert name in [line.GetName() for line in mrml.diameter_lines(owner)]
    mrml.add_to_scene(case[1], node, owner, record=None)
    assert mrml.diameter_lines(owner) == []
