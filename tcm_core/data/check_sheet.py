"""A sheet of labelled images with their polygons, to be looked at."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from tcm_core.data.check import CheckReport
from tcm_core.data.image_io import read_image
from tcm_core.data.sample import TextInstance
from tcm_core.data.synth.scene import Scene
from tcm_core.data.synth.sheet import contact_sheet
from tcm_core.errors import BadImage

_CELL: Final = (360, 480)  # pixels of an image on the sheet: height, width


def draw_sheet(report: CheckReport) -> NDArray[np.uint8]:
    """The shown images with their polygons, (H, W, 3) RGB; images that cannot be read are left out."""
    scenes = []
    for image in report.shown:
        try:
            picture = read_image(image.path, report.frame)
        except BadImage:
            continue  # its problem is in the report
        scale = min(1.0, _CELL[0] / picture.shape[0], _CELL[1] / picture.shape[1])
        size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
        reduced = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        scales = np.array(size) / (picture.shape[1], picture.shape[0])
        texts = tuple(TextInstance(text.polygon * scales, ignore=text.ignore) for text in image.instances)
        scenes.append(Scene(reduced, texts))
    return contact_sheet(scenes, columns=4, cell=_CELL)
