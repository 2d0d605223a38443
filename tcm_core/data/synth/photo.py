"""What camera and light do to a whole scene: night, blur and noise."""

from functools import lru_cache
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from tcm_core.config.synth import PhotoConfig

_NOISE_SIDE: Final = 512
_MOTION_SHARE: Final = 0.4


class Light(NamedTuple):
    """The light of a scene.

    Attributes:
        gain: (3,) factors on RGB: below 1 at night, and then of a colour.
        shining: probability that a text shines by itself.
    """

    gain: NDArray[np.float32]
    shining: float

    @property
    def dark(self) -> bool:
        """Whether this is night."""
        return bool(self.gain.max() < 1.0)


def draw_light(config: PhotoConfig, random: np.random.Generator) -> Light:
    """Day, or one of many nights."""
    if random.random() >= config.low_light:
        return Light(np.ones(3, np.float32), 0.0)
    strength = random.uniform(0.1, 0.4)
    # street lamps are orange, the late sky is blue
    tint = (1.0, 0.85, 0.65) if random.random() < 0.6 else (0.75, 0.85, 1.0)
    return Light((strength * np.array(tint)).astype(np.float32), 0.5)


def lit(image: NDArray[np.uint8], light: Light) -> NDArray[np.uint8]:
    """The picture (H, W, 3) in this light; a copy."""
    if not light.dark:
        return image.copy()
    steps = np.arange(256, dtype=np.float32)
    table = np.stack([np.clip(steps * gain, 0, 255) for gain in light.gain], axis=1)
    return cv2.LUT(image, np.rint(table).astype(np.uint8)[None])


class Camera(NamedTuple):
    """How the scene is taken.

    Attributes:
        sigma: blur in pixels, 0 for none.
        motion: direction of a blur by motion in radians; None for one by focus.
        noise: standard deviation in grey steps at middle grey, 0 for none.
        noise_place: where the scene's noise begins in the sheet of noise.
    """

    sigma: float
    motion: float | None
    noise: float
    noise_place: tuple[int, int]

    def take(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The picture (H, W, 3) as the camera gives it."""
        if self.sigma > 0:
            if self.motion is None:
                image = cv2.GaussianBlur(image, (0, 0), self.sigma)
            else:
                image = cv2.filter2D(image, -1, _streak(self.sigma, self.motion))
        return _with_noise(image, self.noise, self.noise_place) if self.noise > 0 else image


def draw_camera(config: PhotoConfig, light: Light, random: np.random.Generator) -> Camera:
    """A camera; at night it is noisier and shakes more."""
    blurred = random.random() < config.blur * (1.5 if light.dark else 1.0)
    sigma, angle = random.uniform(*config.blur_sigma), random.uniform(0, np.pi)
    in_motion = random.random() < _MOTION_SHARE
    noisy = random.random() < config.noise * (1.5 if light.dark else 1.0)
    noise = random.uniform(*config.noise_sigma)
    place = random.integers(0, _NOISE_SIDE, 2)
    return Camera(
        sigma if blurred else 0.0,
        angle if in_motion else None,
        noise if noisy else 0.0,
        (int(place[0]), int(place[1])),
    )


def _streak(sigma: float, angle: float) -> NDArray[np.float32]:
    """A kernel for motion along a line, with the same standard deviation along it as a blur by focus."""
    reach = sigma * np.sqrt(3.0)  # a line of length 2 r has the standard deviation r / sqrt(3)
    side = 2 * int(np.ceil(reach)) + 1
    steps = np.linspace(-reach, reach, 8 * side)
    kernel = np.zeros((side, side), np.float32)
    x, y = side // 2 + steps * np.cos(angle), side // 2 + steps * np.sin(angle)
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    for right in (0, 1):
        for below in (0, 1):
            weight = np.abs(1 - right - (x - left)) * np.abs(1 - below - (y - top))
            inside = (left + right < side) & (top + below < side)
            np.add.at(kernel, ((top + below)[inside], (left + right)[inside]), weight[inside])
    return kernel / kernel.sum()


@lru_cache(maxsize=1)
def _noise_sheet() -> NDArray[np.int16]:
    """(2 s, 2 s, 3) noise of standard deviation 256 that repeats after s; the same in every process."""
    sheet = np.random.default_rng(0).normal(0, 256, (_NOISE_SIDE, _NOISE_SIDE, 3))
    return np.tile(np.rint(sheet).astype(np.int16), (2, 2, 1))


def _with_noise(image: NDArray[np.uint8], sigma: float, place: tuple[int, int]) -> NDArray[np.uint8]:
    """Noise that is stronger in the light than in the dark, as photons make it."""
    sheet = _noise_sheet()
    strength = np.rint(sigma * (0.4 + 0.6 * np.sqrt(np.arange(256) / 128.0)) * 16).astype(np.int16)
    result = np.empty_like(image)
    for top in range(0, image.shape[0], _NOISE_SIDE):
        for left in range(0, image.shape[1], _NOISE_SIDE):
            tile = image[top : top + _NOISE_SIDE, left : left + _NOISE_SIDE]
            rows, columns = tile.shape[:2]
            noise = sheet[place[0] : place[0] + rows, place[1] : place[1] + columns]
            noise = cv2.multiply(noise, cv2.LUT(tile, strength), scale=1 / 4096)
            result[top : top + rows, left : left + columns] = cv2.add(tile, noise, dtype=cv2.CV_8U)
    return result
