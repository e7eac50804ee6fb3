import numpy as np
import pytest
from phantom import make_phantom

from KidneySegLib.core.errors import InputError
from KidneySegLib.evaluation.folders import evaluate_paths, scores_as_text
from KidneySegLib.io.segmentations import write_label_map


@pytest.fixture
def maps(tmp_path):
    phantom = make_phantom()
    truth = phantom.ct.with_array(phantom.tissue)
    worse = truth.with_array(np.where(phantom.tissue == 2, 1, phantom.tissue).astype(np.uint8))
    for folder, labels in (("truth", truth), ("found", worse)):
        (tmp_path / folder).mkdir()
        write_label_map(labels, tmp_path / folder / "case_1.nii.gz")
    return tmp_path


def test_cases_are_paired_by_name_and_summed_up(maps):
    scores = evaluate_paths(maps / "found", maps / "truth", scheme="kits", truth_scheme="kits")
    text = scores_as_text(scores)
    assert "tumor" in text
    again = evaluate_paths(maps / "truth", maps / "truth", scheme="kits", truth_scheme="kits")
    assert again["summary"]["kits23"] == {"dice": 1.0, "surface_dice": 1.0, "tumor_dice": 1.0}
    assert scores["summary"]["kits23"]["tumor_dice"] == 0.0


def test_a_case_without_a_partner_is_refused(maps):
    (maps / "truth" / "case_1.nii.gz").rename(maps / "truth" / "case_2.nii.gz")
    with pytest.raises(InputError):
        evaluate_paths(maps / "found", maps / "truth", scheme="kits", truth_scheme="kits")
