"""What a user is told about a result: lesions whose density does not fit their name."""

import dataclasses

import numpy as np
import pytest

from KidneySegLib.anatomy import Label
from KidneySegLib.judge import judge_result
from KidneySegLib.measure.phase import estimate_phase
from KidneySegLib.measure.volumes import measure
from KidneySegLib.volume import Geometry, Volume

GEOMETRY = Geometry((40, 40, 40), np.diag((2.0, 2.0, 2.0, 1.0)))


def codes(package, label, density_hu, *, radius=5, noise_hu=15.0):
    """Codes of what is said of one ball of a density in a kidney of 150 HU."""
    distance = np.linalg.norm(np.indices(GEOMETRY.shape) - 20.0, axis=0)
    labels = np.where(distance < 17, np.uint8(Label.RIGHT_KIDNEY), np.uint8(0))
    labels[distance < radius] = label
    hu = np.where(labels == label, density_hu, np.where(labels > 0, 150.0, -90.0))
    hu = hu + np.random.default_rng(1).normal(0, noise_hu, hu.shape)
    ct = Volume(hu.astype(np.float32), GEOMETRY)
    volume = Volume(labels, GEOMETRY)
    found = measure(volume, ct)
    plain = dataclasses.replace(package, lesion_warnings=(), weak_phases=())
    told = judge_result(
        found, estimate_phase(ct, volume), plain, (), guided=True, kidneys_only=False
    )
    places = {f.code: f.place_ras_mm for f in told}
    assert all(place is not None for place in places.values())
    return set(places)


@pytest.mark.parametrize(
    ("label", "density_hu", "expected"),
    [
        (Label.TUMOR, 8, {"tumor-like-fluid"}),
        (Label.TUMOR, 45, set()),
        (Label.TUMOR, -40, set()),  # fat, not fluid
        (Label.CYST, 8, set()),
        (Label.CYST, 28, set()),
        (Label.CYST, 55, {"dense-cyst"}),
    ],
)
def test_a_density_that_does_not_fit_the_name_is_said(package, label, density_hu, expected):
    assert codes(package, label, density_hu) == expected


def test_lesions_too_small_to_have_a_density_are_left_alone(package):
    assert codes(package, Label.TUMOR, 8, radius=2) == set()
