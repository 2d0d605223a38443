"""The one door to decoding: kept maps and settings in, detections out."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from tcm_core.config.decode import DbDecode, DecodeSettings, FceDecode, PanDecode
from tcm_core.config.model import HeadName
from tcm_core.decode.db import decode_db
from tcm_core.decode.fce import decode_fce
from tcm_core.decode.maps import ImageMaps
from tcm_core.decode.pan import decode_pan
from tcm_core.detection import Detection


class Decoder(NamedTuple):
    """How one head's maps are read."""

    decode: Callable[[ImageMaps, Any], tuple[Detection, ...]]
    defaults: DecodeSettings


DECODERS: Final[dict[HeadName, Decoder]] = {
    "db": Decoder(decode_db, DbDecode()),
    "pan": Decoder(decode_pan, PanDecode()),
    "fce": Decoder(decode_fce, FceDecode()),
}


def decode(maps: ImageMaps, settings: DecodeSettings) -> tuple[Detection, ...]:
    """The detections of one image, in image pixels.

    Raises:
        ValueError: the settings are for another head than the maps.
    """
    if settings.head != maps.head:
        raise ValueError(f"the maps are of the head {maps.head!r}, the settings are for {settings.head!r}")
    return DECODERS[maps.head].decode(maps, settings)
