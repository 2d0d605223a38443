"""The image at the size that the network reads."""

import cv2
import numpy as np
from numpy.typing import NDArray

from tcm_core.geometry.frame import ImageFrame


def resize_into(frame: ImageFrame, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The content of a frame, (h, w, 3), of its image (H, W, 3) RGB."""
    height, width = frame.content_size
    method = cv2.INTER_AREA if height < image.shape[0] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (width, height), interpolation=method), dtype=np.uint8)
