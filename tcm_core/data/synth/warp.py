"""From the flat sheet to the scene and back, exactly: a bend, then the view of a tilted wall.

Flat points are bent about the sheet's middle, and the bent sheet is seen by a pinhole camera. Both steps have
closed inverses, so that polygons are carried forward and pixels are fetched backward by the same formulas.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from tcm_core.geometry.polygon import Points

_MAX_POINTS: Final = 64  # on one side of a curved polygon


class Bend(Protocol):
    """A bend of the sheet; points are (N, 2) flat pixels from the sheet's middle, x right and y down."""

    def bend(self, points: Points) -> Points:
        """Where the points come to lie."""
        ...

    def flatten(self, points: Points) -> Points:
        """The inverse of bend."""
        ...


class Arc(NamedTuple):
    """The middle line becomes an arc of this radius in flat pixels; positive: its middle is highest."""

    radius: float

    def bend(self, points: Points) -> Points:
        """See Bend; the radius has to exceed half the sheet's height."""
        angle = points[:, 0] / self.radius
        distance = self.radius - points[:, 1]
        return np.stack([distance * np.sin(angle), self.radius - distance * np.cos(angle)], axis=1)

    def flatten(self, points: Points) -> Points:
        """See Bend; the sheet may span up to a full circle."""
        side = np.sign(self.radius)
        x, y = side * points[:, 0], side * (self.radius - points[:, 1])
        return np.stack([np.arctan2(x, y) * self.radius, self.radius - side * np.hypot(x, y)], axis=1)


class Wave(NamedTuple):
    """Columns are moved up and down along a sine; lengths in flat pixels."""

    amplitude: float
    length: float
    phase: float

    def bend(self, points: Points) -> Points:
        """See Bend."""
        return np.stack([points[:, 0], points[:, 1] + self._lift(points[:, 0])], axis=1)

    def flatten(self, points: Points) -> Points:
        """See Bend."""
        return np.stack([points[:, 0], points[:, 1] - self._lift(points[:, 0])], axis=1)

    def _lift(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        return self.amplitude * np.sin(2 * np.pi / self.length * x + self.phase)


class View(NamedTuple):
    """How the wall is seen; angles in radians.

    Attributes:
        roll: rotation in the picture, clockwise.
        yaw: turn about the vertical axis.
        pitch: turn about the horizontal axis.
        distance: of the camera, in flat pixels; the smaller, the stronger the perspective.
    """

    roll: float = 0.0
    yaw: float = 0.0
    pitch: float = 0.0
    distance: float = 1e6

    def homography(self) -> NDArray[np.float64]:
        """(3, 3) from the wall to the picture; the sheet's middle stays at the origin and keeps its scale.

        The camera looks at the wall's point p from the distance d: with the rotation R, p goes to
        (R p)_xy / (1 + (R p)_z / d).
        """
        about_x = cv2.Rodrigues(np.array([self.pitch, 0.0, 0.0]))[0]
        about_y = cv2.Rodrigues(np.array([0.0, self.yaw, 0.0]))[0]
        about_z = cv2.Rodrigues(np.array([0.0, 0.0, self.roll]))[0]
        turn = about_z @ about_y @ about_x
        result = np.eye(3)
        result[:2, :2] = turn[:2, :2]
        result[2, :2] = turn[2, :2] / self.distance
        return result


@dataclass(frozen=True, eq=False)
class Warp:
    """The way between a flat sheet and the scene.

    Attributes:
        middle: (2,) flat pixels: the sheet's middle.
        bend: None for a sheet that stays flat.
        homography: (3, 3) from the bent sheet, about its middle, to the scene.
    """

    middle: NDArray[np.float64]
    bend: Bend | None
    homography: NDArray[np.float64]

    def to_scene(self, points_flat: Points) -> Points:
        """The flat points in scene pixels."""
        points = points_flat - self.middle
        if self.bend is not None:
            points = self.bend.bend(points)
        return _project(self.homography, points)

    def to_flat(self, points_scene: Points) -> Points:
        """The scene points on the flat sheet."""
        points = _project(np.linalg.inv(self.homography).astype(np.float64), points_scene)
        if self.bend is not None:
            points = self.bend.flatten(points)
        return points + self.middle

    def moved(self, by: NDArray[np.float64]) -> "Warp":
        """The same, with everything moved by (2,) scene pixels."""
        shift = np.eye(3)
        shift[:2, 2] = by
        return Warp(self.middle, self.bend, shift @ self.homography)

    def scaled(self, by: float) -> "Warp":
        """The same, seen larger or smaller by a factor about the scene's origin."""
        return Warp(self.middle, self.bend, np.diag([by, by, 1.0]) @ self.homography)

    def polygon(self, box: tuple[float, float, float, float], points: int, error: float) -> Points:
        """The outline of an upright flat box in the scene, clockwise from its top-left corner.

        Args:
            box: x0, y0, x1, y1 in flat pixels.
            points: at least so many vertices along the upper and the lower side, when the sheet is bent.
            error: more vertices are taken until the sides run within so many scene pixels of the curve.

        Returns:
            (4, 2) for a flat sheet, else (2 n, 2): n along the upper side, then n back along the lower one.
        """
        if self.bend is None:
            return self.to_scene(_outline(box, 2))
        count = points
        while True:
            outline = self.to_scene(_outline(box, count))
            between = self.to_scene(_outline(box, 2 * count - 1))
            chords = np.concatenate([outline[:count], outline[count:]])
            off = 0.0
            for side in (0, 1):
                vertices = chords[side * count : (side + 1) * count]
                curve = between[side * (2 * count - 1) : (side + 1) * (2 * count - 1)][1::2]
                middles = (vertices[1:] + vertices[:-1]) / 2
                off = max(off, float(np.linalg.norm(curve - middles, axis=1).max()))
            if off <= error or count >= _MAX_POINTS:
                return outline
            count = min(_MAX_POINTS, max(count + 1, int(np.ceil(count * np.sqrt(off / error)))))

    def draw(
        self, layers: NDArray[np.uint8], origin: tuple[int, int], size: tuple[int, int]
    ) -> NDArray[np.uint8]:
        """The layers as the scene sees them in a window.

        Args:
            layers: (h, w, C) on the flat sheet.
            origin: (x, y) of the window's top-left corner in scene pixels.
            size: (height, width) of the window.

        Returns:
            (height, width, C); 0 outside the sheet.
        """
        if self.bend is None:
            # OpenCV's coordinates are those of pixel middles
            to_window = _shift(-0.5 - np.array(origin)) @ self.homography @ _shift(0.5 - self.middle)
            return cv2.warpPerspective(layers, to_window, (size[1], size[0]), flags=cv2.INTER_LINEAR)
        x = np.arange(size[1]) + (origin[0] + 0.5)
        y = np.arange(size[0]) + (origin[1] + 0.5)
        grid = np.stack(np.meshgrid(x, y), axis=2).reshape(-1, 2)
        source = (self.to_flat(grid) - 0.5).astype(np.float32).reshape(*size, 2)
        return cv2.remap(layers, source, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)


def _outline(box: tuple[float, float, float, float], count: int) -> Points:
    """(2 count, 2): evenly along the upper side to the right, then along the lower one back."""
    x0, y0, x1, y1 = box
    x = np.linspace(x0, x1, count)
    upper = np.stack([x, np.full(count, float(y0))], axis=1)
    lower = np.stack([x[::-1], np.full(count, float(y1))], axis=1)
    return np.concatenate([upper, lower])


def _project(homography: NDArray[np.float64], points: Points) -> Points:
    projected = points @ homography[:, :2].T + homography[:, 2]
    return projected[:, :2] / projected[:, 2:]


def _shift(by: NDArray[np.float64]) -> NDArray[np.float64]:
    result = np.eye(3)
    result[:2, 2] = by
    return result
