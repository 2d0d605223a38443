"""Geometric augmentation: one random matrix, one warp."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from tcm_core.config.data import AugmentConfig
from tcm_core.data.sample import TextInstance
from tcm_core.data.transforms.window import Boxes, Window, cut_boxes, settle
from tcm_core.geometry.polygon import Points, clockwise

Matrix = NDArray[np.float64]
"""(3, 3): homogeneous image pixels to crop pixels."""

_TRIES: Final = 24  # places looked at for one that cuts no text
_ROUNDS: Final = 3
_LONGEST_TEXT: Final = 0.95  # of the crop's side: the text that a crop is put around is at most so long
_TOUCH: Final = 1e-3  # pixels: a text that only touches the window is outside
_NEAREST: Final = 0.1  # bound on the perspective's divisor, for labels far outside their image


class CropPlan(NamedTuple):
    """How a crop is taken from an image."""

    matrix: Matrix
    window: Window  # in crop pixels: only here the image is shown


def plan_crop(
    image_size: tuple[int, int],
    instances: Sequence[TextInstance],
    config: AugmentConfig,
    random: np.random.Generator,
) -> CropPlan:
    """A random scale, stretch, rotation, perspective, mirror and crop, composed.

    Args:
        image_size: (height, width).
        instances: the image's texts in its pixels; some crops are put around a legible one.
        config: the ranges.
        random: the source of chance; equal generators give equal plans.
    """
    plane = _random_plane(image_size, config, random)
    legible = [instance.polygon for instance in instances if not instance.ignore and len(instance.polygon)]
    anchor = int(random.integers(len(legible))) if legible and random.random() < config.around_text else None
    image = _boxes([_corners(image_size)], plane)[0]
    boxes = _boxes(legible, plane)
    if config.whole_texts and anchor is not None:
        longest = float((boxes[anchor, 2:] - boxes[anchor, :2]).max())
        smaller = min(1.0, _LONGEST_TEXT * config.size / max(longest, 1e-9))
        plane, image, boxes = np.diag([smaller, smaller, 1.0]) @ plane, image * smaller, boxes * smaller
    if anchor is not None:
        centre = transform(legible[anchor].mean(axis=0, keepdims=True), plane)
    else:
        height, width = image_size
        centre = transform(random.uniform((0, 0), (width, height))[None], plane)
    places = config.size * random.uniform(-0.85, -0.15, (_TRIES if config.whole_texts else 1, 2)) + centre
    if not config.whole_texts:
        return _plan(plane, _square(_stay_inside(places, image, config.size)[0], config.size), config, random)
    boxes = np.clip(boxes, [*image[:2], *image[:2]], [*image[2:], *image[2:]])
    if anchor is not None:
        places = np.clip(places, boxes[anchor, 2:] - config.size, boxes[anchor, :2])
    return _plan(plane, _whole_window(places, image, boxes, anchor, config), config, random)


def warp_image(
    image: NDArray[np.uint8], plan: CropPlan, size: int, fill: Sequence[float]
) -> NDArray[np.uint8]:
    """The crop (size, size, 3) of an RGB image; what lies outside image and window gets the fill colour."""
    colour = tuple(float(round(value)) for value in fill)
    left, top, right, bottom = _needed_part(image, plan.matrix, size)
    if left >= right or top >= bottom:
        return np.full((size, size, 3), colour, np.uint8)
    # OpenCV counts from pixel centres, and warps four channels in half the time of three
    to_crop = _moved(-0.5, -0.5) @ plan.matrix @ _moved(left + 0.5, top + 0.5)
    part = cv2.cvtColor(image[top:bottom, left:right], cv2.COLOR_RGB2RGBA)
    linear, constant, outside = cv2.INTER_LINEAR, cv2.BORDER_CONSTANT, (*colour, 0.0)
    if np.array_equal(to_crop[2], [0, 0, 1]):
        warped = cv2.warpAffine(
            part, to_crop[:2], (size, size), flags=linear, borderMode=constant, borderValue=outside
        )
    else:
        warped = cv2.warpPerspective(
            part, to_crop, (size, size), flags=linear, borderMode=constant, borderValue=outside
        )
    crop = np.asarray(cv2.cvtColor(warped, cv2.COLOR_RGBA2RGB), dtype=np.uint8)
    x0, y0, x1, y1 = (min(max(round(side), 0), size) for side in plan.window)
    for margin in (crop[:y0], crop[y1:], crop[y0:y1, :x0], crop[y0:y1, x1:]):
        margin[:] = colour
    return crop


def warp_instances(instances: Sequence[TextInstance], plan: CropPlan) -> tuple[TextInstance, ...]:
    """The texts in crop pixels, clockwise also when mirrored; those outside the window are left out."""
    x0, y0, x1, y1 = plan.window
    moved = []
    for instance in instances:
        if not len(instance.polygon):
            continue
        polygon = clockwise(transform(instance.polygon, plan.matrix))
        (left, top), (right, bottom) = polygon.min(axis=0) + _TOUCH, polygon.max(axis=0) - _TOUCH
        if right > x0 and bottom > y0 and left < x1 and top < y1:
            moved.append(replace(instance, polygon=polygon))
    return tuple(moved)


def transform(points: Points, matrix: Matrix) -> Points:
    """(N, 2): the points moved by a homogeneous matrix."""
    moved = points @ matrix[:2, :2].T + matrix[:2, 2]
    if matrix[2, 0] or matrix[2, 1]:
        moved = moved / np.maximum(points @ matrix[2, :2] + matrix[2, 2], _NEAREST)[:, None]
    return moved


def largest_scale(matrix: Matrix, size: int) -> float:
    """Crop pixels per image pixel along that side of the crop where there are most."""
    corners = transform(_corners((size, size)), np.linalg.inv(matrix).astype(np.float64))
    return size / float(np.linalg.norm(corners - np.roll(corners, -1, axis=0), axis=1).min())


def _needed_part(image: NDArray[np.uint8], matrix: Matrix, size: int) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of the part of an image that a crop shows."""
    seen = transform(_corners((size, size)), np.linalg.inv(matrix).astype(np.float64))
    low = np.floor(seen.min(axis=0)).astype(int) - 2
    high = np.ceil(seen.max(axis=0)).astype(int) + 2
    height, width = image.shape[:2]
    return max(int(low[0]), 0), max(int(low[1]), 0), min(int(high[0]), width), min(int(high[1]), height)


def _moved(x: float, y: float) -> Matrix:
    return np.array([[1.0, 0.0, x], [0.0, 1.0, y], [0.0, 0.0, 1.0]])


def _random_plane(image_size: tuple[int, int], config: AugmentConfig, random: np.random.Generator) -> Matrix:
    """(3, 3): image pixels to the plane that crops are cut from; everything but the place of the crop."""
    height, width = image_size
    unit = {
        "pixel": 1.0,
        "short_side": config.size / min(image_size),
        "long_side": config.size / max(image_size),
    }
    scale = unit[config.scale_unit] * float(np.exp(random.uniform(*np.log(config.scale))))
    stretch = float(np.exp(random.uniform(-1, 1) * 0.5 * np.log(config.stretch)))
    angle = np.deg2rad(random.uniform(-1, 1) * config.rotation_degrees)
    mirror = -1.0 if random.random() < config.flip else 1.0
    if random.random() < config.quarter_turns:
        angle += random.integers(1, 4) * np.pi / 2
    plane = np.eye(3)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    plane[:2, :2] = turn @ np.diag([mirror * scale * stretch, scale / stretch])
    if config.perspective > 0:
        to_middle, back = np.eye(3), np.eye(3)
        to_middle[:2, 2], back[:2, 2] = (-width / 2, -height / 2), (width / 2, height / 2)
        tilt = np.eye(3)
        tilt[2, :2] = random.uniform(-1, 1, 2) * config.perspective / (width, height)
        plane = plane @ back @ tilt @ to_middle
    return plane


def _whole_window(
    places: Points, image: NDArray[np.float64], boxes: Boxes, anchor: int | None, config: AugmentConfig
) -> Window:
    """The first of the places whose window cuts no box, or the best one with its borders moved.

    A window that has become a strip, because it took in a long text, grows to a square where it can.
    """
    square = _least_cutting(_stay_inside(places, image, config.size), config.size, boxes)
    kept: NDArray[np.bool_] = np.zeros(len(boxes), np.bool_)
    if anchor is not None:
        kept[anchor] = True
    window = settle(square, boxes, kept, config.smallest_window * square.area)
    for _ in range(_ROUNDS):
        size = np.array([window.x1 - window.x0, window.y1 - window.y0])
        side = float(size.max())
        if window.area >= config.smallest_window * side**2:
            break
        corners = np.array(window[:2]) - np.linspace(0, 1, 5)[:, None] * (side - size)
        square = _least_cutting(_stay_inside(corners, image, side), side, boxes)
        low, high = boxes[:, :2] >= window[:2], boxes[:, 2:] <= window[2:]
        kept = np.asarray(low.all(axis=1) & high.all(axis=1))
        window = settle(square, boxes, kept, config.smallest_window * square.area)
    return window


def _least_cutting(corners: Points, side: float, boxes: Boxes) -> Window:
    """The first square of those that cut the fewest boxes."""
    best = int(np.argmin(cut_boxes(np.hstack([corners, corners + side]), boxes).sum(axis=1)))
    return _square(corners[best], side)


def _plan(plane: Matrix, window: Window, config: AugmentConfig, random: np.random.Generator) -> CropPlan:
    """The plan that shows a window of the plane; one of another shape than the crop lies somewhere in it."""
    width, height = window.x1 - window.x0, window.y1 - window.y0
    scale = min(1.0, config.size / max(width, height))
    left, top = (random.uniform(0, max(0.0, config.size - scale * side)) for side in (width, height))
    place = np.array(
        [[scale, 0.0, left - scale * window.x0], [0.0, scale, top - scale * window.y0], [0.0, 0.0, 1.0]]
    )
    return CropPlan(place @ plane, Window(left, top, left + scale * width, top + scale * height))


def _square(corner: NDArray[np.float64], side: float) -> Window:
    x0, y0 = float(corner[0]), float(corner[1])
    return Window(x0, y0, x0 + side, y0 + side)


def _stay_inside(corners: Points, image: NDArray[np.float64], side: float) -> Points:
    """The top left corners of windows moved so that as little as possible lies outside the image's bounds."""
    far = image[2:] - side
    return np.clip(corners, np.minimum(image[:2], far), np.maximum(image[:2], far))


def _corners(image_size: tuple[int, int]) -> Points:
    height, width = image_size
    return np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float64)


def _boxes(polygons: Sequence[Points], plane: Matrix) -> Boxes:
    """(N, 4): the bounds of each polygon in the plane."""
    if not polygons:
        return np.empty((0, 4))
    starts = np.cumsum([0, *(len(polygon) for polygon in polygons[:-1])])
    points = transform(np.concatenate(polygons), plane)
    return np.hstack([np.minimum.reduceat(points, starts), np.maximum.reduceat(points, starts)])
