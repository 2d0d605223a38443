"""The minimum-area rectangle of a point set."""

import cv2
import numpy as np

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


def top_left_first(quad: Points) -> Points:
    """The quad clockwise on the screen, beginning with the corner nearest the top-left (smallest x + y)."""
    corners = clockwise(quad)
    first = int(np.argmin(corners.sum(axis=1)))
    return np.concatenate([corners[first:], corners[:first]])
