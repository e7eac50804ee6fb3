"""The shipped network on the shipped CT: the main job as a newcomer runs it."""

import json

import numpy as np
import pytest
from phantom import segment

from KidneySegLib.app import cli
from KidneySegLib.app.demo import demo_files
from KidneySegLib.core.errors import CanceledError
from KidneySegLib.core.schemes import to_tissue
from KidneySegLib.io.images import read_labels, read_volume
from KidneySegLib.kidney_ct.settings import Settings
from KidneySegLib.measure.overlap import voxel_metrics


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    out = tmp_path_factory.mktemp("demo") / "out"
    assert cli.main(["demo", "-o", str(out), "--device", "cpu"]) == 0
    return out


@pytest.fixture(scope="module")
def truth():
    return read_labels(demo_files()[1])


def test_kidneys_are_right(demo, truth):
    found = read_labels(demo / "labels.nii.gz")
    kidneys = to_tissue(found.array, "kidneyseg") > 0
    assert voxel_metrics(kidneys, to_tissue(truth.array, "kidneyseg") > 0)["dice"] > 0.88
    for number in (1, 2):
        both = (found.array == number) & (truth.array == number)
        assert both.sum() > 0.8 * (truth.array == number).sum()


def test_incomplete_kidneys_are_said(demo):
    data = json.loads((demo / "measurements.json").read_text())
    assert all(side["incomplete"] for side in data["measurements"]["sides"])
    assert "incomplete" in [f["code"] for f in data["findings"]]


def test_demo_can_run_again_and_spares_what_is_not_its_own(
    demo, capsys, tmp_path, threshold_engine, no_pictures
):
    (demo / "mine.txt").write_text("mine")
    assert cli.main(["demo", "-o", str(demo), "--device", "cpu", "--quality", "fast"]) == 0
    assert (demo / "mine.txt").read_text() == "mine"
    (tmp_path / "labels.nii.gz").write_text("a real result")
    assert cli.main(["demo", "-o", str(tmp_path)]) == 2
    assert "no demo has written" in capsys.readouterr().err
    assert (tmp_path / "labels.nii.gz").read_text() == "a real result"


def test_points_replace_the_locator_on_a_real_ct(package, truth):
    from KidneySegLib.engine import open_engine

    volume = read_volume(demo_files()[0])
    index = np.argwhere(truth.array == 2)
    point = tuple(volume.geometry.ras_from_kji(np.median(index, axis=0))[0])
    settings = Settings(quality="fast", points=(point,))
    result = segment(volume, package, open_engine("cpu"), settings)
    found = (result.labels.array == 2) & (truth.array == 2)
    assert found.sum() > 0.8 * (truth.array == 2).sum()


def test_cancel_answers_within_a_tile(package):
    from KidneySegLib.engine import open_engine

    events = []

    def cancel():
        return any(stage == "locate" and share > 0.2 for stage, share, _ in events)

    with pytest.raises(CanceledError):
        segment(
            read_volume(demo_files()[0]),
            package,
            open_engine("cpu"),
            progress=lambda *event: events.append(event),
            cancel=cancel,
        )
    assert events[-1][0] == "locate"
