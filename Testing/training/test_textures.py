"""Looks of real lesions: what is cut out of slices, and what fills a shape."""

import dataclasses

import numpy as np
import pytest
from phantom import ellipsoid, grid, make_phantom

from KidneySegLib.core.anatomy import Tissue
from KidneySegLib.training.lesions import LesionLook, insert_lesion, plan_lesion, soft_shape
from KidneySegLib.training.pack import PackedCase, to_hu, to_levels
from KidneySegLib.training.textures import cut_textures, draw_texture, fill

WINDOW = (-125.0, 275.0)


@pytest.fixture
def slices():
    """One slice: kidney of 160 HU with a round tumor, rim 100 HU, core 20 HU."""
    rows, columns = np.mgrid[:60, :60]
    label = np.zeros((60, 60), np.uint8)
    label[5:55, 5:55] = Tissue.KIDNEY
    away = np.hypot(rows - 30, columns - 30)
    label[away < 12] = Tissue.TUMOR
    hu = np.full((60, 60), -80.0)
    hu[label == Tissue.KIDNEY] = 160
    hu[away < 12] = 100
    hu[away < 6] = 20
    return [PackedCase("one", to_levels(hu, WINDOW)[None], label[None])]


def shell_means(density, solid):
    """Mean density of the inner third and of the outer tenth of a ball."""
    spots = np.argwhere(solid)
    away = np.linalg.norm(spots - spots.mean(axis=0), axis=1)
    values = density[solid]
    return values[away < 0.33 * away.max()].mean(), values[away > 0.9 * away.max()].mean()


def test_texture_holds_the_lesion_and_the_kidney_around_it(slices):
    found = cut_textures(slices, WINDOW)
    assert found[Tissue.CYST] == []
    (texture,) = found[Tissue.TUMOR]
    assert texture.kidney_hu == pytest.approx(160, abs=1)
    assert texture.plane.min() == pytest.approx(20, abs=1)
    assert texture.plane.max() == pytest.approx(100, abs=1)
    np.testing.assert_allclose(texture.radii, 11, atol=1)


def test_small_lesions_and_slices_without_contrast_give_none(slices):
    label = slices[0].label.copy()
    label[0][30:33, 30:33] = Tissue.CYST
    assert cut_textures([dataclasses.replace(slices[0], label=label)], WINDOW)[Tissue.CYST] == []
    native = to_levels(np.where(slices[0].label > 0, 35.0, -80.0), WINDOW)
    assert not any(cut_textures([PackedCase("dark", native, slices[0].label)], WINDOW).values())


def test_rim_stays_rim_and_core_stays_core_at_any_size(slices, rng):
    texture = cut_textures(slices, WINDOW)[Tissue.TUMOR][0]
    for radius in (5, 15):
        solid = ellipsoid(grid((1.0, 1.0, 1.0), (40, 40, 40)), (0, 0, 0), radius)
        for part in (solid, solid[20:21]):  # a plane through it shows the rim as well
            core, rim = shell_means(fill(part, texture, 160.0, rng), part)
            assert core < 35
            assert rim > 85


def test_tumors_follow_the_kidney_cysts_do_not(slices, rng):
    texture = cut_textures(slices, WINDOW)[Tissue.TUMOR][0]
    solid = ellipsoid(grid((1.0, 1.0, 1.0), (30, 30, 30)), (0, 0, 0), 12)
    bright = fill(solid, texture, 160.0, np.random.default_rng(1))
    dim = fill(solid, texture, 112.0, np.random.default_rng(1))
    np.testing.assert_allclose(dim, 0.7 * bright, rtol=1e-5)
    cyst = dataclasses.replace(texture, tissue=Tissue.CYST)
    same = [fill(solid, cyst, hu, np.random.default_rng(1)) for hu in (112.0, 160.0)]
    np.testing.assert_array_equal(*same)


def test_a_lesion_is_painted_with_a_texture_only_where_the_kidney_has_contrast(slices, rng):
    texture = cut_textures(slices, WINDOW)[Tissue.TUMOR][0]
    dark = dataclasses.replace(texture, plane=np.full_like(texture.plane, -60.0))
    phantom = make_phantom(grid((2.5, 2.5, 2.5)), lesions=False)
    ball = ellipsoid(grid((1.0, 1.0, 1.0), (24, 24, 24)), (0, 0, 0), 8)
    for kidney_hu, painted in ((120.0, True), (30.0, False)):
        image, tissue = phantom.ct.array.copy(), phantom.tissue.copy()
        image[tissue == Tissue.KIDNEY] = kidney_hu
        soft = soft_shape(ball, rng, shape_spacing_mm=1.5, spacing_mm=2.5, volume_ml=8.0)
        plan = plan_lesion(tissue == 1, soft, Tissue.TUMOR, rng, distance_radii=-0.5)
        assert insert_lesion(image, tissue, plan, rng, LesionLook(texture=dark), spacing_mm=2.5)
        assert (np.median(image[tissue == Tissue.TUMOR]) < -20) == painted


def test_a_share_of_the_lesions_gets_one_of_its_tissues_looks(slices, rng):
    found = cut_textures(slices, WINDOW)
    looks = [draw_texture(found, Tissue.TUMOR, 0.3, rng) for _ in range(300)]
    assert 60 < sum(look is not None for look in looks) < 120
    assert {look.tissue for look in looks if look} == {Tissue.TUMOR}
    assert draw_texture(found, Tissue.CYST, 1.0, rng) is None  # the slice has none


def test_levels_are_the_window_in_256_steps_and_what_lies_outside_is_clipped():
    hu = np.array([-1000.0, -125.0, 0.0, 274.0, 275.0, 3000.0], np.float32)
    back = to_hu(to_levels(hu, WINDOW), WINDOW)
    np.testing.assert_allclose(back, hu.clip(*WINDOW), atol=0.5 * 400 / 255 + 1e-3)
    assert back.dtype == np.float32
