"""Positions of a run and the crops at them: the same whatever loads them, with bad images passed over."""

import cv2
import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from tcm_core.config.data import AugmentConfig
from tcm_core.config.synth import SynthConfig
from tcm_core.data.dataset import CropDataset, PhotoSource, Scale, SceneSource
from tcm_core.data.sample import Sample, TextInstance
from tcm_core.data.schedule import Schedule
from tcm_core.errors import BadImage
from tcm_core.geometry.polygon import as_points

GREY = (124.0, 116.0, 104.0)
ALL = AugmentConfig(
    size=64, rotation_degrees=30, quarter_turns=0.3, perspective=0.2, flip=0.3, colour=0.5, blur=0.5,
    noise=0.5, jpeg=0.5, night=0.5,
)  # fmt: skip
STILL = AugmentConfig(size=64, colour=0, blur=0, noise=0, scale=(1, 1), rotation_degrees=0, stretch=1)


def mask_of(texts, size):
    """A target that depends on where the texts are."""
    mask = np.zeros(size, np.uint8)
    for text in texts:
        cv2.fillPoly(mask, [np.rint(text.polygon).astype(np.int32)], 1)
    return (mask,)


def photos(folder, count, *, level=40, size=64):
    """Pictures of one grey each, with a text in the middle."""
    word = TextInstance(as_points([[20, 24], [44, 24], [44, 40], [20, 40]]), "word")
    samples = []
    for index in range(count):
        cv2.imwrite(str(folder / f"{index}.jpg"), np.full((size, size, 3), index * level, np.uint8))
        samples.append(Sample(folder / f"{index}.jpg", (word,)))
    return samples


def dataset_of(samples, config=STILL, seed=3):
    return CropDataset([PhotoSource(samples)], config, mask_of, GREY, seed)


def shade(item):
    return int(item.image.float().median())


def test_a_position_always_holds_the_same_crop_and_an_epoch_holds_every_sample(tmp_path):
    dataset = dataset_of(photos(tmp_path, 5))
    shades = [[shade(dataset[epoch * 5 + i]) for i in range(5)] for epoch in range(3)]
    assert all(sorted(row) == [0, 40, 80, 120, 160] for row in shades)
    assert shades[0] != shades[1] or shades[1] != shades[2]
    assert torch.equal(dataset[7].image, dataset[7].image)


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    samples = photos(tmp_path_factory.mktemp("photos"), 7, size=150)
    dataset = dataset_of(samples, ALL, seed=11)
    return samples, [dataset[position] for position in range(5, 25)]


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_crops_do_not_depend_on_the_number_of_workers(expected, workers):
    samples, items = expected
    loader = DataLoader(
        dataset_of(samples, ALL, seed=11),
        batch_size=None,
        sampler=range(5, 25),
        num_workers=workers,
    )
    loaded = list(loader)
    assert len(loaded) == len(items)
    for one, other in zip(loaded, items, strict=True):
        assert torch.equal(one.image, other.image)
        assert all(torch.equal(a, b) for a, b in zip(one.targets, other.targets, strict=True))
    assert any(item.targets[0].any() for item in items)


def test_another_seed_gives_other_crops(expected):
    samples, items = expected
    other = dataset_of(samples, ALL, seed=12)
    assert any(not torch.equal(other[5 + i].image, item.image) for i, item in enumerate(items))


def test_an_image_that_cannot_be_read_is_passed_over_and_named(tmp_path):
    samples = photos(tmp_path, 4)
    content = samples[1].image.read_bytes()
    samples[1].image.write_bytes(content[: len(content) // 2])
    dataset = dataset_of(samples)
    items = [dataset[position] for position in range(8)]
    named = [image for item in items for image in item.unreadable]
    assert {image.image for image in named} == {str(samples[1].image)}
    assert len(named) == 2
    assert "cut off" in named[0].reason
    assert {shade(item) for item in items} == {0, 80, 120}
    assert torch.equal(dataset[3].image, items[3].image)


def test_a_data_set_without_a_readable_image_ends_in_words(tmp_path):
    samples = photos(tmp_path, 3)
    for sample in samples:
        sample.image.write_bytes(b"")
    with pytest.raises(BadImage, match=r"images in a row could not be read.*empty"):
        dataset_of(samples)[0]


def test_no_samples_are_refused():
    with pytest.raises(ValueError, match="no samples"):
        dataset_of([])


def test_targets_get_a_channel_and_images_are_bytes(tmp_path):
    item = dataset_of(photos(tmp_path, 1))[0]
    assert (item.image.shape, item.image.dtype) == ((3, 64, 64), torch.uint8)
    assert item.targets[0].shape == (1, 64, 64)


def test_a_source_keeps_its_own_scale_among_others(tmp_path):
    (first,) = photos(tmp_path, 1)
    config = STILL.model_copy(update={"scale": (0.5, 0.5), "scale_unit": "short_side"})
    own, replayed = PhotoSource([first]), PhotoSource([first], Scale((1.0, 1.0)))
    areas = [
        int(mask_of(source.crop(0, config, GREY, np.random.default_rng(1)).instances, (64, 64))[0].sum())
        for source in (own, replayed)
    ]
    assert areas == [13 * 9, 25 * 17]


def test_rendered_scenes_are_cropped_without_a_file():
    source = SceneSource(SynthConfig())
    dataset = CropDataset([source], AugmentConfig(size=128, scale_unit="short_side"), mask_of, GREY, seed=1)
    one, again = dataset[2], dataset[2]
    assert torch.equal(one.image, again.image)
    assert not torch.equal(one.image, dataset[3].image)
    assert sum(bool(dataset[position].targets[0].any()) for position in range(4)) >= 2


def test_photographs_and_scenes_can_be_mixed(tmp_path):
    sources = [PhotoSource(photos(tmp_path, 2)), SceneSource(SynthConfig())]
    dataset = CropDataset(sources, STILL, mask_of, GREY, seed=1, weights=(3.0, 1.0))
    flat = [float(dataset[position].image.float().std()) < 1 for position in range(8)]
    assert sum(flat) == 6


def test_weights_hold_exactly_and_every_image_comes_once_before_one_comes_again():
    schedule = Schedule([3, 10, None], [1.0, 2.0, 1.0], seed=5)
    picks = [schedule.pick(position) for position in range(13 * 8)]
    assert [sum(pick.source == source for pick in picks) for source in range(3)] == [26, 52, 26]
    for source, count in ((0, 3), (1, 10)):
        images = [schedule.image(pick) for pick in picks if pick.source == source]
        for first in range(0, len(images) - count, count):
            assert sorted(images[first : first + count]) == list(range(count))
    scenes = [schedule.image(pick) for pick in picks if pick.source == 2]
    assert scenes == list(range(26))


def test_a_rare_source_is_drawn_from_too():
    schedule = Schedule([4, 4], [0.999, 0.001], seed=0)
    picks = [schedule.pick(position).source for position in range(8 * 250)]
    assert sum(picks) == 2


def test_without_weights_every_image_comes_equally_often():
    schedule = Schedule([3, 9], None, seed=0)
    picks = [schedule.pick(position) for position in range(12)]
    assert sorted((pick.source, schedule.image(pick)) for pick in picks) == [
        *((0, index) for index in range(3)), *((1, index) for index in range(9)),
    ]  # fmt: skip
    assert [pick.source for pick in picks] != sorted(pick.source for pick in picks)


def test_positions_may_be_asked_for_in_any_order():
    schedule, other = (Schedule([5, 4], [1.0, 1.0], seed=2) for _ in range(2))
    forwards = [(schedule.pick(p), schedule.image(schedule.pick(p))) for p in range(60)]
    backwards = [(other.pick(p), other.image(other.pick(p))) for p in reversed(range(60))]
    assert forwards == backwards[::-1]


def test_scenes_without_weights_beside_photographs_are_refused():
    with pytest.raises(ValueError, match="need weights"):
        Schedule([3, None], None, seed=0)
