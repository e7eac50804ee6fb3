import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from KidneySegLib.engine.tiling import predict_block, tile_starts
from KidneySegLib.models.inputs import InputSpec, Normalization
from KidneySegLib.models.network_source import StageSpec

INPUT = InputSpec((1.0, 1.0, 1.0), Normalization.window(-100.0, 300.0))
SPEC = StageSpec("fine", "DynUNet", {}, ("background", "kidney"), INPUT, (16, 16, 16))


@given(st.integers(1, 400), st.integers(16, 96), st.sampled_from([0.0, 0.25, 0.5, 0.75]))
def test_tiles_cover_the_axis_and_overlap_enough(size, tile, overlap):
    starts = tile_starts(size, tile, overlap)
    if size <= tile:
        assert starts == [0]
        return
    assert starts[0] == 0
    assert starts[-1] == size - tile
    assert max(np.diff(starts)) <= np.ceil(tile * (1 - overlap))


class Recorder:
    batch = 3

    def __init__(self):
        self.sizes = []

    def __call__(self, tiles):
        self.sizes.append(len(tiles))
        share = (tiles[:, 0] + 1) / 2
        return np.stack([1 - share, share], axis=1)


@pytest.mark.parametrize("shape", [(20, 24, 28), (10, 40, 17), (16, 16, 16)])
@pytest.mark.parametrize("mirror", [((),), ((), (2,), (0, 1))])
def test_blending_gives_back_a_pointwise_function(rng, shape, mirror):
    image = rng.uniform(-1, 1, shape).astype(np.float32)
    shares = predict_block(image[None], Recorder(), SPEC, overlap=0.5, mirror_axes=mirror)
    np.testing.assert_allclose(shares[1], (image + 1) / 2, atol=1e-5)
    np.testing.assert_allclose(shares.sum(axis=0), 1, atol=1e-5)


def test_axes_may_overlap_differently(rng):
    image = rng.uniform(-1, 1, (32, 24, 24)).astype(np.float32)
    recorder = Recorder()
    shares = predict_block(image[None], recorder, SPEC, overlap=(0.0, 0.5, 0.5))
    assert sum(recorder.sizes) == 2 * 2 * 2
    np.testing.assert_allclose(shares[1], (image + 1) / 2, atol=1e-5)


def test_batches_follow_the_predictor_and_progress_ends_at_the_total(rng):
    recorder, seen = Recorder(), []
    predict_block(
        rng.uniform(-1, 1, (1, 16, 16, 64)).astype(np.float32),
        recorder,
        SPEC,
        overlap=0.0,
        on_tiles=lambda *counts: seen.append(counts),
    )
    assert recorder.sizes == [3, 1]
    assert seen == [(3, 4), (4, 4)]


def test_tiles_of_air_are_background_and_not_run(rng):
    recorder = Recorder()
    shares = predict_block(np.full((1, 16, 16, 32), -1, np.float32), recorder, SPEC, overlap=0)
    assert recorder.sizes == []
    assert (shares[0] == 1).all()


def test_channels_pad_value_and_flatness_come_from_the_input(rng):
    """A network of two channels, normalized by mean and SD, that pads with the mean."""
    own = InputSpec((1.0,) * 3, Normalization((-200.0, 300.0), 50.0, 0.01), channels=2, pad=0.0)
    spec = StageSpec("fine", "DynUNet", {}, ("background", "kidney"), own, (16, 16, 16))
    seen = []

    class Second(Recorder):
        def __call__(self, tiles):
            seen.append(tiles)
            share = tiles[:, 1]
            return np.stack([1 - share, share], axis=1)

    image = rng.uniform(0.2, 0.8, (2, 10, 16, 16)).astype(np.float32)
    shares = predict_block(image, Second(), spec, overlap=0.0)
    np.testing.assert_allclose(shares[1], image[1], atol=1e-6)
    assert seen[0].shape == (1, 2, 16, 16, 16)
    assert (seen[0][:, :, :3] == 0).all()
    flat = np.full((2, 16, 16, 16), 0.04, np.float32)
    flat[:, ::4, 0, 0] += 0.049  # one percent of the span of 5 is 0.05
    assert predict_block(flat, Second(), spec, overlap=0.0)[0].min() == 1
