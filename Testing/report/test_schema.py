import copy
import json

import pytest

from KidneySegLib.kidney_ct.refine import Refinement
from KidneySegLib.kidney_ct.removals import Removal
from KidneySegLib.measure.quantities import QUANTITIES
from KidneySegLib.report.schema import schema_text, with_quantities


def test_the_shipped_schema_is_what_the_quantities_make():
    """Else: python -m KidneySegLib.report.schema."""
    assert with_quantities(schema_text()) == schema_text()


def test_every_quantity_is_in_the_schema_with_a_description():
    lists = schema_text()["properties"]["measurements"]["properties"]
    places = {"lesion": "lesions", "score": "nephrometry"}
    for q in QUANTITIES:
        own = lists[places.get(q.of, "sides")]["items"]["properties"]
        assert own[q.name]["description"]
        assert (q.interval_name in own) == q.interval


def test_a_quantity_that_is_missing_is_put_in():
    schema = copy.deepcopy(schema_text())
    sides = schema["properties"]["measurements"]["properties"]["sides"]["items"]
    del sides["properties"]["length_mm"]
    assert "length_mm" in str(with_quantities(schema))


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
