"""Pictures that are too long or too large for one pass: how they are cut, and how large each part is seen."""

import math
from typing import TYPE_CHECKING, Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from tcm_core.decode.decode import decode
from tcm_core.decode.maps import ImageMaps, Plane
from tcm_core.detection import Detection
from tcm_core.geometry.frame import ImageFrame
from tcm_core.infer.prediction import Prediction, Sides
from tcm_core.infer.seams import Part, Tile, merge_parts

if TYPE_CHECKING:
    from tcm_core.infer.exported_predictor import ExportedPredictor
    from tcm_core.infer.predictor import Predictor

OVERLAP: Final = 288
"""Network pixels that two neighbours have in common: texts up to about this size are whole in one of them."""

LARGEST_SCALE: Final = 1.5
"""A narrow strip is not enlarged beyond this for its short side's sake."""

TOLERANCE: Final = 1.5
"""A picture is cut when one pass would show its texts smaller than wanted by more than this factor."""

SMALLEST_SCALE: Final = 0.25
"""Network pixels per image pixel that a picture is never seen below, unless told otherwise."""

_SEAM: Final = 12.0
"""Network pixels: a text that ends so near to the edge of its tile may go on behind it."""

_STRIDE: Final = 32

_ROUNDING: Final = 1e-6
"""Image pixels: less than this is an error of floating point."""


class Tiling(NamedTuple):
    """A picture cut into tiles of the same size."""

    scale: float  # network pixels per image pixel
    tiles: tuple[Tile, ...]


def plan_tiles(
    image_size: tuple[int, int], sides: Sides, smallest_scale: float = SMALLEST_SCALE
) -> Tiling | None:
    """How a picture is cut, or None when one pass shows its texts large enough.

    The wanted scale is that of the checkpoint's short side, between smallest_scale and LARGEST_SCALE. No tile
    is larger than the largest input of a single pass, so that memory stays what it is.

    Args:
        image_size: (height, width), image pixels.
        sides: of the checkpoint.
        smallest_scale: network pixels per image pixel.
    """
    height, width = image_size
    by_short = sides.short / min(image_size)
    fitted = min(by_short, sides.longest / max(image_size))
    wanted = max(min(by_short, LARGEST_SCALE), smallest_scale)
    if fitted * TOLERANCE >= wanted:
        return None
    short, longest = (int(side / wanted + _ROUNDING) for side in sides)  # image pixels
    tile_height = min(height, longest if width <= short else short)
    tile_width = min(width, longest if height <= short else short)
    tops = _starts(height, tile_height, OVERLAP / wanted)
    lefts = _starts(width, tile_width, OVERLAP / wanted)
    tiles = (Tile(left, top, left + tile_width, top + tile_height) for top in tops for left in lefts)
    return Tiling(wanted, tuple(tiles))


def predict_tiles(
    predictor: "Predictor | ExportedPredictor", image: NDArray[np.uint8], tiling: Tiling
) -> Prediction:
    """The texts of a picture, tile by tile: only the found texts and a small score map are kept of each.

    Args:
        predictor: a loaded detector.
        image: (H, W, 3) RGB.
        tiling: of its size.

    Returns:
        Detections in image pixels, and maps that hold the stitched language map alone, not to be decoded.
    """
    size = (image.shape[0], image.shape[1])
    sides = predictor.sides
    canvas = _Canvas(size, tiling.scale)
    parts: list[Part] = []
    for tile in tiling.tiles:
        pixels = np.ascontiguousarray(image[tile.top : tile.bottom, tile.left : tile.right])
        fitted = min(sides.short / min(pixels.shape[:2]), sides.longest / max(pixels.shape[:2]))
        maps = predictor.maps(pixels, tiling.scale / fitted)
        canvas.add(maps, tile)
        for found in decode(maps, predictor.decode_settings):
            moved = found.polygon + np.array([tile.left, tile.top], np.float64)
            parts.append(Part(Detection(moved, found.score, found.kind), tile))
    return Prediction(merge_parts(parts, size, seam=_SEAM / tiling.scale), canvas.maps(predictor))


class _Canvas:
    """The language maps of the tiles on one plane."""

    def __init__(self, image_size: tuple[int, int], scale: float) -> None:
        content = (max(1, round(image_size[0] * scale)), max(1, round(image_size[1] * scale)))
        network = (-(-content[0] // _STRIDE) * _STRIDE, -(-content[1] // _STRIDE) * _STRIDE)
        self.frame = ImageFrame(image_size, content, network)
        self.plane: Plane = np.zeros((network[0] // _STRIDE, network[1] // _STRIDE), np.uint8)

    def add(self, maps: ImageMaps, tile: Tile) -> None:
        """Lays the language map of a tile on the plane; where tiles overlap, the larger value stays."""
        scale = self.frame.scale[0] / _STRIDE
        x0, y0 = (np.array([tile.left, tile.top]) * scale).astype(int)
        x1, y1 = np.ceil(np.array([tile.right, tile.bottom]) * scale).astype(int)
        _, _, width, height = maps.image_rect()
        rows = max(1, round(maps.language.shape[0] * tile.height / height))
        columns = max(1, round(maps.language.shape[1] * tile.width / width))
        place = self.plane[y0:y1, x0:x1]
        part = cv2.resize(maps.language[:rows, :columns], (place.shape[1], place.shape[0]))
        np.maximum(place, part, out=place)

    def maps(self, predictor: "Predictor | ExportedPredictor") -> ImageMaps:
        return ImageMaps(predictor.decode_settings.head, self.frame, self.plane, {})


def _starts(length: int, tile: int, overlap: float) -> list[int]:
    """Where tiles of one length begin, so that neighbours share the overlap, or a third of a small tile."""
    if length <= tile:
        return [0]
    shared = min(overlap, tile / 3)
    count = math.ceil((length - shared) / (tile - shared))
    return [round(start) for start in np.linspace(0, length - tile, count).tolist()]
