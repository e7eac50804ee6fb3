from segmentation_nodes import erase_top, segment_id

from KidneySegLib import mrml
from KidneySegLib.core.anatomy import Label, sided_style


def measured_again(owner, node, **tools):
    mrml.fill_table(mrml.measure_segmentation(owner, node), owner, node, **tools)


def test_what_a_reader_changed_is_kept_with_volumes_and_tool(node, case):
    owner = mrml.add_to_scene(case[1], node, record=None).segmentation
    measured_again(owner, node)
    assert mrml.stored_changes(owner) == []
    chosen = segment_id(owner, "Left renal tumor")
    erase_top(owner, node, "Left renal tumor")
    measured_again(owner, node, tools={chosen: "Erase"})
    (change,) = mrml.stored_changes(owner)
    assert (change["what"], change["tool"], change["segment"]) == (
        "edited",
        "Erase",
        "Left renal tumor",
    )
    assert 0.3 < change["after_ml"] / change["before_ml"] < 0.7
    assert len(change["when"]) == 19
    owner.GetSegmentation().RemoveSegment(segment_id(owner, "Right renal cyst"))
    cyst = sided_style(Label.CYST, "left").terminology()
    owner.GetSegmentation().GetSegment(chosen).SetTag("TerminologyEntry", cyst)
    measured_again(owner, node)
    texts = {c["what"] for c in mrml.stored_changes(owner)[1:]}
    assert texts == {"deleted", "relabeled from tumor"}
    measured_again(owner, node)
    assert len(mrml.stored_changes(owner)) == 3


def test_what_a_run_changes_is_no_readers_change(node, case):
    owner = mrml.add_to_scene(case[1], node, record=None).segmentation
    measured_again(owner, node)
    mrml.add_to_scene(case[1], node, owner, record=None)
    measured_again(owner, node)
    assert mrml.stored_changes(owner) == []


def test_an_edit_before_a_run_is_noted_though_it_was_never_measured(node, case):
    owner = mrml.add_to_scene(case[1], node, record=None).segmentation
    measured_again(owner, node)
    erase_top(owner, node, "Left renal tumor")
    mrml.add_to_scene(case[1], node, owner, record=None, policy="replace")
    measured_again(owner, node)
    what = [c["what"] for c in mrml.stored_changes(owner)]
    assert what == ["edited", "edited, replaced by a new run"]
