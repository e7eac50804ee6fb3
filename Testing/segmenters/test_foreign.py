import dataclasses

import foreign_models as made
import numpy as np
import pytest
from phantom import KIDNEY_RADII, LEFT_CENTER, RIGHT_CENTER, ThresholdEngine, make_phantom

from KidneySegLib.core.errors import InputError, ModelError
from KidneySegLib.core.volume import Volume
from KidneySegLib.kidney_ct.settings import Settings
from KidneySegLib.kidney_ct.task import KidneyCT
from KidneySegLib.models.foreign import ModelChoice
from KidneySegLib.models.opening import open_model
from KidneySegLib.pipeline import run
from KidneySegLib.segmenters import open_segmenter
from KidneySegLib.segmenters.foreign import activated, mirrored_passes

POINTS = Settings(points=(RIGHT_CENTER, LEFT_CENTER), quality="fast")
KIDNEY_ML = 4 / 3 * np.pi * np.prod(KIDNEY_RADII) / 1000
CONFIGURATION = made.configuration(patch_size=[24, 32, 32])


@pytest.fixture
def folder(tmp_path):
    return made.write_nnunet(tmp_path, made.plans_of(CONFIGURATION))


def tissues(result) -> dict:
    return {x.kind: x.volume_ml for x in result.measurements.lesions if x.volume_ml > 1}


def test_the_whole_chain_runs_on_a_foreign_model(phantom, folder):
    engine = ThresholdEngine()
    segmenter = open_segmenter(open_model(folder), engine)
    result = run(KidneyCT(POINTS), phantom.ct, segmenter)
    sides = {s.side: s.parenchyma_ml for s in result.measurements.sides}
    assert sides["right"] == pytest.approx(KIDNEY_ML, rel=0.2)
    assert set(tissues(result)) == {"tumor", "cyst"}
    assert result.record["model"]["format"] == "nnU-Net v2"
    assert "no-limits" in [f.code for f in result.findings]


def test_images_stored_another_way_give_the_same(phantom, tmp_path):
    own = made.configuration(patch_size=[24, 32, 32], spacing=[3.0, 2.0, 2.5])
    results = []
    for transpose, axes in (([0, 1, 2], ""), ([2, 0, 1], "SRA")):
        plans = made.plans_of(own, transpose_forward=transpose)
        folder = made.write_nnunet(tmp_path / axes, plans)
        segmenter = open_segmenter(open_model(folder, ModelChoice(axes=axes)), ThresholdEngine())
        results.append(run(KidneyCT(POINTS), phantom.ct, segmenter).labels.array)
    both = results[0] > 0
    assert (results[1] > 0)[both].mean() > 0.9  # another spacing along the patient's axes


def test_our_locator_is_borrowed(folder, shipped):
    asked = []

    class Engine(ThresholdEngine):
        def predictor(self, network):
            asked.append(network.spec.name)
            return super().predictor(network)

    run(KidneyCT(), make_phantom().ct, open_segmenter(open_model(folder), Engine()))
    assert set(asked) == {"network", "locator"}


def test_extra_classes_are_kept_and_measured(phantom, tmp_path):
    labels = made.LABELS | {"ureter": 4, "spleen": 5}
    dataset = made.dataset_of(labels=labels)
    folder = made.write_nnunet(tmp_path, made.plans_of(CONFIGURATION), dataset)

    class Engine(ThresholdEngine):
        """Calls bone a ureter, and muscle spleen."""

        def predictor(self, network):
            inner = super().predictor(network)

            class Predictor:
                batch = 1

                def __call__(self, tiles):
                    logits = inner(tiles)
                    hu = tiles[:, 0] * 75 + 104
                    if logits.shape[1] == 6:
                        logits[:, 4][hu > 250] = 9
                        logits[:, 5][(hu > 20) & (hu < 70)] = 9
                    return logits

            return Predictor()

    result = run(KidneyCT(POINTS), phantom.ct, open_segmenter(open_model(folder), Engine()))
    (ureter,) = result.measurements.structures
    assert (ureter.name, ureter.role, ureter.label, ureter.incomplete) == ("ureter",) * 2 + (
        5,
        True,
    )
    assert result.record["label_scheme"]["ureter"] == 5
    assert result.record["label_scheme"]["tumor"] == 3
    found = result.label_map.array == 5
    assert found.sum() * phantom.ct.geometry.voxel_volume_ml == pytest.approx(ureter.volume_ml)
    assert not (result.labels.array > 4).any()
    left_out = next(f for f in result.findings if f.code == "structures-left-out")
    assert "spleen" in left_out.message


def test_an_ensemble_is_the_mean_of_its_logits(phantom, tmp_path):
    folder = made.write_nnunet(tmp_path, made.plans_of(CONFIGURATION), folds=("0", "1"))
    told = []
    segmenter = open_segmenter(open_model(folder), ThresholdEngine())
    run(KidneyCT(POINTS), phantom.ct, segmenter, progress=lambda *event: told.append(event[1]))
    assert told == sorted(told)


def test_passes_of_a_mirrored_run(folder):
    assert mirrored_passes(open_model(folder)) == ((),)
    passes = mirrored_passes(open_model(folder, ModelChoice(mirror=True)))
    assert len(passes) == 8
    assert (0, 1, 2) in passes


def test_several_images_at_once(phantom, tmp_path):
    folder = made.write_bundle(
        tmp_path,
        made.inference_of(network_def=made.UNET | {"in_channels": 3}),
        made.metadata_of(channels=3),
        weights={"a": np.float64(1)},
    )
    model = open_model(folder)
    with pytest.raises(ModelError, match="reads 3 registered images at once, and 1 was given"):
        open_segmenter(model, ThresholdEngine())
    shifted = Volume(phantom.ct.array, phantom.ct.geometry)
    segmenter = open_segmenter(model, ThresholdEngine(), [phantom.ct, shifted])
    tiles = []

    class Engine(ThresholdEngine):
        def predictor(self, network):
            inner = super().predictor(network)

            def predict(block):
                tiles.append(block.shape)
                return inner(block)

            predict.batch = 1
            return predict

    segmenter = open_segmenter(model, Engine(), [phantom.ct, shifted])
    run(KidneyCT(POINTS), phantom.ct, segmenter)
    assert {shape[1] for shape in tiles} == {3}
    matrix = phantom.ct.geometry.ijk_to_ras.copy()
    matrix[2, 3] += 60
    away = Volume(phantom.ct.array, dataclasses.replace(phantom.ct.geometry, ijk_to_ras=matrix))
    segmenter = open_segmenter(model, Engine(), [phantom.ct, away])
    with pytest.raises(InputError, match="does not cover the CT"):
        run(KidneyCT(POINTS), phantom.ct, segmenter)
    with pytest.raises(ModelError, match="reads one CT"):
        open_segmenter(open_model(), Engine(), [phantom.ct])


def test_probabilities_of_logits():
    logits = np.array([0.0, 2.0], np.float32).reshape(2, 1, 1, 1)
    softmax = activated(logits, nested=False).ravel()
    np.testing.assert_allclose(softmax, np.array([1, np.e**2]) / (1 + np.e**2), rtol=1e-5)
    np.testing.assert_allclose(activated(logits, nested=True).ravel()[0], 0.5)
