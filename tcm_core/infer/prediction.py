"""Prediction: what any predictor gives for one image, and how large it wants it."""

from typing import NamedTuple

from tcm_core.decode.maps import ImageMaps
from tcm_core.detection import Detection


class Prediction(NamedTuple):
    """What was found on one image, and the maps to decode it again."""

    detections: tuple[Detection, ...]
    maps: ImageMaps


class Sides(NamedTuple):
    """The input that a checkpoint wants, network pixels."""

    short: int
    longest: int
