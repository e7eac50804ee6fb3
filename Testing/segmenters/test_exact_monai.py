"""Against MONAI's own transforms and sliding window, on the same networks and CT."""

import foreign_models as made
import numpy as np
import pytest
import torch

from KidneySegLib.core.errors import InputError, ModelError
from KidneySegLib.core.progress import Stages
from KidneySegLib.core.volume import Geometry, Volume
from KidneySegLib.engine import open_engine
from KidneySegLib.kidney_ct.settings import Settings
from KidneySegLib.kidney_ct.task import KidneyCT
from KidneySegLib.models.foreign import ModelChoice
from KidneySegLib.models.opening import open_model
from KidneySegLib.pipeline import run
from KidneySegLib.segmenters import open_segmenter
from KidneySegLib.segmenters.base import QUALITIES
from KidneySegLib.segmenters.exact_monai import ExactMonai
from KidneySegLib.segmenters.places import Hints
from KidneySegLib.segmenters.to_native import to_native

CROP = {"_target_": "CropForegroundd", "keys": "image", "source_key": "image", "margin": 3}


def exactly(folder, channels=()):
    return open_segmenter(open_model(folder, ModelChoice(exact=True)), open_engine("cpu"), channels)


@pytest.fixture(scope="module")
def ct():
    """A textured body in air, whose axes point left, back and down."""
    rng = np.random.default_rng(0)
    array = np.full((44, 60, 52), -900, np.int16)
    array[6:40, 8:55, 5:47] = rng.normal(60, 60, (34, 47, 42))
    matrix = np.diag([-1.5, -1.5, 2.0, 1.0])
    matrix[:3, 3] = (40, 50, -30)
    return Volume(array, Geometry(array.shape, matrix))


def by_us(segmenter, ct):
    """Shares of the model's grid are not kept: our classes and its own labels on the CT's grid."""
    view = segmenter.oriented(ct)
    stages = Stages(segmenter.stages(Hints()))
    places = segmenter.locate(view, Hints(), stages).places
    (region,) = segmenter.probabilities(view, places, quality=QUALITIES["fast"], report=stages)
    full = np.zeros(view.array.shape, region.numbers.dtype)
    start = np.rint(view.geometry.kji_from_ras(region.geometry.ras_from_kji([[0, 0, 0]]))[0])
    box = tuple(
        slice(int(a), int(a) + n) for a, n in zip(start, region.geometry.shape, strict=False)
    )
    full[box] = region.numbers
    kidney = np.zeros(view.array.shape, np.float32)
    kidney[box] = region.shares[1]
    order, flips = view.geometry.to_canonical()
    turn = tuple(slice(None, None, f) for f in flips)
    return full.transpose(order)[turn], kidney.transpose(order)[turn]


def by_monai(ct, network, transforms, inferer, activate, decide, phases=()):
    """The same with MONAI's classes; labels and the activated channels, in our order of axes."""
    from monai.data import MetaTensor, decollate_batch, list_data_collate
    from monai.transforms import Compose, Invertd
    from monai.utils import convert_to_dst_type

    stored = [ct.array, *(phase.array for phase in phases)]
    xyz = np.ascontiguousarray(np.stack(stored).transpose(0, 3, 2, 1), np.float32)
    image = MetaTensor(
        torch.from_numpy(xyz), affine=torch.from_numpy(ct.geometry.ijk_to_ras.copy())
    )
    chain = Compose(transforms)
    batch = list_data_collate([chain({"image": image})])
    with torch.inference_mode():
        logits = inferer(batch["image"].as_tensor(), network)
        shares = activate(logits[0])[None].clone()
    batch["pred"] = convert_to_dst_type(shares, batch["image"])[0]
    back = Invertd(keys="pred", orig_keys="image", transform=chain, nearest_interp=False)
    found = back(decollate_batch(batch)[0])["pred"].numpy()
    order, flips = ct.geometry.to_canonical()
    turn = tuple(slice(None, None, f) for f in flips)
    own = found.transpose(0, 3, 2, 1).transpose(0, *(n + 1 for n in order))[(slice(None), *turn)]
    return decide(own), own


def compared(ours, theirs):
    either = (ours > 0) | (theirs > 0)
    assert either.mean() > 0.02
    assert len(np.unique(theirs)) > 2
    assert (ours == theirs)[either].mean() >= 0.999


@pytest.mark.parametrize("spacing", [[2.0, 2.0, 3.0], [1.1, 1.6, 1.9]])
def test_auto3dseg_is_what_monai_gives(ct, tmp_path, spacing):
    from monai.inferers import SlidingWindowInferer
    from monai.transforms import (
        CropForegroundd,
        Lambdad,
        Orientationd,
        ScaleIntensityRanged,
        Spacingd,
    )

    config = made.NESTED | {"resample_resolution": spacing}
    folder = made.write_auto3dseg(tmp_path / "model", config)
    network = open_model(folder).networks[0].load()
    ours, kidney = by_us(exactly(folder), ct)
    pixdim = np.array(spacing)
    transforms = [
        Orientationd(keys="image", axcodes="RAS"),
        CropForegroundd(keys="image", source_key="image", margin=10, allow_smaller=True),
        ScaleIntensityRanged("image", -200, 300, -1, 1, clip=False),
        Lambdad("image", torch.sigmoid),
        Spacingd(
            "image",
            spacing,
            mode="bilinear",
            min_pixdim=pixdim * 0.75,
            max_pixdim=pixdim * 1.25,
        ),
    ]
    inferer = SlidingWindowInferer([32, 32, 16], overlap=0.625, mode="gaussian")

    def decide(shares):
        found = np.zeros(shares.shape[1:], np.uint8)
        for share, own in zip(shares, (1, 3, 2), strict=False):
            found[share > 0.5] = own
        return found

    theirs, shares = by_monai(ct, network, transforms, inferer, torch.sigmoid, decide)
    compared(ours, theirs)
    own = np.clip(shares[0] - shares[1:].max(axis=0), 0, None)
    assert np.abs(own - kidney).max() < 1e-3


@pytest.mark.parametrize("last", [False, True])
def test_a_bundle_is_what_monai_gives(ct, tmp_path, last):
    from monai.inferers import SlidingWindowInferer
    from monai.transforms import CropForegroundd, Orientationd, ScaleIntensityRanged, Spacingd

    steps = made.inference_of()["preprocessing"]["transforms"]
    place = len(steps) if last else 2
    steps = [*steps[:place], CROP, *steps[place:]]
    inferer = {"roi_size": [32, 32, 16], "overlap": 0.5}
    inference = made.inference_of(preprocessing={"transforms": steps}, inferer=inferer)
    inference["preprocessing"]["transforms"][-1 - last] |= {"a_min": -200, "a_max": 300}
    folder = made.write_bundle(tmp_path / "bundle", inference)
    network = open_model(folder).networks[0].load()
    ours, _ = by_us(exactly(folder), ct)
    crop = CropForegroundd("image", "image", margin=3, allow_smaller=True)
    scale = ScaleIntensityRanged("image", -200, 300, 0, 1, clip=True)
    space = Spacingd("image", [2.0, 2.0, 3.0], mode="bilinear")
    chain = [space, scale, crop] if last else [crop, space, scale]
    order = open_model(folder).classes

    theirs, _ = by_monai(
        ct,
        network,
        [Orientationd(keys="image", axcodes="LPS"), *chain],
        SlidingWindowInferer([32, 32, 16], overlap=0.5),
        torch.sigmoid,
        order.numbers,
    )
    compared(ours, theirs)


def test_a_run_keeps_the_models_own_labels(phantom, tmp_path):
    segmenter = exactly(made.write_bundle(tmp_path / "bundle"))
    assert isinstance(segmenter, ExactMonai)
    result = run(KidneyCT(Settings(raw_labels=True)), phantom.ct, segmenter)
    assert result.raw_labels.array.shape == phantom.ct.array.shape
    assert result.record["model"]["choice"] == {"exact": True}


def softmax_bundle(folder, steps, **more):
    inference = made.inference_of(
        preprocessing={"transforms": steps},
        inferer={"roi_size": [32, 32, 16], "overlap": 0.5},
        postprocessing={"transforms": []},
    )
    names = ("background", "kidney", "tumor", "cyst", "artery", "vein")
    return made.write_bundle(folder, inference, made.metadata_of(names=names), **more)


def softmax(logits):
    return torch.softmax(logits, 0)


TURN = {"_target_": "Orientationd", "axcodes": "LPS"}
SPACE = {"_target_": "Spacingd", "pixdim": [2.0, 2.0, 3.0]}
SCALE = {"_target_": "ScaleIntensityRanged", "a_min": -200, "a_max": 300, "b_min": 0, "b_max": 1}


def test_what_a_bundle_cuts_off_is_background(ct, tmp_path):
    steps = [TURN, SPACE, SCALE | {"clip": True}, CROP | {"margin": 0}]
    folder = softmax_bundle(tmp_path / "bundle", steps)
    segmenter = exactly(folder)
    view = segmenter.oriented(ct)
    stages = Stages(segmenter.stages(Hints()))
    places = segmenter.locate(view, Hints(), stages).places
    regions = segmenter.probabilities(view, places, quality=QUALITIES["fast"], report=stages)
    tissue = to_native(regions, ct.canonical().geometry, segmenter.extras)
    body = np.zeros(ct.array.shape, bool)
    body[4:42, 6:57, 3:49] = True  # a voxel of the model's around it
    assert tissue.labels.any()
    assert not (tissue.labels[~Volume(body, ct.geometry).canonical().array] > 0).any()


@pytest.mark.parametrize("turned", [True, False])
@pytest.mark.parametrize("normalized_last", [True, False])
def test_by_mean_and_sd_and_as_stored(ct, tmp_path, turned, normalized_last):
    from monai.inferers import SlidingWindowInferer
    from monai.transforms import CropForegroundd, NormalizeIntensityd, Orientationd, Spacingd

    score = {"_target_": "NormalizeIntensityd"}
    steps = [CROP, SPACE, score] if normalized_last else [CROP, score, SPACE]
    folder = softmax_bundle(tmp_path / "bundle", [*[TURN] * turned, *steps])
    model = open_model(folder)
    ours, kidney = by_us(exactly(folder), ct)
    crop = CropForegroundd("image", "image", margin=3, allow_smaller=True)
    space = Spacingd("image", [2.0, 2.0, 3.0], mode="bilinear")
    chain = [Orientationd(keys="image", axcodes="LPS")] * turned + [crop]
    chain += [space, NormalizeIntensityd("image")][:: 1 if normalized_last else -1]
    inferer = SlidingWindowInferer([32, 32, 16], overlap=0.5)
    network = model.networks[0].load()
    theirs, shares = by_monai(ct, network, chain, inferer, softmax, lambda x: x.argmax(0))
    compared(ours, theirs)
    assert np.abs(kidney - shares[1]).max() < 1e-3
    assert any("how the images of its training lay" in text for text in model.remarks) != turned


def test_registered_phases(ct, tmp_path):
    from monai.inferers import SlidingWindowInferer
    from monai.networks.nets import SegResNet
    from monai.transforms import Orientationd, ScaleIntensityRanged, Spacingd

    network = made.UNET | {"in_channels": 3}
    torch.manual_seed(0)
    weights = SegResNet(**{k: v for k, v in network.items() if k != "_target_"}).state_dict()
    inferer = {"roi_size": [32, 32, 16], "overlap": 0.5}
    folder = made.write_bundle(
        tmp_path / "three",
        made.inference_of(network_def=network, inferer=inferer),
        made.metadata_of(channels=3),
        weights,
    )
    with pytest.raises(ModelError, match="reads 3 registered images"):
        exactly(folder)
    phases = [ct.with_array(ct.array // 2), ct.with_array(np.roll(ct.array, 5, axis=1))]
    ours, _ = by_us(exactly(folder, phases), ct)
    model = open_model(folder)
    chain = [
        Orientationd(keys="image", axcodes="LPS"),
        Spacingd("image", [2.0, 2.0, 3.0], mode="bilinear"),
        ScaleIntensityRanged("image", -1000, 1000, 0, 1, clip=True),
    ]
    slide = SlidingWindowInferer([32, 32, 16], overlap=0.5)
    built = model.networks[0].load()
    theirs, _ = by_monai(ct, built, chain, slide, torch.sigmoid, model.classes.numbers, phases)
    compared(ours, theirs)
    coarse = [p.resampled_to(p.geometry.with_spacing((3.0, 3.0, 3.0))) for p in phases]
    again, _ = by_us(exactly(folder, coarse), ct)  # on a grid of their own
    assert (again == ours).mean() > 0.5
    far = np.array(ct.geometry.ijk_to_ras)
    far[2, 3] += 300
    elsewhere = Volume(ct.array, Geometry(ct.array.shape, far))
    with pytest.raises(InputError, match="does not cover the CT"):
        by_us(exactly(folder, (ct, elsewhere)), ct)


def test_tiles_without_end_are_refused(ct, tmp_path):
    inferer = {"roi_size": [8, 8, 8], "overlap": 0.9}
    folder = made.write_bundle(tmp_path / "bundle", made.inference_of(inferer=inferer))
    large = ct.resampled_to(ct.geometry.with_spacing((0.9, 0.9, 0.9)))
    with pytest.raises(ModelError, match="more than 20000 of them"):
        by_us(exactly(folder), large)
