"""The kept maps of a page as layers: what there is, under which name, and its pixels. Any head's maps go."""

from typing import Final

import numpy as np

from app.domain.level_set import KeptMaps
from tcm_core.config.decode import PanDecode
from tcm_core.decode.maps import Plane
from tcm_core.decode.pan import similarity

LANGUAGE: Final = "language"
BINARY: Final = "binary"
SIMILARITY: Final = "similarity"
THRESHOLD: Final = "threshold"
"""DBNet's threshold map, which is made only when it is wanted."""
_WORDS: Final = {
    LANGUAGE: "Instance-language",
    BINARY: "Above the threshold",
    SIMILARITY: "Similarity",
    THRESHOLD: "Threshold map",
    "probability": "Text probability",
    "text": "Text",
    "kernel": "Kernel",
    "centre": "Centre line",
}


def map_names(kept: KeptMaps | None) -> tuple[str, ...]:
    """The maps that can be shown: the head's own by the head's names, then what is made of them.

    Made of them are what is above the threshold, and of PAN's vectors how like a text's pixels are.

    The instance-language map is not among them: it is there whatever the head, see `map_named`.
    """
    if kept is None:
        return ()
    more = [SIMILARITY] if _has_vectors(kept) else []
    if lacks_threshold(kept):
        more.append(THRESHOLD)
    return (*kept.maps.planes, *more, BINARY)


def lacks_threshold(kept: KeptMaps) -> bool:
    """Whether the head has a threshold map that is not among the kept maps."""
    return kept.maps.head == "db" and THRESHOLD not in kept.maps.planes


def map_named(kept: KeptMaps, name: str) -> Plane:
    """The pixels of a map; of one that this head does not have, the head's first.

    Returns:
        (h, w); it covers `kept.maps.image_rect()`.
    """
    if name == LANGUAGE:
        return kept.maps.language
    if name == THRESHOLD and lacks_threshold(kept):
        return np.zeros((1, 1), np.uint8)
    if name == SIMILARITY and isinstance(kept.settings, PanDecode) and _has_vectors(kept):
        return similarity(kept.maps, kept.settings)
    if name == BINARY:
        return np.where(kept.plane > round(255 * kept.threshold), 255, 0).astype(np.uint8)
    return kept.maps.planes.get(name, next(iter(kept.maps.planes.values()), kept.maps.language))


def _has_vectors(kept: KeptMaps) -> bool:
    return kept.maps.head == "pan" and "embedding" in kept.maps.values


def map_title(name: str) -> str:
    """What a person calls a map: "centre_8" is "Centre line 1/8"; a name nobody knows is shown as it is."""
    noun, _, stride = name.partition("_")
    if name in _WORDS or not stride.isdigit():
        return _WORDS.get(name, name.replace("_", " ").capitalize())
    return f"{_WORDS.get(noun, noun.capitalize())} 1/{stride}"
