"""Changes of colour and sharpness."""

import cv2
import numpy as np
from numpy.typing import NDArray

from tcm_core.config.data import AugmentConfig


def change_colours(
    image: NDArray[np.uint8], config: AugmentConfig, random: np.random.Generator
) -> NDArray[np.uint8]:
    """The RGB image (H, W, 3) with random brightness, contrast, saturation, blur and noise."""
    if random.random() < config.colour:  # brightness and contrast, as one table
        gain, bias, gamma = (
            random.uniform(0.6, 1.4),
            random.uniform(-30, 30),
            np.exp(random.uniform(-0.4, 0.4)),
        )
        table = 255.0 * (np.arange(256) / 255.0) ** gamma
        table = np.clip((table - 128.0) * gain + 128.0 + bias, 0, 255).astype(np.uint8)
        image = np.asarray(cv2.LUT(image, table), dtype=np.uint8)
    if random.random() < config.colour:
        grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        share = random.uniform(0.3, 1.5)
        image = np.asarray(cv2.addWeighted(image, share, grey, 1.0 - share, 0.0), dtype=np.uint8)
    if random.random() < config.blur:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), random.uniform(0.4, 1.5)), dtype=np.uint8)
    if random.random() < config.blur:
        noise = random.normal(0.0, random.uniform(2.0, 10.0), image.shape)
        image = np.clip(image + noise, 0, 255).astype(np.uint8)
    return image
