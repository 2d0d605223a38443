"""Pictures of a run: the same validation pages at every validation, with what the detector sees."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Final

import cv2
import numpy as np

from tcm_core.config.decode import DecodeSettings
from tcm_core.data.atomic_file import write_atomic
from tcm_core.data.image_io import read_image
from tcm_core.data.sample import Sample
from tcm_core.decode.decode import decode
from tcm_core.decode.maps import MAP_NAMES, ImageMaps
from tcm_core.errors import TcmError
from tcm_core.infer.overlay import Picture, draw_overlay, jpeg_bytes
from tcm_core.infer.predictor import Predictor
from tcm_core.train.folder import RunFolder

MAX_SIDE: Final = 1024
"""Pixels of a picture's longer side, at most."""

_TRUTH_COLOUR: Final = (60, 220, 60)
_SHIFT: Final = 4  # OpenCV draws in 16ths of a pixel


class PictureWriter:
    """Draws the chosen pages: the score map and the found outlines over the page, the labelled ones in green.

    Without a language branch the head's own text map is shown. A page that cannot be read or written is
    passed over: pictures never end a run.

    Args:
        samples: the validation images.
        folder: of the run; takes pictures/step_000400/img_2.jpg and the event "picture".
        count: of pages, spread evenly over the samples; the same ones as long as the samples are.
    """

    def __init__(self, samples: Sequence[Sample], folder: RunFolder, count: int = 4) -> None:
        count = min(count, len(samples)) if folder.writes else 0
        self._pages = [samples[place * len(samples) // count] for place in range(count)]
        self._folder = folder

    def write(self, step: int, predictor: Predictor, settings: DecodeSettings) -> None:
        """The pages as the detector sees them at a step.

        Args:
            step: that the run has done.
            predictor: of the weights that are validated.
            settings: that validation chose.
        """
        for place, sample in enumerate(self._pages):
            name = PurePosixPath("pictures", f"step_{step:06d}", f"{self._page_name(place)}.jpg")
            try:
                image = read_image(sample.image, sample.frame)
                write_atomic(self._folder.path / name, jpeg_bytes(_draw(image, sample, predictor, settings)))
            except TcmError as error:
                self._folder.say(f"step {step}: no picture of {sample.image.name}: {error}")
                continue
            self._folder.events.write("picture", step=step, file=str(name), image=str(sample.image))

    def _page_name(self, place: int) -> str:
        """The image's stem, with a number where two pages have the same."""
        stems = [sample.image.stem for sample in self._pages]
        return stems[place] if stems.count(stems[place]) == 1 else f"{stems[place]}_{place + 1}"


def _draw(image: Picture, sample: Sample, predictor: Predictor, settings: DecodeSettings) -> Picture:
    """(h, w, 3) RGB, at most MAX_SIDE pixels on the longer side."""
    maps = predictor.maps(image)
    picture = draw_overlay(image, decode(maps, settings), _with_score_map(maps))
    height, width = image.shape[:2]
    scale = min(1.0, MAX_SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    if size != (picture.shape[1], picture.shape[0]):
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    scales = np.array([size[0] / width, size[1] / height])
    for instance in sample.instances:
        # our (0, 0) is the corner of the first pixel, OpenCV's its centre
        path = np.rint((instance.polygon * scales - 0.5) * 2**_SHIFT).astype(np.int32)
        cv2.polylines(
            picture, [path.reshape(-1, 1, 2)], True, _TRUTH_COLOUR, 1, lineType=cv2.LINE_AA, shift=_SHIFT
        )
    return picture


def _with_score_map(maps: ImageMaps) -> ImageMaps:
    if maps.language.size > 1:
        return maps
    return replace(maps, language=maps.planes[MAP_NAMES[maps.head].planes[0]])
