import pytest

from KidneySegLib.core.schemes import Role
from KidneySegLib.core.segment_names import role_of_name


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("Left kidney", Role.LEFT_KIDNEY),
        ("rechte Niere", Role.RIGHT_KIDNEY),
        ("rein gauche", Role.LEFT_KIDNEY),
        ("kidney", Role.KIDNEY),
        ("KidneyCyst1", Role.CYST),
        ("Nierenzyste", Role.CYST),
        ("renal cell carcinoma", Role.TUMOR),
        ("liver mass", Role.OTHER),
        ("kidney with tumor", Role.UNCLEAR),
        ("cystic kidney", Role.UNCLEAR),
        ("liver", Role.OTHER),
        ("ureter", Role.OTHER),
    ],
)
def test_names_in_three_languages(name, role):
    assert role_of_name(name) is role
