"""Where in a background a text may stand: in quiet places, away from other texts.

Everything here works on a grid of cells of CELL x CELL pixels: fine enough to keep texts apart, and sixteen
times smaller than the picture.
"""

from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from tcm_core.config.synth import PlacementConfig
from tcm_core.geometry.polygon import Points

CELL: Final = 4
"""Side of a grid cell in pixels."""

_SAMPLES: Final = 400  # cells of a text's footprint that are looked at


class Footprint(NamedTuple):
    """The cells that a text would touch, about the text's origin.

    Attributes:
        cells: (K, 2) x and y of every touched cell against the origin's cell, the margin included.
        bounds: x0, y0, x1, y1 of the text itself against its origin, in pixels.
    """

    cells: NDArray[np.int32]
    bounds: tuple[float, float, float, float]


class Regions:
    """What is quiet and what is taken in one background; places are taken one after the other."""

    def __init__(self, image: NDArray[np.uint8], margin: float) -> None:
        """Looks at a background.

        Args:
            image: (H, W, 3) RGB.
            margin: pixels to keep between texts, and between a text and the border.
        """
        self._size = (image.shape[0], image.shape[1])
        self._margin = margin
        grid = (-(-image.shape[0] // CELL), -(-image.shape[1] // CELL))
        self._grey, self._clutter = _look(image, grid)
        self._taken = np.zeros(grid, np.bool_)

    def footprint(self, outline: Points) -> Footprint:
        """The cells of a text about its origin.

        Args:
            outline: (N, 2) the text's outline in pixels, about its origin.
        """
        (x0, y0), (x1, y1) = outline.min(axis=0), outline.max(axis=0)
        # room for the margin, for the sub-cell position of the origin and for the drawing of slanting edges
        reach = int(np.ceil(self._margin / CELL)) + 1
        offset = np.floor(np.array([x0, y0]) / CELL) - reach
        size = (np.ceil(np.array([x1, y1]) / CELL) + reach - offset).astype(int) + 1
        plane = np.zeros((size[1], size[0]), np.uint8)
        cv2.fillPoly(plane, [np.floor(outline / CELL - offset).astype(np.int32)], 1)
        plane = cv2.dilate(plane, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
        rows, columns = np.nonzero(plane)
        cells = np.stack([columns, rows], axis=1) + offset
        return Footprint(cells.astype(np.int32), (float(x0), float(y0), float(x1), float(y1)))

    def find(
        self, footprint: Footprint, config: PlacementConfig, random: np.random.Generator
    ) -> NDArray[np.float64] | None:
        """A free and quiet place for a text, and no longer free from now on.

        Args:
            footprint: of the text.
            config: how many places are tried, and what is still quiet.
            random: draws the places.

        Returns:
            (2,) where the text's origin goes, in pixels, so that the text keeps the margin to the border;
            None when no place tried was free and quiet, or the text is too large.
        """
        x0, y0, x1, y1 = footprint.bounds
        low = np.array([self._margin - x0, self._margin - y0])
        high = np.array([self._size[1] - self._margin - x1, self._size[0] - self._margin - y1])
        places = random.random(
            (config.candidates, 2)
        )  # drawn in any case: the stream must not depend on sizes
        if (high < low).any():
            return None
        places = low + places * (high - low)
        x, y = self._on_grid(footprint.cells[None, :: -(-len(footprint.cells) // _SAMPLES)], places[:, None])
        mean = self._clutter[y, x].mean(axis=1)
        free = ~self._taken[y, x].any(axis=1)
        even = self._grey[y, x].std(axis=1) <= config.max_unevenness
        quiet = np.flatnonzero(free & even & (mean <= config.max_clutter))
        # the quieter of a few, not the quietest of all: else every text hangs in the sky
        for index in quiet[:3][np.argsort(mean[quiet[:3]], kind="stable")]:
            x, y = self._on_grid(footprint.cells, places[index])
            if not self._taken[y, x].any():
                self._taken[y, x] = True
                return places[index]
        return None

    def _on_grid(
        self, cells: NDArray[np.int32], places: NDArray[np.float64]
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        at = (cells + np.floor(places / CELL)).astype(np.intp)
        height, width = self._taken.shape
        return at[..., 0].clip(0, width - 1), at[..., 1].clip(0, height - 1)


def _look(image: NDArray[np.uint8], grid: tuple[int, int]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Per cell: its grey, and the mean grey steps between neighbouring pixels around it at half the size."""
    half = cv2.resize(image, (2 * grid[1], 2 * grid[0]), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(half, cv2.COLOR_RGB2GRAY)
    # Sobel's weights sum up to 8 times the step
    steps = cv2.add(
        cv2.convertScaleAbs(cv2.Sobel(grey, cv2.CV_16S, 1, 0), alpha=0.125),
        cv2.convertScaleAbs(cv2.Sobel(grey, cv2.CV_16S, 0, 1), alpha=0.125),
    )
    greys, clutter = (
        cv2.resize(plane, (grid[1], grid[0]), interpolation=cv2.INTER_AREA).astype(np.float32)
        for plane in (grey, steps)
    )
    return greys, cv2.blur(clutter, (3, 3))


def text_free_cut(
    size: tuple[int, int], texts: list[Points], margin: float, random: np.random.Generator
) -> tuple[int, int, int, int] | None:
    """The largest upright cut of an image, of some that are tried, that keeps away from every text.

    Args:
        size: (height, width) of the image.
        texts: (N, 2) outlines in its pixels, legible or not.
        margin: pixels between the cut and any outline.
        random: draws where cuts begin.

    Returns:
        x0, y0, x1, y1, whole pixels; None when nothing is left.
    """
    height, width = size
    boxes = [_grown_box(points, margin) for points in texts if len(points)]
    cuts = []
    for x, y in random.random((16, 2)):
        seed = (int(x * width), int(y * height))
        if not any(_inside(box, seed) for box in boxes):
            cuts.append(_grow(seed, size, boxes))
    cuts = [cut for cut in cuts if cut[2] > cut[0] and cut[3] > cut[1]]
    return max(cuts, key=_area, default=None)


def _grown_box(points: Points, margin: float) -> tuple[float, float, float, float]:
    (x0, y0), (x1, y1) = points.min(axis=0) - margin, points.max(axis=0) + margin
    return float(x0), float(y0), float(x1), float(y1)


def _inside(box: tuple[float, float, float, float], point: tuple[int, int]) -> bool:
    return box[0] < point[0] + 1 and point[0] < box[2] and box[1] < point[1] + 1 and point[1] < box[3]


def _grow(
    seed: tuple[int, int], size: tuple[int, int], boxes: list[tuple[float, float, float, float]]
) -> tuple[int, int, int, int]:
    """A cut around a pixel that no box touches: of the whole image, every box cuts away the least it can."""
    cut = (0, 0, size[1], size[0])
    # the nearest boxes first, since they bind most
    for box in sorted(boxes, key=lambda box: _gap(box, seed)):
        if box[0] >= cut[2] or box[2] <= cut[0] or box[1] >= cut[3] or box[3] <= cut[1]:
            continue
        options = []
        if box[2] <= seed[0]:
            options.append((int(np.ceil(box[2])), cut[1], cut[2], cut[3]))
        if box[0] >= seed[0] + 1:
            options.append((cut[0], cut[1], int(np.floor(box[0])), cut[3]))
        if box[3] <= seed[1]:
            options.append((cut[0], int(np.ceil(box[3])), cut[2], cut[3]))
        if box[1] >= seed[1] + 1:
            options.append((cut[0], cut[1], cut[2], int(np.floor(box[1]))))
        cut = max(options, key=_area)
    return cut


def _area(cut: tuple[int, int, int, int]) -> int:
    return (cut[2] - cut[0]) * (cut[3] - cut[1])


def _gap(box: tuple[float, float, float, float], point: tuple[int, int]) -> float:
    x, y = point
    return max(box[0] - x, x - box[2], 0.0) + max(box[1] - y, y - box[3], 0.0)
