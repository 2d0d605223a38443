"""From DBNet's probability map to detections."""

import math
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from tcm_core.config.decode import DbDecode
from tcm_core.decode.in_image import detections_in_image
from tcm_core.decode.maps import ImageMaps, Plane
from tcm_core.detection import Detection
from tcm_core.geometry.offset import Measure, grow_distance, offset_all
from tcm_core.geometry.polygon import Points, all_clockwise, areas_and_perimeters
from tcm_core.geometry.quad import rectangle_corners


@dataclass(eq=False)
class _Component:
    """One connected component of the binarised map; what is worked out from it alone stays with it."""

    outline: NDArray[np.int32]  # (N, 1, 2) through the centres of border pixels, map pixels
    score: float  # mean probability inside, in [0, 1]
    pixels: int  # how many it has, holes filled
    cell: float  # network pixels per map pixel

    @cached_property
    def rectangle(self) -> tuple[tuple[float, float], tuple[float, float], float]:
        """The smallest one around the outline, as OpenCV describes it."""
        middle, sides, degrees = cv2.minAreaRect(self.outline)
        return (middle[0], middle[1]), (sides[0], sides[1]), degrees

    @cached_property
    def tolerance(self) -> float:
        """By how many map pixels outlines are simplified."""
        return max(0.5 / self.cell, 0.004 * cv2.arcLength(self.outline, True))

    @cached_property
    def kernel(self) -> NDArray[np.int32]:
        """(N, 2): the outline simplified."""
        return np.asarray(cv2.approxPolyDP(self.outline, self.tolerance, True)[:, 0], np.int32)


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
    components = _components(maps, cell, settings)
    if not components:
        return ()
    sides, quads = _grown_rectangles(components, cell, settings)
    large = np.flatnonzero(sides.min(axis=1) >= settings.min_side)
    if not len(large):
        return ()
    components, polygons = [components[at] for at in large], list(quads[large])
    if settings.output == "polygon":
        outlines = _outlines(maps, components, cell, settings)
        polygons = [quad if grown is None else grown for quad, grown in zip(polygons, outlines, strict=True)]
    return detections_in_image(
        polygons, [component.score for component in components], maps.frame, settings.output
    )


def _without_padding(maps: ImageMaps) -> Plane:
    """The probability map of the image alone."""
    probability = maps.planes["probability"]
    network_height, network_width = maps.frame.network_size
    content_height, content_width = maps.frame.content_size
    rows = -(-content_height * probability.shape[0] // network_height)
    columns = -(-content_width * probability.shape[1] // network_width)
    return probability[:rows, :columns]


def _components(maps: ImageMaps, cell: float, settings: DbDecode) -> list[_Component]:
    """The components whose mean probability suffices, the largest first; all of them are remembered."""
    level = math.floor(settings.threshold * 255.0)
    made_for = (level, settings.max_candidates)
    known: tuple[tuple[int, int], list[_Component]] | None = maps.remembered.get("components")
    if known is None or known[0] != made_for:
        probability = _without_padding(maps)
        _, binary = cv2.threshold(probability, level, 1, cv2.THRESH_BINARY)
        outlines, _ = cv2.findContours(binary, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        largest = sorted(outlines, key=cv2.contourArea, reverse=True)[: settings.max_candidates]
        known = made_for, [_measured(probability, outline, cell) for outline in largest]
        maps.remembered["components"] = known
    return [component for component in known[1] if component.score >= settings.score_threshold]


def _measured(probability: Plane, outline: NDArray[np.int32], cell: float) -> _Component:
    x, y, width, height = cv2.boundingRect(outline)
    mask = np.zeros((height, width), np.uint8)
    cv2.drawContours(mask, [outline], -1, (1,), cv2.FILLED, offset=(-x, -y))
    mean = cv2.mean(probability[y : y + height, x : x + width], mask)[0]
    return _Component(outline, float(mean) / 255.0, cv2.countNonZero(mask), cell)


def _grown_rectangles(
    components: list[_Component], cell: float, settings: DbDecode
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(N, 2) sides before growing and (N, 4, 2) corners after it, of the rectangles around the components.

    An outline runs through the centres of border pixels, the edge lies further out: so far, up to half a
    pixel, that the rectangle has the area of the component's pixels.
    """
    rectangles = [component.rectangle for component in components]
    middles, sides, degrees = (np.array(part, np.float64) for part in zip(*rectangles, strict=True))
    pixels = np.array([component.pixels for component in components], np.float64)
    both = sides.sum(axis=1)  # (width + margin) (height + margin) = pixels
    margin = 0.5 * (np.sqrt(np.maximum(0.0, both**2 + 4.0 * (pixels - sides.prod(axis=1)))) - both)
    sides = (sides + np.clip(margin, 0.0, 1.0)[:, None]) * cell
    distance = _distance(sides.prod(axis=1), 2.0 * sides.sum(axis=1), settings)
    return sides, rectangle_corners((middles + 0.5) * cell, sides + 2.0 * distance[:, None], degrees)


def _outlines(
    maps: ImageMaps, components: list[_Component], cell: float, settings: DbDecode
) -> list[Points | None]:
    """As _grown_outlines; those of the last settings are remembered."""
    made_for = (settings.grow, settings.unclip_ratio, settings.shrink_ratio)
    known: tuple[tuple[str, float, float], dict[int, tuple[_Component, Points | None]]] | None
    known = maps.remembered.get("outlines")
    if known is None or known[0] != made_for:
        known = made_for, {}
    outlines = known[1]
    new = [one for one in components if id(one) not in outlines or outlines[id(one)][0] is not one]
    for component, outline in zip(new, _grown_outlines(new, cell, settings), strict=True):
        outlines[id(component)] = component, outline
    if len(outlines) > settings.max_candidates:  # of thresholds that were moved on from
        known = made_for, {id(one): outlines[id(one)] for one in components}
    maps.remembered["outlines"] = known
    return [outlines[id(one)][1] for one in components]


def _grown_outlines(components: list[_Component], cell: float, settings: DbDecode) -> list[Points | None]:
    """The grown outlines of components in network pixels; None for one that is too simple for an outline."""
    kernels = [component.kernel for component in components]
    usable = [at for at, kernel in enumerate(kernels) if len(kernel) >= 3]
    grown: list[Points | None] = [None] * len(components)
    if not usable:
        return grown
    corners = np.array([len(kernels[at]) for at in usable])
    points = (np.concatenate([kernels[at] for at in usable]) + 0.5) * cell
    inner, length = areas_and_perimeters(points, corners)
    pixels = np.array([components[at].pixels for at in usable]) * (cell * cell)
    margin = np.clip((pixels - np.abs(inner)) / length, 0.0, 0.5 * cell)
    distances = margin + _distance(np.abs(inner) + margin * length, length + 8.0 * margin, settings)
    smooth = {
        at: cv2.approxPolyDP(outline.astype(np.float32), components[at].tolerance * cell, True)[:, 0]
        for at, outline in zip(usable, offset_all(points, corners, distances), strict=True)
        if outline is not None
    }
    smooth = {at: outline for at, outline in smooth.items() if len(outline) >= 4}
    outlines = all_clockwise([outline.astype(np.float64) for outline in smooth.values()])
    for at, outline in zip(smooth, outlines, strict=True):
        grown[at] = outline
    return grown


def _distance(kernel_area: Measure, kernel_perimeter: Measure, settings: DbDecode) -> Measure:
    """How far kernels are grown, in the unit of their perimeter."""
    if settings.grow == "inverse":
        return grow_distance(kernel_area, kernel_perimeter, settings.shrink_ratio)
    return settings.unclip_ratio * kernel_area / kernel_perimeter
