"""JPEG photographs of one bright text, stored in each of the eight EXIF orientations."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tcm_core.config.decode import DbDecode
from tcm_core.decode.maps import ImageMaps
from tcm_core.geometry.frame import ImageFrame
from tcm_core.geometry.orientation import turn_polygon
from tcm_core.geometry.polygon import Points, as_points, clockwise

STORED_SIZE = (120, 200)
"""(height, width)"""
TEXT = as_points([[30, 20], [110, 36], [105, 60], [25, 44]])
"""Clockwise from its first vertex, in stored pixels."""
ORIENTATIONS = tuple(range(1, 9))


def write_turned(path: Path, orientation: int) -> Path:
    """The same stored pixels every time; only the tag differs."""
    pixels = np.full((*STORED_SIZE, 3), 50, np.uint8)
    cv2.fillPoly(pixels, [TEXT.astype(np.int32)], (250, 250, 250))
    exif = Image.Exif()
    exif[0x0112] = orientation
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, quality=95, exif=exif)
    return path


def text_in_view(orientation: int) -> Points:
    """The text as a person draws it on the picture that is shown."""
    return turn_polygon(TEXT, STORED_SIZE, orientation, to="view")


def bright_quad(pixels: NDArray[np.uint8]) -> Points:
    """The corners of the bright text, clockwise."""
    mask = (pixels[..., 0] > 150).astype(np.uint8)
    (contour, *_), _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return clockwise(as_points(cv2.boxPoints(cv2.minAreaRect(contour))) + 0.5)


def assert_same_quad(found: Points, expected: Points, tolerance: float = 2.5) -> None:
    """Every corner of one lies near a corner of the other."""
    distance = np.linalg.norm(found[:, None] - expected[None], axis=-1)
    assert distance.min(axis=0).max() <= tolerance
    assert distance.min(axis=1).max() <= tolerance


class BrightTextFinder:
    """A predictor whose probability map is what is bright in the pixels it is given."""

    checkpoint_hash = "bright"
    decode_settings = DbDecode(unclip_ratio=0.0)

    def maps(self, image: NDArray[np.uint8]) -> ImageMaps:
        size = (image.shape[0], image.shape[1])
        bright = np.where(image[..., 0] > 150, 255, 0).astype(np.uint8)
        return ImageMaps("db", ImageFrame(size, size, size), bright, {"probability": bright})
