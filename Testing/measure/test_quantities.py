"""The table of quantities: every output has a place for each of its rows."""

import numpy as np
import pytest
from phantom import ThresholdEngine, ellipsoid, grid, make_phantom, segment

from KidneySegLib.measure.quantities import (
    QUANTITIES,
    SIDE_PARTS,
    KidneyParts,
    found_by_function,
    quantities_of,
    with_interval,
)
from KidneySegLib.report import table
from KidneySegLib.report.page import _sides


@pytest.fixture(scope="module")
def found(package):
    return segment(make_phantom().ct, package, ThresholdEngine()).measurements


def test_names_end_with_their_units_and_are_known_once():
    units = {"mL": "_ml", "mm": "_mm", "cm2": "_cm2", "HU": "_hu", "share": "", "": ""}
    for q in QUANTITIES:
        assert q.name.endswith(units[q.unit])
    assert len({(q.of, q.name) for q in QUANTITIES}) == len(QUANTITIES)
    assert {q.of for q in QUANTITIES} == {*SIDE_PARTS, "lesion", "score"}


def test_every_quantity_of_a_side_and_lesion_reaches_table_text_and_report(found):
    text, page = table.as_text(found), " ".join(_sides(found))
    for q in quantities_of(*SIDE_PARTS):
        assert q.value(found.sides[0]) is not None, q.name
        assert q.in_csv in table.COLUMNS
        assert q.short in page
        assert (q.short in text) == q.brief
        assert q.text(found.sides[0]) in page
    for q in quantities_of("lesion"):
        assert q.value(found.lesions[0]) is not None, q.name
        assert q.in_csv in table.COLUMNS


def test_length_and_surface_of_an_ellipsoid():
    geometry = grid((2.0, 1.0, 1.0))
    kidney = ellipsoid(geometry, (0, 0, 0), (25, 20, 55))
    parts = KidneyParts(kidney, kidney, geometry)
    values = found_by_function(parts)
    assert values["length_mm"] == pytest.approx(110, rel=0.02)
    p = 1.6075  # Knud Thomsen's formula, good to 1.06 %
    a, b, c = 2.5, 2.0, 5.5
    area = 4 * np.pi * (((a * b) ** p + (a * c) ** p + (b * c) ** p) / 3) ** (1 / p)
    assert values["surface_area_cm2"] == pytest.approx(area, rel=0.03)


def test_a_side_without_parenchyma_has_no_such_numbers():
    nothing = np.zeros((4, 4, 4), bool)
    parts = KidneyParts(nothing, ~nothing, grid())
    assert set(found_by_function(parts).values()) == {None}


def test_a_kidney_with_its_masses_is_the_sum_of_its_parts(found):
    for side in found.sides:
        assert side.kidney_ml == side.parenchyma_ml + side.tumor_ml + side.cyst_ml
        low, high = side.kidney_interval_ml
        assert low < side.kidney_ml < high


@pytest.mark.parametrize(
    ("value", "interval", "text"),
    [
        (42.06, (38.91, 45.6), "42.1 (38.9-45.6)"),
        (3.0, None, "3.0"),
        (0.0, (0.0, 0.0), "0.0"),
        (-0.04, None, "0.0"),
    ],
)
def test_a_value_and_its_interval_as_text(value, interval, text):
    assert with_interval(value, interval) == text
