import dataclasses

import numpy as np
import pytest
from tiny_training import tiny

from KidneySegLib.models.inputs import InputSpec, Normalization
from KidneySegLib.models.network_source import StageSpec
from KidneySegLib.training.loop import prepare
from KidneySegLib.training.mining import find_mistakes, read_mistakes, write_mistakes

SPEC = StageSpec(
    "locator",
    "DynUNet",
    {},
    ("background", "kidney"),
    InputSpec((5.0,) * 3, Normalization.window(-125.0, 275.0)),
    (16, 16, 16),
)


class Bright:
    """Calls everything bright a kidney: the bone of the phantom, too."""

    batch = 1

    def __call__(self, tiles):
        share = (tiles[:, 0] > 0.9).astype(np.float32)
        return np.stack([1 - share, share], axis=1)


@pytest.fixture
def cases(data, tmp_path):
    recipe = dataclasses.replace(tiny("locator"), spacing_mm=5.0)
    return prepare(recipe, data, tmp_path).cases


def test_mistakes_lie_away_from_kidneys_and_survive_the_disk(cases, tmp_path):
    mistakes = find_mistakes(cases, Bright(), SPEC)
    places = mistakes["one"]
    assert len(places)
    assert ((places >= 0) & (places <= 1)).all()
    shape = np.array(cases[0].label.shape)
    at = np.floor(places * shape).astype(int)
    assert (cases[0].label[tuple(at.T)] == 0).all()
    write_mistakes(mistakes, tmp_path)
    np.testing.assert_array_equal(read_mistakes(tmp_path)["one"], places)


def test_a_folder_without_mistakes_has_none(tmp_path):
    assert read_mistakes(tmp_path) == {}
