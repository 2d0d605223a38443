"""The one door to decoding: kept maps and settings in, detections out."""

from collections.abc import Callable
from typing import Final

from tcm_core.config.decode import DbDecode
from tcm_core.config.model import HeadName
from tcm_core.decode.db import decode_db
from tcm_core.decode.maps import ImageMaps
from tcm_core.detection import Detection

DECODERS: Final[dict[HeadName, Callable[[ImageMaps, DbDecode], tuple[Detection, ...]]]] = {"db": decode_db}


def decode(maps: ImageMaps, settings: DbDecode) -> tuple[Detection, ...]:
    """The detections of one image, in image pixels."""
    return DECODERS[maps.head](maps, settings)
