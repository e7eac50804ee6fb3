"""The second look: where its probabilities end up, and what it reads."""

import dataclasses

import numpy as np
import pytest

from KidneySegLib.core.anatomy import Tissue
from KidneySegLib.core.volume import Box
from KidneySegLib.models.inputs import InputSpec, Normalization
from KidneySegLib.models.network_source import StageSpec
from KidneySegLib.segmenters.base import QUALITIES, Region
from KidneySegLib.segmenters.cascade.axial import Fusion, fused, look_at_slices
from KidneySegLib.segmenters.decision import decide

CLASSES = ("background", "kidney", "tumor", "cyst")
INPUT = InputSpec((None, 1.25, 1.25), Normalization.window(-125.0, 275.0))
SPEC = StageSpec("axial", "PlanarDynUNet", {}, CLASSES, INPUT, (16, 64, 64))
ORGAN_SHARE = Fusion().organ_share


class Brightness:
    """Says kidney to the degree that a pixel is bright."""

    batch = 1

    def __init__(self):
        self.shapes = set()

    def __call__(self, tiles):
        self.shapes.add(tiles.shape)
        bright = (tiles[:, 0] + 1) / 2
        none = np.zeros_like(bright)
        return np.stack([1 - bright, bright, none, none], axis=1)


@pytest.fixture
def region(phantom, rng):
    grid = phantom.ct.geometry.with_spacing((2.5,) * 3)
    grid = grid.cropped(Box((20, 30, 25), (37, 51, 70)))
    shares = rng.dirichlet(np.ones(4), grid.shape).astype(np.float32)
    return Region(grid, np.moveaxis(shares, -1, 0))


def test_the_mean_of_both_lies_where_the_region_does(phantom, region):
    network = Brightness()
    (seen,) = look_at_slices(phantom.ct, [region], [(network, SPEC)], quality=QUALITIES["fast"])
    assert seen.geometry is region.geometry
    assert network.shapes == {(1, 1, 16, 64, 64)}
    fine = region.geometry.with_spacing((2.5, 1.25, 1.25))
    bright = (INPUT.seen(phantom.ct, fine)[0] + 1) / 2
    k, j, i = region.geometry.shape
    bright = bright.reshape(k, j, 2, i, 2).mean((2, 4))
    expected = (1 - ORGAN_SHARE) * region.shares[0] + ORGAN_SHARE * (1 - bright)
    np.testing.assert_allclose(seen.shares[0], expected, atol=1e-4)
    np.testing.assert_allclose(seen.shares.sum(axis=0), 1, atol=1e-4)


def test_of_several_networks_the_mean_counts(phantom, region):
    class Dark(Brightness):
        def __call__(self, tiles):
            return super().__call__(-tiles)

    options = {"quality": QUALITIES["fast"]}
    bright, dark = ((network, SPEC) for network in (Brightness(), Dark()))
    (both,) = look_at_slices(phantom.ct, [region], [bright, dark], **options)
    (twice,) = look_at_slices(phantom.ct, [region], [bright, bright], **options)
    (once,) = look_at_slices(phantom.ct, [region], [bright], **options)
    expected = (1 - ORGAN_SHARE) * region.shares[0] + ORGAN_SHARE * 0.5
    np.testing.assert_allclose(both.shares[0], expected, atol=1e-4)
    np.testing.assert_allclose(twice.shares, once.shares, atol=1e-6)
    assert np.abs(once.shares - both.shares).max() > 0.1


def voxel(background, kidney, tumor, cyst):
    return np.array([background, kidney, tumor, cyst], np.float32).reshape(4, 1, 1, 1)


def tissue(fine, axial):
    shares = fused(voxel(*fine), voxel(*axial), Fusion())
    assert shares.sum() == pytest.approx(1)
    return Tissue(int(decide(*shares[1:]).squeeze())).name.lower()


@pytest.mark.parametrize(
    ("fine", "axial", "expected"),
    [
        ((0.95, 0.05, 0, 0), (0.1, 0, 0.9, 0), "background"),  # bowel: no kidney's mass in 3-D
        ((0.85, 0, 0.15, 0), (0.1, 0, 0.9, 0), "tumor"),  # unless that is in doubt
        ((0.2, 0.8, 0, 0), (0.6, 0, 0.4, 0), "tumor"),
        ((0, 0.9, 0.1, 0), (0, 0.2, 0.8, 0), "tumor"),
        ((0, 0, 0.9, 0.1), (0, 0, 0.2, 0.8), "cyst"),
        ((0, 0.9, 0.1, 0), (0, 0.45, 0.55, 0), "kidney"),
        ((0.1, 0.9, 0, 0), (0.95, 0.05, 0, 0), "background"),
    ],
)
def test_both_say_where_the_organ_is_and_the_axial_network_what(fine, axial, expected):
    assert tissue(fine, axial) == expected


def test_small_regions_are_read_with_what_lies_around_them(phantom, region):
    class Mean(Brightness):
        def __call__(self, tiles):
            tiles = np.broadcast_to(tiles.mean(axis=(-2, -1), keepdims=True), tiles.shape)
            return super().__call__(tiles)

    small = Box((0, 0, 0), (4, 4, 4))
    part = Region(region.geometry.cropped(small), region.shares[(slice(None), *small.slices)])
    (seen,) = look_at_slices(phantom.ct, [part], [(Mean(), SPEC)], quality=QUALITIES["fast"])
    padded_with_air = 0.001
    axial = 1 - (seen.shares[0] - (1 - ORGAN_SHARE) * part.shares[0]) / ORGAN_SHARE
    assert axial.min() > 30 * padded_with_air
    assert axial.shape == (4, 4, 4)


def test_progress_counts_the_tiles_of_all_regions(phantom, region):
    seen = []
    look_at_slices(
        phantom.ct,
        [region, region],
        [(Brightness(), dataclasses.replace(SPEC, patch=(16, 48, 48)))] * 2,
        quality=QUALITIES["fast"],
        on_tiles=lambda done, total: seen.append((done, total)),
    )
    assert [d for d, _ in seen] == list(range(1, seen[-1][1] + 1))
    assert seen[-1][0] == seen[-1][1]


def test_best_mirrors_slices_from_right_to_left_and_not_from_front_to_back(phantom, region):
    class Lateral(Brightness):
        """Says kidney in one quarter of every slice."""

        def __call__(self, tiles):
            n, _, k, j, i = tiles.shape
            share = np.zeros((n, k, j, i), np.float32)
            share[:, :, : j // 2, i // 2 :] = 1
            none = np.zeros_like(share)
            return np.stack([1 - share, share, none, none], axis=1)

    one_tile = Box((0, 0, 0), (4, 32, 32))
    grid = phantom.ct.geometry.with_spacing((2.5,) * 3)
    nothing = np.zeros((4, *one_tile.shape), np.float32)
    nothing[0] = 1
    part = Region(grid.cropped(one_tile), nothing)
    (seen,) = look_at_slices(phantom.ct, [part], [(Lateral(), SPEC)], quality=QUALITIES["best"])
    axial = (1 - seen.shares[0]) / ORGAN_SHARE
    np.testing.assert_allclose(axial[:, :16], 0.5)
    np.testing.assert_allclose(axial[:, 16:], 0)


def test_no_regions_no_look(phantom):
    assert look_at_slices(phantom.ct, [], [(Brightness(), SPEC)], quality=QUALITIES["best"]) == []
