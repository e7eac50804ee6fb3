import numpy as np
import pytest

from KidneySegLib.core.findings import Severity
from KidneySegLib.core.source import Source
from KidneySegLib.core.volume import Geometry, Volume
from KidneySegLib.io.images import read_volume
from KidneySegLib.kidney_ct.consistency import check_slices


@pytest.fixture(scope="module")
def ct():
    from KidneySegLib.app.demo import demo_files

    volume = read_volume(demo_files()[0])
    return Volume(volume.array, volume.geometry)


def changed(ct, change):
    array = ct.array.astype(np.int16)
    change(array)
    return Volume(array, ct.geometry, source=ct.source)


def found(volume):
    return {f.code: f for f in check_slices(volume)}


def test_a_ct_passes(ct):
    assert found(ct) == {}


@pytest.mark.parametrize(("offset", "severity"), [(1024, Severity.ERROR), (90, Severity.WARNING)])
def test_a_jump_of_whole_slices_names_them(ct, offset, severity):
    def shift(array):
        array[7] += offset
        array[12:14] += offset

    finding = found(changed(ct, shift))["slice-jump"]
    assert finding.severity is severity
    assert "slices 8, 13, 14 differ" in finding.message


def test_another_slope_is_a_jump_too(ct):
    def stretch(array):
        array[5] = (array[5] + 1024) * 1.3 - 1024

    assert "slice 6 differ" in found(changed(ct, stretch))["slice-jump"].message


def test_slices_are_named_by_their_instance_numbers(ct):
    numbered = Volume(
        ct.array, ct.geometry, source=Source("x", instance_numbers=tuple(range(101, 125)))
    )

    def shift(array):
        array[3] += 500

    assert "slice 104 differ" in found(changed(numbered, shift))["slice-jump"].message


def test_jumps_are_seen_in_any_orientation(ct):
    def shift(array):
        array[7] += 800

    turned = changed(ct, shift).reoriented((2, 0, 1), (1, -1, 1))
    assert "slice-jump" in found(turned)


def test_empty_slices_in_the_middle_are_an_error_at_the_end_not(ct):
    def empty(array):
        array[9] = -1024

    assert "slice 10" in found(changed(ct, empty))["empty-slices"].message

    def padded(array):
        array[:2] = -1024

    assert found(changed(ct, padded)) == {}


def test_a_second_phase_put_on_top_is_said(shared_data):
    ct = read_volume(shared_data / "ct" / "btcv_0010_ct.nii.gz").canonical()
    brighter = np.where(ct.array > 20, ct.array + 60, ct.array)[40:]
    both = np.concatenate([ct.array, brighter])
    assert found(ct) == {}
    assert "scan-repeats" in found(Volume(both, Geometry(both.shape, ct.geometry.ijk_to_ras)))


def test_a_spine_in_front_is_said(ct):
    matrix = np.diag([1.0, -1, 1, 1]) @ ct.geometry.ijk_to_ras
    assert list(found(Volume(ct.array, Geometry(ct.array.shape, matrix)))) == ["spine-in-front"]


@pytest.mark.slow
def test_no_real_ct_is_doubted_and_each_of_them_twice_is(shared_data):
    paths = [
        *sorted((shared_data / "ct").glob("*_ct.nii.gz")),
        *sorted((shared_data / "ct_unlabeled").glob("*_ct.nii.gz")),
        *sorted((shared_data / "kits3d").glob("*_ct.nii.gz")),
    ]
    assert len(paths) >= 40
    for path in paths:
        ct = read_volume(path).canonical()
        assert found(ct) == {}, path.name
        upper = ct.array[len(ct.array) // 3 :]
        both = np.concatenate([ct.array, np.where(upper > 20, upper + 60, upper)])
        twice = Volume(both, Geometry(both.shape, ct.geometry.ijk_to_ras))
        assert "scan-repeats" in found(twice), path.name


@pytest.mark.parametrize("step_mm", [2.0, 3.0, 5.0])
def test_a_body_that_ends_or_narrows_is_no_jump(step_mm):
    """Torso, neck and head of muscle in air, up to the vertex."""
    count = round(400 / step_mm)
    j, i = np.ogrid[-100:100, -100:100]
    noise = np.random.default_rng(0).normal(0, 8, (count, 200, 200))
    array = np.full((count, 200, 200), -1000.0) + noise
    for k in range(count):
        z = k * step_mm
        if z < 180:
            a, b = 85, 60
        elif z < 260:
            a, b = 30 + 55 * max(0, (200 - z) / 20), 30
        else:
            a, b = (45 * np.sqrt(max(0.0, 1 - ((z - 320) / 62) ** 2)),) * 2
        if a > 0 and b > 0:
            array[k][(i / a) ** 2 + (j / b) ** 2 <= 1] += 1040
    geometry = Geometry(array.shape, np.diag([2.0, 2.0, step_mm, 1.0]))
    assert "slice-jump" not in found(Volume(array.astype(np.int16), geometry))


@pytest.mark.parametrize(
    ("where", "named"), [(slice(8, 9), "slice 9 "), (slice(18, 24), "slices 19")]
)
def test_a_slope_that_makes_a_body_thinner_than_any_is_a_jump(ct, where, named):
    def shrink(array):
        array[where] = (array[where] + 1024) * 0.5 - 1024

    assert named in found(changed(ct, shrink))["slice-jump"].message
