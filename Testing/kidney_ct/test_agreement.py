import dataclasses

from phantom import make_phantom, true_labels

from KidneySegLib.kidney_ct.agreement import tell_agreement
from KidneySegLib.measure.measurements import measure


def test_a_lesion_that_a_model_misses_is_said_with_its_place():
    phantom = make_phantom()
    found = measure(phantom.ct.with_array(true_labels(phantom)), phantom.ct)
    lesions = [dataclasses.replace(x, found_by=("a",)) for x in found.lesions]
    lesions[0] = dataclasses.replace(lesions[0], found_by=("a", "b"))
    found = dataclasses.replace(found, lesions=tuple(lesions))
    (told,) = tell_agreement(found, ("a", "b"))
    assert "is not seen by b" in told.message
    assert told.place_ras_mm == lesions[1].center_ras_mm
    assert tell_agreement(found, ()) == []
