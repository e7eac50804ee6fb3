import numpy as np
import pytest
import torch

from KidneySegLib.core.anatomy import Tissue
from KidneySegLib.training.loss import lesion_weights, region_loss, supervised_loss, tissue_loss


def test_perfect_logits_have_next_to_no_loss_and_absent_classes_are_skipped():
    target = torch.zeros(1, 8, 8, 8, dtype=torch.long)
    target[0, :4] = 1
    weights = torch.ones(4)
    logits = torch.full((1, 4, 8, 8, 8), -20.0).scatter_(1, target[:, None], 20.0)
    assert region_loss(logits, target, weights) < 1e-3
    wrong = torch.full((1, 4, 8, 8, 8), -20.0)
    wrong[:, 2] = 20.0
    assert region_loss(wrong, target, weights) > 5


def test_a_small_tumor_called_kidney_costs_more_than_its_share_of_voxels():
    target = torch.zeros(1, 24, 24, 24, dtype=torch.int64)
    target[:, 4:16, 4:16, 4:16] = 1
    target[:, 4:7, 4:7, 4:7] = 2
    weights = torch.ones(4)
    right = 8.0 * torch.nn.functional.one_hot(target, 4).permute(0, 4, 1, 2, 3).float()
    called_kidney = torch.where(target == 2, 1, target)
    wrong = 8.0 * torch.nn.functional.one_hot(called_kidney, 4).permute(0, 4, 1, 2, 3).float()
    plain = torch.nn.functional.cross_entropy
    gap = plain(wrong, target) - plain(right, target)
    assert region_loss(wrong, target, weights) - region_loss(right, target, weights) > 5 * gap


def test_small_lesions_weigh_as_much_as_larger_ones_and_no_voxel_too_much():
    label = np.zeros((20, 20, 20), np.uint8)
    label[2:4, 2:4, 2:4] = Tissue.TUMOR  # 8 voxels
    label[8:18, 8:18, 8:18] = Tissue.TUMOR  # 1000
    label[2:6, 10:14, 10:14] = Tissue.CYST  # 64
    label[2:6, 10:14, 2:6] = Tissue.KIDNEY
    weights = lesion_weights(label, 100)
    assert weights[2, 2, 2] == 10
    assert weights[3, 11, 11] == pytest.approx(100 / 64)
    weights[2:4, 2:4, 2:4] = weights[2:6, 10:14, 10:14] = 1
    assert (weights == 1).all()
    corner = np.zeros((20, 20, 20), np.uint8)
    corner[17:, 17:, 17:] = Tissue.TUMOR  # cut by the patch: it may be large
    assert (lesion_weights(corner, 100) == 1).all()


def test_voxel_weights_of_one_change_nothing_and_others_move_the_mean():
    torch.manual_seed(0)
    logits, target = torch.randn(1, 4, 8, 8, 8), torch.randint(0, 4, (1, 8, 8, 8))
    target[0, 0] = 255
    weights, ones = torch.tensor([1.0, 1.0, 1.7, 2.0]), torch.ones(1, 8, 8, 8)
    plain = region_loss(logits, target, weights)
    torch.testing.assert_close(region_loss(logits, target, weights, ones), plain)
    logits[:, 2] = -5  # tumor is missed
    heavy = torch.where(target == 2, 10.0, 1.0)
    missed = region_loss(logits, target, weights)
    assert region_loss(logits, target, weights, heavy) > missed + 1


def test_telling_tissues_apart_does_not_push_the_border_outward():
    target = torch.randint(0, 4, (1, 8, 8, 8), generator=torch.Generator().manual_seed(1))
    logits = torch.randn(1, 4, 8, 8, 8, generator=torch.Generator().manual_seed(2))
    background = logits.clone()
    background[:, 0] += 5
    weights = torch.tensor([1.0, 1.0, 2.0, 2.0])
    expected = tissue_loss(logits, target, weights)
    assert expected > 0.5
    torch.testing.assert_close(tissue_loss(background, target, weights), expected)
    assert tissue_loss(logits, torch.zeros_like(target), weights) == 0


def test_unsure_voxels_do_not_count():
    torch.manual_seed(0)
    target = torch.zeros(1, 8, 8, 8, dtype=torch.long)
    target[0, :2], target[0, 6:] = 1, 255
    logits = torch.randn(1, 4, 8, 8, 8)
    changed = logits.clone()
    changed[:, :, 6:] += 5 * torch.randn(1, 4, 2, 8, 8)
    weights = torch.ones(4)
    torch.testing.assert_close(
        region_loss(logits, target, weights), region_loss(changed, target, weights)
    )


def test_deep_supervision_weighs_the_first_head_most():
    target = torch.zeros(1, 8, 8, 8, dtype=torch.long)
    target[0, :4] = 1
    good = torch.full((1, 4, 8, 8, 8), -20.0).scatter_(1, target[:, None], 20.0)
    bad = good.roll(1, dims=1)
    weights = torch.ones(4)
    first = supervised_loss(torch.stack([good, bad], 1), target, weights)
    second = supervised_loss(torch.stack([bad, good], 1), target, weights)
    assert first < second


def test_false_kidney_in_an_empty_patch_costs_much_more_than_its_share_of_voxels():
    target = torch.zeros(1, 32, 32, 32, dtype=torch.long)
    logits = torch.full((1, 4, 32, 32, 32), -6.0)
    logits[:, 0] = 6.0
    clean = region_loss(logits, target, torch.ones(4))
    logits[0, 0, :8, :8, :8], logits[0, 1, :8, :8, :8] = -6.0, 6.0
    assert region_loss(logits, target, torch.ones(4)) - clean > 0.25
