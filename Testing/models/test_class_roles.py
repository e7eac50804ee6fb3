import numpy as np
import pytest

from KidneySegLib.core.errors import ModelError
from KidneySegLib.models.class_roles import (
    ClassMap,
    ClassRole,
    OutputClass,
    outputs_of,
    parse_map,
    role_of_class,
)


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("background", "background"),
        ("kidney_right", "right_kidney"),
        ("Left Kidney", "left_kidney"),
        ("kidney", "kidney"),
        ("parenchyma", "kidney"),
        ("kidney_cyst_left", "cyst"),
        ("renal mass", "mass"),
        ("masses", "mass"),
        ("kidney_lesion", "mass"),
        ("lesion", "lesion"),
        ("neoplasm", "tumor"),
        ("kidney_tumor", "tumor"),
        ("liver_tumor", "other"),
        ("pancreatic_lesion", "other"),
        ("artery", "artery"),
        ("renal_vein_left", "vein"),
        ("ureter_right", "ureter"),
        ("renal pelvis", "collecting_system"),
        ("cortex", "cortex"),
        ("medulla", "medulla"),
        ("adrenal_gland_left", "other"),
        ("aorta", "other"),
        ("kidney_with_tumor", "unclear"),
    ],
)
def test_roles_of_names(name, role):
    assert role_of_class(name).value == role


def test_what_the_user_says_is_parsed():
    assert parse_map(["a=b=kidney", "x=lesion"]) == {
        "a=b": ClassRole.KIDNEY,
        "x": ClassRole.LESION,
    }
    for wrong in ("kidney", "a=spleen", "=kidney", "a=unclear"):
        with pytest.raises(ModelError, match="maps nothing"):
            parse_map([wrong])


def test_a_name_that_does_not_say_what_it_is():
    with pytest.raises(ModelError, match="with or without its masses") as caught:
        ClassMap(outputs_of(["background", "kidney_with_tumor"], range(2), {}))
    assert caught.value.remedy == "map"


def test_masses_and_parts_of_kidneys_become_tissues():
    names = ["background", "cortex", "medulla", "renal mass", "artery"]
    classes = ClassMap(outputs_of(names, range(5), {}))
    shares = np.array([0.1, 0.3, 0.2, 0.3, 0.1], np.float32).reshape(5, 1, 1, 1)
    found = classes.tissues(shares).ravel()
    np.testing.assert_allclose(found, [0.2, 0.5, 0.3, 0, 0.3, 0.2, 0.1], atol=1e-6)
    assert [c.name for c in classes.extras] == ["cortex", "medulla", "artery"]


def test_many_classes_need_more_bits():
    outputs = (
        OutputClass("background", 0, ClassRole.BACKGROUND),
        OutputClass("kidney", 300, ClassRole.KIDNEY),
    )
    numbers = ClassMap(outputs).numbers(np.array([0.0, 1.0]).reshape(2, 1, 1, 1))
    assert numbers.ravel() == [300]
    assert numbers.dtype == np.uint16
