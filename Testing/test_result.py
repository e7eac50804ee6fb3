"""The result: what is saved is what is loaded, also from the format before."""

import dataclasses
import json

import numpy as np
import pytest
from phantom import ThresholdEngine, make_phantom, segment
from results import data_of

from KidneySegLib.core.errors import InputError
from KidneySegLib.kidney_ct.settings import Settings
from KidneySegLib.report.schema import schema_text
from KidneySegLib.result import FORMAT, Result


@pytest.fixture(scope="module")
def result(package):
    settings = Settings(probabilities=True)
    return segment(make_phantom().ct, package, ThresholdEngine(), settings)


def test_a_saved_result_is_loaded_as_it_was(result, tmp_path):
    result.save(tmp_path)
    again = Result.load(tmp_path)
    assert data_of(again) == data_of(result)
    for one, other in ((again.labels, result.labels), (again.rejected, result.rejected)):
        np.testing.assert_array_equal(one.array, other.array)
        np.testing.assert_array_equal(one.geometry.ijk_to_ras, other.geometry.ijk_to_ras)
    np.testing.assert_array_equal(again.probabilities.percent, result.probabilities.percent)
    assert again.probabilities.geometry.matches(result.probabilities.geometry)


def test_the_lesions_of_a_loaded_result_have_their_voxels(result, tmp_path):
    result.save(tmp_path)
    loaded = Result.load(tmp_path)
    found = loaded.measurements.with_components(loaded.labels.canonical())
    assert len(found.components) == len(found.lesions) > 1
    for lesion, component in zip(found.lesions, found.components, strict=True):
        assert component.kind.name.lower() == lesion.kind
        ml = component.part.sum() * result.labels.geometry.voxel_volume_ml
        assert ml == pytest.approx(lesion.volume_ml, abs=1e-3)


def test_probabilities_lie_where_the_labels_do(result):
    own = result.probabilities
    canonical = result.labels.canonical()
    start = canonical.geometry.kji_from_ras(own.geometry.ras_from_kji([0, 0, 0]))[0].round()
    where = tuple(slice(int(a), int(a) + n) for a, n in zip(start, own.geometry.shape, strict=True))
    part = canonical.array[where]
    assert part.any() == canonical.array.any()
    for label, tissue in ((3, 1), (4, 2)):
        assert own.percent[tissue][part == label].mean() > 50


def test_probabilities_are_kept_on_request_only(package):
    assert segment(make_phantom().ct, package, ThresholdEngine()).probabilities is None


def test_a_result_is_never_changed(result):
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.findings = ()
    assert isinstance(result.findings, tuple)
    assert isinstance(result.removals, tuple)


def test_the_format_before_still_loads(result):
    """Format 4: removals called their number id, lesions did not say that they are doubtful."""
    data = json.loads(json.dumps(result.as_dict()))
    assert data["format"] == FORMAT
    data["format"] = "kidneyseg-measurements-4"
    del data["record"]["task"]
    for side in data["measurements"]["sides"]:
        for name in ("kidney_ml", "kidney_interval_ml", "length_mm", "surface_area_cm2"):
            del side[name]
    for lesion in data["measurements"]["lesions"]:
        lesion["probability"] = 0.55
        del lesion["doubtful"]
    for finding in data["findings"]:
        del finding["remedy"]
    data["removed_components"] = [
        {
            "id": 7,
            "tissue": "cyst",
            "reason": "speck",
            "volume_ml": 0.02,
            "center_ras_mm": [1.0, 2.0, 3.0],
            "restored": False,
        }
    ]
    old = Result.from_dict(data, result.labels)
    assert [x.doubtful for x in old.measurements.lesions] == [True] * len(
        result.measurements.lesions
    )
    assert old.measurements.sides[0].kidney_ml == pytest.approx(
        result.measurements.sides[0].kidney_ml, abs=2e-3
    )
    assert (old.removals[0].number, old.removals[0].id) == (7, "7")


def test_a_record_that_is_none_is_refused(result):
    data = result.as_dict()
    del data["measurements"]
    with pytest.raises(InputError, match="no result of KidneySeg"):
        Result.from_dict(data, result.labels)


def test_the_shipped_schema_is_of_this_format():
    assert schema_text()["properties"]["format"]["const"] == FORMAT
