import shutil

import pytest
from recipes import axial
from tiny_training import tiny

from KidneySegLib.training.loop import prepare


def test_a_ct_that_was_packed_before_it_was_kept_out_is_left_out(data, tmp_path):
    everything = tiny("fine", exclude_cases=())
    assert {case.name for case in prepare(everything, data, tmp_path).cases} == {"one", "btcv_0010"}
    assert [case.name for case in prepare(tiny("fine"), data, tmp_path).cases] == ["one"]


def test_what_a_packed_file_lacks_is_packed_anew(data, tmp_path):
    own = shutil.copytree(data, tmp_path / "data")
    (without,) = prepare(tiny("fine"), own, tmp_path).cases
    assert without.organs is None
    shutil.copy(own / "ct" / "one_labels.nii.gz", own / "ct" / "one_organs.nii.gz")
    (one,) = prepare(tiny("fine"), own, tmp_path).cases
    assert one.organs is not None
    everything = prepare(tiny("fine", exclude_cases=()), own, tmp_path).cases
    assert {case.name for case in everything} == {"one", "btcv_0010"}


def test_axial_network_is_packed_around_the_kidneys_only(data, tmp_path):
    whole = prepare(tiny("fine"), data, tmp_path / "fine").cases[0]
    near = prepare(axial(), data, tmp_path / "axial").cases[0]
    assert near.image.size < whole.image.size
    assert (near.label > 0).sum() == pytest.approx((whole.label > 0).sum(), rel=0.1)
