"""The minimum-area rectangle of a point set."""

import cv2
import numpy as np
from numpy.typing import NDArray

from tcm_core.geometry.polygon import Points, clockwise


def min_area_quad(points: Points) -> Points:
    """The minimum-area rectangle around the points.

    Returns:
        (4, 2), same frame, clockwise on the screen, the first vertex the one nearest the top-left corner
        of the points' bounds (smallest x + y).

    Raises:
        ValueError: fewer than one point.
    """
    if len(points) == 0:
        raise ValueError("no points to put a rectangle around")
    origin = points.mean(axis=0)  # float32 inside OpenCV: keep the numbers small
    corners = cv2.boxPoints(cv2.minAreaRect((points - origin).astype(np.float32))).astype(np.float64) + origin
    return top_left_first(corners)


def min_area_quads(point_sets: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, 4, 2): the rectangles around N point sets (N, P, 2), P >= 1; corners as in min_area_quad."""
    if not len(point_sets):
        return np.zeros((0, 4, 2))
    origins = point_sets.mean(axis=1, keepdims=True)
    rectangles = [cv2.minAreaRect(points) for points in (point_sets - origins).astype(np.float32)]
    middles, sides, degrees = (np.array(part, np.float64) for part in zip(*rectangles, strict=True))
    return rectangle_corners(middles + origins[:, 0], sides, degrees)


def rectangle_corners(
    middles: NDArray[np.float64], sides: NDArray[np.float64], degrees: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(N, 4, 2): the corners of rectangles as OpenCV describes them, in the order of min_area_quad.

    Args:
        middles: (N, 2).
        sides: (N, 2), the first along the angle.
        degrees: (N,), clockwise on the screen.
    """
    angles = np.deg2rad(degrees)
    along = np.stack([np.cos(angles), np.sin(angles)], axis=1) * sides[:, :1] / 2
    across = np.stack([-np.sin(angles), np.cos(angles)], axis=1) * sides[:, 1:] / 2
    corners = np.stack([-along - across, along - across, along + across, across - along], axis=1)
    corners += middles[:, None]
    first = np.argmin(corners.sum(axis=2), axis=1)
    places = (first[:, None] + np.arange(4)) % 4
    return np.take_along_axis(corners, places[:, :, None], axis=1)


def top_left_first(quad: Points) -> Points:
    """The quad clockwise on the screen, beginning with the corner nearest the top-left (smallest x + y)."""
    corners = clockwise(quad)
    first = int(np.argmin(corners.sum(axis=1)))
    return np.concatenate([corners[first:], corners[:first]])
