"""What a voxel is, and where users may move the steps."""

from __future__ import annotations

import numpy as np
import pytest

from KidneySegLib.core.anatomy import Tissue
from KidneySegLib.core.errors import InputError, ModelError
from KidneySegLib.kidney_ct.settings import Settings
from KidneySegLib.models.info import ModelInfo
from KidneySegLib.models.registry import find_model
from KidneySegLib.segmenters.decision import OPERATING_POINTS, Decision, decide

LIMITS = {
    "organ_share": 0.4,
    "lesion_share": 0.5,
    "sensitive_lesion_share": 0.3,
    "specific_lesion_share": 0.7,
    "source": "a test",
}


def model(limits: dict | None = None) -> ModelInfo:
    return ModelInfo("own", "1", "MIT", "0" * 64, limits=limits or {})


def tissue(kidney: float, tumor: float, cyst: float, decision: Decision | None = None) -> Tissue:
    return Tissue(int(decide(*map(np.asarray, (kidney, tumor, cyst)), decision)))


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ((0.3, 0.1, 0.05), Tissue.BACKGROUND),
        ((0.4, 0.2, 0.1), Tissue.KIDNEY),
        ((0.2, 0.25, 0.1), Tissue.TUMOR),  # more lesion than kidney, though each alone is small
        ((0.2, 0.1, 0.25), Tissue.CYST),
    ],
)
def test_organ_first_then_lesion_then_kind(shares, expected):
    assert tissue(*shares) == expected


def test_a_lower_lesion_share_calls_more_of_the_organ_a_lesion():
    assert tissue(0.6, 0.3, 0.0) == Tissue.KIDNEY
    assert tissue(0.6, 0.3, 0.0, Decision(lesion_share=0.3)) == Tissue.TUMOR
    assert tissue(0.3, 0.6, 0.0, Decision(lesion_share=0.7)) == Tissue.KIDNEY


def test_a_lower_organ_share_lets_the_organ_grow():
    assert tissue(0.45, 0.0, 0.0) == Tissue.BACKGROUND
    assert tissue(0.45, 0.0, 0.0, Decision(organ_share=0.4)) == Tissue.KIDNEY


def test_points_are_those_of_the_model():
    points = [Decision.of(model({"decision": LIMITS}), point) for point in OPERATING_POINTS]
    assert [p.lesion_share for p in points] == [0.3, 0.5, 0.7]
    assert {p.organ_share for p in points} == {0.4}


def test_a_model_without_points_has_the_standard_one_only():
    assert Decision.of(model()) == Decision()
    with pytest.raises(ModelError, match="'own' has no operating point 'sensitive'") as raised:
        Decision.of(model(), "sensitive")
    assert raised.value.remedy == "operating-point"


def test_the_shipped_model_has_all_points_in_their_order():
    found = [Decision.of(find_model(), point).lesion_share for point in OPERATING_POINTS]
    assert found == sorted(set(found))
    assert len(found) == 3


def test_settings_know_the_points_and_keep_them():
    chosen = Settings(operating_point="specific")
    assert Settings.from_dict(chosen.as_dict()) == chosen
    before = {k: v for k, v in Settings().as_dict().items() if k != "operating_point"}
    assert Settings.from_dict(before) == Settings()
    with pytest.raises(InputError, match=r"operating point 'eager'.*sensitive, standard, specific"):
        Settings(operating_point="eager")
