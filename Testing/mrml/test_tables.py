import dataclasses

import pytest
from phantom import (
    TUMOR_RADIUS,
    sphere_ml,
)

from KidneySegLib import mrml


def test_the_table_has_units_and_a_row_for_every_lesion(node, case):
    segmentation_node = mrml.add_to_scene(case[1], node, record=None).segmentation
    table = mrml.fill_table(
        mrml.measure_segmentation(segmentation_node, node), segmentation_node, node
    )
    assert table.GetNumberOfRows() == 10
    assert table.GetColumnUnitLabel("Volume") == "mL"
    assert table.GetColumnUnitLabel("Largest diameter, 3D") == "mm"
    assert table.GetCellText(8, 0) == "Tumor 1"
    low, volume, high = (float(table.GetCellText(8, n)) for n in (3, 2, 4))
    assert volume == pytest.approx(sphere_ml(TUMOR_RADIUS), rel=0.02)
    assert low < sphere_ml(TUMOR_RADIUS) < high
    assert table.GetColumnUnitLabel("Volume, low") == "mL"


def test_a_table_remembers_numbers_findings_and_plans(node, case):
    segmentation_node = mrml.add_to_scene(case[1], node, record=None).segmentation
    assert mrml.stored_numbers(segmentation_node) is None
    found = mrml.measure_segmentation(segmentation_node, node)
    table = mrml.fill_table(found, segmentation_node, node)
    assert mrml.table_of(segmentation_node) is table
    assert mrml.stored_numbers(segmentation_node).as_dict() == found.as_dict()
    again = mrml.fill_table(found, segmentation_node, node)
    assert again is table


def test_a_lesion_that_the_network_doubts_says_so(node, case):
    segmentation_node = mrml.add_to_scene(case[1], node, record=None).segmentation
    found = mrml.measure_segmentation(segmentation_node, node).measurements
    doubted = dataclasses.replace(found.lesions[0], probability=0.45, doubtful=True)
    rows = mrml.table_rows(dataclasses.replace(found, lesions=(doubted, *found.lesions[1:])))
    assert "45 %" in rows[8][-1]
    assert "unsure" not in rows[7][-1]
