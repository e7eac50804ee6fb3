import json
from dataclasses import replace

import numpy as np
import pytest
from phantom import ThresholdEngine, make_phantom, segment
from results import data_of

from KidneySegLib.core.errors import InputError, OutputError
from KidneySegLib.kidney_ct.settings import Settings
from KidneySegLib.report.case_folder import (
    FILES,
    PROBABILITIES,
    RECORD,
    read_case,
    read_record,
    recorded_fingerprint,
    write_result,
)


@pytest.fixture(scope="module")
def case(package, tmp_path_factory):
    ct = make_phantom().ct
    result = segment(ct, package, ThresholdEngine(), Settings(probabilities=True))
    folder = tmp_path_factory.mktemp("case") / "out"
    write_result(result, ct, folder)
    return result, folder


def test_a_case_is_read_as_it_was_written(case):
    result, folder = case
    assert {path.name for path in folder.iterdir()} == {*FILES, PROBABILITIES}
    again = read_case(folder)
    assert data_of(again) == data_of(result)
    np.testing.assert_array_equal(again.labels.array, result.labels.array)
    np.testing.assert_array_equal(again.rejected.array, result.rejected.array)
    own, read = result.probabilities, again.probabilities
    np.testing.assert_array_equal(read.percent, own.percent)
    np.testing.assert_allclose(read.geometry.ijk_to_ras, own.geometry.ijk_to_ras, atol=1e-3)


def test_probabilities_of_an_older_result_do_not_stay(case, tmp_path, no_pictures):
    result, _ = case
    ct = make_phantom().ct
    write_result(result, ct, tmp_path)
    with pytest.raises(OutputError, match="already holds"):
        write_result(replace(result, probabilities=None), ct, tmp_path)
    write_result(replace(result, probabilities=None), ct, tmp_path, overwrite=True)
    assert {path.name for path in tmp_path.iterdir()} == set(FILES)


def test_probabilities_are_an_image_with_a_channel_a_tissue(case):
    import nibabel

    result, folder = case
    image = nibabel.load(folder / PROBABILITIES)
    own = result.probabilities
    np.testing.assert_array_equal(np.asarray(image.dataobj).transpose(3, 2, 1, 0), own.percent)
    np.testing.assert_allclose(image.affine, own.geometry.ijk_to_ras, atol=1e-3)


def test_the_fingerprint_beside_a_label_map_is_found(case, tmp_path):
    result, folder = case
    expected = result.record["input"]["voxels_sha256"]
    assert recorded_fingerprint(folder / "labels.nii.gz") == expected
    assert recorded_fingerprint(folder / "rejected.nii.gz") == ""
    assert recorded_fingerprint(tmp_path / "labels.nii.gz") == ""


def test_what_is_no_case_is_refused(case, tmp_path):
    with pytest.raises(InputError, match="holds no whole result"):
        read_case(tmp_path)
    (tmp_path / RECORD).write_text("{broken")
    with pytest.raises(InputError, match="cannot be read as JSON"):
        read_record(tmp_path / RECORD)
    (tmp_path / RECORD).write_text(json.dumps([1, 2]))
    with pytest.raises(InputError, match="no record of a run"):
        read_record(tmp_path / RECORD)
