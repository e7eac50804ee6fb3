import numpy as np
import pytest
from phantom import ellipsoid, grid
from scipy import ndimage

from KidneySegLib.core.anatomy import Tissue
from KidneySegLib.training import effects
from KidneySegLib.training.lesions import add_septa

SPACING_MM = 2.5


@pytest.fixture
def scene():
    """A kidney with an open sinus filled with fat, and soft tissue around it."""
    k, j, i = np.indices((24, 40, 40)) - np.array([12, 20, 20])[:, None, None, None]
    kidney = np.sqrt((k / 1.3) ** 2 + j**2 + i**2) < 12
    kidney &= ~((np.hypot(k / 1.5, j) < 3) & (i > -4))
    image = np.where(kidney, 150.0, -90.0).astype(np.float32)
    return image, kidney.astype(np.uint8)


def test_sinus_lies_between_the_lips_of_the_kidney(scene):
    _, label = scene
    room = effects.sinus(label, spacing_mm=SPACING_MM)
    where = np.argwhere(room)
    assert len(where) > 100
    assert not (room & (label == Tissue.KIDNEY)).any()
    assert np.abs(where[:, :2].mean(axis=0) - (12, 20)).max() < 1
    assert where[:, 2].mean() > 20


def test_a_ball_has_no_sinus_to_dilate(rng):
    geometry = grid((SPACING_MM,) * 3, (100.0, 100.0, 100.0))
    ball = ellipsoid(geometry, (0, 0, 0), 30).astype(np.uint8)
    image = np.full(ball.shape, 150.0, np.float32)
    assert not effects.dilate_pelvis(image, ball, rng, spacing_mm=SPACING_MM)
    assert not effects.place_stent(image, ball, rng, spacing_mm=SPACING_MM)
    assert (image == 150).all()


@pytest.mark.parametrize(("excretory", "low", "high"), [(0.0, -30, 55), (1.0, 110, 650)])
def test_a_dilated_pelvis_is_filled_and_takes_the_kidney_away(
    scene, rng, monkeypatch, excretory, low, high
):
    monkeypatch.setattr(effects, "_EXCRETORY_SHARE", excretory)
    monkeypatch.setattr(effects, "_PELVIS_GROWTH_MM", (5.0, 5.0))
    image, label = scene
    before, plain = label.copy(), image.copy()
    label[:, :, 30:][label[:, :, 30:] == 0] = Tissue.CYST  # outside the sinus
    assert effects.dilate_pelvis(image, label, rng, spacing_mm=SPACING_MM)
    lost = (before == Tissue.KIDNEY) & (label == Tissue.BACKGROUND)
    assert lost.sum() > 20
    inner = ndimage.binary_erosion(lost | ((plain < 0) & (np.abs(image - plain) > 60)))
    assert inner.sum() > 20
    assert low < np.median(image[inner]) < high
    assert (label[:, :, 34:] == Tissue.CYST).any()
    assert image[:, :, 36:].max() < 0  # what lies beside the kidney is left alone


def test_a_stent_is_a_thin_bright_line_down_from_the_sinus(scene, rng):
    image, label = scene
    before = label.copy()
    plain = image.copy()
    assert effects.place_stent(image, label, rng, spacing_mm=SPACING_MM)
    bright = image - plain > 50
    assert (label == before).all()
    assert bright[:8].any(axis=(1, 2)).sum() >= 4  # below the sinus, in nearly every plane
    assert bright.sum(axis=(1, 2)).max() < 60
    assert not bright[20:].any()


@pytest.mark.parametrize("planes", [1, 12])
def test_metal_is_bright_and_sends_rays_that_fade(rng, planes):
    image = np.zeros((planes, 96, 96), np.float32)
    effects.place_metal(image, rng, spacing_mm=1.25)
    spots = np.argwhere(image == 3000)
    assert 0 < len(spots) < 0.05 * image.size
    metal = spots.mean(axis=0)
    distance = np.hypot(*(np.indices(image.shape)[1:] - metal[1:, None, None, None]))
    k = int(np.rint(metal[0]))
    rays = np.where(image < 3000, image, 0)[k]
    near, far = (rays[(distance[k] > a) & (distance[k] < a + 10)] for a in (8, 45))
    assert near.min() < -5
    assert near.max() > 5
    assert near.std() > far.std()


@pytest.mark.parametrize("planes", [1, 12])
def test_arms_leave_streaks_from_side_to_side(rng, planes):
    image = np.zeros((planes, 96, 96), np.float32)
    effects.lower_arms(image, rng, spacing_mm=1.25)
    assert 5.9 <= image.std() <= 22.1
    across, along = (np.abs(np.diff(image, axis=a)).mean() for a in (1, 2))
    assert across > 4 * along


def test_septa_are_thin_walls_through_a_cyst(rng):
    k, j, i = np.indices((32, 32, 32)) - 15.5
    solid = np.sqrt(k**2 + j**2 + i**2) < 14
    density = np.full(solid.shape, 8.0, np.float32)
    add_septa(density, solid, rng, spacing_mm=1.25)
    assert density[solid].max() > 25
    wall = solid & (density > 20)
    assert 0.01 < wall.sum() / solid.sum() < 0.35
    assert density.max() <= 110
    assert density.min() >= 8
    spread = np.argwhere(wall).std(axis=0)
    assert (spread > 3).all()  # through it, not a spot
