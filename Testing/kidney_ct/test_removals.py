import pytest

from KidneySegLib.core.errors import InputError
from KidneySegLib.kidney_ct.removals import Removal, chosen, short_id


def removal(number, id_="t0a1b2"):
    return Removal(number, id_, "small-lesion", "tumor", "a speck", 0.0204, (1.04, 2.0, 3.0))


def test_an_id_depends_on_rule_tissue_and_place_alone():
    first = short_id("fragment", "kidney", (1.2, 3.4, 5.6), ())
    assert first == short_id("fragment", "kidney", (1.4, 3.1, 5.9), ("t12345",))  # whole mm
    assert first[0] == "k"
    assert len(first) == 6
    others = {
        short_id("bone", "kidney", (1.2, 3.4, 5.6), ()),
        short_id("fragment", "cyst", (1.2, 3.4, 5.6), ()),
        short_id("fragment", "kidney", (2.2, 3.4, 5.6), ()),
    }
    assert len(others | {first}) == 4


def test_two_in_one_place_have_two_ids():
    taken = set()
    for _ in range(4):
        taken.add(short_id("fragment", "kidney", (1.0, 2.0, 3.0), taken))
    assert len(taken) == 4


def test_a_removal_is_chosen_by_number_or_id():
    removals = [removal(1, "t0a1b2"), removal(2, "k3c4d5")]
    assert chosen((2, "t0a1b2"), removals) == {1, 2}
    assert chosen(("2",), removals) == {2}
    assert chosen((), removals) == set()
    with pytest.raises(InputError, match="numbers 1 to 2") as caught:
        chosen(("c99999",), removals)
    assert caught.value.remedy == "removed-components"
    with pytest.raises(InputError, match="removed nothing"):
        chosen((1,), ())


def test_json_and_back():
    data = removal(3).as_dict()
    assert (data["volume_ml"], data["center_ras_mm"]) == (0.02, [1.0, 2.0, 3.0])
    assert Removal.from_dict(data).as_dict() == data
