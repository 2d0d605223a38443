"""Geometric augmentation: one random matrix, one warp."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from tcm_core.config.data import AugmentConfig
from tcm_core.data.sample import TextInstance
from tcm_core.geometry.polygon import Points, clockwise

Matrix = NDArray[np.float64]
"""(2, 3): image pixels to crop pixels."""


def random_crop_matrix(
    image_size: tuple[int, int],
    instances: Sequence[TextInstance],
    config: AugmentConfig,
    random: np.random.Generator,
) -> Matrix:
    """The matrix of a random scale, stretch, rotation, mirror and crop, composed.

    Args:
        image_size: (height, width).
        instances: the image's texts; some crops are put around a legible one.
        config: the ranges.
        random: the source of chance; equal generators give equal matrices.
    """
    height, width = image_size
    scale = float(np.exp(random.uniform(*np.log(config.scale))))
    stretch = float(np.exp(random.uniform(-1, 1) * 0.5 * np.log(config.stretch)))
    angle = np.deg2rad(random.uniform(-1, 1) * config.rotation_degrees)
    mirror = -1.0 if random.random() < config.flip else 1.0
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = turn @ np.diag([mirror * scale * stretch, scale / stretch])
    legible = [instance for instance in instances if not instance.ignore]
    if legible and random.random() < config.around_text:
        centre = legible[random.integers(len(legible))].polygon.mean(axis=0)
    else:
        centre = random.uniform((0, 0), (width, height))
    target = config.size / 2 + random.uniform(-0.35, 0.35, 2) * config.size
    shift = _stay_inside(linear, target - linear @ centre, (width, height), config.size)
    return np.column_stack([linear, shift])


def _stay_inside(linear: Points, shift: Points, image: tuple[int, int], size: int) -> NDArray[np.float64]:
    """The shift moved so that as little of the crop as possible lies outside the image's bounds."""
    corners = np.array([[0, 0], [image[0], 0], [image[0], image[1]], [0, image[1]]], dtype=np.float64)
    low, high = (corners @ linear.T).min(axis=0), (corners @ linear.T).max(axis=0)
    moved = np.empty(2)
    for axis in range(2):
        least, most = (
            size - high[axis],
            -low[axis],
        )  # the shifts that put the far and the near edge on the border
        moved[axis] = np.clip(shift[axis], min(least, most), max(least, most))
    return moved


def warp_image(
    image: NDArray[np.uint8], matrix: Matrix, size: int, fill: Sequence[float]
) -> NDArray[np.uint8]:
    """The crop (size, size, 3) of an RGB image; what lies outside the image gets the fill colour."""
    centred = matrix.copy()  # OpenCV counts from pixel centres
    centred[:, 2] += matrix[:, :2] @ (0.5, 0.5) - 0.5
    shrinking = np.abs(np.linalg.det(matrix[:, :2])) < 0.5
    method = cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR
    warped = cv2.warpAffine(
        image, centred, (size, size), flags=method, borderMode=cv2.BORDER_CONSTANT, borderValue=tuple(fill)
    )
    return np.asarray(warped, dtype=np.uint8)


def warp_instances(instances: Sequence[TextInstance], matrix: Matrix, size: int) -> tuple[TextInstance, ...]:
    """The texts in crop pixels, clockwise also when mirrored; those wholly outside are left out."""
    moved = []
    for instance in instances:
        polygon = clockwise(instance.polygon @ matrix[:, :2].T + matrix[:, 2])
        (x0, y0), (x1, y1) = polygon.min(axis=0), polygon.max(axis=0)
        if x1 > 0 and y1 > 0 and x0 < size and y0 < size:
            moved.append(TextInstance(polygon, instance.text, instance.ignore))
    return tuple(moved)
