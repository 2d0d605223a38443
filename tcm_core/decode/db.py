"""From DBNet's probability map to detections."""

import math
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from tcm_core.config.decode import DbDecode
from tcm_core.decode.maps import ImageMaps, Plane
from tcm_core.detection import Detection
from tcm_core.geometry.offset import Measure, grow_distance, offset
from tcm_core.geometry.polygon import Points, area, clockwise, perimeter
from tcm_core.geometry.quad import rectangle_corners


class _Component(NamedTuple):
    """One connected component of the binarised map."""

    outline: NDArray[np.int32]  # (N, 1, 2) through the centres of border pixels, map pixels
    score: float  # mean probability inside, in [0, 1]
    pixels: int  # how many it has, holes filled


def decode_db(maps: ImageMaps, settings: DbDecode) -> tuple[Detection, ...]:
    """The texts of one image, in image pixels, the largest component first.

    Args:
        maps: with the plane "probability".
        settings: thresholds and output form.

    Source: Liao et al. 2020, section 3.5: binarise, outline, mean probability inside, grow back.
    """
    probability = maps.planes["probability"]
    cell = (
        maps.frame.network_size[0] / probability.shape[0]
    )  # network pixels per map pixel, the same both ways
    components = _components(_without_padding(maps), settings)
    if not components:
        return ()
    sides, quads = _grown_rectangles(components, cell, settings)
    large = sides.min(axis=1) >= settings.min_side
    image_height, image_width = maps.frame.image_size
    found = []
    for component, quad, is_large in zip(components, quads, large, strict=True):
        if not is_large:
            continue
        grown = _grown_outline(component, cell, settings) if settings.output == "polygon" else None
        polygon = maps.frame.to_image(quad if grown is None else grown)
        np.maximum(polygon, 0.0, out=polygon)
        np.minimum(polygon, (image_width, image_height), out=polygon)
        found.append(Detection(polygon, component.score, settings.output))
    return tuple(found)


def _without_padding(maps: ImageMaps) -> Plane:
    """The probability map of the image alone."""
    probability = maps.planes["probability"]
    network_height, network_width = maps.frame.network_size
    content_height, content_width = maps.frame.content_size
    rows = -(-content_height * probability.shape[0] // network_height)
    columns = -(-content_width * probability.shape[1] // network_width)
    return probability[:rows, :columns]


def _components(probability: Plane, settings: DbDecode) -> list[_Component]:
    """The components whose mean probability suffices, the largest first."""
    _, binary = cv2.threshold(probability, math.floor(settings.threshold * 255.0), 1, cv2.THRESH_BINARY)
    outlines, _ = cv2.findContours(binary, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    largest = sorted(outlines, key=cv2.contourArea, reverse=True)[: settings.max_candidates]
    measured = [_measured(probability, outline) for outline in largest]
    return [component for component in measured if component.score >= settings.score_threshold]


def _measured(probability: Plane, outline: NDArray[np.int32]) -> _Component:
    x, y, width, height = cv2.boundingRect(outline)
    mask = np.zeros((height, width), np.uint8)
    cv2.drawContours(mask, [outline], -1, (1,), cv2.FILLED, offset=(-x, -y))
    mean = cv2.mean(probability[y : y + height, x : x + width], mask)[0]
    return _Component(outline, float(mean) / 255.0, cv2.countNonZero(mask))


def _grown_rectangles(
    components: list[_Component], cell: float, settings: DbDecode
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(N, 2) sides before growing and (N, 4, 2) corners after it, of the rectangles around the components.

    An outline runs through the centres of border pixels, the edge lies further out: so far, up to half a
    pixel, that the rectangle has the area of the component's pixels.
    """
    rectangles = [cv2.minAreaRect(component.outline) for component in components]
    middles, sides, degrees = (np.array(part, np.float64) for part in zip(*rectangles, strict=True))
    pixels = np.array([component.pixels for component in components], np.float64)
    both = sides.sum(axis=1)  # (width + margin) (height + margin) = pixels
    margin = 0.5 * (np.sqrt(np.maximum(0.0, both**2 + 4.0 * (pixels - sides.prod(axis=1)))) - both)
    sides = (sides + np.clip(margin, 0.0, 1.0)[:, None]) * cell
    distance = _distance(sides.prod(axis=1), 2.0 * sides.sum(axis=1), settings)
    return sides, rectangle_corners((middles + 0.5) * cell, sides + 2.0 * distance[:, None], degrees)


def _grown_outline(component: _Component, cell: float, settings: DbDecode) -> Points | None:
    """The grown outline of a component in network pixels, or None when it is too simple for one."""
    centres = (component.outline[:, 0].astype(np.float32) + 0.5) * cell
    if len(centres) < 3:
        return None
    tolerance = max(0.5, 0.004 * cv2.arcLength(centres, True))
    kernel = cv2.approxPolyDP(centres, tolerance, True)[:, 0].astype(np.float64)
    if len(kernel) < 3:
        return None
    length, inner = perimeter(kernel), area(kernel)
    margin = min(max((component.pixels * cell * cell - inner) / length, 0.0), 0.5 * cell)
    grown = offset(kernel, margin + _distance(inner + margin * length, length + 8.0 * margin, settings))
    if grown is None:
        return None
    smooth = cv2.approxPolyDP(grown.astype(np.float32), tolerance, True)[:, 0].astype(np.float64)
    return clockwise(smooth) if len(smooth) >= 4 else None


def _distance(kernel_area: Measure, kernel_perimeter: Measure, settings: DbDecode) -> Measure:
    """How far kernels are grown, in the unit of their perimeter."""
    if settings.grow == "inverse":
        return grow_distance(kernel_area, kernel_perimeter, settings.shrink_ratio)
    return settings.unclip_ratio * kernel_area / kernel_perimeter
