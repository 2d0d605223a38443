"""Changes of colour and sharpness, and what darkness, sensors and files do to a picture."""

from statistics import NormalDist
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from tcm_core.config.data import AugmentConfig

Picture = NDArray[np.uint8]
"""(H, W, 3) RGB."""

_LUMA: Final = np.array([[0.299, 0.587, 0.114]] * 3)
_GREYS: Final = np.arange(256) / 255.0
_NORMAL: Final = np.array([NormalDist().inv_cdf((level + 0.5) / 256) for level in range(256)])
"""The standard normal distribution in 256 steps of equal probability."""


def change_colours(image: Picture, config: AugmentConfig, random: np.random.Generator) -> Picture:
    """The picture with random brightness, contrast, saturation, darkness, blur, noise and compression.

    Args:
        image: (H, W, 3) RGB; not changed in place.
        config: the probabilities.
        random: the source of chance; equal generators give equal pictures.
    """
    if random.random() < config.colour:
        image = _with_other_light(image, random)
    if random.random() < config.colour:
        share = random.uniform(0.3, 1.5)
        mix = share * np.eye(3) + (1.0 - share) * _LUMA
        image = np.asarray(cv2.transform(image, mix.astype(np.float32)), dtype=np.uint8)
    night = random.random() < config.night
    if night:
        image = _at_night(image, random)
    if random.random() < config.blur:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), random.uniform(0.4, 1.5)), dtype=np.uint8)
    if random.random() < config.noise:
        image = add_noise(image, random.uniform(2.0, 10.0), random)
    elif night:
        image = add_noise(image, random.uniform(2.0, 6.0), random)
    if random.random() < config.jpeg:
        image = compress(image, int(random.integers(*config.jpeg_quality, endpoint=True)))
    return image


def add_noise(image: Picture, sigma: float, random: np.random.Generator) -> Picture:
    """The picture with normal noise of a standard deviation in grey steps, each channel for itself.

    One random byte a value, looked up in the quantiles, which is cheaper than drawing normal numbers.
    """
    noise = cv2.LUT(
        np.frombuffer(random.bytes(image.size), np.uint8).reshape(image.shape),
        np.rint(sigma * _NORMAL).astype(np.int16),
    )
    return np.asarray(cv2.add(image, noise, dtype=cv2.CV_8U), dtype=np.uint8)


def compress(image: Picture, quality: int) -> Picture:
    """The picture after a way through JPEG of a quality from 1 to 100."""
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    _, content = cv2.imencode(".jpg", bgr, (cv2.IMWRITE_JPEG_QUALITY, quality))
    return np.asarray(cv2.imdecode(content, cv2.IMREAD_COLOR_RGB), dtype=np.uint8)


def _with_other_light(image: Picture, random: np.random.Generator) -> Picture:
    """Brightness, contrast and gamma as one table."""
    gain, bias = random.uniform(0.6, 1.4), random.uniform(-30, 30)
    table = 255.0 * _GREYS ** float(np.exp(random.uniform(-0.4, 0.4)))
    table = np.clip((table - 128.0) * gain + 128.0 + bias, 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(image, table), dtype=np.uint8)


def _at_night(image: Picture, random: np.random.Generator) -> Picture:
    """Low light: a gamma that sinks the shadows, little light in all, and the tint of lamps."""
    gamma, light = random.uniform(1.2, 2.6), random.uniform(0.25, 0.8)
    tint = 1.0 + random.uniform(-1, 1) * np.array([0.2, 0.0, -0.25])  # lamps are yellow, dusk is blue
    table = np.clip(255.0 * light * _GREYS[:, None] ** gamma * tint, 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(image, table[None]), dtype=np.uint8)
