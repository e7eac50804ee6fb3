import numpy as np
import pytest
from phantom import grid, make_phantom

from KidneySegLib.core.errors import InputError
from KidneySegLib.core.findings import Severity, raise_errors
from KidneySegLib.core.volume import Geometry, Volume
from KidneySegLib.kidney_ct.preflight import check_input


def codes(volume):
    return {f.code: f.severity for f in check_input(volume)}


def with_spacing(phantom, spacing_kji):
    matrix = np.diag([*spacing_kji[::-1], 1.0])
    return Volume(phantom.ct.array, Geometry(phantom.ct.array.shape, matrix))


def test_ct_passes_without_findings(phantom):
    assert codes(phantom.ct) == {}


def test_clipped_ct_passes_with_a_warning(phantom):
    clipped = phantom.ct.with_array(np.clip(phantom.ct.array, -125, 275))
    assert codes(clipped) == {"clipped": Severity.WARNING}


@pytest.mark.parametrize(
    ("change", "code", "match"),
    [
        (lambda a: np.clip((a + 160) / 400, 0, 1) * 255, "picture", "0-255 picture"),
        (lambda a: a + 1024, "no-rescale", "intercept"),
        (lambda a: np.abs(a + 1000) * 0.3 + 5, "not-ct", "MR"),
        (lambda a: np.full_like(a, np.nan), "not-finite", "no numbers at all"),
        (lambda a: np.full_like(a, 7), "constant", "same value"),
        (lambda a: a * 0.001, "not-hu", "Hounsfield"),
    ],
)
def test_images_that_are_no_ct_in_hu(phantom, change, code, match):
    volume = phantom.ct.with_array(change(phantom.ct.array))
    assert codes(volume) == {code: Severity.ERROR}
    with pytest.raises(InputError, match=match):
        raise_errors(check_input(volume))


def test_a_single_nan_is_found_anywhere(phantom):
    array = phantom.ct.array.copy()
    array[17, 33, 51] = np.nan
    assert "not-finite" in codes(phantom.ct.with_array(array))


@pytest.mark.parametrize("spacing", [(12.0, 1, 1), (0.1, 0.1, 0.1), (2, 0.05, 1)])
def test_impossible_spacing(phantom, spacing):
    volume = with_spacing(phantom, spacing)
    assert codes(volume)["spacing"] is Severity.ERROR
    with pytest.raises(InputError, match="voxel size"):
        raise_errors(check_input(volume))


def test_thick_slices_warn():
    phantom = make_phantom(grid((8.0, 2.0, 2.0)))
    assert codes(phantom.ct) == {"thick-slices": Severity.WARNING}


def test_small_field_and_few_slices(phantom):
    from KidneySegLib.core.volume import Box

    few = phantom.ct.cropped(Box((0, 0, 0), (5, *phantom.ct.array.shape[1:])))
    with pytest.raises(InputError, match="whole series"):
        raise_errors(check_input(few))


def test_two_thousand_slices():
    array = np.random.default_rng(0).normal(0, 100, (2000, 8, 8)).astype(np.float32)
    volume = Volume(array, Geometry(array.shape, np.diag([10.0, 10, 0.5, 1])))
    found = codes(volume)
    assert found["size"] is Severity.ERROR


def test_strong_tilt_and_shear_warn(phantom):
    angle = np.radians(30)
    turn = np.eye(4)
    turn[1:3, 1:3] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    geometry = phantom.ct.geometry
    tilted = Volume(phantom.ct.array, Geometry(geometry.shape, turn @ geometry.ijk_to_ras))
    assert codes(tilted) == {"oblique": Severity.WARNING}
    sheared = geometry.ijk_to_ras.copy()
    sheared[1, 2] += 0.3
    assert "sheared" in codes(Volume(phantom.ct.array, Geometry(geometry.shape, sheared)))
