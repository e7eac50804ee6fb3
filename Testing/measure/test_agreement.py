import numpy as np
from phantom import make_phantom, true_labels

from KidneySegLib.measure.agreement import with_votes
from KidneySegLib.measure.measurements import measure


def test_each_lesion_says_who_sees_it():
    phantom = make_phantom()
    labels = phantom.ct.with_array(true_labels(phantom))
    found = measure(labels, phantom.ct)
    tumor, cyst = phantom.tissue == 2, phantom.tissue == 3
    tenth = cyst.copy()
    tenth[:, :, : np.argwhere(cyst)[:, 2].max() - 1] = False
    voted = with_votes(found, np.stack([tumor | cyst, tumor | tenth]), ("a", "b"))
    by = {x.kind: x for x in voted.lesions}
    assert by["tumor"].found_by == ("a", "b")
    assert not by["tumor"].doubtful
    assert by["cyst"].found_by == ("a",)
    assert by["cyst"].doubtful
