import foreign_models as made
import numpy as np
import pytest
from phantom import LEFT_CENTER, RIGHT_CENTER, ThresholdEngine

from KidneySegLib.kidney_ct.settings import Settings
from KidneySegLib.kidney_ct.task import KidneyCT
from KidneySegLib.models.opening import open_model
from KidneySegLib.pipeline import run
from KidneySegLib.segmenters import open_segmenter
from KidneySegLib.segmenters.combined import Combined

POINTS = Settings(points=(RIGHT_CENTER, LEFT_CENTER), quality="fast")


def lesions_only(tmp_path, names=("tumor", "cyst"), spacing=(3.0, 2.0, 2.0), name="a"):
    """A model that finds lesions and no kidney."""
    own = made.configuration(patch_size=[24, 32, 32], spacing=list(spacing))
    labels = {"background": 0} | {n: k for k, n in enumerate(names, start=1)}
    dataset = made.dataset_of(labels=labels)
    folder = made.write_nnunet(tmp_path / name, made.plans_of(own), dataset)
    return open_segmenter(open_model(folder), ThresholdEngine())


@pytest.fixture
def kidneys(package):
    return open_segmenter(package, ThresholdEngine())


def volumes(result):
    return {x.kind: x for x in result.measurements.lesions if x.volume_ml > 2}


def test_lesions_of_one_model_in_the_kidneys_of_another(phantom, kidneys, tmp_path):
    segmenter = Combined(kidneys, [lesions_only(tmp_path)])
    result = run(KidneyCT(POINTS), phantom.ct, segmenter)
    found = volumes(result)
    assert found["tumor"].volume_ml == pytest.approx(14.1, rel=0.3)
    assert found["cyst"].volume_ml == pytest.approx(5.6, rel=0.4)
    assert {s.side for s in result.measurements.sides} == {"right", "left"}
    parts = result.record["model"]["parts"]
    assert [p["name"] for p in parts] == ["kidneyseg-ct", "Dataset007_Made"]
    assert "Dataset007_Made: not said" in result.record["model"]["license"]
    assert found["tumor"].found_by == ()
    said = [f.message for f in result.findings if f.code == "model"]
    assert "lesions those of 'Dataset007_Made'" in said[0]
    assert {"segment", "lesions"} <= set(result.record["seconds"])


def test_a_lesion_that_only_one_of_two_models_sees_is_less_sure(phantom, kidneys, tmp_path):
    both = [
        lesions_only(tmp_path, name="a"),
        lesions_only(tmp_path, names=("tumor", "renal mass"), spacing=(2.5, 2.0, 2.0), name="b"),
    ]
    result = run(KidneyCT(POINTS), phantom.ct, Combined(kidneys, both))
    found = volumes(result)
    assert len(found["tumor"].found_by) == 2
    disagree = [f for f in result.findings if f.code == "models-disagree"]
    alone = [x for x in result.measurements.lesions if len(x.found_by) == 1]
    assert len(disagree) == len([x for x in result.measurements.lesions if len(x.found_by) < 2])
    assert all(x.doubtful for x in alone)


def test_limits_of_lesions_do_not_come_with_the_kidneys(kidneys, tmp_path):
    model = Combined(kidneys, [lesions_only(tmp_path)]).model
    assert "uncertain-kidney" in model.limits
    assert "foreign-mass" not in model.limits
    assert model.interval_factors is None
    assert model.sha256 not in (kidneys.model.sha256, "")


def test_probabilities_of_both_grids_sum_to_one(phantom, kidneys, tmp_path):
    from KidneySegLib.core.progress import Stages
    from KidneySegLib.segmenters.base import QUALITIES

    segmenter = Combined(kidneys, [lesions_only(tmp_path)])
    stages = Stages(segmenter.stages(POINTS.hints))
    places = segmenter.locate(phantom.ct, POINTS.hints, stages).places
    for region in segmenter.probabilities(
        phantom.ct, places, quality=QUALITIES["fast"], report=stages
    ):
        np.testing.assert_allclose(region.shares[:4].sum(axis=0), 1, atol=1e-5)
