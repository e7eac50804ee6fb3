from scene import add_ct
from segmentation_nodes import erase_top

from KidneySegLib import mrml


def test_rows_name_their_ct_and_whether_they_are_current(scene, node, case):
    other = add_ct(case[0], "other")
    made = []
    for ct in (node, other):
        made.append(mrml.add_to_scene(case[1], ct, record=None).segmentation)
        mrml.fill_table(mrml.measure_segmentation(made[-1], ct), made[-1], ct)
    erase_top(made[1], other, "Left renal tumor")
    table = mrml.fill_joint_table(made, "all")
    rows = [
        [table.GetCellText(n, column) for column in range(4)]
        for n in range(table.GetNumberOfRows())
    ]
    assert len(rows) == 20
    assert rows[0][:3] == ["CT", "CT kidneys", "current"]
    assert rows[10][:3] == ["other", "other kidneys", "out of date"]
    assert rows[8][3] == "Tumor 1"
    assert table.GetColumnUnitLabel("Volume") == "mL"


def test_a_second_time_fills_the_same_table_and_leaves_out_what_has_no_numbers(scene, node, case):
    made = mrml.add_to_scene(case[1], node, record=None).segmentation
    table = mrml.fill_joint_table([made], "all")
    assert table.GetNumberOfRows() == 0
    mrml.fill_table(mrml.measure_segmentation(made, node), made, node)
    assert mrml.fill_joint_table([made], "all") is table
    assert table.GetNumberOfRows() == 10
