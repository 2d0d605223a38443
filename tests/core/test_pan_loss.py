import math

import pytest
import torch

from tcm_core.config.learning import PanLossConfig
from tcm_core.losses.pan import PanTargetBatch, embedding_terms, hard_negatives, pan_loss
from tcm_core.models.outputs import PanMaps

CONFIG = PanLossConfig()


def plain_embedding_loss(vectors, instance, kernel, config):
    """Aggregation, discrimination and length of one image, text by text and pair by pair."""
    numbers = [n for n in instance[kernel].unique().tolist() if n > 0]
    means = {n: vectors[:, (instance == n) & kernel].mean(dim=1) for n in numbers}
    pulls = []
    for n in numbers:
        away = (vectors[:, instance == n] - means[n][:, None]).norm(dim=0) - config.aggregation_margin
        pulls.append(torch.log(away.clamp(min=0) ** 2 + 1).mean())
    pushes = [
        torch.log((config.discrimination_margin - (means[n] - means[m]).norm()).clamp(min=0) ** 2 + 1)
        for n in numbers
        for m in numbers
        if n < m
    ]
    lengths = [torch.log(mean.norm() + 1) for mean in means.values()]
    pairs = len(numbers) * (len(numbers) - 1)
    factor = 2 if config.discrimination_mean == "ordered" else 1
    return (
        sum(pulls) / max(1, len(numbers)),
        factor * sum(pushes) / max(1, pairs),
        sum(lengths) / (len(numbers) + 1),
    )


def maps_of(size, batch=1, embedding=4, seed=0):
    random = torch.Generator().manual_seed(seed)
    shapes = ((batch, 1, *size), (batch, 1, *size), (batch, embedding, *size))
    return PanMaps(*(torch.randn(shape, generator=random).requires_grad_() for shape in shapes))


def targets_of(size, batch=1):
    zeros = torch.zeros(batch, 1, *size)
    return PanTargetBatch(
        zeros.to(torch.int16), zeros.to(torch.uint8), torch.ones_like(zeros, dtype=torch.uint8)
    )


def two_texts(size=(12, 16), batch=1):
    targets = targets_of(size, batch)
    targets.instance[..., 1:5, 1:15], targets.instance[..., 7:11, 1:15] = 1, 2
    targets.kernel[..., 2:4, 3:13], targets.kernel[..., 8:10, 3:13] = 1, 1
    return targets


def gradients(maps, losses):
    return torch.autograd.grad(sum(losses.values()), maps, allow_unused=True)


@pytest.mark.parametrize("mean", ["ordered", "unordered"])
@pytest.mark.parametrize("seed", range(8))
def test_embedding_terms_are_those_of_the_definition(seed, mean):
    config = PanLossConfig(discrimination_mean=mean)
    random = torch.Generator().manual_seed(seed)
    vectors = torch.randn(3, 4, 9, 11, generator=random) * 1.5
    instance = torch.randint(0, 5, (3, 1, 9, 11), generator=random)
    instance[seed % 3] *= seed % 2  # an image without text in every other case
    kernel = (torch.rand(3, 1, 9, 11, generator=random) < 0.06) & (instance > 0)  # some texts have no kernel
    found = embedding_terms(vectors, instance, kernel, config)
    wanted = [
        plain_embedding_loss(v, i[0], k[0], config) for v, i, k in zip(vectors, instance, kernel, strict=True)
    ]
    for term, each in zip(found, zip(*wanted, strict=True), strict=True):
        assert term.item() == pytest.approx(float(sum(each)) / 3, abs=1e-6)


def test_aggregation_by_hand():
    """A kernel at 0, one pixel of its text 1.5 away and one 0.4 away: only the former costs anything."""
    vectors = torch.tensor([[[[0.0, 1.5, 0.4]]]])
    instance, kernel = torch.ones(1, 1, 1, 3, dtype=torch.long), torch.tensor([[[[True, False, False]]]])
    aggregation, discrimination, _ = embedding_terms(vectors, instance, kernel, CONFIG)
    assert aggregation.item() == pytest.approx(math.log(2) / 3)
    assert discrimination == 0


@pytest.mark.parametrize(("mean", "share"), [("ordered", 1.0), ("unordered", 0.5)])
def test_discrimination_by_hand(mean, share):
    """Kernels at 0, 1 and 10: one pair of three is nearer than 3, by 2."""
    vectors, instance = torch.tensor([[[[0.0, 1.0, 10.0]]]]), torch.tensor([[[[1, 2, 3]]]])
    config = PanLossConfig(discrimination_mean=mean)
    terms = embedding_terms(vectors, instance, instance > 0, config)
    assert terms[1].item() == pytest.approx(share * math.log(5) / 3)


def test_texts_of_different_images_do_not_push_each_other_apart():
    vectors, instance = torch.zeros(2, 1, 1, 2), torch.tensor([[[[1, 0]]], [[[0, 1]]]])
    assert embedding_terms(vectors, instance, instance > 0, CONFIG)[1] == 0


def test_the_text_term_counts_three_hard_negatives_a_positive_of_each_image():
    positive = torch.zeros(2, 1, 4, 4, dtype=torch.bool)
    positive[0, 0, 0, 0] = True
    positive[1, 0, 0, :2] = True
    logits = torch.arange(32.0).view(2, 1, 4, 4)
    chosen = hard_negatives(logits, ~positive, positive, 3.0)
    assert chosen.flatten(1).sum(1).tolist() == [3, 6]
    assert chosen[0].flatten().nonzero().ravel().tolist() == [13, 14, 15]


def test_what_is_not_judged_is_no_hard_negative_and_changes_nothing():
    maps, targets = maps_of((12, 16)), two_texts()
    targets.mask[..., 5:7, :] = 0
    before = pan_loss(maps, targets, CONFIG)
    changed = PanMaps(*(plane.detach().clone() for plane in maps))
    for plane in changed:
        plane[..., 5:7, :] = 30.0
    after = pan_loss(changed, targets, CONFIG)
    assert {name: value.item() for name, value in after.items()} == pytest.approx(
        {name: value.item() for name, value in before.items()}
    )


def test_the_dice_terms_have_squares_and_count_each_image_alike():
    """Zero logits everywhere: p = 1/2, so with n positives 1 - 2 (n/2) / (4n/4 + n) for the text."""
    targets = two_texts(batch=2)
    targets.instance[1, :, 3:], targets.kernel[1, :, 3:] = 0, 0  # two rows of the first text are left
    maps = PanMaps(*(torch.zeros_like(plane) for plane in maps_of((12, 16), batch=2)))
    losses = pan_loss(maps, targets, PanLossConfig(negative_ratio=0.01, kernel_weight=1.0))
    # equal logits are chosen together: all 192 pixels
    first, second = 1 - 112 / (192 / 4 + 112 + 0.002), 1 - 28 / (192 / 4 + 28 + 0.002)
    assert losses["text"].item() == pytest.approx((first + second) / 2, abs=1e-6)
    first, second = 1 - 40 / (112 / 4 + 40 + 0.002), 1 - 10 / (28 / 4 + 10 + 0.002)
    assert losses["kernel"].item() == pytest.approx((first + second) / 2, abs=1e-6)


def test_the_kernel_is_judged_inside_texts_only():
    maps, targets = maps_of((12, 16)), two_texts()
    gradient = gradients(maps, {"kernel": pan_loss(maps, targets, CONFIG)["kernel"]})[1]
    assert (gradient != 0).eq(targets.instance > 0).all()


def test_perfect_maps_cost_next_to_nothing():
    targets = two_texts()
    text, kernel = (targets.instance > 0).float(), targets.kernel.float()
    embedding = 4.0 * targets.instance.float().expand(-1, 4, -1, -1)
    losses = pan_loss(PanMaps(text * 40 - 20, kernel * 40 - 20, embedding), targets, CONFIG)
    assert set(losses) == {"text", "kernel", "aggregation", "discrimination", "regulariser"}
    assert losses["aggregation"] == losses["discrimination"] == 0
    assert 0 < sum(losses.values()).item() < 0.01


def test_terms_are_weighted():
    maps, targets = maps_of((12, 16)), two_texts()
    ones = pan_loss(maps, targets, PanLossConfig(kernel_weight=1, embedding_weight=1, regulariser=1))
    losses = pan_loss(maps, targets, CONFIG)
    wanted = {"text": 1, "kernel": 0.5, "aggregation": 0.25, "discrimination": 0.25, "regulariser": 0.00025}
    assert {name: (losses[name] / ones[name]).item() for name in ones} == pytest.approx(wanted)


def test_maps_are_enlarged_to_targets_of_the_inputs_size():
    maps, coarse = maps_of((12, 16), batch=2), two_texts(batch=2)
    fine = PanTargetBatch(*(t.repeat_interleave(4, 2).repeat_interleave(4, 3) for t in coarse))
    losses, other = pan_loss(maps, fine, CONFIG), pan_loss(maps, coarse, CONFIG)
    assert all(torch.isfinite(gradient).all() for gradient in gradients(maps, losses))
    assert losses["kernel"].item() == pytest.approx(other["kernel"].item(), abs=0.1)
    constant = PanMaps(*(torch.full_like(plane, 0.3) for plane in maps))
    losses, other = pan_loss(constant, fine, CONFIG), pan_loss(constant, coarse, CONFIG)
    assert losses["kernel"].item() == pytest.approx(other["kernel"].item(), abs=1e-4)


def test_shapes_that_would_broadcast_are_refused():
    maps, targets = maps_of((12, 16), batch=2), two_texts(batch=2)
    with pytest.raises(ValueError, match="shapes differ"):
        pan_loss(maps, PanTargetBatch(targets.instance, targets.kernel[:, 0], targets.mask), CONFIG)
    with pytest.raises(ValueError, match="shapes differ"):
        pan_loss(maps, two_texts(batch=1), CONFIG)


def one_pixel_of_text():
    targets = targets_of((12, 16), batch=2)
    targets.instance[0, 0, 3, 3] = targets.kernel[0, 0, 3, 3] = 1
    return targets


def everything_ignored():
    targets = two_texts(batch=2)
    targets.mask.zero_()
    return targets


def nothing_but_text():
    targets = targets_of((12, 16), batch=2)
    targets.instance.fill_(1)
    targets.kernel.fill_(1)
    return targets


def a_single_text():
    targets = two_texts(batch=2)
    targets.instance[targets.instance == 2] = 0
    return targets


def kernels_that_vanished():
    targets = two_texts(batch=2)
    targets.kernel.zero_()
    return targets


CASES = {
    "no text": lambda: targets_of((12, 16), batch=2),
    "one pixel": one_pixel_of_text,
    "everything ignored": everything_ignored,
    "nothing but text": nothing_but_text,
    "a single text": a_single_text,
    "no kernels": kernels_that_vanished,
}


@pytest.mark.parametrize("without_text", ["negatives", "constant"])
@pytest.mark.parametrize("vectors", ["random", "equal"])
@pytest.mark.parametrize("case", CASES)
def test_losses_and_gradients_are_finite(case, vectors, without_text):
    maps = maps_of((12, 16), batch=2)
    if vectors == "equal":  # the distance of equal vectors has no derivative
        maps = maps._replace(embedding=torch.zeros_like(maps.embedding).requires_grad_())
    losses = pan_loss(maps, CASES[case](), PanLossConfig(without_text=without_text))
    assert all(torch.isfinite(loss) and loss >= 0 for loss in losses.values())
    assert sum(losses.values()) < 10
    assert all(g is None or torch.isfinite(g).all() for g in gradients(maps, losses))


def test_an_image_without_text_teaches_that_there_is_none_unless_the_constant_is_wanted():
    maps, targets = maps_of((40, 50)), targets_of((40, 50))
    losses = pan_loss(maps, targets, CONFIG)
    hardest = maps.text.detach().flatten().sigmoid().topk(2).values  # a thousandth of 2,000
    assert losses["text"].item() == pytest.approx(hardest.square().mean().item())
    assert (gradients(maps, losses)[0] > 0).sum() == 2
    constant = pan_loss(maps, targets, PanLossConfig(without_text="constant"))
    assert constant["text"].item() == 1
    assert not gradients(maps, constant)[0].any()


def test_half_precision_maps_have_the_loss_of_their_values():
    maps, targets = maps_of((12, 16)), two_texts()
    halves = PanMaps(*(plane.detach().bfloat16() for plane in maps))
    losses, wanted = (
        pan_loss(halves, targets, CONFIG),
        pan_loss(PanMaps(*(h.float() for h in halves)), targets, CONFIG),
    )
    assert losses == wanted
