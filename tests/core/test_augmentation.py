import cv2
import numpy as np
import pytest

from tcm_core.config.data import AugmentConfig
from tcm_core.data.dataset import CropDataset, PositionSampler, make_crop
from tcm_core.data.sample import Sample, TextInstance
from tcm_core.data.transforms.geometric import random_crop_matrix, warp_image, warp_instances
from tcm_core.data.transforms.photometric import change_colours
from tcm_core.geometry.polygon import as_points, signed_area

CONFIG = AugmentConfig(size=128, scale=(0.5, 2.0), rotation_degrees=15, flip=0.5, around_text=1.0)
WORD = TextInstance(as_points([[200, 100], [280, 110], [276, 140], [196, 130]]), "word")
GREY = (124.0, 116.0, 104.0)


@pytest.fixture
def sample(tmp_path):
    image = np.full((240, 400, 3), 60, np.uint8)
    cv2.fillPoly(image, [WORD.polygon.astype(np.int32)], (250, 250, 250))
    cv2.imwrite(str(tmp_path / "photo.png"), image)
    return Sample(tmp_path / "photo.png", (WORD,))


@pytest.mark.parametrize("seed", range(20))
def test_the_polygon_follows_the_pixels(sample, seed):
    crop = make_crop(
        sample, CONFIG.model_copy(update={"colour": 0, "blur": 0}), GREY, np.random.default_rng(seed)
    )
    drawn = np.zeros((128, 128), np.uint8)
    for instance in crop.instances:
        cv2.fillPoly(drawn, [np.rint(instance.polygon - 0.5).astype(np.int32)], 1)
    bright = (crop.image[..., 0] > 200).astype(np.uint8)
    differing = cv2.erode(
        cv2.bitwise_xor(drawn, bright), np.ones((3, 3), np.uint8)
    )  # a pixel at the rim may differ
    assert drawn.any()
    assert differing.sum() <= 0.02 * max(1, bright.sum())


@pytest.mark.parametrize("seed", range(10))
def test_a_mirrored_polygon_is_still_clockwise(seed):
    matrix = random_crop_matrix((240, 400), [WORD], CONFIG, np.random.default_rng(seed))
    for instance in warp_instances([WORD], matrix, 128):
        assert signed_area(instance.polygon) > 0


def test_equal_generators_give_equal_crops(sample):
    one = make_crop(sample, CONFIG, GREY, np.random.default_rng(5))
    two = make_crop(sample, CONFIG, GREY, np.random.default_rng(5))
    other = make_crop(sample, CONFIG, GREY, np.random.default_rng(6))
    assert np.array_equal(one.image, two.image)
    assert not np.array_equal(one.image, other.image)


def test_texts_wholly_outside_are_left_out():
    shift = np.array([[1.0, 0, -300.0], [0, 1.0, 0]])
    assert warp_instances([WORD], shift, 128) == ()


def test_what_lies_outside_the_image_gets_the_fill_colour():
    shifted = warp_image(
        np.zeros((20, 20, 3), np.uint8), np.array([[1.0, 0, 50], [0, 1.0, 50]]), 128, (10, 20, 30)
    )
    assert shifted[5, 5].tolist() == [10, 20, 30]
    assert shifted[60, 60].tolist() == [0, 0, 0]


def test_a_crop_shows_as_much_of_a_large_image_as_it_can():
    for seed in range(20):
        config = CONFIG.model_copy(
            update={"rotation_degrees": 0.0, "scale": (1.0, 1.0), "stretch": 1.0, "flip": 0.0}
        )
        matrix = random_crop_matrix((240, 400), [WORD], config, np.random.default_rng(seed))
        left, top = -matrix[:, 2]
        assert 0 <= left <= 400 - 128
        assert 0 <= top <= 240 - 128


def test_colours_change_and_stay_bytes():
    image = np.full((32, 32, 3), (200, 100, 50), np.uint8)
    config = AugmentConfig(colour=1.0, blur=1.0)
    changed = change_colours(image, config, np.random.default_rng(0))
    assert changed.dtype == np.uint8
    assert changed.shape == image.shape
    assert np.abs(changed.astype(int) - image).mean() > 5
    untouched = change_colours(image, AugmentConfig(colour=0.0, blur=0.0), np.random.default_rng(0))
    assert np.array_equal(untouched, image)


def test_a_position_always_holds_the_same_crop_and_an_epoch_holds_every_sample(tmp_path):
    samples = []
    for index in range(5):
        cv2.imwrite(str(tmp_path / f"{index}.png"), np.full((64, 64, 3), index * 40, np.uint8))
        samples.append(Sample(tmp_path / f"{index}.png", ()))
    config = AugmentConfig(size=64, colour=0, blur=0, scale=(1, 1), rotation_degrees=0, stretch=1)
    dataset = CropDataset(samples, config, lambda _texts, size: (np.zeros(size, np.uint8),), GREY, seed=3)
    shades = [[int(dataset[epoch * 5 + i][0].median()) for i in range(5)] for epoch in range(3)]
    assert all(sorted(row) == [0, 40, 80, 120, 160] for row in shades)
    assert shades[0] != shades[1] or shades[1] != shades[2]
    assert np.array_equal(dataset[7][0], dataset[7][0])


def test_the_sampler_reads_on_from_a_position():
    assert list(PositionSampler(6, 9)) == [6, 7, 8]


def test_no_samples_are_refused():
    with pytest.raises(ValueError, match="no samples"):
        CropDataset([], CONFIG, lambda _t, _s: (), GREY, 0)
