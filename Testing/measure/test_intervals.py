import numpy as np
import pytest
from phantom import ellipsoid, grid, sphere_ml

from KidneySegLib.core.anatomy import Label
from KidneySegLib.core.volume import Box, Volume
from KidneySegLib.measure.intervals import Doubt, surface_area_mm2, with_intervals
from KidneySegLib.measure.measurements import NETWORK, VOXELS, Measurements, measure

FACTORS = {"kidney": 1.0, "tumor": 1.0, "cyst": 1.0}


def scene(spacing=(2.0, 1.5, 1.5)):
    """A kidney with a tumor, as labels."""
    geometry = grid(spacing, (140.0, 120.0, 140.0))
    labels = np.zeros(geometry.shape, np.uint8)
    labels[ellipsoid(geometry, (20, 0, 0), (22, 25, 50))] = Label.RIGHT_KIDNEY
    labels[ellipsoid(geometry, (45, 0, 0), 12)] = Label.TUMOR
    return Volume(labels, geometry)


def percent_of(labels, *, tumor=100):
    """Probabilities that are sure of every voxel, but for the tumor's."""
    percent = np.zeros((3, *labels.array.shape), np.uint8)
    percent[0][labels.array == Label.RIGHT_KIDNEY] = 100
    percent[1][labels.array == Label.TUMOR] = tumor
    percent[0][labels.array == Label.TUMOR] = 100 - tumor
    return percent


def around(value, interval):
    return interval[0] <= value <= interval[1]


@pytest.mark.parametrize("spacing", [(0.8, 0.8, 0.8), (3.0, 3.0, 3.0), (5.0, 0.8, 0.8)])
def test_voxels_alone_cover_the_true_volume_of_a_sphere(spacing):
    for radius in (8.0, 15.0, 25.0):
        for shift in (0.0, 0.3, 0.7):
            geometry = grid(spacing, (80.0, 80.0, 80.0))
            ball = ellipsoid(geometry, (shift, -shift, 0.5 * shift), radius)
            labels = Volume(ball.astype(np.uint8) * Label.TUMOR, geometry)
            (lesion,) = with_intervals(measure(labels), labels).lesions
            assert around(sphere_ml(radius), lesion.volume_interval_ml)
            assert around(2 * radius, lesion.sphere_equivalent_interval_mm)
            assert lesion.probability is None


def test_finer_voxels_give_narrower_intervals():
    widths = []
    for size in (1.0, 2.0, 4.0):
        labels = scene((size,) * 3)
        low, high = with_intervals(measure(labels), labels).sides[0].parenchyma_interval_ml
        widths.append(high - low)
    assert widths[0] < widths[1] < widths[2]


def test_a_sure_network_adds_nothing_a_doubtful_one_does():
    labels = scene()
    plain = with_intervals(measure(labels), labels)
    sure = with_intervals(measure(labels), labels, Doubt(percent_of(labels), FACTORS))
    assert sure.lesions[0].volume_interval_ml == plain.lesions[0].volume_interval_ml
    assert sure.lesions[0].probability == 1.0
    assert (plain.interval_source, sure.interval_source) == (VOXELS, NETWORK)
    doubtful = Doubt(percent_of(labels, tumor=60), FACTORS)
    unsure = with_intervals(measure(labels), labels, doubtful)
    tumor = unsure.lesions[0]
    assert tumor.volume_interval_ml[0] == 0.0
    assert tumor.probability == pytest.approx(0.6)
    high = unsure.sides[0].parenchyma_interval_ml[1]  # what is called tumor may be kidney
    assert high >= unsure.sides[0].parenchyma_ml + tumor.volume_ml * 0.99


def test_each_half_of_a_horseshoe_keeps_to_its_own():
    labels = scene()
    array = labels.array.copy()
    array[array == Label.TUMOR] = Label.RIGHT_KIDNEY
    middle = np.argwhere(array > 0)[:, 2].mean()
    array[:, :, : int(middle)][array[:, :, : int(middle)] > 0] = Label.LEFT_KIDNEY
    both = labels.with_array(array)
    percent = np.zeros((3, *array.shape), np.uint8)
    percent[0][array > 0] = 100
    plain = with_intervals(measure(both), both)
    found = with_intervals(measure(both), both, Doubt(percent, FACTORS))
    assert len(found.sides) == 2
    for sure, voxels in zip(found.sides, plain.sides, strict=True):
        assert sure.parenchyma_interval_ml == voxels.parenchyma_interval_ml


def test_what_is_not_connected_to_a_lesion_does_not_widen_it():
    labels = scene()
    percent = percent_of(labels)
    plain = with_intervals(measure(labels), labels, Doubt(percent, FACTORS))
    far = ellipsoid(labels.geometry, (45, 18, 14), 4)
    assert not far[labels.array > 0].any()
    percent[1][far] = 70
    found = with_intervals(measure(labels), labels, Doubt(percent, FACTORS))
    assert found.lesions[0].volume_interval_ml == plain.lesions[0].volume_interval_ml
    percent[1][ellipsoid(labels.geometry, (45, 10, 8), 10)] = 70
    wider = with_intervals(measure(labels), labels, Doubt(percent, FACTORS))
    assert wider.lesions[0].volume_interval_ml[1] > plain.lesions[0].volume_interval_ml[1] + 0.3


def test_doubt_counts_as_much_as_its_factor():
    labels = scene()
    percent = percent_of(labels)
    percent[1][ellipsoid(labels.geometry, (45, 0, 0), 14)] = 90
    volume = measure(labels).lesions[0].volume_ml
    edge = volume - with_intervals(measure(labels), labels).lesions[0].volume_interval_ml[0]
    doubts = []
    for factor in (0.0, 0.5, 1.0):
        doubt = Doubt(percent, dict.fromkeys(FACTORS, factor))
        high = with_intervals(measure(labels), labels, doubt).lesions[0].volume_interval_ml[1]
        doubts.append(np.sqrt(max(0.0, (high - volume) ** 2 - edge**2)))
    assert doubts == pytest.approx([0.0, doubts[2] / 2, doubts[2]], abs=1e-3)
    assert doubts[2] == pytest.approx(sphere_ml(14) - sphere_ml(12), rel=0.25)


def test_without_factors_the_probability_is_told_and_the_interval_is_of_voxels():
    labels = scene()
    doubt = Doubt(percent_of(labels, tumor=55), None, unsure_below=0.6)
    found = with_intervals(measure(labels), labels, doubt)
    plain = with_intervals(measure(labels), labels)
    assert found.interval_source == plain.interval_source == VOXELS
    assert found.lesions[0].doubtful
    assert not plain.lesions[0].doubtful
    no_limit = with_intervals(measure(labels), labels, Doubt(percent_of(labels, tumor=55), None))
    assert not no_limit.lesions[0].doubtful
    assert found.lesions[0].volume_interval_ml == plain.lesions[0].volume_interval_ml


def test_what_the_scan_cuts_has_no_interval():
    labels = scene()
    cut = labels.cropped(Box((10, 0, 0), labels.array.shape))
    cut = cut.cropped(Box((25, 0, 0), cut.array.shape))
    found = with_intervals(measure(cut), cut)
    (side,) = found.sides
    assert side.incomplete
    assert side.parenchyma_interval_ml is None
    assert side.tumor_interval_ml is None


def test_intervals_of_a_side_add_up_and_hold_the_volumes():
    labels = scene()
    found = with_intervals(measure(labels), labels)
    (side,) = found.sides
    assert side.tumor_interval_ml == found.lesions[0].volume_interval_ml
    assert side.cyst_interval_ml == (0.0, 0.0)
    assert around(side.parenchyma_ml, side.parenchyma_interval_ml)
    lesion = found.lesions[0]
    for name in ("feret_axial", "feret_3d", "sphere_equivalent"):
        assert around(getattr(lesion, f"{name}_mm"), getattr(lesion, f"{name}_interval_mm"))


def test_intervals_survive_json():
    labels = scene()
    found = with_intervals(measure(labels), labels, Doubt(percent_of(labels), FACTORS))
    assert Measurements.from_dict(found.as_dict()) == found


def test_nothing_found_has_no_interval():
    labels = scene()
    empty = labels.with_array(np.zeros_like(labels.array))
    assert with_intervals(measure(empty), empty) == Measurements()


def test_only_a_tumor_has_an_interval_too():
    labels = scene()
    only = labels.with_array(np.where(labels.array == Label.TUMOR, labels.array, 0))
    found = with_intervals(measure(only), only)
    assert found.sides == ()
    assert found.lesions[0].volume_interval_ml[0] > 0


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (5.0, 1.0, 1.0)])
def test_surface_of_a_sphere(spacing):
    geometry = grid(spacing, (70.0, 70.0, 70.0))
    ball = ellipsoid(geometry, (0.2, 0.1, 0.3), 25.0)
    area = surface_area_mm2(ball, geometry)
    assert area == pytest.approx(4 * np.pi * 25**2, rel=0.15)
