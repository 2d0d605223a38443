"""A sheet of scenes with their polygons drawn, to be looked at."""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from tcm_core.data.synth.scene import Scene

COUNTED: Final = (60, 230, 90)
IGNORED: Final = (255, 150, 40)
"""RGB of outlines: of texts that count, and of ignored ones."""

_GAP: Final = 6


def contact_sheet(scenes: Sequence[Scene], columns: int, cell: tuple[int, int]) -> NDArray[np.uint8]:
    """The scenes in rows, each reduced to fit its cell, with the outlines of its texts.

    Args:
        scenes: in reading order; at least one.
        columns: cells of a row.
        cell: (height, width) of a scene's place in pixels.

    Returns:
        (H, W, 3) RGB.
    """
    rows = -(-len(scenes) // columns)
    height, width = cell[0] + _GAP, cell[1] + _GAP
    sheet = np.full((rows * height + _GAP, columns * width + _GAP, 3), 255, np.uint8)
    for index, scene in enumerate(scenes):
        picture = _with_outlines(scene, cell)
        top = index // columns * height + _GAP + (cell[0] - picture.shape[0]) // 2
        left = index % columns * width + _GAP + (cell[1] - picture.shape[1]) // 2
        sheet[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return sheet


def _with_outlines(scene: Scene, cell: tuple[int, int]) -> NDArray[np.uint8]:
    scale = min(cell[0] / scene.image.shape[0], cell[1] / scene.image.shape[1])
    size = (max(1, int(scene.image.shape[1] * scale)), max(1, int(scene.image.shape[0] * scale)))
    picture = cv2.resize(scene.image, size, interpolation=cv2.INTER_AREA)
    for instance in scene.instances:
        # OpenCV counts from the middles of pixels; the last argument: coordinates are 16ths of a pixel
        points = np.rint((instance.polygon * scale - 0.5) * 16).astype(np.int32)
        cv2.polylines(picture, [points], True, IGNORED if instance.ignore else COUNTED, 1, cv2.LINE_AA, 4)
    return picture
