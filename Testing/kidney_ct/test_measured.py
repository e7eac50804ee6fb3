import dataclasses

import numpy as np
import pytest
from phantom import make_phantom

from KidneySegLib.core.anatomy import Label
from KidneySegLib.core.findings import info, warning
from KidneySegLib.kidney_ct.measured import Measured, measured, renewed, with_known_doubt
from KidneySegLib.kidney_ct.warnings import MEASURED_CODES, measurement_warnings
from KidneySegLib.measure.resection import plan_resection


@pytest.fixture(scope="module")
def case():
    """Phantom with a tumor of the left kidney: label map and CT."""
    phantom = make_phantom()
    middle = phantom.ct.geometry.shape[2] // 2
    labels = np.zeros(phantom.tissue.shape, np.uint8)
    for side, number in ((slice(middle, None), 1), (slice(None, middle), 2)):
        half = labels[:, :, side]
        half[phantom.tissue[:, :, side] == 1] = number
    labels[phantom.tissue == 2] = Label.TUMOR
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
        ),
    )
    codes = {f.code for f in measurement_warnings(odd)}
    huge = dataclasses.replace(odd, sides=(dataclasses.replace(side, parenchyma_ml=900.0),))
    codes |= {f.code for f in measurement_warnings(huge)}
    assert codes == set(MEASURED_CODES)


def test_doubt_follows_a_lesion_that_nobody_touched(case):
    found = measured(*case).measurements
    (lesion,) = found.lesions
    doubted = dataclasses.replace(lesion, probability=0.4, doubtful=True)
    before = dataclasses.replace(found, lesions=(doubted,))
    assert with_known_doubt(found, before).lesions[0].doubtful
    grown = dataclasses.replace(lesion, volume_ml=1.2 * lesion.volume_ml)
    edited = dataclasses.replace(found, lesions=(grown,))
    assert with_known_doubt(edited, before).lesions[0].probability is None
