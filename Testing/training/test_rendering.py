"""Kidneys of maps rendered into CTs: side, place, densities, lesions, what must stay."""

import dataclasses
from functools import partial

import numpy as np
import pytest
from scipy import ndimage
from tiny_training import tiny

from KidneySegLib.core.anatomy import Tissue
from KidneySegLib.core.errors import InputError
from KidneySegLib.training import rendering, samples
from KidneySegLib.training.loop import prepare
from KidneySegLib.training.pack import LIVER, PackedCase, to_levels
from KidneySegLib.training.rendering import MappedKidney, kidneys_of_map, own_kidneys, render_kidney
from KidneySegLib.training.textures import draw_texture

SPACING_MM = 2.0


def ball(shape, center, radii):
    steps = np.indices(shape) - np.reshape(center, (3, 1, 1, 1))
    return ((steps / np.reshape(radii, (3, 1, 1, 1))) ** 2).sum(axis=0) < 1


@pytest.fixture
def scene():
    """Two kidneys with a bright cortex in fat, the spine between them; 2 mm."""
    shape = (56, 60, 96)
    left, right = (ball(shape, (28, 30, i), (22, 12, 13)) for i in (22, 72))
    image = np.full(shape, -100.0, np.float32)
    image += np.random.default_rng(0).normal(0, 5, shape)
    for kidney in (left, right):
        depth = ndimage.distance_transform_edt(kidney) * SPACING_MM
        image = np.where(kidney, np.where(depth < 7, 200.0, 120.0), image).astype(np.float32)
    image[:, 20:40, 42:54] = 500
    return image, (left | right).astype(np.uint8), left, right


@pytest.fixture
def mapped():
    """A right kidney with a tumor that grows out of it in front, and a cyst; 1.5 mm."""
    shape = (60, 52, 44)
    tissue = np.where(ball(shape, (30, 22, 22), (28, 15, 16)), 1, 0).astype(np.uint8)
    tissue[ball(shape, (30, 38, 22), (11, 11, 11))] = Tissue.TUMOR
    tissue[ball(shape, (12, 20, 22), (6, 6, 6))] = Tissue.CYST
    return MappedKidney(tissue, right=True)


def render(scene, mapped, rng, **changes):
    image, label, _, right = scene
    options = {"textures": {}, "share": 0.7, **changes}
    draw = partial(draw_texture, options["textures"], share=options["share"], rng=rng)
    return render_kidney(image, label, right, mapped, rng, spacing_mm=SPACING_MM, draw=draw)


def test_a_map_gives_its_two_kidneys_by_side():
    array = np.zeros((90, 40, 60), np.uint8)  # i grows to the right, as the file stores it
    array[5:30, 5:35, 5:55], array[60:85, 5:35, 5:50] = 1, 1
    array[10:20, 10:20, 10:20] = 2
    left, right = kidneys_of_map(array)
    assert (left.right, right.right) == (False, True)
    assert (left.tissue == Tissue.TUMOR).sum() == 1000
    assert left.tissue.shape == (50, 30, 25)
    assert not (right.tissue == Tissue.TUMOR).any()
    array[60:] = 0
    assert not kidneys_of_map(array)


def test_own_kidneys_are_told_by_side_and_are_two(scene):
    _, label, left, right = scene
    sides = own_kidneys(label, spacing_mm=SPACING_MM)
    np.testing.assert_array_equal(sides[True], right)
    np.testing.assert_array_equal(sides[False], left)
    assert not own_kidneys(left.astype(np.uint8), spacing_mm=SPACING_MM)


def test_the_kidney_takes_the_place_of_the_own_one_with_its_lesions(scene, mapped, rng):
    image, label, left, right = scene
    assert render(scene, mapped, rng)
    scale = SPACING_MM**3 / 1000
    for tissue in (Tissue.KIDNEY, Tissue.TUMOR, Tissue.CYST):
        own = left.sum() if tissue == Tissue.KIDNEY else 0
        wanted = (mapped.tissue == tissue).sum() * 1.5**3 / 1000
        assert ((label == tissue).sum() - own) * scale == pytest.approx(wanted, rel=0.12)
    new = (label > 0) & ~left
    shift = np.array(ndimage.center_of_mass(new)) - ndimage.center_of_mass(right)
    assert np.abs(shift).max() < 1
    front = np.argwhere(label == Tissue.TUMOR)[:, 1].mean()
    assert front > np.argwhere(new)[:, 1].mean() + 5
    np.testing.assert_array_equal(label[left], 1)


def test_it_has_the_own_kidneys_densities_from_the_cortex_inward(scene, mapped, rng):
    image, label, _, right = scene
    assert render(scene, mapped, rng)
    kidney = label == Tissue.KIDNEY
    kidney[:, :, :48] = False
    masses = (label == Tissue.TUMOR) | (label == Tissue.CYST)
    depth = ndimage.distance_transform_edt(kidney | masses) * SPACING_MM
    plain = kidney & ~ndimage.binary_dilation(masses, iterations=2)
    assert np.median(image[plain & (depth > 3) & (depth < 6)]) == pytest.approx(200, abs=15)
    assert np.median(image[plain & (depth > 11)]) == pytest.approx(120, abs=15)


def test_its_noise_is_that_of_the_ct_and_not_the_blur_of_an_edge(scene, mapped, rng):
    image, label, _, right = scene
    image[:] = ndimage.gaussian_filter(image, 1.0)
    image += np.random.default_rng(1).normal(0, 10, image.shape)
    noises = []
    for _ in range(2):
        depth = ndimage.distance_transform_edt(label == Tissue.KIDNEY)
        depth[:, :, :48] = 0
        rest = image - ndimage.gaussian_filter(image, 1.0)
        noises.append(rest[depth > 3].std())
        assert len(noises) == 2 or render(scene, mapped, rng)
    assert noises[1] == pytest.approx(noises[0], rel=0.15)


def test_a_lesion_that_faces_fat_has_no_rind_of_kidney(scene, mapped, rng):
    """Its outermost voxels are a mixture of cyst and fat, brighter by grain alone."""
    image, label, _, _ = scene
    cyst = dataclasses.replace(mapped, tissue=mapped.tissue.copy())
    cyst.tissue[cyst.tissue == Tissue.CYST] = Tissue.KIDNEY
    cyst.tissue[cyst.tissue == Tissue.TUMOR] = Tissue.CYST
    assert render(scene, cyst, rng)
    mass = label == Tissue.CYST
    core = np.median(image[ndimage.binary_erosion(mass, iterations=3)])
    to_kidney = ndimage.distance_transform_edt(label != Tissue.KIDNEY)
    rim = mass & ~ndimage.binary_erosion(mass) & (to_kidney > 4)
    assert rim.sum() > 50
    assert np.median(image[rim]) < core - 10


def test_fat_closes_over_what_the_own_kidney_leaves(scene, mapped, rng):
    image, label, _, right = scene
    thin = dataclasses.replace(mapped, tissue=np.where(mapped.tissue == 1, 1, 0).astype(np.uint8))
    thin.tissue[:, :14] = 0
    assert render(scene, thin, rng)
    left_over = right & ~ndimage.binary_dilation(label > 0, iterations=2)
    assert left_over.sum() > 200
    assert np.median(image[left_over]) == pytest.approx(-100, abs=10)
    assert np.percentile(image[left_over], 98) < -30


@pytest.mark.parametrize("trouble", ["field", "bone", "gas", "liver", "other kidney"])
def test_without_room_nothing_changes(scene, mapped, rng, trouble):
    image, label, _, right = scene
    if trouble == "field":
        mapped = dataclasses.replace(mapped, tissue=np.repeat(mapped.tissue, 3, axis=0))
    elif trouble == "bone":
        image[:, 44:50, 60:84] = 600
    elif trouble == "gas":
        image[:, 44:50, 60:84] = -900
    elif trouble == "liver":
        shrunk = ndimage.binary_erosion(right, iterations=5)
        label[right & ~shrunk] = 0
        right &= shrunk
        image[label == 0] = 110
    else:
        label[24:30, 45:49, 70:76] = 1
    before = image.copy(), label.copy()
    assert not render(scene, mapped, rng)
    np.testing.assert_array_equal(image, before[0])
    np.testing.assert_array_equal(label, before[1])


def test_unsure_voxels_stay_unsure_where_no_kidney_comes(scene, mapped, rng):
    _, label, _, _ = scene
    label[50:54, 4:8, 60:80] = 255
    assert render(scene, mapped, rng)
    assert (label[50:54, 4:8, 60:80] == 255).all()


def test_rendered_cts_are_made_once_of_training_maps_alone(
    data, tmp_path, scene, mapped, monkeypatch
):
    image, label, _, _ = scene
    monkeypatch.setattr(rendering, "_COUNT", 2)
    recipe = tiny("fine", spacing_mm=SPACING_MM, rendered_share=1.0)
    host = PackedCase("host", to_levels(image, (-125, 275)), label)
    maps = tmp_path / "maps.npz"
    whole = np.zeros((100, 52, 60), np.uint8)
    whole[:44] = np.where(mapped.tissue == 1, 1, 0).transpose(2, 1, 0)
    whole[50:94] = mapped.tissue.transpose(2, 1, 0)
    np.savez(maps, case_00450=whole)
    np.savez(maps, case_00450=whole)
    with pytest.raises(InputError, match=r"No kidney of 'maps.npz' could be rendered"):
        rendering.pack_rendered(maps, recipe, [host], {}, tmp_path)
    np.savez(maps, case_00001=whole)
    cases = rendering.pack_rendered(maps, recipe, [host], {}, tmp_path)
    assert len(cases) == 2
    assert all((case.label == Tissue.TUMOR).any() for case in cases)
    maps.unlink()
    assert len(rendering.pack_rendered(maps, recipe, [host], {}, tmp_path)) == 2
    other = dataclasses.replace(host, name="other")
    with pytest.raises(InputError, match="could be rendered into one of the 1 CTs"):
        rendering.pack_rendered(maps, recipe, [other], {}, tmp_path)


def test_a_recipe_that_validates_on_those_maps_renders_its_own(tmp_path, scene, mapped):
    recipe = tiny("fine", spacing_mm=SPACING_MM, rendered_share=1.0)
    shorter = dataclasses.replace(recipe, validate_every=1, validate_shapes_from=270)
    names = {rendering.rendered_file(r, tmp_path).name for r in (recipe, shorter)}
    assert names == {"rendered_0-399_2mm.npz", "rendered_0-269_2mm.npz"}


@pytest.mark.parametrize("text", [None, b"no archive", b"PK\x03\x04 cut off"])
def test_maps_that_cannot_be_read_are_named(tmp_path, scene, text):
    image, label, _, _ = scene
    host = PackedCase("host", to_levels(image, (-125, 275)), label)
    maps = tmp_path / "maps.npz"
    if text:
        maps.write_bytes(text)
    recipe = tiny("fine", spacing_mm=SPACING_MM, rendered_share=1.0)
    with pytest.raises(InputError, match=r"maps.npz' cannot be read as KiTS23 maps"):
        rendering.pack_rendered(maps, recipe, [host], {}, tmp_path)
    assert not rendering.rendered_file(recipe, tmp_path).exists()


def test_a_share_of_the_patches_is_of_rendered_cts_and_keeps_their_lesions(data, tmp_path):
    recipe = tiny("fine", kidney_centered=1.0, steps=60)
    source = prepare(recipe, data, tmp_path)
    other = dataclasses.replace(source.cases[0], name="rendered")
    recipe = dataclasses.replace(recipe, rendered_share=0.5)
    source = dataclasses.replace(source, recipe=recipe, rendered=[other])
    names = [source._place(np.random.default_rng(n))[0].name for n in range(60)]
    assert 15 < names.count("rendered") < 45


@pytest.mark.parametrize("lesion", [True, False])
def test_a_rendered_lesion_keeps_its_density_and_is_not_covered(
    data, tmp_path, monkeypatch, lesion
):
    called = []
    for name in ("change_phase", "change_lesions"):
        monkeypatch.setattr(samples, name, lambda *_, name=name, **__: called.append(name))
    composed = lambda self, *_: called.append("compose")  # noqa: E731
    monkeypatch.setattr(samples.SampleSource, "_compose", composed)
    recipe = tiny("fine", kidney_centered=1.0)
    source = prepare(recipe, data, tmp_path)
    label = source.cases[0].label.copy()
    if lesion:
        label[label > 0] = Tissue.TUMOR
    case = dataclasses.replace(source.cases[0], label=label)
    recipe = dataclasses.replace(recipe, rendered_share=1.0, jitter_mm=0.0)
    source = dataclasses.replace(source, recipe=recipe, rendered=[case], slices=[])
    source[0]
    assert called == ([] if lesion else ["change_phase", "compose"])


def test_organs_that_a_kidney_was_rendered_into_change_around_it_alone(data, tmp_path, monkeypatch):
    changed = []
    monkeypatch.setattr(samples, "_ORGANS_SHARE", 1.0)
    monkeypatch.setattr(samples, "change_organs", lambda *a, **_: changed.append(a[1]))
    source = prepare(tiny("fine", kidney_centered=1.0), data, tmp_path)
    case = source.cases[0]
    everywhere = np.full(case.label.shape, LIVER, np.uint8)
    source = dataclasses.replace(source, cases=[dataclasses.replace(case, organs=everywhere)])
    rng = np.random.default_rng(1)
    spot, center = source._place(rng)
    _, label = source._patch(spot, center, (16, 16, 16), rng)
    (masks,) = changed
    assert (label == Tissue.KIDNEY).sum() > 20
    assert masks[LIVER].sum() > 20
    assert not (masks[LIVER] & (label == Tissue.KIDNEY)).any()
