"""Regions as text for the clipboard, and back: what comes from another program is checked like a file."""

import json
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from app.domain.region import Region, new_region
from tcm_core.errors import BadLabels
from tcm_core.geometry.polygon import Points, bounds

MIME_TYPE: Final = "application/x-tcm-studio-regions+json"
VERSION: Final = 1
MOST_BYTES: Final = 16_000_000
MOST_REGIONS: Final = 20_000
MOST_VERTICES: Final = 10_000
MOST_LETTERS: Final = 100_000
FURTHEST: Final = 1e6  # image pixels
_ORIGINS: Final = ("model", "person", "both")
_REMEDY: Final = "Copy the regions again in TCM Studio."


def to_clipboard(regions: Sequence[Region]) -> bytes:
    """The regions as UTF-8 JSON; ids are not kept."""
    written = [
        {
            "polygon": region.polygon.tolist(),
            "text": region.text,
            "ignore": region.ignore,
            "origin": region.origin,
            "score": region.score,
        }
        for region in regions
    ]
    return json.dumps({"version": VERSION, "regions": written}, ensure_ascii=False).encode()


def from_clipboard(content: bytes) -> list[Region]:
    """The regions, each with a fresh id.

    Raises:
        BadLabels: not what `to_clipboard` writes, or more than a page can hold; nothing is pasted then.
    """
    if len(content) > MOST_BYTES:
        raise BadLabels(f"The clipboard holds {len(content)} bytes, more than regions take. {_REMEDY}")
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise BadLabels(f"The clipboard does not hold regions of this program. {_REMEDY}") from error
    if not isinstance(found, dict) or found.get("version") != VERSION:
        raise BadLabels(f"The clipboard holds regions of another version of this program. {_REMEDY}")
    listed = found.get("regions")
    if not isinstance(listed, list) or len(listed) > MOST_REGIONS:
        raise BadLabels(f"The clipboard does not hold a list of at most {MOST_REGIONS} regions. {_REMEDY}")
    try:
        return [_region(entry) for entry in listed]
    except (TypeError, ValueError, KeyError, OverflowError) as error:
        raise BadLabels(f"The clipboard holds a region that cannot be read: {error}. {_REMEDY}") from error


def placed(regions: Sequence[Region], size: tuple[float, float], taken: Sequence[Region]) -> list[Region]:
    """Fresh copies of regions where they fit on a page.

    They keep their places, unless one of the page's regions is exactly there: then all move by a few pixels,
    so that they can be seen. What would lie outside the image is moved inside as one, as far as it fits.

    Args:
        regions: to be copied.
        size: (height, width) of the image.
        taken: the regions of the page.
    """
    if not regions:
        return []
    shift = np.zeros(2)
    step = np.array((10.0, 10.0))
    there = {region.polygon.tobytes() for region in taken}
    while any((region.polygon + shift).tobytes() in there for region in regions):
        shift += step
    x0, y0, x1, y1 = bounds(np.concatenate([region.polygon for region in regions]) + shift)
    height, width = size
    shift += (_back_inside(x0, x1, width), _back_inside(y0, y1, height))
    return [_copy(region, region.polygon + shift) for region in regions]


def _back_inside(low: float, high: float, limit: float) -> float:
    if low >= 0 and high <= limit:
        return 0.0
    return -low if low < 0 or high - low > limit else limit - high


def _copy(region: Region, polygon: Points) -> Region:
    return new_region(
        polygon, text=region.text, ignore=region.ignore, origin=region.origin, score=region.score
    )


def _region(entry: Any) -> Region:
    polygon = entry["polygon"]
    if not isinstance(polygon, list) or not 3 <= len(polygon) <= MOST_VERTICES:
        raise ValueError(f"a polygon needs 3 to {MOST_VERTICES} points")
    text, ignore, origin, score = entry["text"], entry["ignore"], entry["origin"], entry["score"]
    if not isinstance(text, str) or len(text) > MOST_LETTERS or not isinstance(ignore, bool):
        raise ValueError("its text or its mark is none")
    if origin not in _ORIGINS:
        raise ValueError("its origin is unknown")
    if score is not None and not (isinstance(score, float | int) and 0 <= score <= 1):
        raise ValueError("its score does not lie between 0 and 1")
    region = new_region(polygon, text=" ".join(text.splitlines()), ignore=ignore, origin=origin, score=score)
    if np.abs(region.polygon).max() > FURTHEST:
        raise ValueError("a coordinate lies far outside every image")
    return region
