import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from tcm_core.config.learning import FceLossConfig, FceTargetConfig
from tcm_core.data.sample import TextInstance
from tcm_core.families import FAMILIES
from tcm_core.geometry.fourier import to_points
from tcm_core.losses.fce import FceTargetBatch, fce_loss
from tcm_core.models.outputs import FceLevel, FceMaps
from tests.helpers.fce_maps import bent_text

CONFIG = FceLossConfig()
HALF = math.log(2)  # cross-entropy of equal logits
SIZE = (128, 128)


def targets_of(*batch, settings=None):
    """The targets of a batch of lists of texts, as the loader gives them."""
    each = [FAMILIES["fce"].make_targets(texts, SIZE, settings or FceTargetConfig()) for texts in batch]
    return [
        torch.stack([torch.from_numpy(image[index].reshape(-1, *image[index].shape[-2:])) for image in each])
        for index in range(len(each[0]))
    ]


def levels_of(targets):
    return [FceTargetBatch(*(t.float() for t in targets[first : first + 4])) for first in (0, 4, 8)]


def flat_maps(targets, value=0.0):
    """Maps that say the same everywhere, with gradients."""
    levels = []
    for level in levels_of(targets):
        two = (len(level.text), 2, *level.text.shape[2:])
        levels.append(
            FceLevel(
                *(torch.full(shape, value, requires_grad=True) for shape in (two, two, level.fourier.shape))
            )
        )
    return FceMaps(tuple(levels))


def perfect_maps(targets):
    def logits(plane):
        return torch.cat([10 - 20 * plane, 20 * plane - 10], dim=1)

    return FceMaps(
        tuple(FceLevel(logits(t.text), logits(t.centre), t.fourier.clone()) for t in levels_of(targets))
    )


def loss_of(maps, targets):
    return FAMILIES["fce"].loss(maps, targets, CONFIG)


WORD = TextInstance(bent_text(40, 24, middle=(64, 64)))
IGNORED = TextInstance(np.array([[0, 0], [128, 0], [128, 128], [0, 128.0]]), ignore=True)
PIXEL = TextInstance(bent_text(8, 8, middle=(60, 60)))


def test_perfect_maps_have_next_to_no_loss():
    targets = targets_of([WORD], [])
    losses = loss_of(perfect_maps(targets), targets)
    assert set(losses) == {"text", "centre", "contour"}
    assert all(0 <= loss.item() < 1e-3 for loss in losses.values())


@pytest.mark.parametrize(
    "text", [[], [IGNORED], [PIXEL], [WORD, IGNORED]], ids=["none", "ignored", "pixel", "both"]
)
def test_any_batch_has_a_finite_loss_and_finite_gradients(text):
    targets = targets_of(text, [])
    maps = flat_maps(targets)
    losses = loss_of(maps, targets)
    sum(losses.values()).backward()
    assert all(torch.isfinite(loss) for loss in losses.values())
    assert all(torch.isfinite(field.grad).all() for level in maps.levels for field in level)


def test_where_everything_is_ignored_nothing_is_learnt():
    targets = targets_of([IGNORED])
    assert sum(loss_of(flat_maps(targets), targets).values()) == 0


def test_without_text_the_hundred_hardest_of_each_level_are_learnt():
    targets = targets_of([])
    maps = flat_maps(targets)
    with torch.no_grad():
        maps.levels[0].text[0, 1, :10, :10] = 2.0
        maps.levels[0].text[0, 1, 12, 12] = -5.0
    expected = math.log1p(math.exp(2)) + 2 * HALF
    assert loss_of(maps, targets)["text"].item() == pytest.approx(expected, rel=1e-5)


def one_level(text, centre=None, mask=None, fourier=None):
    """Targets and flat maps with one level that matters; the others are masked."""
    text = torch.tensor(text, dtype=torch.float32)[None, None]
    zeros = torch.zeros_like(text)
    centre = zeros if centre is None else torch.tensor(centre, dtype=torch.float32)[None, None]
    mask = zeros + 1 if mask is None else torch.tensor(mask, dtype=torch.float32)[None, None]
    fourier = torch.zeros(1, 22, *text.shape[2:]) if fourier is None else fourier
    batch = FceTargetBatch(text, centre, mask, fourier)
    maps = FceLevel(
        torch.zeros(1, 2, *text.shape[2:]), torch.zeros(1, 2, *text.shape[2:]), torch.zeros_like(fourier)
    )
    return FceMaps((maps,)), [batch]


def test_the_text_region_counts_three_hard_negatives_a_positive():
    maps, targets = one_level([[1, 0, 0, 0, 0, 0]])
    maps.levels[0].text[0, 1, 0, 1:5] = torch.tensor([3.0, 2.0, 1.0, -4.0])
    hard = sum(math.log1p(math.exp(value)) for value in (3, 2, 1))
    assert fce_loss(maps, targets, CONFIG)["text"].item() == pytest.approx((HALF + hard) / 4, rel=1e-5)


def test_the_centre_counts_text_pixels_whole_and_the_others_half():
    maps, targets = one_level([[1, 1, 0, 0, 0]], centre=[[1, 0, 0, 0, 0]])
    maps.levels[0].centre[0, 1] = torch.tensor([[2.0, 2.0, -1.0, -1.0, 0.0]])
    inside = (math.log1p(math.exp(-2)) + math.log1p(math.exp(2))) / 2
    outside = (2 * math.log1p(math.exp(-1)) + HALF) / 3
    assert fce_loss(maps, targets, CONFIG)["centre"].item() == pytest.approx(inside + outside / 2, rel=1e-5)


def test_masked_pixels_change_no_term():
    maps, targets = one_level([[1, 0, 1, 0]], centre=[[1, 0, 1, 0]], mask=[[1, 1, 0, 0]])
    before = fce_loss(maps, targets, CONFIG)
    maps.levels[0].text[..., 2:] = torch.tensor([9.0, -9.0]).view(1, 2, 1, 1)
    maps.levels[0].centre[..., 2:] = torch.tensor([-9.0, 9.0]).view(1, 2, 1, 1)
    maps.levels[0].fourier[..., 2:] = 9.0
    assert fce_loss(maps, targets, CONFIG) == before


@pytest.mark.parametrize(("centre", "weight"), [(1, 1.0), (0, 0.5)])
def test_contours_are_compared_point_by_point_and_count_half_off_the_centre(centre, weight):
    random = np.random.default_rng(0)
    wanted, ours = random.normal(size=(2, 22))
    fourier = torch.zeros(1, 22, 1, 2)
    fourier[0, :, 0, 0] = torch.from_numpy(wanted)
    maps, targets = one_level([[1, 0]], centre=[[centre, 0]], fourier=fourier)
    maps.levels[0].fourier[0, :, 0, 0] = torch.from_numpy(ours)
    maps.levels[0].fourier[0, :, 0, 1] = 50.0  # no text there
    points = [torch.from_numpy(to_points(row[:11] + 1j * row[11:], 50)) for row in (wanted, ours)]
    expected = weight * 2 * functional.smooth_l1_loss(*points).item()
    assert fce_loss(maps, targets, CONFIG)["contour"].item() == pytest.approx(expected, rel=1e-4)
    doubled = CONFIG.model_copy(update={"contour_weight": 2.0})
    assert fce_loss(maps, targets, doubled)["contour"].item() == pytest.approx(2 * expected, rel=1e-4)


def test_targets_of_another_degree_are_refused():
    targets = targets_of([WORD], settings=FceTargetConfig(degree=4))
    maps = flat_maps(targets_of([WORD]))
    with pytest.raises(ValueError, match="shapes differ"):
        loss_of(maps, targets)


def test_the_loss_falls_when_the_maps_come_nearer():
    targets = targets_of([WORD])
    maps = flat_maps(targets)
    fields = [field for level in maps.levels for field in level]
    seen = []
    for _ in range(40):
        loss = sum(loss_of(maps, targets).values())
        seen.append(loss.item())
        gradients = torch.autograd.grad(loss, fields)
        with torch.no_grad():
            for field, gradient in zip(fields, gradients, strict=True):
                field -= 10.0 * gradient
    assert seen[-1] < 0.5 * seen[0]
