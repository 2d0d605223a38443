"""From DBNet's probability map to detections."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from tcm_core.config.decode import DbDecode
from tcm_core.decode.maps import ImageMaps
from tcm_core.detection import Detection
from tcm_core.geometry.offset import grow_distance, offset
from tcm_core.geometry.polygon import Points, area, clockwise, perimeter
from tcm_core.geometry.quad import top_left_first


def decode_db(maps: ImageMaps, settings: DbDecode) -> tuple[Detection, ...]:
    """The texts of one image, in image pixels, the largest component first.

    Args:
        maps: with the plane "probability".
        settings: thresholds and output form.

    Source: Liao et al. 2020, section 3.5: binarise, outline, mean probability inside, grow back.
    """
    probability = maps.planes["probability"]
    height, width = probability.shape
    content_height, content_width = maps.frame.content_size
    cell = maps.frame.network_size[0] / height  # network pixels per map pixel, the same both ways
    inside = probability[: -(-content_height * height // maps.frame.network_size[0])]
    inside = inside[:, : -(-content_width * width // maps.frame.network_size[1])]
    _, binary = cv2.threshold(inside, math.floor(settings.threshold * 255.0), 1, cv2.THRESH_BINARY)
    outlines, _ = cv2.findContours(binary, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    outlines = sorted(outlines, key=cv2.contourArea, reverse=True)[: settings.max_candidates]
    image_height, image_width = maps.frame.image_size
    found = []
    for outline in outlines:
        score = _mean_inside(inside, outline)
        if score < settings.score_threshold:
            continue
        grown = _grow(outline, cell, settings)
        if grown is not None:
            polygon = np.clip(maps.frame.to_image(grown), 0, (image_width, image_height))
            found.append(Detection(polygon, score, settings.output))
    return tuple(found)


def _grow(outline: NDArray[np.int32], cell: float, settings: DbDecode) -> Points | None:
    """The text, in network pixels, of one component's outline, or None when it is too small.

    The outline runs through the centres of border pixels, the component's edge lies further out: so far that
    what is inside has the area of the component's pixels.
    """
    centres = (outline[:, 0].astype(np.float32) + 0.5) * cell
    pixels = _pixels(outline) * cell * cell
    middle, (width, height), angle = cv2.minAreaRect(centres)
    missing = width + height  # (width + margin) (height + margin) = pixels
    margin = 0.5 * (math.sqrt(max(0.0, missing * missing + 4.0 * (pixels - width * height))) - missing)
    margin = min(max(margin, 0.0), cell)
    width, height = width + margin, height + margin
    if min(width, height) < settings.min_side:
        return None
    distance = _distance(width * height, 2.0 * (width + height), settings)
    box = cv2.boxPoints((middle, (width + 2 * distance, height + 2 * distance), angle)).astype(np.float64)
    if settings.output == "quad" or len(centres) < 3:
        return top_left_first(box)
    tolerance = max(0.5, 0.004 * cv2.arcLength(centres, True))
    kernel = cv2.approxPolyDP(centres, tolerance, True)[:, 0].astype(np.float64)
    if len(kernel) < 3:
        return top_left_first(box)
    length = perimeter(kernel)
    margin = min(max((pixels - area(kernel)) / length, 0.0), 0.5 * cell)
    distance = _distance(area(kernel) + margin * length, length + 8.0 * margin, settings)
    grown = offset(kernel, margin + distance)
    if grown is None:
        return top_left_first(box)
    smooth = cv2.approxPolyDP(grown.astype(np.float32), tolerance, True)[:, 0].astype(np.float64)
    return clockwise(smooth) if len(smooth) >= 4 else top_left_first(box)


def _pixels(outline: NDArray[np.int32]) -> float:
    """How many pixels an outline through pixel centres holds, its own among them. Source: Pick's theorem."""
    steps = np.abs(outline[:, 0] - np.roll(outline[:, 0], 1, axis=0)).max(axis=1)
    return float(cv2.contourArea(outline)) + 0.5 * float(steps.sum()) + 1.0


def _distance(kernel_area: float, kernel_perimeter: float, settings: DbDecode) -> float:
    """How far a kernel is grown, in the unit of its perimeter."""
    if settings.grow == "inverse":
        return grow_distance(kernel_area, kernel_perimeter, settings.shrink_ratio)
    return settings.unclip_ratio * kernel_area / kernel_perimeter


def _mean_inside(probability: NDArray[np.uint8], outline: NDArray[np.int32]) -> float:
    """The mean probability inside an outline, in [0, 1]."""
    x, y, width, height = cv2.boundingRect(outline)
    mask = np.zeros((height, width), np.uint8)
    cv2.drawContours(mask, [outline], -1, (1,), cv2.FILLED, offset=(-x, -y))
    return float(cv2.mean(probability[y : y + height, x : x + width], mask)[0]) / 255.0
