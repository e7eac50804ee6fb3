import dataclasses

import pytest
from phantom import (
    TUMOR_RADIUS,
    sphere_ml,
)
from segmentation_nodes import erase_top

from KidneySegLib import mrml


def test_the_table_has_units_and_a_row_for_every_lesion(node, case):
    segmentation_node = mrml.add_to_scene(case[1], node, record=None).segmentation
    table = mrml.fill_table(mrml.measure_segmentation(segmentation_node, node), segmentation_node)
    assert table.GetNumberOfRows() == 10
    assert table.GetColumnUnitLabel("Volume") == "mL"
    assert table.GetColumnUnitLabel("Largest diameter, 3D") == "mm"
    assert table.GetCellText(8, 0) == "Tumor 1"
    low, volume, high = (float(table.GetCellText(8, n)) for n in (3, 2, 4))
    assert volume == pytest.approx(sphere_ml(TUMOR_RADIUS), rel=0.02)
    assert low < sphere_ml(TUMOR_RADIUS) < high
    assert table.GetColumnUnitLabel("Volume, low") == "mL"


def test_a_table_remembers_its_measurements_until_an_edit(node, case):
    segmentation_node = mrml.add_to_scene(case[1], node, record=None).segmentation
    assert mrml.stored_measurements(segmentation_node) is None
    found = mrml.measure_segmentation(segmentation_node, node)
    mrml.fill_table(found, segmentation_node)
    assert mrml.stored_measurements(segmentation_node) == found
    erase_top(segmentation_node, node, "Left renal tumor")
    assert mrml.stored_measurements(segmentation_node) is None


def test_a_lesion_that_the_network_doubts_says_so(node, case):
    segmentation_node = mrml.add_to_scene(case[1], node, record=None).segmentation
    found = mrml.measure_segmentation(segmentation_node, node)
    doubted = dataclasses.replace(found.lesions[0], probability=0.45, doubtful=True)
    rows = mrml.table_rows(dataclasses.replace(found, lesions=(doubted, *found.lesions[1:])))
    assert "45 %" in rows[8][-1]
    assert "unsure" not in rows[7][-1]


def test_the_table_is_stale_after_an_edit_and_fresh_after_measuring(node, case):
    segmentation_node = mrml.add_to_scene(case[1], node, record=None).segmentation
    table = mrml.fill_table(mrml.measure_segmentation(segmentation_node, node), segmentation_node)
    assert not mrml.is_stale(table, segmentation_node)
    erase_top(segmentation_node, node, "Left renal tumor")
    assert mrml.is_stale(table, segmentation_node)
    mrml.fill_table(mrml.measure_segmentation(segmentation_node, node), segmentation_node, table)
    assert not mrml.is_stale(table, segmentation_node)
    assert float(table.GetCellText(8, 2)) < 0.7 * sphere_ml(TUMOR_RADIUS)
