"""One matrix, one warp: polygons follow the pixels, and crops cut no text in two."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from tcm_core.config.data import AugmentConfig
from tcm_core.data.dataset import make_crop
from tcm_core.data.sample import Sample, TextInstance
from tcm_core.data.transforms.geometric import (
    CropPlan,
    largest_scale,
    plan_crop,
    transform,
    warp_image,
    warp_instances,
)
from tcm_core.data.transforms.photometric import add_noise, change_colours, compress
from tcm_core.data.transforms.window import Window, cut_boxes, settle
from tcm_core.geometry.orientation import turn_polygon
from tcm_core.geometry.polygon import as_points, signed_area

PLAIN = AugmentConfig(size=128, colour=0, blur=0, noise=0)
CONFIG = PLAIN.model_copy(
    update={
        "scale": (0.5, 2.0),
        "rotation_degrees": 15,
        "flip": 0.5,
        "around_text": 1.0,
        "whole_texts": False,
    }
)
STILL = PLAIN.model_copy(
    update={"scale": (1.0, 1.0), "rotation_degrees": 0.0, "stretch": 1.0, "around_text": 1.0}
)
WORD = TextInstance(as_points([[200, 100], [280, 110], [276, 140], [196, 130]]), "word", language="Latin")
GREY = (124.0, 116.0, 104.0)
FAR = AugmentConfig(
    size=128, scale=(0.4, 1.5), rotation_degrees=30, quarter_turns=0.5, perspective=0.3, flip=0.5,
    colour=0, blur=0, noise=0,
)  # fmt: skip


@pytest.fixture
def sample(tmp_path):
    image = np.full((240, 400, 3), 60, np.uint8)
    cv2.fillPoly(image, [WORD.polygon.astype(np.int32)], (250, 250, 250))
    cv2.imwrite(str(tmp_path / "photo.png"), image)
    return Sample(tmp_path / "photo.png", (WORD,))


def crop_of(sample, config, seed):
    return make_crop(sample, config, GREY, np.random.default_rng(seed))


def assert_polygons_fit_the_bright_pixels(crop):
    """The word is white; a pixel at the rim may differ."""
    size = crop.image.shape[0]
    drawn = np.zeros((size, size), np.uint8)
    for instance in crop.instances:
        cv2.fillPoly(drawn, [np.rint(instance.polygon - 0.5).astype(np.int32)], 1)
    bright = (crop.image[..., 0] > 190).astype(np.uint8)
    differing = cv2.erode(cv2.bitwise_xor(drawn, bright), np.ones((3, 3), np.uint8))
    assert differing.sum() <= 0.02 * max(1, bright.sum())
    return bright.sum()


@pytest.mark.parametrize(
    "config", [CONFIG, FAR, PLAIN], ids=["usual", "perspective and turns", "whole texts"]
)
@pytest.mark.parametrize("seed", range(12))
def test_the_polygon_follows_the_pixels(sample, config, seed):
    crop = crop_of(sample, config.model_copy(update={"around_text": 1.0}), seed)
    assert assert_polygons_fit_the_bright_pixels(crop) > 0
    assert all(signed_area(instance.polygon) > 0 for instance in crop.instances)
    assert crop.instances[0].language == "Latin"


@pytest.mark.parametrize("frame", ["stored", "view"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_labels_of_either_frame_fit_a_turned_photograph(tmp_path, frame, orientation):
    """Texts are drawn as stored; labels of the view frame are what a viewer of the file would draw."""
    image = np.full((240, 400, 3), 60, np.uint8)
    cv2.fillPoly(image, [WORD.polygon.astype(np.int32)], (250, 250, 250))
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(image).save(tmp_path / "a.jpg", exif=exif, quality=95)
    with Image.open(tmp_path / "a.jpg") as picture:
        shown = np.asarray(ImageOps.exif_transpose(picture))
    polygon = WORD.polygon
    if frame == "view":
        polygon = turn_polygon(polygon, (240, 400), orientation, to="view")
        x, y = np.rint(polygon.mean(axis=0)).astype(int)
        assert shown[y, x].min() > 200
    sample = Sample(tmp_path / "a.jpg", (TextInstance(polygon),), frame)
    for seed in range(4):
        assert assert_polygons_fit_the_bright_pixels(crop_of(sample, CONFIG, seed)) > 0
    upright = STILL.model_copy(update={"scale": (0.3, 0.3)})  # decoded at a reduced size
    assert assert_polygons_fit_the_bright_pixels(crop_of(sample, upright, 0)) > 0


def test_equal_generators_give_equal_crops(sample):
    config = FAR.model_copy(update={"colour": 1, "blur": 1, "noise": 1, "jpeg": 1, "night": 1})
    one, two, other = (crop_of(sample, config, seed) for seed in (5, 5, 6))
    assert np.array_equal(one.image, two.image)
    assert not np.array_equal(one.image, other.image)


def test_texts_wholly_outside_are_left_out():
    shift = CropPlan(np.array([[1.0, 0, -300.0], [0, 1.0, 0], [0, 0, 1]]), Window(0, 0, 128, 128))
    assert warp_instances([WORD], shift) == ()


def test_what_lies_outside_the_image_gets_the_fill_colour():
    plan = CropPlan(np.array([[1.0, 0, 50], [0, 1.0, 50], [0, 0, 1]]), Window(0, 0, 128, 128))
    shifted = warp_image(np.zeros((20, 20, 3), np.uint8), plan, 128, (10, 20, 30))
    assert shifted[5, 5].tolist() == [10, 20, 30]
    assert shifted[60, 60].tolist() == [0, 0, 0]


def test_what_lies_outside_the_window_gets_the_fill_colour():
    plan = CropPlan(np.eye(3), Window(10, 20, 100, 90))
    warped = warp_image(np.zeros((128, 128, 3), np.uint8), plan, 128, (10, 20, 30))
    inside = np.zeros((128, 128), bool)
    inside[20:90, 10:100] = True
    assert (warped[inside] == 0).all()
    assert (warped[~inside] == (10, 20, 30)).all()


def test_a_crop_shows_as_much_of_a_large_image_as_it_can():
    for seed in range(20):
        plan = plan_crop((240, 400), [WORD], STILL, np.random.default_rng(seed))
        left, top = -plan.matrix[:2, 2]
        assert 0 <= left <= 400 - 128
        assert 0 <= top <= 240 - 128
        assert plan.window == pytest.approx((0, 0, 128, 128))


def test_quarter_turns_are_exact():
    config = STILL.model_copy(update={"quarter_turns": 1.0})
    turns = {
        tuple(np.rint(plan_crop((240, 400), [], config, np.random.default_rng(seed)).matrix[:2, :2]).ravel())
        for seed in range(40)
    }
    assert turns == {(0, -1, 1, 0), (-1, 0, 0, -1), (0, 1, -1, 0)}


@pytest.mark.parametrize(("unit", "side"), [("short_side", 240), ("long_side", 400)])
def test_the_scale_may_count_from_a_side_of_the_image(unit, side):
    config = STILL.model_copy(update={"scale_unit": unit})
    plan = plan_crop((240, 400), [], config, np.random.default_rng(0))
    assert plan.matrix[0, 0] == pytest.approx(128 / side)


def test_text_is_not_mirrored_unless_asked_for():
    assert AugmentConfig().flip == 0
    plans = [
        plan_crop((240, 400), [WORD], AugmentConfig(), np.random.default_rng(seed)) for seed in range(20)
    ]
    assert all(np.linalg.det(plan.matrix[:2, :2]) > 0 for plan in plans)


def test_perspective_moves_far_points_by_the_rule():
    config = STILL.model_copy(update={"perspective": 0.4, "around_text": 0.0})
    plan = plan_crop((240, 400), [], config, np.random.default_rng(1))
    tilt = plan.matrix[2, :2] / plan.matrix[2, 2]
    corners = as_points([[0, 0], [400, 0], [400, 240], [0, 240]])
    divisors = corners @ plan.matrix[2, :2] + plan.matrix[2, 2]
    assert np.abs(tilt).max() > 0
    assert np.abs(divisors - 1).max() <= 0.4
    assert transform(corners[:1], plan.matrix)[0] == pytest.approx(plan.matrix[:2, 2] / divisors[0])


def test_the_largest_scale_decides_how_a_picture_is_decoded():
    assert largest_scale(np.diag([0.25, 0.25, 1.0]), 128) == pytest.approx(0.25)
    assert largest_scale(np.diag([0.25, 0.5, 1.0]), 128) == pytest.approx(0.5)


WORDS = st.lists(
    st.tuples(
        st.integers(0, 380),
        st.integers(0, 230),
        st.integers(4, 300),
        st.integers(4, 60),
        st.floats(-1.5, 1.5),
    ),
    min_size=1,
    max_size=12,
)


def text_at(x, y, width, height, angle, *, ignore=False):
    box = as_points([[-width, -height], [width, -height], [width, height], [-width, height]]) / 2
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return TextInstance(box @ turn.T + (x, y), ignore=ignore)


@settings(max_examples=150)
@given(words=WORDS, seed=st.integers(0, 1000), ignored=st.booleans())
def test_no_legible_text_is_cut_in_two(words, seed, ignored):
    """What of a text lies in the image is in the window as a whole, or not at all."""
    texts = [text_at(*word) for word in words]
    extra = [text_at(200, 120, 380, 200, 0.1, ignore=True)] if ignored else []
    plan = plan_crop((240, 400), [*texts, *extra], FAR, np.random.default_rng(seed))
    x0, y0, x1, y1 = plan.window
    image = transform(as_points([[0, 0], [400, 0], [400, 240], [0, 240]]), plan.matrix)
    for text in texts:
        moved = transform(text.polygon, plan.matrix)
        low = np.maximum(moved.min(axis=0), image.min(axis=0))
        high = np.minimum(moved.max(axis=0), image.max(axis=0))
        if (low >= high).any():
            continue
        inside = (low >= np.array((x0, y0)) - 1).all() and (high <= np.array((x1, y1)) + 1).all()
        outside = (high <= np.array((x0, y0)) + 1).any() or (low >= np.array((x1, y1)) - 1).any()
        assert inside or outside


@pytest.mark.parametrize("seed", range(20))
def test_the_text_that_a_crop_is_put_around_is_in_it_even_if_it_is_long(seed):
    long = text_at(200, 120, 390, 20, 0.0)
    config = STILL.model_copy(update={"scale": (2.0, 2.0)})
    plan = plan_crop((240, 400), [long], config, np.random.default_rng(seed))
    (moved,) = warp_instances([long], plan)
    assert moved.polygon.min() >= -1e-6
    assert moved.polygon.max() <= 128 + 1e-6


def test_where_texts_stand_close_the_border_moves_off_them():
    """No window of this size is free of cuts, so a part of the crop stays empty or it shows more."""
    words = [
        text_at(20 + 40 * column, 10 + 20 * row, 36, 16, 0.0) for row in range(12) for column in range(10)
    ]
    shapes = set()
    for seed in range(20):
        plan = plan_crop((240, 400), words, STILL, np.random.default_rng(seed))
        shapes.add((round(plan.window.x1 - plan.window.x0), round(plan.window.y1 - plan.window.y0)))
        assert plan.window.area >= 0.4 * 128 * 128 - 1e-6
        shown = warp_instances(words, plan)
        assert shown
        for word in shown:
            assert (word.polygon >= np.array(plan.window[:2]) - 1e-6).all()
            assert (word.polygon <= np.array(plan.window[2:]) + 1e-6).all()
    assert shapes != {(128, 128)}


def test_a_window_that_took_in_a_long_text_shows_what_is_above_and_below_it():
    """A long line across a short one: the crop is no strip, as long as the image is not one."""
    long = text_at(200, 120, 390, 16, 0.0)
    short = text_at(200, 118, 30, 30, 0.0)
    for seed in range(20):
        plan = plan_crop((240, 400), [short, long], STILL, np.random.default_rng(seed))
        assert plan.window.area >= 0.4 * 128 * 128
        assert len(warp_instances([short, long], plan)) == 2


def test_cutting_texts_can_be_asked_for():
    words = [
        text_at(20 + 40 * column, 10 + 20 * row, 36, 16, 0.0) for row in range(12) for column in range(10)
    ]
    config = STILL.model_copy(update={"whole_texts": False})
    cut = 0
    for seed in range(10):
        plan = plan_crop((240, 400), words, config, np.random.default_rng(seed))
        cut += sum(word.polygon.min() < 0 for word in warp_instances(words, plan))
    assert cut > 0


def test_ignored_texts_follow_and_may_be_cut():
    ignored = text_at(200, 120, 390, 230, 0.0, ignore=True)
    plan = plan_crop((240, 400), [ignored, WORD], STILL, np.random.default_rng(0))
    moved = warp_instances([ignored, WORD], plan)
    assert [text.ignore for text in moved] == [True, False]
    assert moved[0].polygon.min() < 0
    assert plan.window == pytest.approx((0, 0, 128, 128))


BOXES = st.lists(
    st.tuples(st.integers(-20, 60), st.integers(-20, 60), st.integers(1, 50), st.integers(1, 50)), max_size=15
)


@given(boxes=BOXES, smallest=st.floats(1, 2000))
def test_a_settled_window_cuts_nothing_and_keeps_what_it_must(boxes, smallest):
    array = np.array([(x, y, x + w, y + h) for x, y, w, h in boxes], dtype=float).reshape(-1, 4)
    window = Window(0.0, 0.0, 40.0, 40.0)
    inside = (array[:, :2] >= 0).all(axis=1) & (array[:, 2:] <= 40).all(axis=1)
    settled = settle(window, array, inside, smallest)
    assert not cut_boxes(np.array([settled]), array).any()
    assert settled.area > 0
    for x0, y0, x1, y1 in array[inside]:
        assert settled.x0 <= x0
        assert settled.y0 <= y0
        assert settled.x1 >= x1
        assert settled.y1 >= y1


def test_a_border_moves_the_way_that_costs_least():
    cut = np.array([[35.0, 10.0, 60.0, 30.0]])
    assert settle(Window(0, 0, 40, 40), cut, np.array([False]), 100) == (0, 0, 35, 40)
    assert settle(Window(0, 0, 40, 40), cut, np.array([False]), 1500) == (
        0,
        0,
        60,
        40,
    )  # too little would be left


def test_colours_change_and_stay_bytes():
    image = np.full((32, 32, 3), (200, 100, 50), np.uint8)
    for name in ("colour", "blur", "noise", "jpeg", "night"):
        alone = PLAIN.model_copy(update={name: 1.0})
        textured = image.copy()
        textured[::2] //= 2
        changed = change_colours(textured, alone, np.random.default_rng(3))
        assert changed.dtype == np.uint8
        assert changed.shape == image.shape
        assert not np.array_equal(changed, textured), name
    untouched = change_colours(image, PLAIN, np.random.default_rng(0))
    assert np.array_equal(untouched, image)


def test_noise_has_the_strength_that_was_asked_for():
    grey = np.full((200, 200, 3), 128, np.uint8)
    noise = add_noise(grey, 6.0, np.random.default_rng(0)).astype(float) - 128
    assert noise.std() == pytest.approx(6.0, abs=0.1)
    assert abs(noise.mean()) < 0.1
    assert abs(np.corrcoef(noise[..., 0].ravel(), noise[..., 1].ravel())[0, 1]) < 0.02


def test_night_is_dark_and_keeps_the_order_of_greys():
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2).repeat(8, axis=0)
    dark = change_colours(ramp, PLAIN.model_copy(update={"night": 1.0}), np.random.default_rng(4))
    assert dark.mean() < 0.6 * ramp.mean()
    assert (
        dark[..., 1].astype(float).mean(axis=0)[200:].mean()
        > dark[..., 1].astype(float).mean(axis=0)[:50].mean()
    )


def test_compression_keeps_the_channels_in_place():
    red = np.full((32, 32, 3), (220, 30, 20), np.uint8)
    assert np.abs(compress(red, 60).astype(int) - red).max() < 8
