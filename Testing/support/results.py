"""Results as JSON data that can be compared."""

from KidneySegLib.result import Result


def data_of(result: Result) -> dict:
    """Everything but the arrays; a sum of rounded numbers may differ in its last digit."""
    data = result.as_dict()
    for side in data["measurements"]["sides"]:
        side["kidney_ml"] = round(side["kidney_ml"], 1)
        side["kidney_interval_ml"] = [round(x, 1) for x in side["kidney_interval_ml"] or ()]
    return data
