"""R.E.N.A.L. and its like on a kidney whose landmarks are known: a box, a notch as its sinus."""

import json

import numpy as np
import pytest
from phantom import FAT_HU, KIDNEY_HU, TUMOR_HU, grid

from KidneySegLib.core.anatomy import Label
from KidneySegLib.core.errors import InputError
from KidneySegLib.core.volume import Box, Geometry, Volume
from KidneySegLib.measure.frame import kidney_frame
from KidneySegLib.measure.measurements import Measurements, measure
from KidneySegLib.measure.nephrometry import (
    Nephrometry,
    exophytic_component,
    location_component,
    nearness_component,
    size_component,
)

HALF = np.array((25.0, 20.0, 55.0))  # R, A, S: the outline; polar lines at S = -20 and 20
SINUS_LOW, SINUS_HIGH = np.array((-25.0, -10.0, -20.0)), np.array((-5.0, 10.0, 20.0))
SPACING = 1.25


def kidney_with(center, radius, geometry=None, *, side="right"):
    """Label map and CT of a right kidney (medial is toward -R) with a round tumor."""
    geometry = geometry or grid((SPACING,) * 3, (190.0, 130.0, 160.0))
    index = np.stack(np.meshgrid(*map(np.arange, geometry.shape), indexing="ij"), axis=-1)
    ras = geometry.ras_from_kji(index.reshape(-1, 3)).reshape(*geometry.shape, 3)
    if side == "left":
        ras = ras * (-1, 1, 1)
    sinus = ((ras >= SINUS_LOW) & (ras < SINUS_HIGH)).all(axis=-1)
    labels = np.zeros(geometry.shape, np.uint8)
    outline = (np.abs(ras) <= HALF).all(axis=-1)
    own = Label.RIGHT_KIDNEY if side == "right" else Label.LEFT_KIDNEY
    labels[outline & ~sinus] = own
    if radius:
        labels[((ras - center) ** 2).sum(axis=-1) <= radius**2] = Label.TUMOR
    ct = np.full(geometry.shape, FAT_HU, np.float32)
    ct[labels > 0], ct[labels == Label.TUMOR] = KIDNEY_HU, TUMOR_HU
    return Volume(labels, geometry), Volume(ct, geometry)


def scores_of(center, radius, **options):
    labels, ct = kidney_with(center, radius, **options)
    (scores,) = measure(labels, ct).nephrometry
    return scores


# center R, A, S and radius in mm -> R, E, N, L and face, worked out by hand in the comments
CASES = [
    ((29, 0, 45), 10, (1, 1, 1, 1), "x"),  # 4 mm outside the rim, 32 mm from the sinus, polar
    ((10, 0, 40), 25, (2, 2, 3, 2), "x"),  # a quarter outside; 25 - 25 mm; 3 % below the line
    ((12, 0, 30), 8, (1, 3, 1, 1), "x"),  # inside; 19.7 - 8 mm; from 22 to 38 mm
    ((45, 0, 0), 36, (3, 1, 1, 3), "x"),  # 13 % inside at most; 50 - 36 mm; 75 % between
    ((0, 26, -45), 12, (1, 1, 1, 1), "a"),  # 16 % inside; 30 - 12 mm; below -33 mm
    ((0, -26, -45), 12, (1, 1, 1, 1), "p"),
    ((10, 0, 0), 10, (1, 3, 2, 3), "x"),  # 15 - 10 mm; entirely between the lines
    ((13, 0, 0), 10, (1, 3, 1, 3), "x"),  # 18 - 10 mm
    ((8, 0, 0), 10, (1, 3, 3, 3), "x"),  # 13 - 10 mm
    ((10, 0, -40), 25, (2, 2, 3, 2), "x"),  # the second one, at the lower pole
    ((3, 0, 33), 22, (2, 3, 3, 2), "x"),  # 1 % outside; grows into the sinus; 11 % between
    ((30, -12, -30), 11, (1, 1, 1, 1), "p"),  # 36 - 11 mm; 0.6 % between: crosses no line
]


@pytest.mark.parametrize(("center", "radius", "points", "face"), CASES)
def test_renal_score_worked_out_by_hand(center, radius, points, face):
    scores = scores_of(center, radius)
    assert tuple(c.points for c in scores.renal.values()) == points
    assert scores.face == face
    assert scores.renal_text == f"{sum(points)}{face}"


def test_values_behind_the_points():
    center, radius = np.array((13.0, 0.0, 0.0)), 10.0
    scores = scores_of(center, radius)
    assert scores.sinus_gap_mm == pytest.approx(8, abs=SPACING)
    assert scores.renal["R"].value == pytest.approx(20, abs=SPACING)
    assert scores.exophytic_share == pytest.approx(0, abs=0.01)
    assert scores.contact_area_cm2 == pytest.approx(4 * np.pi, rel=0.03)
    assert scores.contact_area_cap_cm2 == pytest.approx(4 * np.pi, rel=0.03)
    assert scores.c_index == pytest.approx(1.3, rel=0.03)
    assert scores.renal_complexity == "moderate"


def test_padua_of_a_lateral_polar_and_of_a_medial_tumor():
    lateral = scores_of((29, 0, 45), 10)
    assert [c.points for c in lateral.padua.values()] == [1, 1, 1, 1, 1, 1]
    assert lateral.padua_complexity == "low"
    medial = scores_of((-8, 0, 0), 10)
    assert [c.points for c in medial.padua.values()] == [2, 2, 2, 2, 3, 1]
    assert medial.padua_complexity == "high"


def test_left_kidney_mirrors_the_right_one():
    right, left = scores_of((29, 0, 45), 10), scores_of((29, 0, 45), 10, side="left")
    assert left.side == "left"
    assert left.renal_text == right.renal_text
    assert left.padua_total == right.padua_total
    assert left.c_index == pytest.approx(right.c_index, rel=0.01)


def test_an_oblique_anisotropic_grid_gives_the_same_scores():
    turn = np.linalg.qr(np.random.default_rng(4).normal(size=(3, 3)))[0]
    matrix = np.eye(4)
    matrix[:3, :3] = turn * (0.9, 1.1, 1.6)
    shape = np.array((130, 170, 190))
    matrix[:3, 3] = -matrix[:3, :3] @ ((shape[::-1] - 1) / 2)
    straight = scores_of((10, 14, 40), 18)
    oblique = scores_of((10, 14, 40), 18, geometry=Geometry(tuple(shape), matrix))
    assert oblique.renal_text == straight.renal_text
    assert oblique.sinus_gap_mm == pytest.approx(straight.sinus_gap_mm, abs=1.6)
    assert oblique.contact_area_cm2 == pytest.approx(straight.contact_area_cm2, rel=0.04)
    assert oblique.exophytic_share == pytest.approx(straight.exophytic_share, abs=0.02)
    assert oblique.c_index == pytest.approx(straight.c_index, rel=0.02)


def test_polar_lines_lie_where_the_sinus_opens():
    frame = kidney_frame(*_labels_side_ct((29, 0, 45), 10))
    assert frame.polar_mm == pytest.approx((-20, 20), abs=2.5)
    assert abs(frame.long_axis[2]) > 0.99
    np.testing.assert_allclose(frame.center_ras, 0, atol=1)
    assert frame.sinus.sum() * SPACING**3 == pytest.approx(20 * 20 * 40, rel=0.12)
    assert frame.notes == ()


def _labels_side_ct(center, radius):
    labels, ct = kidney_with(center, radius)
    return labels, "right", ct


def test_without_a_ct_the_sinus_comes_from_the_shape_and_that_is_said():
    labels, ct = kidney_with((13, 0, 0), 10)
    (with_ct,), (alone,) = (measure(labels, c).nephrometry for c in (ct, None))
    assert alone.sinus_gap_mm == pytest.approx(with_ct.sinus_gap_mm, abs=SPACING)
    assert any("no CT" in note for note in alone.notes)
    assert not any("no CT" in note for note in with_ct.notes)


def test_a_kidney_without_a_sinus_is_scored_and_says_so():
    labels, ct = kidney_with((29, 0, 45), 10)
    index = np.argwhere(labels.array == 0)
    ras = labels.geometry.ras_from_kji(index)
    filled = index[(np.abs(ras) <= HALF).all(axis=1)]
    labels.array[tuple(filled.T)] = Label.RIGHT_KIDNEY
    (scores,) = measure(labels, ct).nephrometry
    assert scores.sinus_gap_mm is None
    assert scores.renal["N"].points == 1
    assert scores.renal["N"].borderline
    assert any("no sinus" in note for note in scores.notes)
    assert any("30 %" in note for note in scores.notes)


@pytest.mark.parametrize(("center", "radius"), [((-15, 0, 0), 25), ((40, 0, 0), 70)])
def test_a_central_tumor_that_hides_the_sinus_is_not_called_far_from_it(center, radius):
    scores = scores_of(center, radius)
    assert scores.renal["N"].points == 3
    assert scores.padua["sinus"].points == 2


def test_a_scar_on_the_rim_is_not_taken_for_the_sinus():
    labels, ct = kidney_with((5, 0, 45), 8)
    index = np.argwhere(labels.array == Label.RIGHT_KIDNEY)
    ras = labels.geometry.ras_from_kji(index)
    notch = index[(np.abs(ras - (20, 0, -10)) < (15, 12, 30)).all(axis=1)]
    labels.array[tuple(notch.T)] = 0
    ct.array[tuple(notch.T)] = FAT_HU
    frame = kidney_frame(labels, "right", ct)
    sinus = frame.geometry.ras_from_kji(np.argwhere(frame.sinus))
    assert sinus[:, 0].mean() < -5
    assert frame.notes == ()


def test_a_kidney_cut_by_the_scan_is_scored_with_a_warning():
    labels, ct = kidney_with((29, 0, 45), 10)
    box = Box((labels.array.shape[0] // 2, 0, 0), labels.array.shape)
    (scores,) = measure(labels.cropped(box), ct.cropped(box)).nephrometry
    assert "cut by the end of the scan" in scores.notes[0]
    assert scores.borderline == ("R", "E", "N", "L")


def test_tumor_without_enough_kidney_is_measured_but_not_scored():
    labels, ct = kidney_with((29, 0, 45), 10)
    labels.array[labels.array == Label.RIGHT_KIDNEY] = 0
    found = measure(labels, ct)
    assert found.nephrometry == ()
    assert len(found.lesions) == 1


@pytest.mark.parametrize(
    ("make", "value", "points", "borderline"),
    [
        (size_component, 40.0, 1, True),
        (size_component, 40.1, 2, True),
        (size_component, 70.0, 3, True),
        (size_component, 55.0, 2, False),
        (exophytic_component, 0.5, 1, True),
        (exophytic_component, 0.3, 2, False),
        (exophytic_component, 0.06, 2, True),
        (exophytic_component, 0.0, 3, False),
        (nearness_component, 7.0, 1, True),
        (nearness_component, 4.0, 3, True),
        (nearness_component, 20.0, 1, False),
    ],
)
def test_thresholds_and_what_is_borderline(make, value, points, borderline):
    component = make(value)
    assert (component.points, component.borderline) == (points, borderline)


def test_location_is_borderline_where_the_polar_lines_decide_it():
    lines = (-20.0, 20.0)
    clear = location_component(np.linspace(30, 50, 100), lines)
    assert (clear.points, clear.borderline) == (1, False)
    close = location_component(np.linspace(21, 40, 100), lines)
    assert (close.points, close.borderline) == (1, True)
    across = location_component(np.linspace(-30, 40, 100), lines)
    assert (across.points, across.borderline) == (3, False)


def test_a_reader_may_set_components_and_it_is_recorded():
    scores = scores_of((29, 0, 45), 10)
    changed = scores.overridden({"N": 3, "rim": 2})
    assert changed.renal_total == scores.renal_total + 2
    assert changed.padua_total == scores.padua_total + 1
    assert changed.renal["N"].overridden
    assert not changed.renal["R"].overridden
    assert changed.renal["N"].value == scores.renal["N"].value
    with pytest.raises(InputError, match="1 to 3"):
        scores.overridden({"N": 4})
    with pytest.raises(InputError, match="'X'"):
        scores.overridden({"X": 1})


def test_scores_survive_json():
    found = measure(*kidney_with((29, 0, 45), 10))
    again = Measurements.from_dict(json.loads(json.dumps(found.as_dict())))
    assert again == found
    assert isinstance(again.nephrometry[0], Nephrometry)
