import dataclasses

from phantom import ThresholdEngine, make_phantom, segment

from KidneySegLib.core.anatomy import Label
from KidneySegLib.core.findings import warning
from KidneySegLib.kidney_ct.settings import Settings
from KidneySegLib.kidney_ct.task import KidneyCT


def test_the_task_has_the_stages_that_its_settings_ask_for():
    assert set(KidneyCT().stages) == {"clean", "measure"}
    assert set(KidneyCT(Settings(refine="contour")).stages) == {"clean", "refine", "measure"}


def test_the_label_scheme_is_that_of_the_labels():
    assert KidneyCT.label_scheme == {
        "right_kidney": Label.RIGHT_KIDNEY,
        "left_kidney": Label.LEFT_KIDNEY,
        "tumor": Label.TUMOR,
        "cyst": Label.CYST,
    }


def test_checking_hands_on_what_reading_found(phantom):
    read = warning("uncoded", "the file does not say")
    volume = dataclasses.replace(phantom.ct, findings=(read,))
    assert KidneyCT().check(volume)[0] is read


def test_a_model_without_limits_says_what_that_means(package):
    bare = dataclasses.replace(package, limits={})
    result = segment(make_phantom().ct, bare, ThresholdEngine())
    (finding,) = [f for f in result.findings if f.code == "no-limits"]
    assert "foreign-mass" in finding.message
    assert not any(lesion.doubtful for lesion in result.measurements.lesions)
