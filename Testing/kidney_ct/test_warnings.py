"""What a user is told about a result: lesions of doubtful density or shape, and doubted ones."""

import dataclasses

import numpy as np
import pytest

from KidneySegLib.core.anatomy import Label
from KidneySegLib.core.volume import Geometry, Volume
from KidneySegLib.kidney_ct.warnings import result_warnings
from KidneySegLib.measure.measurements import measure
from KidneySegLib.measure.phase import estimate_phase

GEOMETRY = Geometry((48, 40, 40), np.diag((2.0, 2.0, 2.0, 1.0)))


def told(package, *lesions, with_ct=True):
    """What is said of balls (label, HU, radius in voxels) in a kidney of 150 HU, by code."""
    labels = np.full(GEOMETRY.shape, np.uint8(Label.RIGHT_KIDNEY))
    labels[0], labels[-1] = 0, 0
    hu = np.full(GEOMETRY.shape, 150.0)
    for n, (label, density_hu, radius) in enumerate(lesions):
        center = np.reshape((8 + 10 * (n % 4), 9 + 20 * (n // 4), 20), (3, 1, 1, 1))
        ball = np.linalg.norm(np.indices(GEOMETRY.shape) - center, axis=0) < radius
        labels[ball], hu[ball] = label, density_hu
    hu += np.random.default_rng(1).normal(0, 15, hu.shape)
    ct, volume = Volume(hu.astype(np.float32), GEOMETRY), Volume(labels, GEOMETRY)
    found = measure(volume, ct if with_ct else None)
    quiet = dataclasses.replace(package, lesion_warnings=(), weak_phases=())
    findings = result_warnings(
        found, estimate_phase(ct, volume), quiet, (), guided=True, kidneys_only=False
    )
    codes = ("tumor-like-fluid", "dense-cyst", "fat-in-lesion", "impossible-density")
    return {f.code: f for f in findings if f.code in codes}


@pytest.mark.parametrize(
    ("label", "density_hu", "expected"),
    [
        (Label.TUMOR, 17, {"tumor-like-fluid"}),
        (Label.TUMOR, 23, set()),
        (Label.TUMOR, -5, {"tumor-like-fluid"}),
        (Label.TUMOR, -15, {"fat-in-lesion"}),  # fat, not fluid
        (Label.CYST, 27, set()),
        (Label.CYST, 33, {"dense-cyst"}),
    ],
)
def test_a_density_that_does_not_fit_the_name_is_said(package, label, density_hu, expected):
    assert set(told(package, (label, density_hu, 4.5))) == expected


def test_both_kinds_are_said_each_with_its_place(package):
    found = told(package, (Label.TUMOR, 8, 4.5), (Label.CYST, 60, 4.5))
    places = [found[code].place_ras_mm for code in ("tumor-like-fluid", "dense-cyst")]
    expected = GEOMETRY.ras_from_kji([[8, 9, 20], [18, 9, 20]])
    np.testing.assert_allclose(places, expected, atol=1.0)


def test_lesions_too_small_to_have_a_density_are_left_alone(package):
    assert not told(package, (Label.TUMOR, 8, 2.5))


def test_labels_without_a_ct_have_no_density_to_judge(package):
    assert not told(package, (Label.TUMOR, 8, 4.5), with_ct=False)


def test_many_lesions_are_one_finding_that_leads_to_the_largest(package):
    sizes = (4.2, 4.3, 4.9, 4.4, 4.5, 4.6)
    finding = told(package, *((Label.CYST, 60, radius) for radius in sizes))["dense-cyst"]
    assert "and 2 more" in finding.message
    assert finding.message.count("R,A,S") == 4
    largest = GEOMETRY.ras_from_kji([[28, 9, 20]])[0]
    np.testing.assert_allclose(finding.place_ras_mm, largest, atol=1.0)


def said_of(package, label, *lesions):
    """What is said of lesions of a label that are measured as these mappings say, by code."""
    labels = Volume(np.full(GEOMETRY.shape, np.uint8(Label.RIGHT_KIDNEY)), GEOMETRY)
    ball = np.linalg.norm(np.indices(GEOMETRY.shape) - 20, axis=0) < 5
    labels.array[ball] = label
    ct = Volume(np.full(GEOMETRY.shape, 100, np.float32), GEOMETRY)
    found = measure(labels, ct)
    rows = tuple(dataclasses.replace(found.lesions[0], **lesion) for lesion in lesions)
    findings = result_warnings(
        dataclasses.replace(found, lesions=rows),
        estimate_phase(ct, labels),
        package,
        (),
        guided=True,
        kidneys_only=False,
    )
    return {f.code: f for f in findings}


def doubted(package, *lesions):
    """What is said of tumors of these mL and probabilities, by code."""
    rows = (
        {
            "volume_ml": ml,
            "probability": p,
            "doubtful": p is not None and p < 0.6,
            "center_ras_mm": (ml, 0, 0),
        }
        for ml, p in lesions
    )
    return said_of(package, Label.TUMOR, *rows)


def shaped(package, *lesions):
    """What is said of cysts of these mL, longest and sphere-equivalent diameters in mm, by code."""
    names = ("volume_ml", "feret_3d_mm", "sphere_equivalent_mm", "center_ras_mm")
    rows = (dict(zip(names, (*x, (x[1], 0, 0)), strict=True)) for x in lesions)
    return said_of(package, Label.CYST, *rows)


def test_what_the_network_doubts_is_said_with_its_probability_and_place(package):
    finding = doubted(package, (50.0, 0.9), (2.0, 0.4), (30.0, 0.53), (0.9, 0.5))["unsure-lesion"]
    assert "2 lesions, the largest: tumor of 30.0 mL, probability 53 %" in finding.message
    assert "R,A,S = 30,0,0 mm" in finding.message
    assert finding.place_ras_mm == (30.0, 0.0, 0.0)


def test_what_the_network_is_sure_of_or_never_saw_is_not_doubted(package):
    assert "unsure-lesion" not in doubted(package, (50.0, 0.61), (20.0, None), (0.9, 0.5))
    alone = doubted(package, (1.0, 0.59))["unsure-lesion"]
    assert "not sure of a lesion: tumor of 1.0 mL" in alone.message


def test_lesions_longer_than_most_may_be_two(package):
    finding = shaped(package, (15.1, 58.0, 30.7), (20.0, 50.0, 33.7))["elongated-lesion"]
    assert "15.1 mL, cyst, 58 mm long, around R,A,S = 58,0,0 mm" in finding.message
    assert "20.0 mL" not in finding.message
    assert finding.place_ras_mm == (58.0, 0.0, 0.0)


def test_a_long_tumor_of_one_ml_is_named_as_a_tumor(package):
    row = {"volume_ml": 1.0, "feret_3d_mm": 21.2, "sphere_equivalent_mm": 12.4}
    finding = said_of(package, Label.TUMOR, row)["elongated-lesion"]
    assert "1.0 mL, tumor, 21 mm long" in finding.message


def test_usual_shapes_and_small_lesions_are_not_called_long(package):
    assert "elongated-lesion" not in shaped(package, (15.1, 52.1, 30.7), (0.9, 40.0, 12.0))


@pytest.mark.parametrize(
    ("label", "density_hu", "expected"),
    [
        (Label.TUMOR, 611, {"impossible-density"}),
        (Label.TUMOR, 300, set()),
        (Label.TUMOR, -40, {"fat-in-lesion"}),
        (Label.CYST, -300, {"impossible-density", "fat-in-lesion"}),
    ],
)
def test_densities_that_cannot_be_and_fat_are_said(package, label, density_hu, expected):
    assert set(told(package, (label, density_hu, 4.5))) == expected


def test_a_kidney_of_air_or_metal_is_said():
    from KidneySegLib.kidney_ct.warnings import measurement_warnings

    labels = np.full(GEOMETRY.shape, np.uint8(Label.LEFT_KIDNEY))
    for hu, said in ((-300.0, True), (30.0, False), (250.0, False), (900.0, True)):
        ct = Volume(np.full(GEOMETRY.shape, hu, np.float32), GEOMETRY)
        codes = {f.code for f in measurement_warnings(measure(Volume(labels, GEOMETRY), ct))}
        assert ("impossible-density" in codes) is said
