"""The kept maps of a page as layers: what there is, under which name, and its pixels. Any head's maps go."""

from typing import Final

import numpy as np

from app.domain.level_set import KeptMaps
from tcm_core.decode.maps import Plane

LANGUAGE: Final = "language"
BINARY: Final = "binary"
_WORDS: Final = {
    LANGUAGE: "Instance-language",
    BINARY: "Above the threshold",
    "probability": "Text probability",
    "text": "Text",
    "kernel": "Kernel",
    "centre": "Centre line",
}


def map_names(kept: KeptMaps | None) -> tuple[str, ...]:
    """The maps that can be shown: the head's own by the head's names, then what is above the threshold.

    The instance-language map is not among them: it is there whatever the head, see `map_named`.
    """
    return () if kept is None else (*kept.maps.planes, BINARY)


def map_named(kept: KeptMaps, name: str) -> Plane:
    """The pixels of a map; of one that this head does not have, the head's first.

    Returns:
        (h, w); it covers `kept.maps.image_rect()`.
    """
    if name == LANGUAGE:
        return kept.maps.language
    if name == BINARY:
        return np.where(kept.plane > round(255 * kept.threshold), 255, 0).astype(np.uint8)
    return kept.maps.planes.get(name, next(iter(kept.maps.planes.values()), kept.maps.language))


def map_title(name: str) -> str:
    """What a person calls a map: "centre_8" is "Centre line 1/8"; a name nobody knows is shown as it is."""
    noun, _, stride = name.partition("_")
    if name in _WORDS or not stride.isdigit():
        return _WORDS.get(name, name.replace("_", " ").capitalize())
    return f"{_WORDS.get(noun, noun.capitalize())} 1/{stride}"
