import pytest

from KidneySegLib.environment.memory import LackOfMemory
from KidneySegLib.models.inputs import InputSpec, Normalization
from KidneySegLib.models.network_source import StageSpec
from KidneySegLib.segmenters import affordable as module
from KidneySegLib.segmenters.affordable import affordable, needed_bytes

SPEC = StageSpec(
    "network",
    "UNet",
    {"features": 32, "divisors": (16, 32, 32)},
    ("a", "b", "c"),
    InputSpec((1.0,) * 3, Normalization.window(0, 1)),
    (128, 128, 128),
)
BLOCK = (200, 200, 200)


@pytest.fixture
def free(monkeypatch):
    def set_free(gb):
        monkeypatch.setattr(module, "available_bytes", lambda: gb and gb * 1e9)

    return set_free


def test_where_there_is_room_tiles_stay(free):
    free(16)
    assert affordable(SPEC, BLOCK, "x") is SPEC
    free(None)
    assert affordable(SPEC, BLOCK, "x") is SPEC


def test_tiles_are_halved_until_they_fit(free):
    free(1.5)
    small = affordable(SPEC, BLOCK, "x")
    assert small.patch in ((64, 128, 128), (64, 64, 128))
    assert sum(needed_bytes(small, BLOCK)) < 1.5e9
    assert all(n % d == 0 for n, d in zip(small.patch, SPEC.options["divisors"], strict=True))


def test_what_cannot_fit_is_said_before_it_starts(free):
    free(0.2)
    with pytest.raises(LackOfMemory, match=r"'x' needs about 1\.9 GB.*0\.2 GB are free"):
        affordable(SPEC, BLOCK, "x")
