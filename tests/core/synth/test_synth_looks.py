import numpy as np
import pytest

from tcm_core.config.synth import LookConfig, PhotoConfig
from tcm_core.data.synth.compose import Ground, Paint, Shadow, choose_paint, lay, luma
from tcm_core.data.synth.photo import Camera, Light, draw_camera, draw_light, lit

DAY = Light(np.ones(3, np.float32), 0.0)
NIGHT = Light(np.full(3, 0.2, np.float32), 1.0)
LOOK = LookConfig(low_contrast=0)


def grounds(plated=False):
    random = np.random.default_rng(0)
    for _ in range(200):
        yield Ground(
            random.uniform(0, 255, 3).astype(np.float32),
            random.uniform(0, 255, (24, 3)).astype(np.float32),
            30,
            plated,
        )


def paint(**changes):
    colours = {
        name: np.full(3, shade, np.float32) for name, shade in (("fill", 255), ("outline", 0), ("plate", 60))
    }
    plain = {
        **colours,
        "opacity": 1.0,
        "shading": 0.0,
        "texture": 0.0,
        "softness": 0.0,
        "shadow": None,
        "glow": 0.0,
    }
    return Paint(**{**plain, **changes})


def square_layers(outline=0, plate=False):
    layers = np.zeros((60, 80, 3), np.uint8)
    layers[20:40, 30:50, 0] = 255
    layers[20 - outline : 40 + outline, 30 - outline : 50 + outline, 1] = 255
    layers[10:50, 20:60, 2] = 255 * plate
    return layers


def test_letters_stand_out_from_their_ground():
    for ground in grounds():
        chosen = choose_paint(ground, LOOK, DAY, np.random.default_rng(1))
        assert abs(luma(chosen.fill) - luma(ground.colour)) >= 50
        assert abs(luma(chosen.fill) - luma(chosen.outline)) >= 50


def test_letters_on_a_plate_stand_out_from_the_plate():
    for ground in grounds(plated=True):
        chosen = choose_paint(ground, LOOK, DAY, np.random.default_rng(1))
        assert abs(luma(chosen.fill) - luma(chosen.plate)) >= 50
        assert abs(luma(chosen.plate) - luma(ground.colour)) >= 25


def test_at_night_texts_are_dark_or_shine():
    dark = Light(np.full(3, 0.2, np.float32), 0.0)
    for ground in grounds():
        assert choose_paint(ground, LOOK, dark, np.random.default_rng(1)).fill.max() <= 51
        shining = choose_paint(ground, LOOK, NIGHT, np.random.default_rng(1))
        assert shining.fill.max() >= 127
        assert shining.glow > 0


def test_opaque_ink_hides_the_ground_and_nothing_else_changes():
    image = np.random.default_rng(0).integers(0, 200, (100, 120, 3)).astype(np.uint8)
    before = image.copy()
    lay(image, (10, 20, 90, 80), square_layers(), paint())
    assert (image[40:60, 40:60] == 255).all()
    image[40:60, 40:60] = before[40:60, 40:60]
    np.testing.assert_array_equal(image, before)


def test_thin_ink_lets_the_ground_through():
    image = np.full((60, 80, 3), 100, np.uint8)
    lay(image, (0, 0, 80, 60), square_layers(), paint(opacity=0.8))
    assert (image[30, 40] == round(100 + 0.8 * 155)).all()


def test_outline_and_plate_lie_around_the_letters():
    image = np.full((60, 80, 3), 100, np.uint8)
    lay(image, (0, 0, 80, 60), square_layers(outline=4, plate=True), paint())
    assert [int(image[30, x, 0]) for x in (5, 23, 28, 40)] == [100, 60, 0, 255]


def test_a_shadow_darkens_on_its_side_only():
    image = np.full((60, 80, 3), 100, np.uint8)
    lay(image, (0, 0, 80, 60), square_layers(), paint(shadow=Shadow((5.0, 0.0), 0.5, 0.6)))
    assert image[30, 52, 0] == pytest.approx(40, abs=3)
    assert image[30, 27, 0] == 100


def test_shining_letters_light_their_surroundings():
    image = np.full((60, 80, 3), 10, np.uint8)
    lay(image, (0, 0, 80, 60), square_layers(), paint(glow=0.8))
    assert image[30, 51, 0] > image[30, 54, 0] > image[30, 75, 0] == 10


def test_ink_takes_up_light_and_structure_of_the_ground():
    ramp = np.tile(np.linspace(60, 180, 80)[None, :, None], (60, 1, 3))
    image = ramp.astype(np.uint8)
    lay(image, (0, 0, 80, 60), square_layers(), paint(fill=np.full(3, 120, np.float32), shading=0.9))
    assert image[30, 48, 0] > image[30, 31, 0] + 5
    rough = np.full((60, 80, 3), 100.0)
    rough[::2] += 30
    image = rough.astype(np.uint8)
    lay(image, (0, 0, 80, 60), square_layers(), paint(fill=np.full(3, 120, np.float32), texture=0.5))
    assert int(image[30, 40, 0]) - int(image[31, 40, 0]) == pytest.approx(15, abs=2)


def test_night_takes_light_away_and_day_does_not():
    image = np.full((8, 8, 3), 200, np.uint8)
    assert (lit(image, NIGHT) == 40).all()
    assert (lit(image, DAY) == 200).all()
    assert lit(image, DAY) is not image
    lights = [draw_light(PhotoConfig(low_light=0.5), np.random.default_rng(seed)) for seed in range(100)]
    assert 30 < sum(light.dark for light in lights) < 70


@pytest.mark.parametrize("size", [(64, 64), (700, 1100)])
def test_noise_has_the_strength_asked_for_and_no_bias(size):
    image = np.full((*size, 3), 128, np.uint8)
    noisy = Camera(0.0, None, 6.0, (37, 401)).take(image).astype(float)
    assert noisy.std() == pytest.approx(6.0, rel=0.1)
    assert noisy.mean() == pytest.approx(128, abs=0.3)
    dark = Camera(0.0, None, 6.0, (37, 401)).take(image // 16).astype(float)
    assert dark.std() < 0.7 * noisy.std()


@pytest.mark.parametrize("motion", [None, 0.0, 0.6, 1.5])
def test_blur_spreads_a_dot_by_its_sigma_without_moving_it(motion):
    image = np.zeros((41, 41, 3), np.uint8)
    image[20, 20] = 255
    seen = Camera(1.5, motion, 0.0, (0, 0)).take(image)[..., 0].astype(float)
    rows, columns = np.mgrid[:41, :41]
    total = seen.sum()
    middle = np.array([(columns * seen).sum(), (rows * seen).sum()]) / total
    np.testing.assert_allclose(middle, (20, 20), atol=0.1)
    along = np.array([1.0, 0.0]) if motion is None else np.array([np.cos(motion), np.sin(motion)])
    spread = (((columns - 20) * along[0] + (rows - 20) * along[1]) ** 2 * seen).sum() / total
    assert np.sqrt(spread) == pytest.approx(1.5, abs=0.25)


def test_cameras_blur_and_add_noise_as_often_as_asked_for():
    config = PhotoConfig(blur=0.3, noise=0.5)
    cameras = [draw_camera(config, DAY, np.random.default_rng(seed)) for seed in range(400)]
    assert 0.2 < np.mean([camera.sigma > 0 for camera in cameras]) < 0.4
    assert 0.4 < np.mean([camera.noise > 0 for camera in cameras]) < 0.6
    assert all(0.4 <= camera.sigma <= 1.4 for camera in cameras if camera.sigma)
