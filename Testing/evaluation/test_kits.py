import numpy as np
import pytest

from KidneySegLib.core.errors import InputError
from KidneySegLib.evaluation.kits import (
    CLASSES,
    TOLERANCES_MM,
    evaluate_case,
    summarize,
    surface_dice,
    voxel_metrics,
)
from KidneySegLib.io.images import read_labels


def perturbed(array, rng):
    """Shifted, with a tumor part relabeled and a cyst removed: every class is wrong somewhere."""
    moved = np.roll(array, rng.integers(-2, 3, 3), (0, 1, 2))
    flip = rng.random(array.shape) < 0.02
    moved[flip & (moved == 1)] = 2
    moved[flip & (moved == 3)] = 0
    return moved


def compare_with_oracles(path, seed):
    """Largest difference between ours, `surface-distance` and MONAI on the whole field."""
    import surface_distance
    import torch
    from monai.metrics import compute_dice, compute_surface_dice

    labels = read_labels(path)
    truth = labels.array
    found = perturbed(truth, np.random.default_rng(seed))
    spacing = labels.geometry.spacing_mm
    ours = evaluate_case(found, truth, spacing)
    worst = 0.0
    for name, numbers in CLASSES.items():
        a, b = np.isin(found, numbers), np.isin(truth, numbers)
        distances = surface_distance.compute_surface_distances(b, a, spacing)
        deepmind = surface_distance.compute_surface_dice_at_tolerance(
            distances, TOLERANCES_MM[name]
        )
        pair = [torch.from_numpy(np.stack([~m, m])[None].astype(np.uint8)) for m in (a, b)]
        monai = compute_surface_dice(
            *pair,
            class_thresholds=[TOLERANCES_MM[name]],
            spacing=list(spacing),
            use_subvoxels=True,
        )
        dice = float(compute_dice(*pair, include_background=False))
        if b.any() or a.any():
            worst = max(
                worst,
                abs(ours[name]["surface_dice"] - deepmind),
                abs(ours[name]["surface_dice"] - float(monai)),
                abs(ours[name]["dice"] - dice),
            )
    return worst


def test_a_native_label_map_agrees_with_both_oracles(shared_data):
    pytest.importorskip("surface_distance")
    path = sorted((shared_data / "kits23_native").glob("*.nii.gz"))[1]
    assert compare_with_oracles(path, 0) < 1e-5


@pytest.mark.slow
def test_all_native_label_maps_agree_with_both_oracles(shared_data):
    pytest.importorskip("surface_distance")
    paths = sorted((shared_data / "kits23_native").glob("*.nii.gz"))
    assert len(paths) == 24
    worst = [compare_with_oracles(path, seed) for seed, path in enumerate(paths)]
    print("largest difference", max(worst))
    assert max(worst) < 1e-5


def test_surface_dice_of_shifted_slabs_is_exact():
    a = np.zeros((20, 20, 20), bool)
    a[5:15, 5:15, 5:15] = True
    assert surface_dice(a, a, (1, 1, 1), 1.0) == 1.0
    far = np.roll(a, 5, axis=0)
    assert surface_dice(a, far, (1, 1, 1), 0.4) < 1.0
    assert surface_dice(a, far, (1, 1, 1), 20.0) == 1.0


def test_empty_masks():
    empty, full = np.zeros((4, 4, 4), bool), np.ones((4, 4, 4), bool)
    for found, real, value in ((empty, empty, 1.0), (full, empty, 0.0), (empty, full, 0.0)):
        scores = voxel_metrics(found, real)
        assert scores["dice"] == scores["jaccard"] == value
        assert surface_dice(found, real, (1, 1, 1), 1.0) == value
    assert voxel_metrics(empty, full)["accuracy"] == 0
    assert voxel_metrics(empty, full)["precision"] == 0


def test_voxel_metrics_by_hand():
    found = np.array([1, 1, 1, 0, 0, 0, 0, 0], bool)
    real = np.array([1, 1, 0, 1, 1, 0, 0, 0], bool)
    scores = voxel_metrics(found, real)
    assert scores["precision"] == pytest.approx(2 / 3)
    assert scores["recall"] == pytest.approx(1 / 2)
    assert scores["dice"] == scores["f1"] == pytest.approx(4 / 7)
    assert scores["jaccard"] == pytest.approx(2 / 5)
    assert scores["accuracy"] == pytest.approx(5 / 8)


def test_hierarchical_classes():
    truth = np.zeros((8, 8, 8), np.uint8)
    truth[2:6, 2:6, 2:6], truth[2:4, 2:6, 2:6] = 1, 2
    found = np.where(truth == 2, 3, truth).astype(np.uint8)  # tumor called cyst
    scores = evaluate_case(found, truth, (1, 1, 1))
    assert scores["kidney_and_mass"]["dice"] == 1
    assert scores["mass"]["dice"] == 1
    assert scores["tumor"]["dice"] == 0


def test_summary_has_mean_and_deviation():
    def case(value):
        metrics = ("dice", "surface_dice", "accuracy", "precision", "recall", "jaccard", "f1")
        return {name: dict.fromkeys(metrics, value) for name in CLASSES}

    summary = summarize([case(0.8), case(0.6)])
    assert summary["tumor"]["dice_mean"] == pytest.approx(0.7)
    assert summary["tumor"]["jaccard_sd"] == pytest.approx(0.1)
    assert summary["kits23"]["dice"] == pytest.approx(0.7)


def test_shapes_must_agree():
    with pytest.raises(InputError, match="same grid"):
        evaluate_case(np.zeros((2, 2, 2)), np.zeros((2, 2, 3)), (1, 1, 1))
