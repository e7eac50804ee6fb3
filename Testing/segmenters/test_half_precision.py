import numpy as np
import pytest

from KidneySegLib.models.inputs import InputSpec, Normalization
from KidneySegLib.models.network_source import StageSpec
from KidneySegLib.segmenters.half_precision import blended, tile_weight

TILE = (4, 8, 8)
SPEC = StageSpec(
    "network",
    "",
    {},
    ("a", "b"),
    InputSpec((1.0,) * 3, Normalization.window(0, 1), skip_flat=False),
    TILE,
)


class Doubler:
    batch = 1

    def __call__(self, tiles):
        return np.concatenate([tiles, 2 * tiles], axis=1)


def test_what_is_the_same_in_every_tile_stays(rng):
    image = rng.normal(size=(1, 9, 20, 13)).astype(np.float32)
    told = []
    out = blended(image, Doubler(), SPEC, (0.5, 0.5, 0.5), ((), (2,)), lambda *n: told.append(n))
    assert out.dtype == np.float16
    inner = (slice(2, -2), slice(4, -4), slice(4, -4))
    np.testing.assert_allclose(out[1][inner], 2 * image[0][inner], atol=0.02)
    away = np.abs(out[0] - image[0])
    assert 0.02 < away.max() < 1  # 16 bits hold little of a weight that is next to nothing
    assert told[-1][0] == told[-1][1] == len(told)


def test_smaller_than_a_tile(rng):
    image = rng.normal(size=(1, 2, 5, 5)).astype(np.float32)
    out = blended(image, Doubler(), SPEC, (0.5, 0.5, 0.5), ((),), None)
    np.testing.assert_allclose(out[0], image[0], atol=0.01)


def test_weights_are_highest_past_the_middle_and_never_nothing():
    weight = tile_weight((16, 32, 1))
    assert weight.dtype == np.float16
    assert np.unravel_index(weight.argmax(), weight.shape) == (8, 16, 0)
    assert weight.max() == pytest.approx(10)
    assert weight.min() > 0
