import numpy as np
import pytest
from phantom import grid, make_phantom

from KidneySegLib.core.source import (
    Source,
    describe_input,
    fingerprint,
    voxels_fingerprint,
    without_date,
)
from KidneySegLib.core.volume import Geometry, Volume


@pytest.fixture(scope="module")
def ct():
    phantom = make_phantom(grid((5.0, 4.0, 4.0)))
    return Volume(np.rint(phantom.ct.array).astype(np.int16), phantom.ct.geometry)


def test_the_same_patient_in_any_storage_has_one_fingerprint(ct):
    turned = ct.reoriented((2, 0, 1), (1, -1, -1))
    floats = ct.with_array(ct.array.astype(np.float32) + 0.2)
    for other in (turned, floats):
        assert fingerprint(other) == fingerprint(ct)
    matrix = ct.geometry.ijk_to_ras.copy()
    matrix[:3, 3] += 0.004  # what formats round
    assert fingerprint(Volume(ct.array, Geometry(ct.array.shape, matrix))) == fingerprint(ct)


def test_one_voxel_or_another_place_changes_it(ct):
    array = ct.array.copy()
    array[3, 3, 3] += 1
    assert fingerprint(ct.with_array(array)) != fingerprint(ct)
    matrix = ct.geometry.ijk_to_ras.copy()
    matrix[2, 3] += 1
    moved = Volume(ct.array, Geometry(ct.array.shape, matrix))
    assert fingerprint(moved) != fingerprint(ct)
    assert voxels_fingerprint(moved) == voxels_fingerprint(ct)


def test_values_out_of_range_have_a_fingerprint(ct):
    array = ct.array.astype(np.float32)
    array[0, 0, :3] = (np.nan, 1e9, -1e9)
    assert len(fingerprint(ct.with_array(array))) == 64


def test_uids_are_hashed_and_dates_can_go(ct):
    source = Source("DICOM series", series_uid="1.2.3", study_date="2024-01-31", series_number=4,
                    instance_numbers=(7, 5, 6))  # fmt: skip
    volume = Volume(ct.array, ct.geometry, source=source)
    data = describe_input(volume)
    assert "1.2.3" not in str(data)
    assert (data["study_date"], data["slices"]) == ("2024-01-31", [5, 7])
    assert "2024" not in str(describe_input(without_date(volume)))
    assert describe_input(ct)["kind"] == "unknown"
