"""Texts read off the kept score map of a page at a threshold of their own."""

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from app.domain.sides import along, sides
from tcm_core.config.decode import DbDecode, DecodeSettings, PanDecode
from tcm_core.decode.db import decode_db
from tcm_core.decode.maps import ImageMaps, Plane
from tcm_core.geometry.polygon import Points, area

FAINTEST: Final = 0.05  # a score below this is nothing that could be picked
_PLANES: Final = {"db": ("probability",), "pan": ("text",), "fce": ("text_8", "text_16", "text_32")}
_PROFILE_RUNGS: Final = (0.3, 0.4, 0.5, 0.6, 0.7)  # of the way from the upper to the lower side


@dataclass(frozen=True, eq=False)
class KeptMaps:
    """The maps of one page with the settings that its detections were decoded with."""

    maps: ImageMaps
    settings: DecodeSettings

    @cached_property
    def plane(self) -> Plane:
        """(h, w) the score of text, whatever the head; of several levels the highest."""
        finest, *others = (self.maps.planes[name] for name in _PLANES[self.maps.head])
        for plane in others:
            size = (finest.shape[1], finest.shape[0])
            finest = np.maximum(finest, cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR))
        return finest

    @property
    def threshold(self) -> float:
        """From which score on a pixel is text where no other threshold is chosen."""
        if isinstance(self.settings, DbDecode | PanDecode):
            return self.settings.threshold
        return 0.5

    def score_at(self, x: float, y: float) -> float:
        """The score at a place in image pixels, 0 to 1; 0 outside the image."""
        column, row = self._cell(x, y)
        height, width = self.plane.shape
        if not (0 <= row < height and 0 <= column < width):
            return 0.0
        return float(self.plane[row, column]) / 255.0

    def usual_threshold(self, x: float, y: float) -> float | None:
        """The page's threshold where the score is above it, else half the score; None where there is none."""
        score = self.score_at(x, y)
        if score > self.threshold:
            return self.threshold
        return score / 2 if score >= FAINTEST else None

    def text_at(self, x: float, y: float, threshold: float) -> Points | None:
        """The outline of the text that holds a place, grown as the page's detections are.

        Args:
            x: image pixels.
            y: image pixels.
            threshold: which score a pixel must exceed, 0 to 1.

        Returns:
            (N, 2) image pixels, clockwise; None when the score there is not above the threshold, or the text
            is smaller than can be outlined.
        """
        if self.score_at(x, y) == 0.0:
            return None
        column, row = self._cell(x, y)
        labels = self._components(threshold)
        if labels[row, column] == 0:
            return None
        return self._outlined(labels == labels[row, column], threshold)

    def text_in(self, polygon: Points, threshold: float) -> Points | None:
        """The outline of the largest text whose score exceeds the threshold inside a polygon."""
        mask = self._inside(polygon)
        labels = self._components(threshold)
        sizes = np.bincount(labels[mask])
        sizes[:1] = 0
        if not sizes.any():
            return None
        return self._outlined(labels == int(np.argmax(sizes)), threshold)

    def peak_in(self, polygon: Points) -> float:
        """The highest score inside a polygon, 0 to 1."""
        inside = self.plane[self._inside(polygon)]
        return float(inside.max()) / 255.0 if inside.size else 0.0

    def profile(self, polygon: Points, samples: int) -> NDArray[np.float64]:
        """(samples,) the mean score across a text from its head to its tail, 0 to 1."""
        text = sides(polygon)
        fractions = (np.arange(samples) + 0.5) / samples
        top, bottom = along(text.top, fractions), along(text.bottom, fractions)
        total = np.zeros(samples)
        height, width = self.plane.shape
        for rung in _PROFILE_RUNGS:
            cells = np.floor(self._to_plane(top + rung * (bottom - top))).astype(np.intp)
            cells = np.clip(cells, 0, (width - 1, height - 1))
            total += self.plane[cells[:, 1], cells[:, 0]]
        return total / (255.0 * len(_PROFILE_RUNGS))

    def _components(self, threshold: float) -> NDArray[np.int32]:
        """(h, w) the number of each pixel's text; 0 is none. Those of the last threshold are kept."""
        level = math.floor(threshold * 255.0)
        if level not in self._last_components:
            _, binary = cv2.threshold(self.plane, level, 1, cv2.THRESH_BINARY)
            _, labels = cv2.connectedComponents(binary, connectivity=8)
            self._last_components.clear()
            self._last_components[level] = np.asarray(labels, dtype=np.int32)
        return self._last_components[level]

    @cached_property
    def _last_components(self) -> dict[int, NDArray[np.int32]]:
        return {}

    def _outlined(self, mask: NDArray[np.bool_], threshold: float) -> Points | None:
        alone: Plane = np.where(mask, self.plane, 0).astype(np.uint8)
        maps = replace(self.maps, head="db", planes={"probability": alone})
        update = {"threshold": threshold, "score_threshold": 0.0, "min_side": 0.0, "output": "polygon"}
        if isinstance(self.settings, DbDecode):
            settings = self.settings.model_copy(update=update)
        else:  # these maps show the whole text, not a shrunk one
            settings = DbDecode(grow="area", unclip_ratio=0.0).model_copy(update=update)
        found = decode_db(maps, settings)
        return max((one.polygon for one in found), key=area, default=None)

    def _inside(self, polygon: Points) -> NDArray[np.bool_]:
        """(h, w) which pixels of the map lie in a polygon of image pixels."""
        mask = np.zeros(self.plane.shape, np.uint8)
        outline = np.rint(self._to_plane(polygon) - 0.5).astype(np.int32)
        cv2.fillPoly(mask, [outline], (1,))
        return mask.astype(bool)

    def _cell(self, x: float, y: float) -> tuple[int, int]:
        column, row = np.floor(self._to_plane(np.array(((x, y),))))[0]
        return int(column), int(row)

    def _to_plane(self, points: Points) -> Points:
        height, width = self.plane.shape
        net_height, net_width = self.maps.frame.network_size
        return self.maps.frame.to_network(points) * (width / net_width, height / net_height)
