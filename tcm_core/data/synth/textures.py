"""Generated backgrounds, free of text and of anybody's rights: walls, boards, facades, blurred distance."""

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
"""(H, W) or (H, W, 3), grey steps."""


def draw_texture(size: tuple[int, int], random: np.random.Generator) -> NDArray[np.uint8]:
    """A texture.

    Args:
        size: (height, width).
        random: decides everything.

    Returns:
        (H, W, 3) RGB.
    """
    kind = _KINDS[random.integers(len(_KINDS))]
    plane = kind(size, random)
    light = _clouds(size, random, coarsest=1, octaves=2) * random.uniform(6, 22)
    light += _clouds(size, random, coarsest=100, octaves=2) * random.uniform(0.5, 5)  # grain
    return cv2.add(plane, cv2.merge([light, light, light]), dtype=cv2.CV_8U)


def _clouds(size: tuple[int, int], random: np.random.Generator, coarsest: int, octaves: int) -> Plane:
    """(H, W) smooth noise, standard deviation near 1: random grids, each twice as fine and half as strong."""
    finest = coarsest * 2 ** (octaves - 1)
    # what is smooth is made small, which is several times faster
    drawn = size if finest > 32 else (max(1, size[0] // 4), max(1, size[1] // 4))
    kind = cv2.INTER_CUBIC if finest <= 32 else cv2.INTER_LINEAR
    result = np.zeros(drawn, np.float32)
    for octave in range(octaves):
        cells = coarsest * 2**octave
        rows = max(2, round(cells * size[0] / max(size)))
        columns = max(2, round(cells * size[1] / max(size)))
        grid = random.standard_normal((rows + 1, columns + 1), dtype=np.float32)
        grid /= 2**octave
        result += cv2.resize(grid, (drawn[1], drawn[0]), interpolation=kind)
    return result if drawn == size else cv2.resize(result, (size[1], size[0]))


def _colour(random: np.random.Generator, saturation: float, value: tuple[float, float]) -> Plane:
    """(3,) RGB, mostly of walls: warm or grey, seldom bright."""
    hue = random.uniform(0, 360) if random.random() < 0.55 else random.uniform(10, 50)
    hsv = np.array([[[hue, random.uniform(0, saturation), random.uniform(*value)]]], np.float32)
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0, 0] * 255


def _plain(size: tuple[int, int], random: np.random.Generator) -> Plane:
    """A plastered wall, one colour fading into another."""
    first = _colour(random, 0.7, (0.2, 0.95))
    second = 0.6 * first + 0.4 * _colour(random, 0.5, (0.25, 0.95))
    small = (max(1, size[0] // 4), max(1, size[1] // 4))
    mix = np.clip(0.5 + 0.25 * _clouds(small, random, coarsest=2, octaves=4), 0, 1)[..., None]
    return cv2.resize(first * mix + second * (1 - mix), (size[1], size[0]))


def _bricks(size: tuple[int, int], random: np.random.Generator) -> Plane:
    """Rows of bricks or tiles, every second row moved by half a brick."""
    rows = int(random.integers(6, 22))
    height = size[0] / rows
    width = height * random.uniform(1.0, 3.5)
    joint = max(1.0, height * random.uniform(0.04, 0.12))
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float32)
    row = np.floor(y / height)
    shifted = x + (row % 2) * width * (0.5 if random.random() < 0.7 else 0.0)
    column = np.floor(shifted / width)
    shades = random.normal(0, random.uniform(2, 9), (rows + 2, int(size[1] / width) + 3)).astype(np.float32)
    shade = shades[row.astype(int), column.astype(int)]
    stone, mortar = _colour(random, 0.6, (0.3, 0.85)), _colour(random, 0.15, (0.4, 0.85))
    mortar = 0.5 * mortar + 0.5 * stone
    in_joint = ((y - row * height < joint) | (shifted - column * width < joint))[..., None]
    plane = np.where(in_joint, mortar, stone + shade[..., None]).astype(np.float32)
    return cv2.GaussianBlur(plane, (0, 0), random.uniform(0.6, 1.5))


def _planks(size: tuple[int, int], random: np.random.Generator) -> Plane:
    """Boards side by side, with grain along them."""
    boards = int(random.integers(4, 14))
    edges = np.sort(random.uniform(0, size[0], boards - 1))
    index = np.searchsorted(edges, np.arange(size[0]))
    shades = random.normal(0, 14, boards).astype(np.float32)
    grain = random.standard_normal((size[0], max(2, size[1] // 60)), dtype=np.float32)
    grain = cv2.resize(grain, (size[1], size[0]), interpolation=cv2.INTER_CUBIC)
    plane = (shades[index][:, None] + 6 * cv2.GaussianBlur(grain, (0, 0), 1.2))[..., None] + _colour(
        random, 0.6, (0.3, 0.8)
    )
    for edge in edges:
        plane[int(edge) : int(edge) + 2] *= 0.5
    return plane if random.random() < 0.5 else _turned(plane, size)


def _facade(size: tuple[int, int], random: np.random.Generator) -> Plane:
    """A wall with panels, windows and shop signs: flat rectangles with edges and shadows."""
    plane = _plain(size, random)
    for _ in range(int(random.integers(4, 14))):
        width, height = (np.array([size[1], size[0]]) * random.uniform(0.08, 0.5, 2)).astype(int)
        x, y = (
            random.integers(-width // 3, size[1] - width // 2),
            random.integers(-height // 3, size[0] - height // 2),
        )
        colour = tuple(float(value) for value in _colour(random, 0.8, (0.1, 0.95)))
        corner, opposite = (int(x), int(y)), (int(x + width), int(y + height))
        cv2.rectangle(
            plane, (corner[0] + 4, corner[1] + 4), (opposite[0] + 4, opposite[1] + 4), (40, 40, 40), -1
        )
        cv2.rectangle(plane, corner, opposite, colour, -1)
        frame = tuple(value * random.uniform(0.4, 1.3) for value in colour)
        cv2.rectangle(plane, corner, opposite, frame, int(random.integers(1, 7)), cv2.LINE_AA)
    tilt = np.array([[1, random.uniform(-0.1, 0.1), 0], [random.uniform(-0.08, 0.08), 1, 0]])
    plane = cv2.warpAffine(plane, tilt, (size[1], size[0]), borderMode=cv2.BORDER_REFLECT)
    return cv2.GaussianBlur(plane, (0, 0), random.uniform(0.6, 1.6))


def _distance(size: tuple[int, int], random: np.random.Generator) -> Plane:
    """A blurred street: soft discs of light over a gradient."""
    small = (size[0] // 4, size[1] // 4)
    plane = _plain(small, random)
    rows = np.linspace(0, 1, small[0], dtype=np.float32)[:, None, None]
    plane = plane * (1 - rows) + _colour(random, 0.4, (0.15, 0.6)) * rows
    for _ in range(int(random.integers(10, 60))):
        middle = (int(random.integers(small[1])), int(random.integers(small[0])))
        colour = tuple(float(value) for value in _colour(random, 0.9, (0.2, 1.0)))
        cv2.circle(plane, middle, int(random.integers(3, max(4, small[0] // 8))), colour, -1, cv2.LINE_AA)
    plane = cv2.GaussianBlur(plane, (0, 0), random.uniform(1.5, 4))
    return cv2.resize(plane, (size[1], size[0]), interpolation=cv2.INTER_CUBIC)


def _turned(plane: Plane, size: tuple[int, int]) -> Plane:
    return cv2.resize(np.ascontiguousarray(plane.transpose(1, 0, 2)), (size[1], size[0]))


_KINDS: Final[tuple[Callable[[tuple[int, int], np.random.Generator], Plane], ...]] = (
    _plain, _bricks, _planks, _facade, _facade, _distance,
)  # fmt: skip
