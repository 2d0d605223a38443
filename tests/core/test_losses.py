import math

import pytest
import torch

from tcm_core.config.learning import DbLossConfig
from tcm_core.losses.db import DbTargetBatch, db_loss
from tcm_core.losses.matching import matching_loss
from tcm_core.losses.pixel import balanced_bce, dice_loss, masked_l1
from tcm_core.models.outputs import DbMaps

SOFTPLUS = math.log(2)  # cross-entropy of a zero logit


def test_balanced_cross_entropy_counts_three_negatives_a_positive():
    target = torch.zeros(1, 1, 10, 10)
    target[0, 0, 0, :2] = 1
    logits = torch.zeros_like(target)
    logits[0, 0, 5, :4] = 2.0  # the four hardest negatives
    expected = (2 * SOFTPLUS + 4 * math.log1p(math.exp(2)) + 2 * SOFTPLUS) / 8
    assert balanced_bce(logits, target, torch.ones_like(target)).item() == pytest.approx(expected, rel=1e-5)


def test_masked_pixels_change_nothing():
    target, logits, mask = torch.zeros(1, 1, 8, 8), torch.zeros(1, 1, 8, 8), torch.ones(1, 1, 8, 8)
    target[..., 0] = 1
    before = balanced_bce(logits, target, mask)
    logits[..., 7], mask[..., 7] = 50.0, 0
    assert balanced_bce(logits, target, mask) == before


def test_a_batch_without_text_has_a_finite_loss_that_falls_with_the_logits():
    target, mask = torch.zeros(2, 1, 64, 64), torch.ones(2, 1, 64, 64)
    high, low = torch.zeros(2, 1, 64, 64), torch.full((2, 1, 64, 64), -3.0)
    assert 0 < balanced_bce(low, target, mask) < balanced_bce(high, target, mask) < 1


def test_everything_masked_gives_zero():
    zeros = torch.zeros(1, 1, 8, 8)
    assert balanced_bce(zeros, zeros, zeros) == 0
    assert masked_l1(zeros + 1, zeros, zeros) == 0


@pytest.mark.parametrize("loss", [balanced_bce, matching_loss])
def test_shapes_that_would_broadcast_are_refused(loss):
    with pytest.raises(ValueError, match="shapes differ"):
        loss(torch.zeros(2, 1, 4, 4), torch.zeros(2, 4, 4), torch.ones(2, 1, 4, 4))


def test_dice_of_equal_and_of_disjoint_maps():
    half = torch.zeros(1, 1, 4, 4)
    half[..., :2] = 1
    ones = torch.ones_like(half)
    assert dice_loss(half, half, ones).item() == pytest.approx(0, abs=1e-6)
    assert dice_loss(half, 1 - half, ones).item() == pytest.approx(1)


def test_l1_is_the_mean_where_judged():
    mask = torch.tensor([[1.0, 1.0, 0.0]])
    assert masked_l1(torch.tensor([[1.0, 3.0, 9.0]]), torch.zeros(1, 3), mask).item() == pytest.approx(2)


def test_matching_loss_is_the_mean_over_judged_cells():
    logits, text = torch.zeros(1, 1, 2, 2), torch.ones(1, 1, 2, 2)
    mask = torch.tensor([[[[1.0, 1.0], [0.0, 1.0]]]])
    assert matching_loss(logits, text, mask).item() == pytest.approx(SOFTPLUS)


def test_perfect_maps_have_next_to_no_db_loss():
    target = torch.zeros(1, 1, 32, 32)
    target[..., 8:16, 8:24] = 1
    border = torch.full_like(target, 0.3)
    maps = DbMaps((target * 2 - 1) * 20, torch.logit(border))
    ones = torch.ones_like(target)
    losses = db_loss(maps, DbTargetBatch(target, ones, border, ones), DbLossConfig())
    assert set(losses) == {"probability", "binary", "threshold"}
    assert sum(losses.values()).item() < 0.01
