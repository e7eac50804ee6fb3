import dataclasses

import numpy as np
import pytest
from phantom import make_phantom, true_labels

from KidneySegLib.core.anatomy import Label
from KidneySegLib.core.findings import info, warning
from KidneySegLib.core.volume import Box, Geometry
from KidneySegLib.core.warp import Warp
from KidneySegLib.kidney_ct.measured import (
    Measured,
    measured,
    of_result,
    renewed,
    with_known_doubt,
)
from KidneySegLib.kidney_ct.warnings import MEASURED_CODES, measurement_warnings
from KidneySegLib.measure.composition import Composition
from KidneySegLib.measure.resection import plan_resection


@pytest.fixture(scope="module")
def case():
    """Phantom with a tumor of the left kidney: label map and CT."""
    phantom = make_phantom()
    labels = true_labels(phantom)
    labels[labels == Label.CYST] = 0
    return phantom.ct.with_array(labels), phantom.ct


def test_every_margin_is_planned_as_if_asked_alone(case):
    found = measured(*case)
    assert {r.side for r in found.resections} == {"left"}
    assert [r.margin_mm for r in found.resections] == list(range(31))
    alone = plan_resection(case[0].canonical(), "left", margin_mm=7.0)
    assert found.resections[7].removed_ml == pytest.approx(alone.removed_ml)


def test_without_a_tumor_nothing_is_planned(case):
    labels = case[0].with_array(np.where(case[0].array == Label.TUMOR, 2, case[0].array))
    assert measured(labels, case[1]).resections == ()


def test_it_is_saved_and_loaded(case, tmp_path):
    found = measured(*case)
    found.save(tmp_path)
    assert Measured.load(tmp_path).as_dict() == found.as_dict()


def test_what_a_run_said_stays_and_numbers_are_said_anew(case):
    found = measured(*case)
    kept = [info("engine", "A remark."), warning("model", "Lesions are experimental.")]
    before = [*kept, warning("implausible", "The left kidney measures 900 mL.")]
    now = renewed(before, found)
    assert now[:2] == tuple(kept)
    assert "900" not in " ".join(f.message for f in now)
    assert [f.code for f in now[2:]] == [f.code for f in found.findings]


def test_a_missing_kidney_is_said_until_both_are_there(case):
    lonely = warning("one-kidney", "Only a right kidney was found.")
    assert lonely not in renewed([lonely], measured(*case))
    one = case[0].with_array(np.where(case[0].array == Label.LEFT_KIDNEY, 0, case[0].array))
    assert lonely in renewed([lonely], measured(one, case[1]))


def test_every_warning_about_numbers_has_its_code_in_the_list(case):
    side, lesion = measured(*case).measurements.sides[1], measured(*case).measurements.lesions[0]
    odd = dataclasses.replace(
        measured(*case).measurements,
        sides=(dataclasses.replace(side, incomplete=True, cyst_ml=900.0, density_mean_hu=900.0),),
        lesions=(
            dataclasses.replace(
                lesion, density_median_hu=5.0, fat_share=0.5, feret_3d_mm=500.0, volume_ml=9.0
            ),
            dataclasses.replace(lesion, kind="cyst", density_median_hu=90.0),
            dataclasses.replace(
                lesion,
                origin="uncertain",
                origin_reason="only a little of it touches",
                composition=Composition("indeterminate cystic", 0.2, 0.5, 40.0, 5.0, 2.0, 0.0),
            ),
        ),
    )
    codes = {f.code for f in measurement_warnings(odd)}
    huge = dataclasses.replace(odd, sides=(dataclasses.replace(side, parenchyma_ml=900.0),))
    codes |= {f.code for f in measurement_warnings(huge)}
    assert codes == set(MEASURED_CODES)


@pytest.fixture
def scaled(case):
    """The transform of the phantom's CT by 1.1 as a warp."""
    ct = case[1]
    ends = ct.geometry.ras_from_kji([[0, 0, 0], [n - 1 for n in ct.geometry.shape]]) * 1.1
    step = np.diag([6.0, 6.0, 6.0, 1.0])
    step[:3, 3] = ends.min(axis=0) - 6
    shape = tuple(int(n) for n in np.ceil(np.ptp(ends, axis=0)[::-1] / 6) + 3)
    grid = Geometry(shape, step)
    points = grid.ras_from_kji(np.indices(shape).reshape(3, -1).T) / 1.1
    kji = ct.geometry.kji_from_ras(points).T.reshape(3, *shape).astype(np.float32)
    return Warp(grid, kji)


def test_a_kidney_cut_by_the_scan_is_cut_in_world_too(case, scaled):
    labels, ct = case
    whole = measured(labels, ct, scaled).measurements
    assert [side.incomplete for side in whole.sides] == [False, False]
    middle = labels.array.shape[0] // 2
    cut = Box((middle, 0, 0), labels.array.shape)
    crop = [v.cropped(cut) for v in (labels, ct)]
    kji = scaled.kji - np.array([middle, 0, 0], np.float32).reshape(3, 1, 1, 1)
    found = measured(*crop, Warp(scaled.grid, kji))
    straight = measured(*crop)
    assert [s.incomplete for s in found.measurements.sides] == [True, True]
    assert [x.incomplete for x in found.measurements.lesions] == [
        x.incomplete for x in straight.measurements.lesions
    ]
    assert "incomplete" in [f.code for f in found.findings]
    assert all(side.parenchyma_share is None for side in found.measurements.sides)


def test_findings_of_a_run_lie_where_they_are_in_world(case, scaled):
    labels, ct = case
    found = measured(labels, ct).measurements
    said = [warning("model", "Look.", (30.0, -20.0, 10.0)), info("engine", "No place.")]
    (there, nowhere) = of_result(labels, ct, found, said, scaled).findings[:2]
    np.testing.assert_allclose(there.place_ras_mm, (33.0, -22.0, 11.0), atol=0.2)
    assert nowhere.place_ras_mm is None
    assert of_result(labels, ct, found, said).findings[0].place_ras_mm == (30.0, -20.0, 10.0)


def test_doubt_follows_a_lesion_that_nobody_touched(case):
    found = measured(*case).measurements
    (lesion,) = found.lesions
    doubted = dataclasses.replace(lesion, probability=0.4, doubtful=True)
    before = dataclasses.replace(found, lesions=(doubted,))
    assert with_known_doubt(found, before).lesions[0].doubtful
    grown = dataclasses.replace(lesion, volume_ml=1.2 * lesion.volume_ml)
    edited = dataclasses.replace(found, lesions=(grown,))
    there = tuple(x + 35 for x in lesion.center_ras_mm)
    moved = dataclasses.replace(lesion, center_ras_mm=there)
    carried = dataclasses.replace(found, lesions=(moved,))
    assert with_known_doubt(carried, before).lesions[0].doubtful
    assert with_known_doubt(edited, before).lesions[0].probability is None
