import re

from KidneySegLib.core.anatomy import (
    KIDNEY_OF_SIDE,
    PICTURE_COLORS,
    SEGMENTS,
    Label,
    Tissue,
    sided_style,
)


def test_every_label_has_a_style_and_a_color_in_pictures():
    labels = {label for label in Label if label}
    assert set(SEGMENTS) == set(PICTURE_COLORS) == labels
    assert all(re.fullmatch("#[0-9a-f]{6}", color) for color in PICTURE_COLORS.values())


def test_numbers_that_files_hold_never_change():
    assert [int(x) for x in Label] == [0, 1, 2, 3, 4]
    assert [int(x) for x in Tissue] == [0, 1, 2, 3]
    assert KIDNEY_OF_SIDE == {"right": 1, "left": 2}


def test_a_lesion_gets_its_side_into_name_and_codes():
    style = sided_style(Label.TUMOR, "left")
    assert style.name == "Left renal tumor"
    assert "7771000^Left" in style.terminology()
    assert sided_style(Label.TUMOR, "unknown") is SEGMENTS[Label.TUMOR]
    assert sided_style(Label.LEFT_KIDNEY, "left") is SEGMENTS[Label.LEFT_KIDNEY]
