import csv
import json

import numpy as np
import pytest
from phantom import ThresholdEngine, make_phantom, segment

from KidneySegLib.kidney_ct.refine import Refinement
from KidneySegLib.kidney_ct.removals import Removal
from KidneySegLib.report.overview import write_overview
from KidneySegLib.report.schema import schema_text
from KidneySegLib.report.table import COLUMNS, as_text, write_csv
from KidneySegLib.result import write_json


@pytest.fixture(scope="module")
def result(package):
    return segment(make_phantom().ct, package, ThresholdEngine())


def test_csv_has_one_row_a_quantity_and_numbers_that_read_back(tmp_path, result):
    write_csv(result.measurements, tmp_path / "m.csv")
    with (tmp_path / "m.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == 4 * len(result.measurements.sides) + len(result.measurements.lesions)
    lesion = next(r for r in rows if r["item"] == "lesion")
    assert float(lesion["volume_ml"]) == pytest.approx(
        result.measurements.lesions[0].volume_ml, abs=1e-3
    )


def test_json_is_plain_and_holds_warnings(tmp_path, result):
    write_json(result.as_dict(), tmp_path / "m.json")
    data = json.loads((tmp_path / "m.json").read_text())
    assert data["format"] == "kidneyseg-measurements-5"
    assert data["contrast_phase"]["phase"] == "nephrographic"
    assert {f["severity"] for f in data["findings"]} <= {"info", "warning"}


def test_json_follows_its_schema(result):
    import jsonschema

    schema = schema_text()
    data = json.loads(json.dumps(result.as_dict()))
    removal = Removal(1, "t0a1b2", "small-lesion", "tumor", "a speck", 0.02, (1.0, 2.0, 3.0))
    data["removed_components"] = [removal.as_dict()]
    data["refinements"] = [Refinement("kidney", True, "", 1.0, 1.1, (0.0, 1.0, 2.0)).as_dict()]
    jsonschema.Draft202012Validator(schema).validate(data)
    assert data["measurements"]["nephrometry"]
    data["measurements"]["lesions"][0]["volume_ml"] = "large"
    with pytest.raises(jsonschema.ValidationError, match="large"):
        jsonschema.Draft202012Validator(schema).validate(data)


def test_text_names_what_is_there(result):
    text = as_text(result.measurements)
    assert "right kidney" in text
    assert "tumor" in text


def test_text_of_nothing():
    from KidneySegLib.measure.measurements import Measurements

    assert as_text(Measurements()) == "No kidney was found."


def test_overview_shows_contours_in_their_colors(tmp_path, result):
    from matplotlib.image import imread

    write_overview(make_phantom().ct, result.labels, result.measurements, tmp_path / "o.png")
    picture = imread(tmp_path / "o.png")[..., :3]
    green = np.array([0x3D, 0xFF, 0x5C]) / 255
    assert (np.abs(picture - green).max(axis=-1) < 0.08).sum() > 50
    assert picture.shape[1] >= 1000


def test_overview_without_kidneys(tmp_path):
    from KidneySegLib.measure.measurements import Measurements

    phantom = make_phantom(kidneys=())
    labels = phantom.ct.with_array(np.zeros(phantom.tissue.shape, np.uint8))
    write_overview(phantom.ct, labels, Measurements(), tmp_path / "o.png")
    assert (tmp_path / "o.png").stat().st_size > 10_000
