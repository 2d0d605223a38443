"""Polygons with the fourteen points of SCUT-CTW1500: seven along one side, seven back along the other."""

from typing import Final

import numpy as np

from tcm_core.geometry.polygon import Points

POINTS: Final = 14


def fourteen_points(polygon: Points) -> Points:
    """The polygon with fourteen points.

    Fewer are filled up in the middle of the longest edges of either half, which leaves the shape as it is; a
    quad gives seven points along its first edge and seven back along its third. Of more points those are
    left out that span the smallest triangles with their neighbours.

    Args:
        polygon: (N, 2) with N at least 3, the first half of its points along one side of the text.

    Returns:
        (14, 2).

    Source of the leaving out: Visvalingam and Whyatt 1993, repeated elimination of points.
    """
    points = list(polygon)
    while len(points) > POINTS:
        del points[int(np.argmin(_triangles(np.array(points))))]
    if len(points) == 3:
        points.append((points[2] + points[0]) / 2)
    half = (len(points) + 1) // 2
    return np.concatenate([_filled(points[:half]), _filled(points[half:])])


def _filled(side: list[Points]) -> Points:
    """The open line with seven points: its longest edges are cut in equal parts."""
    line = np.array(side)
    lengths = np.linalg.norm(np.diff(line, axis=0), axis=1)
    parts = np.ones(len(lengths), dtype=np.int64)
    while parts.sum() + 1 < POINTS // 2:
        parts[int(np.argmax(lengths / parts))] += 1
    pieces = [
        start + (end - start) * (np.arange(count) / count)[:, None]
        for start, end, count in zip(line, line[1:], parts, strict=False)
    ]
    return np.concatenate([*pieces, line[-1:]])


def _triangles(polygon: Points) -> Points:
    """(N,) twice the area of the triangle that each point spans with its neighbours."""
    before, after = np.roll(polygon, 1, axis=0) - polygon, np.roll(polygon, -1, axis=0) - polygon
    return np.abs(before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0])
