import inspect

import pytest

from KidneySegLib.core.errors import DeviceError
from KidneySegLib.engine import open_engine
from KidneySegLib.engine.base import Engine, Predictor


def test_the_engine_that_opens_is_one(package):
    engine = open_engine("cpu")
    for name in ("description", "notices", "predictor"):
        assert hasattr(Engine, name)
        assert hasattr(engine, name)
    predictor = engine.predictor(package.network("locator"))
    assert predictor.batch >= 1
    assert set(inspect.signature(Predictor.__call__).parameters) == {"self", "tiles"}


def test_a_device_that_is_none_is_refused():
    with pytest.raises(DeviceError, match="Unknown device"):
        open_engine("abacus")
