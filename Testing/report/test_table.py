import csv
import json

import pytest

from KidneySegLib.report.table import COLUMNS, as_text, write_csv
from KidneySegLib.result import write_json


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
    assert data["format"] == "kidneyseg-measurements-6"
    assert data["contrast_phase"]["phase"] == "nephrographic"
    assert {f["severity"] for f in data["findings"]} <= {"info", "warning"}


def test_text_names_what_is_there(result):
    text = as_text(result.measurements)
    assert "right kidney" in text
    assert "tumor" in text


def test_text_of_nothing():
    from KidneySegLib.measure.measurements import Measurements

    assert as_text(Measurements()) == "No kidney was found."
