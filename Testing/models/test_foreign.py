import json

import foreign_models as made
import pytest

from KidneySegLib.core.errors import ModelError
from KidneySegLib.models.class_roles import ClassRole
from KidneySegLib.models.foreign import (
    ModelChoice,
    check_tile,
    joined_sha256,
    numbers,
    read_json,
    whole_numbers,
)
from KidneySegLib.models.opening import open_model


def test_a_choice_is_kept_in_the_record_and_comes_back():
    choice = ModelChoice(mirror=True, roles={"k": ClassRole.KIDNEY}, folds=("0",), axes="RAS")
    assert ModelChoice.from_dict(json.loads(json.dumps(choice.as_dict()))) == choice
    assert ModelChoice().as_dict() == {}


def test_the_record_says_format_and_classes(tmp_path):
    record = open_model(made.write_nnunet(tmp_path)).as_record()
    assert record["format"] == "nnU-Net v2"
    assert record["classes"]["tumor"] == "tumor"
    assert record["license"] == "not said in its files; ask its authors"
    assert "tiles of 16 x 32 x 32" in open_model(tmp_path).card


@pytest.mark.parametrize("text", ["", "[1]", "{", "[" * 100_000, '{"a": NaN'])
def test_descriptions_that_cannot_be_read(tmp_path, text):
    (tmp_path / "plans.json").write_text(text)
    with pytest.raises(ModelError, match=r"cannot be read|no JSON object"):
        read_json(tmp_path / "plans.json")
    with pytest.raises(ModelError, match="has no 'other.json'"):
        read_json(tmp_path / "other.json")


@pytest.mark.parametrize(
    "value", [None, [], "3", [1, "2"], [1.5], [True], [0], [10**400], [float("nan")], {}]
)
def test_what_is_no_list_of_whole_numbers(value):
    with pytest.raises(ModelError, match="Expected whole numbers from 1 to 9"):
        whole_numbers(value, "sizes", most=9)


def test_numbers_in_a_range():
    assert whole_numbers([1, 2.0], "sizes", most=9) == (1, 2)
    assert numbers(0.5, "spacing", count=1) == (0.5,)
    for wrong in ([1, 2], [float("inf")], None, "1"):
        with pytest.raises(ModelError, match="Expected 1 numbers from"):
            numbers(wrong, "spacing", count=1)


def test_tiles_that_are_too_large():
    with pytest.raises(ModelError, match="tiles of 4096 x 4096 x 4096"):
        check_tile((4096,) * 3, 2)


def test_one_digest_of_several_files(tmp_path):
    for name in "ab":
        (tmp_path / name).write_text(name)
    both = joined_sha256([tmp_path / "a", tmp_path / "b"])
    assert both != joined_sha256([tmp_path / "b", tmp_path / "a"])
    assert len(both) == len(joined_sha256([tmp_path / "a"])) == 64
