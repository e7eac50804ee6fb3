from dataclasses import replace

import numpy as np
import pytest
from phantom import grid, make_phantom

from KidneySegLib.core.anatomy import Tissue
from KidneySegLib.core.volume import Box, resample
from KidneySegLib.segmenters.base import Region
from KidneySegLib.segmenters.to_native import native_box, to_native


def perfect_region(tissue, native, spacing_mm, box=None):
    """The truth as probabilities on a coarser grid."""
    coarse = native.with_spacing((spacing_mm,) * 3)
    if box is not None:
        coarse = coarse.cropped(box)
    shares = np.stack(
        [resample((tissue == n).astype(np.float32), native, coarse) for n in range(4)]
    )
    return Region(coarse, shares)


def dice(a, b):
    return 2 * (a & b).sum() / (a.sum() + b.sum())


def test_truth_survives_a_coarser_grid():
    phantom = make_phantom(grid((2.0, 0.8, 0.8), (260.0, 200.0, 160.0)))
    native = phantom.ct.geometry
    exported = to_native([perfect_region(phantom.tissue, native, 1.5)], native)
    assert dice(exported.labels > 0, phantom.tissue > 0) > 0.99
    for number in (2, 3):
        assert dice(exported.labels == number, phantom.tissue == number) > 0.97


def test_interpolating_probabilities_beats_nearest_labels():
    phantom = make_phantom(grid((2.0, 0.8, 0.8), (260.0, 200.0, 160.0)))
    native = phantom.ct.geometry
    region = perfect_region(phantom.tissue, native, 3.0)
    ours = to_native([region], native).labels
    index = np.argwhere(np.ones(native.shape, bool))
    near = np.rint(region.geometry.kji_from_ras(native.ras_from_kji(index))).astype(int)
    near = np.clip(near, 0, np.array(region.geometry.shape) - 1)
    nearest = region.shares.argmax(axis=0)[tuple(near.T)].reshape(native.shape)
    truth = phantom.tissue > 0
    assert dice(ours > 0, truth) > dice(nearest > 0, truth) + 0.005


def test_nothing_is_written_outside_the_region():
    phantom = make_phantom()
    native = phantom.ct.geometry
    box = Box((10, 20, 20), (50, 50, 50))
    region = perfect_region(phantom.tissue, native, 2.5, box)
    inside = native_box(region.geometry, native)
    labels = to_native([region], native).labels
    outside = np.ones(native.shape, bool)
    outside[inside.slices] = False
    assert labels.any()
    assert not labels[outside].any()


def test_two_regions_do_not_erase_each_other():
    phantom = make_phantom()
    native = phantom.ct.geometry
    boxes = [Box((0, 0, 0), (80, 80, 54)), Box((0, 0, 50), (80, 80, 104))]
    regions = [perfect_region(phantom.tissue, native, 2.5, b) for b in boxes]
    both = to_native(regions, native).labels
    whole = to_native([perfect_region(phantom.tissue, native, 2.5)], native).labels
    assert dice(both > 0, whole > 0) > 0.995


def test_lead_tells_tumor_from_cyst():
    phantom = make_phantom()
    exported = to_native(
        [perfect_region(phantom.tissue, phantom.ct.geometry, 2.0)], phantom.ct.geometry
    )
    for tissue in (1, 2, 3):
        assert exported.percent[tissue - 1][phantom.tissue == tissue].mean() > 80
    assert exported.percent[:, phantom.tissue == 0].mean() < 5


@pytest.mark.parametrize(
    ("shares", "tissue"),
    [
        ((0.39, 0.11, 0.23, 0.27), Tissue.CYST),  # inside, a lesion, rather a cyst
        ((0.10, 0.40, 0.30, 0.20), Tissue.TUMOR),
        ((0.10, 0.46, 0.30, 0.14), Tissue.KIDNEY),
        ((0.52, 0.02, 0.44, 0.02), Tissue.BACKGROUND),
        ((1.00, 0.00, 0.00, 0.00), Tissue.BACKGROUND),
    ],
)
def test_a_lesion_of_doubtful_kind_is_a_lesion(shares, tissue):
    native = grid((2.0, 2.0, 2.0), (20.0, 20.0, 20.0))
    region = Region(native, np.broadcast_to(np.reshape(shares, (4, 1, 1, 1)), (4, *native.shape)))
    exported = to_native([region], native)
    assert (exported.labels == tissue).all()
    for said, share in zip(exported.percent, shares[1:], strict=True):
        assert (said == round(100 * share)).all()


@pytest.mark.parametrize("spacing", [0.7, 1.5, 4.0])
def test_box_holds_voxels_inside_the_region_only(spacing):
    native = grid((2.0, 1.5, 1.5))
    region = native.with_spacing((spacing,) * 3).cropped(Box((5, 5, 5), (20, 20, 20)))
    box = native_box(region, native)
    corners = np.array([box.start, np.array(box.stop) - 1])
    where = region.kji_from_ras(native.ras_from_kji(corners))
    assert (where >= -0.5 - 1e-6).all()
    assert (where <= 19.5 + 1e-6).all()


def test_the_highest_class_of_logits_and_of_probabilities():
    coarse = grid((4.0, 4.0, 4.0), (8.0, 8.0, 8.0))
    native = coarse.with_spacing((1.0, 4.0, 4.0))
    kidney = np.zeros(coarse.shape, np.float32)
    kidney[0], kidney[1] = 0.9, 0.001
    shares = np.stack([1 - kidney, kidney, 0 * kidney, 0 * kidney])
    region = Region(coarse, shares, rival=1 - kidney)
    deep = {
        as_logits: int((to_native([replace(region, as_logits=as_logits)], native).labels > 0).sum())
        for as_logits in (True, False)
    }
    half = int((to_native([Region(coarse, shares)], native).labels > 0).sum())
    assert deep[False] == half  # two classes: the border is where both have a half
    assert 0 < deep[True] < half  # a sure background reaches farther in logits
