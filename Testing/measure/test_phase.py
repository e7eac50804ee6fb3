import numpy as np
import pytest
from phantom import ellipsoid, make_phantom

from KidneySegLib.io.images import read_labels, read_volume
from KidneySegLib.kidney_ct.sides import assign_sides
from KidneySegLib.measure.phase import estimate_phase


def scene(kidney_hu, aorta_hu, pelvis_hu=None):
    phantom = make_phantom(lesions=False)
    array = phantom.ct.array.copy()
    array[phantom.tissue == 1] += kidney_hu - 150
    array[ellipsoid(phantom.ct.geometry, (-8, -14, 0), (10, 10, 1e4))] = aorta_hu
    tissue = phantom.tissue.copy()
    if pelvis_hu:
        pelvis = ellipsoid(phantom.ct.geometry, (50, -20, 0), (8, 8, 14))
        array[pelvis], tissue[pelvis] = pelvis_hu, 0
    labels, _ = assign_sides(tissue, phantom.ct.geometry, midline_r_mm=0.0)
    return phantom.ct.with_array(array), phantom.ct.with_array(labels)


@pytest.mark.parametrize(
    ("kidney", "aorta", "pelvis", "phase"),
    [
        (35, 42, None, "non-contrast"),
        (140, 300, None, "corticomedullary"),
        (160, 140, None, "nephrographic"),
        (110, 100, 600, "excretory"),
    ],
)
def test_phases(kidney, aorta, pelvis, phase):
    estimate = estimate_phase(*scene(kidney, aorta, pelvis))
    assert estimate.phase == phase
    assert estimate.kidney_hu == pytest.approx(kidney, abs=3)
    assert estimate.aorta_hu == pytest.approx(aorta, rel=0.15)


def test_no_kidney_no_phase(phantom):
    empty = phantom.ct.with_array(np.zeros(phantom.tissue.shape, np.uint8))
    assert estimate_phase(phantom.ct, empty).phase == "unknown"


@pytest.mark.parametrize(
    ("case", "phase"),
    [("btcv_0023", "non-contrast"), ("btcv_0005", "nephrographic"), ("btcv_0010", "nephrographic")],
)
def test_real_cts(shared_data, case, phase):
    ct = read_volume(shared_data / "ct" / f"{case}_ct.nii.gz").canonical()
    labels = read_labels(shared_data / "ct" / f"{case}_labels.nii.gz").canonical()
    assert estimate_phase(ct, labels).phase == phase
