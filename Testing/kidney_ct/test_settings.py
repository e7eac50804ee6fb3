import pytest

from KidneySegLib.core.errors import InputError
from KidneySegLib.kidney_ct.settings import Settings


def test_settings_survive_json():
    settings = Settings(
        "fast",
        True,
        ((1.0, 2.0, 3.0),),
        (((0.0, 0.0, 0.0), (9.0, 9.0, 9.0)),),
        keep=(2, "t0a1b2"),
        refine="contour",
        probabilities=True,
    )
    assert Settings.from_dict(settings.as_dict()) == settings
    assert Settings.from_dict(Settings().as_dict()) == Settings()


def test_what_is_kept_with_a_result_does_not_make_it_another():
    assert "probabilities" not in Settings().as_dict()


@pytest.mark.parametrize("wrong", [{"quality": "finest"}, {"refine": "twice"}])
def test_unknown_choices_are_refused(wrong):
    with pytest.raises(InputError, match="Expected"):
        Settings(**wrong)
