"""Exactly as nnU-Net does it: its own predictor on the same folder and CT.

Needs nnunetv2 (make test-nnunet: an environment of its own). Networks have random weights;
mirroring is off in both.
"""

import numpy as np
import pytest
from nnunet_folders import configuration, dataset_of, network_of, plans_of, write_folder

pytest.importorskip("nnunetv2", reason="nnunetv2 is not installed; run: make test-nnunet")

import SimpleITK as sitk
import torch

from KidneySegLib.core.progress import Stages
from KidneySegLib.engine import open_engine
from KidneySegLib.io.images import read_volume
from KidneySegLib.models.foreign import ModelChoice
from KidneySegLib.models.opening import open_model
from KidneySegLib.segmenters import exact, open_segmenter
from KidneySegLib.segmenters.base import QUALITIES
from KidneySegLib.segmenters.places import Hints

FOLDERS = {
    "plain, isotropic, labels": {"own": {"spacing": (1.5, 1.5, 1.5)}},
    "residual, anisotropic, labels": {
        "own": {
            "residual": True,
            "anisotropic": True,
            "spacing": (5.0, 1.2, 1.2),
            "patch": (16, 64, 64),
        }
    },
    "plain, anisotropic, regions": {
        "own": {"anisotropic": True, "spacing": (4.0, 0.9, 0.9), "patch": (16, 64, 64)},
        "regions": True,
    },
    "residual, isotropic, regions, axes turned": {
        "own": {"residual": True, "spacing": (1.5, 1.6, 1.4)},
        "regions": True,
        "transpose": (2, 0, 1),
    },
    "2-D": {"own": {"patch": (64, 64), "spacing": (1.1, 1.1)}},
    "ensemble of two folds": {"own": {"spacing": (2.0, 2.0, 2.0)}, "folds": (0, 1)},
}


@pytest.fixture(scope="module")
def ct(tmp_path_factory, shared_data):
    image = sitk.ReadImage(str(shared_data / "ct" / "btcv_0005_ct.nii.gz"))
    part = sitk.RegionOfInterest(image, [128, 128, 40], [110, 110, 20])
    path = tmp_path_factory.mktemp("ct") / "ct.nii.gz"
    sitk.WriteImage(part, str(path))
    return path


def by_nnunet(folder, ct, folds):
    """Labels, and the logits on the model's grid."""
    from nnunetv2.imageio.simpleitk_reader_writer import SimpleITKIO
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor

    predictor = nnUNetPredictor(
        use_mirroring=False,
        perform_everything_on_device=False,
        device=torch.device("cpu"),
        allow_tqdm=False,
    )
    predictor.initialize_from_trained_model_folder(str(folder), folds, "checkpoint_final.pth")
    image, properties = SimpleITKIO().read_images([str(ct)])
    kept = {}
    whole = predictor.predict_logits_from_preprocessed_data

    def keep(data):
        kept["logits"] = whole(data)
        return kept["logits"]

    predictor.predict_logits_from_preprocessed_data = keep
    labels = predictor.predict_single_npy_array(image, properties, None, None, False)
    return labels, kept["logits"].numpy().astype(np.float32)


def by_us(folder, ct, monkeypatch):
    """The same, our way."""
    kept = {}
    back = exact._Steps.back

    def keep(steps, logits):
        kept["logits"] = logits
        return back(steps, logits)

    monkeypatch.setattr(exact._Steps, "back", keep)
    segmenter = open_segmenter(open_model(folder, ModelChoice(exact=True)), open_engine("cpu"))
    view = segmenter.oriented(read_volume(ct))
    stages = Stages(segmenter.stages(Hints()))
    places = segmenter.locate(view, Hints(), stages).places
    (region,) = segmenter.probabilities(view, places, quality=QUALITIES["balanced"], report=stages)
    return region.numbers, kept["logits"].astype(np.float32)


@pytest.mark.parametrize("name", FOLDERS)
def test_exact_is_what_nnunet_gives(name, ct, tmp_path, monkeypatch):
    case = FOLDERS[name]
    transpose, folds = case.get("transpose", (0, 1, 2)), case.get("folds", (0,))
    plans = plans_of(configuration(**case["own"]), transpose=transpose)
    dataset = dataset_of(regions=case.get("regions", False))
    states = {fold: network_of(plans, dataset, seed=fold).state_dict() for fold in folds}
    folder = write_folder(tmp_path, plans, dataset, states)
    theirs, logits = by_nnunet(folder, ct, folds)
    ours, own_logits = by_us(folder, ct, monkeypatch)
    theirs = theirs.transpose(transpose)
    either = (ours > 0) | (theirs > 0)
    assert np.abs(own_logits - logits).max() <= 0.01 * logits.std()
    assert (ours == theirs)[either].mean() >= 0.999
    assert (ours == theirs).mean() >= 0.999
    assert either.mean() > 0.2
