import pytest

from KidneySegLib.core import errors


@pytest.mark.parametrize(
    "kind",
    [errors.InputError, errors.ModelError, errors.OutputError, errors.DeviceError],
)
def test_every_error_is_one_family_and_may_have_a_remedy(kind):
    error = kind("what is wrong", remedy="overwrite")
    assert isinstance(error, errors.KidneySegError)
    assert (str(error), error.remedy) == ("what is wrong", "overwrite")
    assert kind("plain").remedy == ""


def test_a_grid_that_does_not_fit_is_wrong_input():
    assert issubclass(errors.GeometryError, errors.InputError)
