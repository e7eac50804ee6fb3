import foreign_models as made
import pytest
from phantom import ThresholdEngine

from KidneySegLib.app.wanted_models import WantedModels, segmenter_of
from KidneySegLib.core.errors import InputError
from KidneySegLib.models.foreign import ModelChoice
from KidneySegLib.segmenters.cascade.segmenter import Cascade
from KidneySegLib.segmenters.combined import Combined
from KidneySegLib.segmenters.exact import Exact
from KidneySegLib.segmenters.foreign import Foreign


def folder_of(tmp_path, *names):
    labels = {"background": 0} | {n: k for k, n in enumerate(names, start=1)}
    return str(made.write_nnunet(tmp_path, dataset=made.dataset_of(labels=labels)))


def test_nothing_named_is_the_model_that_ships():
    assert isinstance(segmenter_of(WantedModels(), ThresholdEngine()), Cascade)


def test_a_model_without_kidneys_gets_ours(tmp_path):
    own = folder_of(tmp_path, "tumor")
    segmenter = segmenter_of(WantedModels(own), ThresholdEngine())
    assert isinstance(segmenter, Combined)
    assert segmenter.model.parts[0].name == "kidneyseg-ct"
    alone = segmenter_of(WantedModels(own, choice=ModelChoice(exact=True)), ThresholdEngine())
    assert isinstance(alone, Exact)


def test_kidneys_and_lesions_by_name(tmp_path):
    kidneys = folder_of(tmp_path / "k", "kidney")
    lesions = folder_of(tmp_path / "l", "lesion")
    assert isinstance(segmenter_of(WantedModels(kidneys=kidneys), ThresholdEngine()), Foreign)
    both = WantedModels(kidneys=kidneys, lesions=(lesions, lesions))
    assert len(segmenter_of(both, ThresholdEngine()).model.voters) == 2
    with pytest.raises(InputError, match="finds no kidneys"):
        segmenter_of(WantedModels(kidneys=lesions, lesions=(lesions,)), ThresholdEngine())
    with pytest.raises(InputError, match="finds no lesions"):
        segmenter_of(WantedModels(lesions=(kidneys,)), ThresholdEngine())


def test_names_that_contradict_each_other():
    with pytest.raises(InputError, match="Name one"):
        WantedModels("a", lesions=("b",))
    with pytest.raises(InputError, match="cannot be combined"):
        WantedModels(lesions=("b",), choice=ModelChoice(exact=True))


def test_a_request_of_a_job():
    request = {"model": None, "kidneys": "a", "lesions": ["b"], "choice": {"mirror": True}}
    wanted = WantedModels.from_dict(request | {"device": "cpu"})
    assert wanted == WantedModels(None, "a", ("b",), ModelChoice(mirror=True))
