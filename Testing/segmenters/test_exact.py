"""Against nnU-Net's own predictor: Testing/oracles/test_nnunet.py (make test-nnunet)."""

import foreign_models as made
import numpy as np
import pytest
from phantom import ThresholdEngine
from scipy import ndimage

from KidneySegLib.core.errors import ModelError
from KidneySegLib.kidney_ct.settings import Settings
from KidneySegLib.kidney_ct.task import KidneyCT
from KidneySegLib.models.foreign import ModelChoice
from KidneySegLib.models.opening import open_model
from KidneySegLib.pipeline import run
from KidneySegLib.segmenters import open_segmenter
from KidneySegLib.segmenters.exact import Exact, _along, _Steps

SETTINGS = Settings(raw_labels=True)


def exactly(folder):
    return open_segmenter(open_model(folder, ModelChoice(exact=True)), ThresholdEngine())


def test_the_whole_field_as_it_is_stored(phantom, tmp_path):
    plans = made.plans_of(made.configuration(patch_size=[32, 48, 48], spacing=[4.0, 3.0, 3.0]))
    segmenter = exactly(made.write_nnunet(tmp_path, plans))
    stored = phantom.ct.reoriented((2, 0, 1), (-1, 1, -1))
    result = run(KidneyCT(SETTINGS), stored, segmenter)
    raw = result.raw_labels
    assert raw.array.shape == stored.array.shape
    truth = np.flip(phantom.tissue.transpose(2, 0, 1), (0, 2))
    kidney = truth == 1
    assert (raw.array[kidney] == 1).mean() > 0.8
    assert "locate" not in result.record["seconds"]
    assert result.record["model"]["choice"] == {"exact": True}
    again = run(KidneyCT(), stored, segmenter)
    assert again.raw_labels is None


def test_axes_in_another_order(phantom, tmp_path):
    own = made.configuration(patch_size=[48, 32, 48], spacing=[3.0, 4.0, 3.0])
    plans = made.plans_of(own, transpose_forward=[1, 0, 2], transpose_backward=[1, 0, 2])
    segmenter = exactly(made.write_nnunet(tmp_path, plans))
    oriented = segmenter.oriented(phantom.ct)
    assert oriented.array.shape == tuple(phantom.ct.array.shape[n] for n in (1, 0, 2))
    raw = run(KidneyCT(SETTINGS), phantom.ct, segmenter).raw_labels
    assert (raw.array[phantom.tissue == 1] == 1).mean() > 0.8


def test_another_way_of_resampling_is_not_guessed(tmp_path):
    own = made.configuration(resampling_fn_data="resample_torch_fornnunet")
    with pytest.raises(ModelError, match="is not known. Run it without"):
        exactly(made.write_nnunet(tmp_path, made.plans_of(own)))


def test_an_empty_image_has_nothing(phantom, tmp_path):
    segmenter = exactly(made.write_nnunet(tmp_path))
    assert isinstance(segmenter, Exact)
    empty = phantom.ct.with_array(np.zeros_like(phantom.ct.array))
    assert segmenter.probabilities(empty, [], quality=None, report=Silent()) == []


class Silent:
    def begin(self, name):
        pass


@pytest.mark.parametrize(
    ("spacing", "wanted", "axis", "back"),
    [
        ((5.0, 1.0, 1.0), (3.0, 1.0, 1.0), 0, 0),
        ((2.0, 1.0, 1.0), (4.0, 1.0, 1.0), 0, 0),
        ((1.0, 4.0, 4.0), (1.0, 1.0, 1.0), None, None),  # two coarse axes are none
        ((2.0, 1.0, 1.0), (1.0, 1.0, 1.0), None, None),
    ],
)
def test_which_axis_is_taken_apart(spacing, wanted, axis, back, tmp_path):
    way = open_model(made.write_nnunet(tmp_path)).exactly
    geometry = made_geometry(spacing)
    steps = _Steps(geometry, wanted, way)
    assert (steps._axis, steps._axis_back) == (axis, back)


def made_geometry(spacing):
    from KidneySegLib.core.volume import Geometry

    return Geometry((20, 30, 30), np.diag([*spacing[::-1], 1.0]))


@pytest.mark.parametrize("order", [0, 1])
def test_planes_between_planes(order, rng):
    stack = rng.normal(size=(5, 4, 3))
    grid = np.meshgrid(
        (np.arange(8) + 0.5) * 5 / 8 - 0.5, np.arange(4), np.arange(3), indexing="ij"
    )
    expected = ndimage.map_coordinates(stack, grid, order=order, mode="nearest")
    np.testing.assert_allclose(_along(stack, 0, 8, order), expected)
