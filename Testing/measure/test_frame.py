import numpy as np
import pytest
from phantom import ellipsoid, grid

from KidneySegLib.core.anatomy import Label
from KidneySegLib.core.volume import Volume
from KidneySegLib.measure.frame import hull_mask, kidney_frame


@pytest.fixture
def kidney():
    """A kidney tilted by nothing, with a sinus of fat at its medial side."""
    geometry = grid((2.0, 2.0, 2.0))
    body = ellipsoid(geometry, (60, 0, 0), (24, 26, 52))
    sinus = ellipsoid(geometry, (48, 0, 0), (12, 8, 18))
    labels = np.where(body & ~sinus, np.uint8(Label.RIGHT_KIDNEY), np.uint8(0))
    hu = np.where(sinus, -90.0, np.where(body, 150.0, -100.0)).astype(np.float32)
    return Volume(labels, geometry), Volume(hu, geometry)


def test_the_frame_of_a_kidney_with_a_sinus(kidney):
    labels, ct = kidney
    frame = kidney_frame(labels, "right", ct)
    assert abs(frame.long_axis[2]) > 0.99
    np.testing.assert_allclose(frame.center_ras, (60, 0, 0), atol=3)
    assert frame.sinus.any()
    low, high = frame.polar_mm
    assert low < 0 < high


def test_no_frame_without_enough_kidney(kidney):
    labels, ct = kidney
    assert kidney_frame(labels, "left", ct) is None
    few = labels.with_array(
        np.where(np.arange(len(labels.array))[:, None, None] > 73, labels.array, 0)
    )
    assert few.array.sum() * labels.geometry.voxel_volume_ml < 5
    assert kidney_frame(few, "right", ct) is None


def test_the_hull_closes_what_a_tumor_or_sinus_took(kidney):
    labels, _ = kidney
    mask = labels.array > 0
    hull = hull_mask(mask)
    assert (hull & mask).sum() == mask.sum()
    whole = ellipsoid(labels.geometry, (60, 0, 0), (24, 26, 52))
    assert hull.sum() == pytest.approx(whole.sum(), rel=0.03)
