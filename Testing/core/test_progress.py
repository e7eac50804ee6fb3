import pytest

from KidneySegLib.core.errors import CanceledError
from KidneySegLib.core.progress import Stages


def test_shares_of_stages_fill_the_whole():
    seen = []
    stages = Stages({"a": 1.0, "b": 3.0}, lambda *event: seen.append(event))
    stages.begin("a")
    stages.begin("b")
    stages.on_tiles(1, 2)
    stages.on_tiles(1, 4)  # regions that grow run again: never backward
    stages.report(1.0)
    stages.end()
    assert [(name, share) for name, share, _ in seen] == [
        ("a", 0.0),
        ("b", 0.25),
        ("b", 0.625),
        ("b", 0.625),
        ("b", 1.0),
    ]
    assert list(stages.seconds) == ["a", "b"]


def test_a_canceled_run_stops_at_the_next_report():
    stages = Stages({"a": 1.0}, cancel=lambda: True)
    with pytest.raises(CanceledError, match="Nothing was written"):
        stages.begin("a")
