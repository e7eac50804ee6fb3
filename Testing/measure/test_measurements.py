import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phantom import (
    CYST_HU,
    CYST_RADIUS,
    KIDNEY_HU,
    TUMOR_HU,
    TUMOR_RADIUS,
    ellipsoid,
    grid,
    make_phantom,
    sphere_ml,
)

from KidneySegLib.core.anatomy import Label
from KidneySegLib.core.volume import Box, Volume
from KidneySegLib.kidney_ct.sides import assign_sides
from KidneySegLib.measure.measurements import measure


def labeled(phantom):
    array, _ = assign_sides(phantom.tissue, phantom.ct.geometry, midline_r_mm=0.0)
    return Volume(array, phantom.ct.geometry)


def test_phantom_volumes_densities_and_sides(phantom):
    result = measure(labeled(phantom), phantom.ct)
    tumor, cyst = result.lesions
    assert (tumor.kind, tumor.side, cyst.kind, cyst.side) == ("tumor", "left", "cyst", "right")
    assert tumor.volume_ml == pytest.approx(sphere_ml(TUMOR_RADIUS), rel=0.02)
    assert cyst.volume_ml == pytest.approx(sphere_ml(CYST_RADIUS), rel=0.03)
    assert tumor.sphere_equivalent_mm == pytest.approx(2 * TUMOR_RADIUS, abs=0.5)
    assert tumor.density_mean_hu == pytest.approx(TUMOR_HU, abs=1)
    assert cyst.density_mean_hu == pytest.approx(CYST_HU, abs=1)
    assert tumor.density_sd_hu == pytest.approx(3, abs=0.5)
    np.testing.assert_allclose(tumor.center_ras_mm, (-86, -20, 5), atol=0.5)
    right, left = result.sides
    assert right.tumor_ml == 0
    assert left.tumor_ml == tumor.volume_ml
    assert right.cyst_ml == cyst.volume_ml
    assert right.density_mean_hu == pytest.approx(KIDNEY_HU, abs=1)
    assert not right.incomplete


def test_without_a_ct_there_are_no_densities(phantom):
    result = measure(labeled(phantom))
    assert result.lesions[0].density_mean_hu is None
    assert result.sides[0].density_sd_hu is None


@settings(max_examples=12, deadline=None)
@given(st.permutations([0, 1, 2]), st.tuples(*[st.sampled_from([1, -1])] * 3))
def test_orientation_changes_no_volume(order, flips):
    phantom = make_phantom(grid((4.0, 2.0, 2.0)))
    labels = labeled(phantom)
    straight, turned = measure(labels), measure(labels.reoriented(order, flips))
    for a, b in zip(straight.sides, turned.sides, strict=True):
        assert (a.side, a.parenchyma_ml) == (b.side, pytest.approx(b.parenchyma_ml))
    for a, b in zip(straight.lesions, turned.lesions, strict=True):
        assert a.volume_ml == pytest.approx(b.volume_ml)
        assert a.side == b.side


@settings(max_examples=8, deadline=None)
@given(st.floats(1.0, 5.0), st.floats(0.8, 2.0))
def test_anisotropy_changes_volumes_little(thickness, pixel):
    phantom = make_phantom(grid((thickness, pixel, pixel)))
    left = next(s for s in measure(labeled(phantom)).sides if s.side == "left")
    tumor = measure(labeled(phantom)).lesions[0]
    assert tumor.volume_ml == pytest.approx(sphere_ml(TUMOR_RADIUS), rel=0.06)
    whole = left.parenchyma_ml + left.tumor_ml
    assert whole == pytest.approx(142.5, rel=0.04)


def test_kidney_at_the_end_of_the_scan_is_incomplete(phantom):
    labels = labeled(phantom)
    cut = labels.cropped(Box((50, 0, 0), labels.array.shape))
    result = measure(cut)
    assert len(result.sides) == 2
    assert all(s.incomplete for s in result.sides)
    assert all(s.parenchyma_share is None for s in result.sides)


def test_a_lesion_whose_interval_begins_near_nothing_is_uncertain(phantom):
    lesion = measure(labeled(phantom), phantom.ct).lesions[0]
    assert not lesion.uncertain
    assert dataclasses.replace(lesion, volume_interval_ml=(0.0, 39.0)).uncertain
    assert not dataclasses.replace(lesion, volume_interval_ml=(9.0, 39.0)).uncertain
    assert dataclasses.replace(lesion, doubtful=True).uncertain


def test_empty_map(phantom):
    empty = phantom.ct.with_array(np.zeros(phantom.tissue.shape, np.uint8))
    assert measure(empty).sides == ()


def test_cysts_that_touch_at_a_corner_have_diameters_of_their_own(phantom):
    labels = labeled(phantom)
    k, j, i = np.argwhere(labels.array == Label.RIGHT_KIDNEY).mean(axis=0).astype(int)
    labels.array[labels.array == Label.CYST] = Label.RIGHT_KIDNEY
    labels.array[k - 5 : k, j - 5 : j, i - 5 : i] = Label.CYST
    labels.array[k : k + 6, j : j + 6, i : i + 6] = Label.CYST
    cysts = [x for x in measure(labels, phantom.ct).lesions if x.kind == "cyst"]
    voxel_ml = labels.geometry.voxel_volume_ml
    assert [x.volume_ml for x in cysts] == pytest.approx([216 * voxel_ml, 125 * voxel_ml])
    corner_to_corner = np.sqrt(3) * 6 * labels.geometry.spacing_mm.max()
    assert cysts[0].feret_3d_mm <= corner_to_corner


def test_shares_medians_and_fat(phantom):
    labels = labeled(phantom)
    ct = phantom.ct.with_array(phantom.ct.array.copy())
    tumor = np.argwhere(labels.array == Label.TUMOR)
    ct.array[tuple(tumor[: len(tumor) // 4].T)] = -80.0
    result = measure(labels, ct)
    lesion = next(x for x in result.lesions if x.kind == "tumor")
    assert lesion.fat_share == pytest.approx(0.25, abs=0.01)
    assert lesion.density_median_hu > lesion.density_mean_hu + 10
    assert sum(s.parenchyma_share for s in result.sides) == pytest.approx(1)
    alone = labels.with_array(np.where(labels.array == Label.LEFT_KIDNEY, 0, labels.array))
    (right,) = [s for s in measure(alone).sides if s.parenchyma_ml]
    assert right.parenchyma_share == 1


def test_odd_maps_are_measured(phantom):
    labels = labeled(phantom)
    only_tumor = labels.with_array(np.where(labels.array == Label.TUMOR, labels.array, 0))
    result = measure(only_tumor, phantom.ct)
    assert [x.kind for x in result.lesions] == ["tumor"]
    assert result.nephrometry == ()
    assert all(s.parenchyma_share == 0 for s in result.sides)
    one_voxel = labels.with_array(np.where(labels.array == Label.TUMOR, 2, labels.array))
    spot = np.argwhere(one_voxel.array == Label.LEFT_KIDNEY)[3000]
    one_voxel.array[tuple(spot)] = Label.TUMOR
    lesion = next(x for x in measure(one_voxel, phantom.ct).lesions if x.kind == "tumor")
    assert lesion.feret_3d_mm > 0


def test_voxels_that_are_no_numbers_are_left_out_of_densities(phantom):
    labels = labeled(phantom)
    ct = phantom.ct.with_array(phantom.ct.array.copy())
    tumor = labels.array == Label.TUMOR
    ct.array[tuple(np.argwhere(tumor)[:10].T)] = np.nan
    lesion = next(x for x in measure(labels, ct).lesions if x.kind == "tumor")
    assert lesion.density_mean_hu == pytest.approx(90, abs=2)
    ct.array[tumor] = np.nan
    lesion = next(x for x in measure(labels, ct).lesions if x.kind == "tumor")
    assert lesion.density_mean_hu is None


def test_a_tumor_that_touches_both_kidneys_is_scored_once(phantom):
    labels = labeled(phantom)
    bridge = ellipsoid(phantom.ct.geometry, (0, -20, 0), (50, 12, 12))
    labels.array[bridge & (labels.array == 0)] = Label.TUMOR
    result = measure(labels, phantom.ct)
    assert len(result.nephrometry) == len([x for x in result.lesions if x.kind == "tumor"])
